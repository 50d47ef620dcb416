"""What a window says, and where words have no room: widgets are asked, painting is listened to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QFontMetricsF, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListView,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QStyledItemDelegate,
    QTabBar,
    QTextEdit,
    QToolTip,
    QTreeView,
    QWidget,
)

from modstation.ui.buttons import CommandButton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

_TAG = re.compile(r"<[^>]*>")
# Strips of cells that run on beyond both ends: what lies there is seen by moving on.
_RUNS_ON = {"Filmstrip", "FrameStrip"}
_ONE = 1.5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A text that was painted: into what room, and what it needed there."""

    widget: QWidget
    text: str
    room: QRectF
    needed: QRectF


@dataclass(slots=True)
class Painting:
    """Listens while widgets paint: every text with its room, and what was cut short on the way."""

    drawn: list[Drawn] = field(default_factory=list)
    # Two texts may look alike when they are short.
    shortened: dict[str, set[str]] = field(default_factory=dict)

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Hear what is painted until the test ends."""
        write = QPainter.drawText

        def draw_text(painter: QPainter, *args: Any) -> Any:
            self._heard(painter, args)
            return write(painter, *args)

        monkeypatch.setattr(QPainter, "drawText", draw_text)
        for kind in (QFontMetrics, QFontMetricsF):
            monkeypatch.setattr(kind, "elidedText", self._shortening(kind.elidedText))

    def _shortening(self, elide: Callable[..., str]) -> Callable[..., str]:
        def elided(metrics: object, text: str, *rest: Any) -> str:
            short = elide(metrics, text, *rest)
            if short != text:
                self.shortened.setdefault(short, set()).add(text)
            return short

        return elided

    def _heard(self, painter: QPainter, args: tuple[Any, ...]) -> None:
        widget = painter.device()
        if not isinstance(widget, QWidget):
            return
        area, flags, text = args
        room = QRectF(area)
        metrics = QFontMetricsF(painter.font())
        needed = metrics.boundingRect(room, int(flags), text)
        place = painter.transform()
        self.drawn.append(Drawn(widget, text, place.mapRect(room), place.mapRect(needed)))


def front_of(window: QWidget, sheet: QWidget | None) -> QWidget:
    """The dialog or sheet that lies in front of the window, or the window."""
    return QApplication.activeModalWidget() or sheet or window


def said(root: QWidget) -> Iterator[tuple[QWidget, str]]:
    """Every text of the visible widgets, what only a screen reader says and tips included."""
    for widget in (root, *root.findChildren(QWidget)):
        if not widget.isVisible():
            continue
        for text in (*_own_words(widget), widget.toolTip()):
            yield widget, _plain(text)
        for text in (widget.accessibleName(), widget.accessibleDescription()):
            yield widget, text


def _own_words(widget: QWidget) -> Iterator[str]:
    match widget:
        case QLabel() | QAbstractButton():
            yield widget.text()
        case QLineEdit():
            yield widget.placeholderText()
        case QComboBox():
            yield from (widget.itemText(row) for row in range(widget.count()))
        case QTabBar():
            yield from (widget.tabText(at) for at in range(widget.count()))
        case QProgressBar():
            yield widget.text() if widget.isTextVisible() else ""
        case QTextEdit():
            yield widget.placeholderText()
        case QAbstractItemView():
            yield from (text for _, text, _ in _cells(widget))
    if widget.isWindow():
        yield widget.windowTitle()


def _cells(view: QAbstractItemView) -> Iterator[tuple[QRect, str, str]]:
    """The cells of a list or tree: where they lie, what stands there, and the tip."""
    model = view.model()
    if model is None:
        return
    parents = [view.rootIndex()]
    columns = range(view.header().count() if isinstance(view, QTreeView) else 1)
    if isinstance(view, QTreeView) and not view.isHeaderHidden():
        for column in columns:
            title = model.headerData(column, Qt.Orientation.Horizontal)
            yield QRect(), str(title or ""), ""
    while parents:
        parent = parents.pop()
        for row in range(model.rowCount(parent)):
            for column in columns:
                index = model.index(row, column, parent)
                text = index.data(Qt.ItemDataRole.DisplayRole)
                tip = index.data(Qt.ItemDataRole.ToolTipRole)
                yield view.visualRect(index), str(text or ""), str(tip or "")
            parents.append(model.index(row, 0, parent))


# -- what has no room


def cut(root: QWidget, painting: Painting) -> list[str]:
    """What is cut off or lies outside, each in a line; what a tip says whole is not."""
    found = []
    for widget in (root, *root.findChildren(QWidget)):
        if not widget.isVisible():
            continue
        found += [f"{_name(widget)} {why}: {text!r}" for text, why in _too_small(widget)]
    for one in painting.drawn:
        if one.widget is root or root.isAncestorOf(one.widget):
            why = _not_painted(one, painting)
            if why:
                found.append(f"{_name(one.widget)} {why}: {one.text!r}")
    return found


def _too_small(widget: QWidget) -> Iterator[tuple[str, str]]:
    if isinstance(widget, QAbstractItemView):
        yield from _short_rows(widget)
        return
    words = _plain(next(_own_words(widget), ""))
    if words and _tells(widget, words):
        return
    match widget:
        case QLabel() if widget.text():
            needed = _label_needs(widget)
            if needed.width() > widget.width() or needed.height() > widget.height():
                yield words, f"needs {needed.toTuple()} of {widget.size().toTuple()}"
        case QPushButton() | QCheckBox() | QRadioButton():
            needed = widget.sizeHint()
            if needed.width() > widget.width() or needed.height() > widget.height():
                yield words, f"needs {needed.toTuple()} of {widget.size().toTuple()}"
        case QComboBox():
            if widget.sizeHint().width() > widget.width():
                longest = max(map(widget.itemText, range(widget.count())), key=len)
                yield longest, f"has {widget.width()} px"
        case QLineEdit() if not widget.text():
            room = widget.width() - 20
            if widget.fontMetrics().horizontalAdvance(words) > room:
                yield words, f"has {room} px"
        case QTabBar():
            for at in range(widget.count()):
                if widget.tabSizeHint(at).width() > widget.tabRect(at).width():
                    yield widget.tabText(at), "a narrow tab"
            if widget.count() and widget.tabRect(widget.count() - 1).right() > widget.width():
                yield widget.tabText(widget.count() - 1), "outside"
    if isinstance(widget, CommandButton | QLabel | QPushButton | QCheckBox) and words:
        outside = _outside(widget)
        if outside:
            yield words, f"leaves {outside}"


def _short_rows(view: QAbstractItemView) -> Iterator[tuple[str, str]]:
    """Rows that the toolkit paints; those with a painter of their own are listened to."""
    if type(view.itemDelegate()) is not QStyledItemDelegate:
        return
    for area, text, tip in _cells(view):
        needed = view.fontMetrics().horizontalAdvance(text)
        if text and area.width() and needed > area.width() and text not in tip:
            wraps = isinstance(view, QListView) and view.wordWrap()
            lines = area.height() // view.fontMetrics().lineSpacing()
            if not wraps or needed * 1.2 > lines * area.width():
                yield text, f"needs {needed} of {area.width()}"


def _label_needs(label: QLabel) -> QSize:
    hint = label.sizeHint()
    if not label.wordWrap():
        return hint
    flags = int(Qt.TextFlag.TextWordWrap)
    room = label.contentsRect()
    plain = _plain(label.text())
    needed = label.fontMetrics().boundingRect(0, 0, room.width(), 9999, flags, plain)
    return QSize(needed.width(), label.heightForWidth(label.width()))


def _outside(widget: QWidget) -> str:
    """What the widget sticks out of; scrolled parts may, the way they scroll."""
    at = widget
    while not at.isWindow():
        parent = at.parentWidget()
        area = QRect(widget.mapTo(parent, QPoint(0, 0)), widget.size())
        holder = parent.parentWidget()
        if isinstance(holder, QAbstractScrollArea) and holder.viewport() is parent:
            if area.left() < 0 or area.right() > parent.width():
                return f"the sides of {_name(holder)}"
            return ""
        if not parent.rect().contains(area):
            return f"{_name(parent)} {area.getRect()} in {parent.size().toTuple()}"
        at = parent
    return ""


def _not_painted(one: Drawn, painting: Painting) -> str:
    wholes = painting.shortened.get(one.text)
    if wholes is not None:
        told = any(_tip_at(one, whole) for whole in wholes)
        return "" if told else f"is short for {sorted(wholes)}"
    room = one.room.adjusted(-_ONE, -_ONE, _ONE, _ONE)
    if not room.contains(one.needed):
        told = _tip_at(one, one.text)
        return "" if told else f"needs {_size(one.needed)} of {_size(one.room)}"
    if not QRectF(one.widget.rect()).adjusted(-_ONE, -_ONE, _ONE, _ONE).contains(one.needed):
        view = one.widget.parentWidget()
        if isinstance(view, QAbstractItemView) or _name(one.widget) in _RUNS_ON:
            # A row that is scrolled half away.
            return ""
        return f"lies at {one.needed.getRect()} in {one.widget.size().toTuple()}"
    return ""


def _tip_at(one: Drawn, text: str) -> bool:
    return _tells(one.widget, text, one.room.center().toPoint())


def _tells(widget: QWidget, text: str, at: QPoint | None = None) -> bool:
    """Somebody who points there reads all of it."""
    if text in _plain(widget.toolTip()):
        return True
    if at is None:
        return False
    tips: list[str] = []
    QToolTip.hideText()
    event = QHelpEvent(QEvent.Type.ToolTip, at, widget.mapToGlobal(at))
    QApplication.sendEvent(widget, event)
    tips.append(_plain(QToolTip.text()))
    QToolTip.hideText()
    return any(text in tip for tip in tips)


def _plain(text: str) -> str:
    return unescape(_TAG.sub(" ", text))


def _size(area: QRectF) -> str:
    return f"{area.width():.0f}x{area.height():.0f}"


def _name(widget: QObject) -> str:
    return type(widget).__name__
