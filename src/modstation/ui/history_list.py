"""The rows of the history: a small picture, what was decided, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from modstation.app.history_items import HistoryState
from modstation.core.decisions import Verdict
from modstation.core.language import translate
from modstation.media.frames import Frame
from modstation.ui.cover import Renderings, Wanted
from modstation.ui.theme import BODY, SMALL
from modstation.ui.wording import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.history import History
    from modstation.app.history_items import HistoryItem
    from modstation.core.policy import Policy
    from modstation.ui.stage import Stage
    from modstation.ui.theme import Theme

_ROW, _PICTURE = 64, QSize(80, 52)
_COVER = 9
# Icon and colour; the word is the state's own.
_MARKS = {
    HistoryState.HELD: ("clock", "text"),
    HistoryState.TO_POST: ("outbox", "text"),
    HistoryState.POSTING: ("post-now", "text"),
    HistoryState.POSTED: ("online", "text"),
    HistoryState.STUCK: ("warning", "reject_text"),
    HistoryState.CONFLICT: ("warning", "reject_text"),
    HistoryState.TAKEN_BACK: ("undo", "muted"),
    HistoryState.REPLACED: ("note", "muted"),
    HistoryState.REVERSED: ("refresh", "muted"),
}


def verdict_text(item: HistoryItem, policy: Policy) -> str:
    """The verdict with its reason: “rejected: Nudity”."""
    word = item.verdict.status.word
    if item.reason_code is None:
        return word
    reason = policy.by_code(item.reason_code)
    return f"{word}: {reason.title if reason else item.reason_code}"


class HistoryList(QListWidget):
    """One row a decision, newest first; a click looks at it."""

    def __init__(
        self, history: History, policy: Policy, stage: Stage, theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._policy = policy
        self._filling = False
        self._shown: list[HistoryItem] = []
        self.setAccessibleName(translate("HistoryList", "Your last decisions"))
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rows = _Rows(self.item_at, history, policy, stage, theme, self)
        self.setItemDelegate(self._rows)
        self.currentRowChanged.connect(self._chose)

    def refresh(self) -> None:
        """The list, or what is chosen in it, changed."""
        self._filling = True
        if self._shown != self._history.items:
            self._shown = list(self._history.items)
            self.clear()
            for item in self._shown:
                # What a screen reader says of the row.
                text = (
                    f"{item.entry.asset.ref.public_id}, {verdict_text(item, self._policy)},"
                    f" {item.state.word}, {moment(item.at)}"
                )
                row = QListWidgetItem(text)
                # A narrow list has no room for all of it.
                row.setToolTip(text)
                self.addItem(row)
        self.setCurrentRow(self._history.chosen_index)
        self._filling = False
        self.viewport().update()

    def let_go(self) -> None:
        """Keep nothing that was made of any picture."""
        self._rows.let_go()
        self.viewport().update()

    def item_at(self, row: int) -> HistoryItem:
        """The decision of a row."""
        return self._shown[row]

    def _chose(self, row: int) -> None:
        if not self._filling:
            self._history.choose(row)


class _Rows(QStyledItemDelegate):
    def __init__(
        self,
        item_at: Callable[[int], HistoryItem],
        history: History,
        policy: Policy,
        stage: Stage,
        theme: Theme,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._item_at = item_at
        self._history = history
        self._policy = policy
        self._stage = stage
        self._theme = theme
        self._renderings = Renderings(kept=50)

    def let_go(self) -> None:
        self._renderings.clear()

    def sizeHint(
        self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, max(_ROW, self._theme.px(_ROW)))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        item = self._item_at(index.row())
        area = QRectF(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setBrush(self._theme.colour("pressed"))
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.drawRoundedRect(area.adjusted(2, 2, -2, -2), 4, 4)
        cell = QRectF(0, 0, _PICTURE.width(), _PICTURE.height())
        cell.moveCenter(QPointF(area.left() + 8 + _PICTURE.width() / 2, area.center().y()))
        self._paint_picture(painter, item, cell)
        self._paint_words(painter, item, area.adjusted(8 + _PICTURE.width() + 10, 6, -10, -6))
        painter.restore()

    def _paint_picture(self, painter: QPainter, item: HistoryItem, cell: QRectF) -> None:
        theme = self._theme
        shape = QPainterPath()
        shape.addRoundedRect(cell, 4, 4)
        painter.fillPath(shape, theme.colour("stage"))
        frame = None if self._stage.hidden else self._history.thumbnail(item.key)
        if isinstance(frame, Frame):
            scale = min(cell.width() / frame.width, cell.height() / frame.height)
            size = (max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
            wanted = Wanted(_COVER if item.protected else 0, self._stage.grey, size)
            image = self._renderings.image(frame, wanted)
            place = QRectF(0, 0, *size)
            place.moveCenter(cell.center())
            painter.setClipPath(shape)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, image)
            painter.setClipping(False)
        name = "covered" if item.protected else ""
        if not isinstance(frame, Frame):
            name = "cover-all" if self._stage.hidden else "loading" if frame is None else "warning"
        if name:
            self._icon(painter, name, "text", QPointF(cell.center().x() - 8, cell.center().y() - 8))

    def _paint_words(self, painter: QPainter, item: HistoryItem, area: QRectF) -> None:
        left, step, size = area.left(), self._theme.px(18), self._theme.px(13)
        line = QRectF(left, area.top(), area.width(), step - 1)
        asset = item.entry.asset
        self._text(painter, line, asset.ref.public_id, "text", BODY, strong=True, middle=True)
        line.translate(0, step)
        approved = item.verdict is Verdict.APPROVE
        colour = "approve_text" if approved else "reject_text"
        if item.state.over:
            colour = "muted"
        at = QPointF(left, line.center().y() - size / 2)
        self._icon(painter, item.verdict.value, colour, at, size)
        words = verdict_text(item, self._policy)
        self._text(painter, line.adjusted(size + 5, 0, 0, 0), words, colour, BODY)
        line.translate(0, step)
        icon, colour = _MARKS[item.state]
        self._icon(painter, icon, colour, QPointF(left, line.center().y() - size / 2), size)
        words = f"{item.state.word} · {moment(item.at)}"
        self._text(painter, line.adjusted(size + 5, 0, 0, 0), words, _quieter(colour), SMALL)

    def _icon(self, painter: QPainter, name: str, colour: str, at: QPointF, size: int = 16) -> None:
        ratio = painter.device().devicePixelRatio()
        painter.drawPixmap(at, self._theme.icon(name, colour, size, ratio))

    def _text(
        self,
        painter: QPainter,
        area: QRectF,
        text: str,
        colour: str,
        size: int,
        *,
        strong: bool = False,
        middle: bool = False,
    ) -> None:
        painter.setFont(self._theme.font(size, strong=strong))
        painter.setPen(self._theme.colour(colour))
        if painter.fontMetrics().horizontalAdvance(text) > area.width():
            painter.setFont(self._theme.font(SMALL, strong=strong))
        mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        shown = painter.fontMetrics().elidedText(text, mode, round(area.width()))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)


def _quieter(mark: str) -> str:
    """What stands beside a mark: quieter than the verdict, unless it asks for a person."""
    return "muted" if mark == "text" else mark
