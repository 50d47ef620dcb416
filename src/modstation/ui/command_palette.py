"""The command palette: type, choose by arrows, Enter runs it – unless it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
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
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from modstation.app.palette import Offer, found, refusal
from modstation.ui.cards import key_cap_width, paint_key_cap
from modstation.ui.overlay import Overlay
from modstation.ui.theme import BODY, SMALL, sized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.ui.theme import Theme

_ROW = 44
_OFFER = Qt.ItemDataRole.UserRole
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
        self.list = QListWidget()
        self.list.setItemDelegate(_Line(theme, self.list))
        self.list.setAccessibleName("Commands")
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # The field keeps the keyboard; the list is moved from there.
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(lambda _: self._run())
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type what you want to do, or a key")
        self.field.setAccessibleName("Command")
        self.field.textChanged.connect(self._filter)
        super().__init__(
            theme,
            "Commands",
            self.list,
            widest=680,
            needed=_ROW * 11 + 44,
            field=self.field,
            parent=parent,
        )
        self.list.currentItemChanged.connect(lambda *_: self._moved())
        self._filter("")

    @property
    def titles(self) -> list[str]:
        """The lines that are shown, from the top."""
        return [self._offer(row).title for row in range(self.list.count())]

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
        self.list.clear()
        for offer in found(self._offers, typed):
            item = QListWidgetItem(offer.title)
            item.setData(_OFFER, offer)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, offer.spoken)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.say("" if self.list.count() else "No command is called that.")

    def _travel(self, key: int) -> None:
        page = max(1, self.list.viewport().height() // _ROW - 1)
        step = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
        }[Qt.Key(key)]
        row, last = self.list.currentRow() + step, self.list.count() - 1
        self.list.setCurrentRow(max(0, min(last, row)))

    def _moved(self) -> None:
        self.say("")
        row = self.list.currentRow()
        # The field keeps the focus, so nobody else reads the line out.
        if row >= 0 and QAccessible.isActive():
            event = QAccessibleAnnouncementEvent(self, self._offer(row).spoken)
            QAccessible.updateAccessibility(event)

    def _offer(self, row: int) -> Offer:
        offer = self.list.item(row).data(_OFFER)
        assert isinstance(offer, Offer)
        return offer

    def _run(self) -> None:
        row = self.list.currentRow()
        if row < 0:
            return
        offer = self._offer(row)
        why_not = refusal(offer, reversal_offered=self._reversal_offered())
        if why_not is not None:
            self.say(why_not)
            return
        self.leave()
        self.chosen.emit(offer.command.name)


class _Line(QStyledItemDelegate):
    """Title over sentence, the keys at the right."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, _ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        offer = index.data(_OFFER)
        assert isinstance(offer, Offer)
        theme = self._theme
        area = QRectF(option.rect).adjusted(2, 1, -2, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(theme.colour("pressed"))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 4, 4)
        font = option.font
        right = area.right() - 10
        for key in reversed(offer.keys[:3]):
            right -= key_cap_width(key, font)
            paint_key_cap(painter, QPointF(right, area.center().y()), key, font, theme)
            right -= 4
        words = area.adjusted(12, 4, 0, -4)
        words.setRight(right - 8)
        middle = Qt.AlignmentFlag.AlignLeft
        painter.setFont(sized(font, BODY, strong=True))
        painter.setPen(theme.colour("muted" if offer.only_by_key else "text"))
        painter.drawText(words, middle | Qt.AlignmentFlag.AlignTop, offer.title)
        painter.setFont(sized(font, SMALL))
        painter.setPen(theme.colour("muted"))
        sentence = painter.fontMetrics().elidedText(
            offer.command.help, Qt.TextElideMode.ElideRight, round(words.width())
        )
        painter.drawText(words, middle | Qt.AlignmentFlag.AlignBottom, sentence)
        painter.restore()
