"""The command palette: type, choose by arrows, Enter runs it – unless it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from modstation.app.palette import found, refusal
from modstation.core.language import translate
from modstation.ui.announce import announce
from modstation.ui.cards import key_cap_width, paint_key_cap
from modstation.ui.overlay import Overlay
from modstation.ui.theme import BODY, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.palette import Offer
    from modstation.ui.theme import Theme

_ROW = 44
_NOWHERE = QModelIndex()
_TRAVEL = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}
_ENTER = {Qt.Key.Key_Return, Qt.Key.Key_Enter}


class CommandPalette(Overlay):
    """Emits ``chosen`` with a command's name after it has closed.

    A command that decides stays a line to read: it is refused in words, and the palette stays.
    """

    chosen = QtSignal(str)

    def __init__(
        self,
        theme: Theme,
        offers: Sequence[Offer],
        *,
        reversal_offered: Callable[[], bool],
        parent: QWidget,
    ) -> None:
        self._offers = offers
        self._reversal_offered = reversal_offered
        self.list = QListView()
        self._lines = _Lines(self.list)
        self.list.setModel(self._lines)
        self.list.setItemDelegate(_Line(theme, self._lines, self.list))
        self.list.setAccessibleName(translate("CommandPalette", "Commands"))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # The field keeps the keyboard; the list is moved from there.
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(lambda _: self._run())
        self.field = QLineEdit()
        self.field.setPlaceholderText(
            translate("CommandPalette", "Type what you want to do, or a key")
        )
        self.field.setAccessibleName(translate("CommandPalette", "Command"))
        self.field.textChanged.connect(self._filter)
        super().__init__(
            theme,
            translate("CommandPalette", "Commands"),
            self.list,
            widest=theme.px(680),
            needed=theme.px(_ROW * 11 + 44),
            field=self.field,
            parent=parent,
        )
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._moved())
        self._filter("")

    @property
    def titles(self) -> list[str]:
        """The lines that are shown, from the top."""
        return [offer.title for offer in self._lines.offers]

    @property
    def row(self) -> int:
        """Which of them is chosen; -1 if none is."""
        return self.list.currentIndex().row()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The field has the keyboard; these keys are the list's."""
        if watched is self.field and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() in _TRAVEL:
                self._travel(event.key())
                return True
            if event.key() in _ENTER:
                if not event.isAutoRepeat():
                    self._run()
                return True
        return super().eventFilter(watched, event)

    def _filter(self, typed: str) -> None:
        self._lines.show(found(self._offers, typed))
        self._choose(0)
        self.say(
            "" if self._lines.offers else translate("CommandPalette", "No command is called that.")
        )

    def _choose(self, row: int) -> None:
        self.list.setCurrentIndex(self._lines.index(row, 0))

    def _travel(self, key: int) -> None:
        page = max(1, self.list.viewport().height() // self._theme.px(_ROW) - 1)
        step = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
        }[Qt.Key(key)]
        self._choose(max(0, min(len(self._lines.offers) - 1, self.row + step)))

    def _moved(self) -> None:
        self.say("")
        # The field keeps the focus, so nobody else reads the line out.
        if self.row >= 0:
            announce(self, self._lines.offers[self.row].spoken)

    def _run(self) -> None:
        if self.row < 0:
            return
        offer = self._lines.offers[self.row]
        why_not = refusal(offer, reversal_offered=self._reversal_offered())
        if why_not is not None:
            self.say(why_not)
            return
        self.leave()
        self.chosen.emit(offer.command.name)


class _Lines(QAbstractListModel):
    """The commands that fit what was typed.

    A model and no list of items: Qt deletes items while it tells which one was current, and
    Python's end of such an item made the program crash.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.offers: Sequence[Offer] = ()

    def show(self, offers: Sequence[Offer]) -> None:
        """List these from now on."""
        self.beginResetModel()
        self.offers = offers
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.offers)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> str | None:
        offer = self.offers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return offer.title
        return offer.spoken if role == Qt.ItemDataRole.AccessibleTextRole else None


class _Line(QStyledItemDelegate):
    """Title over sentence, the keys at the right."""

    def __init__(self, theme: Theme, lines: _Lines, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._lines = lines

    def sizeHint(
        self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, self._theme.px(_ROW))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        offer = self._lines.offers[index.row()]
        theme = self._theme
        area = QRectF(option.rect).adjusted(2, 1, -2, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(theme.colour("pressed"))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 4, 4)
        right = area.right() - 10
        for key in reversed(offer.keys[:3]):
            right -= key_cap_width(key, theme)
            paint_key_cap(painter, QPointF(right, area.center().y()), key, theme)
            right -= 4
        words = area.adjusted(12, 4, 0, -4)
        words.setRight(right - 8)
        middle = Qt.AlignmentFlag.AlignLeft
        painter.setFont(theme.font(BODY, strong=True))
        painter.setPen(theme.colour("muted" if offer.only_by_key else "text"))
        painter.drawText(words, middle | Qt.AlignmentFlag.AlignTop, offer.title)
        painter.setFont(theme.font(SMALL))
        painter.setPen(theme.colour("muted"))
        sentence = painter.fontMetrics().elidedText(
            offer.command.help, Qt.TextElideMode.ElideRight, round(words.width())
        )
        painter.drawText(words, middle | Qt.AlignmentFlag.AlignBottom, sentence)
        painter.restore()
