"""The tour: a few cards laid over the real window, each beside the part it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from modstation.core.language import translate
from modstation.ui.announce import announce
from modstation.ui.cards import key_cap_width, paint_key_cap
from modstation.ui.sheet_keys import SheetKeys
from modstation.ui.theme import BODY, TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from modstation.app.first_steps import Part, TourCard
    from modstation.ui.theme import Theme

_WIDTH = 380
_GAP = 12
_PAD = 20
_ENTER = {Qt.Key.Key_Return, Qt.Key.Key_Enter}
_FORWARD = {Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Space, *_ENTER}
_BACK = {Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Backspace}


class Tour(QWidget):
    """Shows one card after another; arrows, Space or Enter turn, Escape ends it.

    While it is there no key reaches the image.
    """

    closed = Signal()
    # A command whose key counts in front of the tour, too.
    commanded = Signal(str)

    def __init__(
        self,
        theme: Theme,
        cards: Sequence[TourCard],
        parts: Mapping[Part, QWidget],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._cards = cards
        self._parts = parts
        self._window = parent
        # Whoever opens the tour says which keys end it, and which count everywhere.
        self.keys = SheetKeys()
        self.at = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._card = QWidget(self)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(_PAD, 16, _PAD, 16)
        column.setSpacing(10)
        self._title, self._text = QLabel(self._card), QLabel(self._card)
        theme.write_in(self._title, TITLE, strong=True)
        theme.write_in(self._text, BODY)
        for label in (self._title, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            column.addWidget(label)
        self._pairs = _Pairs(theme, self._card)
        column.addWidget(self._pairs)
        self._foot_row = self._foot()
        column.addLayout(self._foot_row)
        parent.installEventFilter(self)

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self._count = QLabel(self._card)
        self._count.setProperty("role", "muted")
        self.skip, self.next = (
            QPushButton(translate("Tour", "Skip (Esc)"), self._card),
            QPushButton(self._card),
        )
        for button, act in ((self.skip, self.leave), (self.next, lambda: self.turn(1))):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(act)
        row.addWidget(self._count)
        row.addStretch(1)
        row.addWidget(self.skip)
        row.addWidget(self.next)
        return row

    def open(self) -> None:
        """Come to the front with the first card and take the keyboard."""
        self.show()
        self.raise_()
        self.setFocus()
        self._show_card()

    def leave(self) -> None:
        """Go away and be forgotten."""
        self._window.removeEventFilter(self)
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def let_go(self) -> None:
        """It holds no picture."""

    def fit_text(self) -> None:
        """Larger words need a larger card."""
        self._pairs.fit_text()
        self._lay_out()

    def turn(self, by: int) -> None:
        """Show the card after or before; after the last one the tour ends."""
        if self.at + by >= len(self._cards):
            self.leave()
            return
        self.at = max(0, self.at + by)
        self._show_card()

    @property
    def title(self) -> str:
        """What the card is about."""
        return self._title.text()

    def _show_card(self) -> None:
        card = self._cards[self.at]
        self._title.setText(card.title)
        self._text.setText(card.text)
        self._pairs.show_keys(card.keys)
        self._count.setText(
            translate("Tour", "{at} of {count}").format(at=self.at + 1, count=len(self._cards))
        )
        last = self.at == len(self._cards) - 1
        self.next.setText(
            translate("Tour", "Start (Enter)") if last else translate("Tour", "Next (Enter)")
        )
        keys = ", ".join(f"{key}: {what}" for key, what in card.keys)
        spoken = f"{card.title}. {card.text} {keys}."
        self.setAccessibleName(spoken)
        announce(self, spoken)
        self._lay_out()

    def _spot(self) -> QRect:
        part = self._parts[self._cards[self.at].part]
        if not part.isVisible():
            return QRect()
        return QRect(part.mapTo(self._window, QPoint(0, 0)), part.size())

    def _lay_out(self) -> None:
        self.setGeometry(self._window.rect())
        self._foot_row.invalidate()
        row = self._foot_row.minimumSize().width() + 2 * _PAD
        width = min(max(self._theme.px(_WIDTH), row), self.width() - 2 * _GAP)
        self._card.setFixedWidth(width)
        self._card.adjustSize()
        size, spot = self._card.sizeHint(), self._spot()
        height = max(size.height(), self._card.heightForWidth(width))
        area = self.rect().adjusted(_GAP, _GAP, -_GAP, -_GAP)
        place = QRect(QPoint(0, 0), QSize(width, height))
        place.moveCenter(area.center())
        if spot.isNull() or spot.contains(area.center()):
            # The part is the middle of the window: the card lies at its foot.
            place.moveBottom(area.bottom() - area.height() // 8)
        elif spot.left() > area.center().x():
            place.moveRight(spot.left() - _GAP)
        elif spot.top() > area.center().y():
            place.moveBottom(spot.top() - _GAP)
        else:
            place.moveTop(spot.bottom() + _GAP)
        place.moveLeft(max(area.left(), min(place.left(), area.right() - width)))
        place.moveTop(max(area.top(), min(place.top(), area.bottom() - height)))
        self._card.setGeometry(place)
        self.update()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Follow the window's size."""
        if event.type() == QEvent.Type.Resize:
            self._lay_out()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn, or end; no key reaches the image from here."""
        if event.isAutoRepeat():
            return
        command = self.keys.command(event)
        if command == "quit" or self.keys.closes(event):
            self.leave()
        if command is not None:
            self.commanded.emit(command)
        elif event.key() in _FORWARD:
            self.turn(1)
        elif event.key() in _BACK:
            self.turn(-1)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """No key reaches the image from here."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the card does nothing: it would hit what lies under the veil."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the veil with the part left bright, and the card."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QPainterPath()
        veil.addRect(QRectF(self.rect()))
        spot = self._spot()
        if not spot.isNull():
            hole = QPainterPath()
            hole.addRoundedRect(QRectF(spot), 6, 6)
            veil = veil.subtracted(hole)
        painter.fillPath(veil, self._theme.colour("veil", 170))
        if not spot.isNull():
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(spot).adjusted(1, 1, -1, -1), 6, 6)
        painter.setPen(QPen(self._theme.colour("outline"), 1))
        painter.setBrush(self._theme.colour("panel"))
        painter.drawRoundedRect(QRectF(self._card.geometry()), 8, 8)
        painter.end()


class _Pairs(QWidget):
    """Keys and what they do, one under the other."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pairs: tuple[tuple[str, str], ...] = ()

    def show_keys(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._pairs = pairs
        self.fit_text()
        self.update()

    def fit_text(self) -> None:
        self.setFixedHeight(self._theme.px(24) * len(self._pairs))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, line = self._theme, self._theme.px(24)
        widest = max((key_cap_width(key, theme) for key, _ in self._pairs), default=0.0)
        for row, (key, what) in enumerate(self._pairs):
            middle = line * row + line / 2
            paint_key_cap(painter, QPointF(1, middle), key, theme)
            painter.setFont(theme.font(BODY))
            painter.setPen(theme.colour("text"))
            words = QRectF(widest + 12, line * row, self.width() - widest - 12, line)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, what)
        painter.end()
