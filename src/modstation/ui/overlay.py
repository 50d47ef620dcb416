"""A sheet laid over the window: keys, policy, help; the image behind it cannot be decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modstation.core.language import translate
from modstation.ui.announce import announce
from modstation.ui.sheet_keys import SheetKeys
from modstation.ui.theme import HEADLINE

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from modstation.ui.theme import Theme

# Heading, button and margins of a sheet.
_AROUND = 128


class Overlay(QWidget):
    """Covers its parent with a veil and shows one body on a sheet; Escape closes it.

    A ``field`` above the body takes what is typed; ``keyboard`` is the part of the body that takes
    the other keys (None: the body). ``widest`` and ``needed`` are the width of the sheet and the
    height of its body in pixels.
    """

    closed = Signal()
    # A command whose key counts in front of a sheet, too.
    commanded = Signal(str)

    def __init__(
        self,
        theme: Theme,
        title: str,
        body: QWidget,
        *,
        widest: int,
        needed: int,
        field: QLineEdit | None = None,
        parent: QWidget,
        keyboard: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._window = parent
        self._keyboard = keyboard or body
        self._field = field
        self._widest = widest
        self._needed = needed + theme.px(_AROUND)
        self._made_at = theme.text_scale
        # Whoever opens the sheet says which keys close it, and which are not the sheet's.
        self.keys = SheetKeys()
        self.setAccessibleName(title)
        self._sheet = QWidget(self)
        column = QVBoxLayout(self._sheet)
        column.setContentsMargins(24, 20, 12, 16)
        column.setSpacing(12)
        heading = QLabel(title, self._sheet)
        theme.write_in(heading, HEADLINE, strong=True)
        column.addWidget(heading)
        if field is not None:
            column.addWidget(field)
            field.installEventFilter(self)
        body.setParent(self._sheet)
        column.addWidget(body, 1)
        self._close = QPushButton(translate("Overlay", "Close (Esc)"), self._sheet)
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close.clicked.connect(self.leave)
        self._said = QLabel(self._sheet)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setWordWrap(True)
        foot = QHBoxLayout()
        foot.setSpacing(16)
        foot.addWidget(self._close)
        foot.addWidget(self._said, 1)
        column.addLayout(foot)
        self._keyboard.installEventFilter(self)
        parent.installEventFilter(self)
        self._lay_out()

    def open(self) -> None:
        """Come to the front and take the keyboard."""
        self._lay_out()
        self.show()
        self.raise_()
        (self._field or self._keyboard).setFocus()

    @property
    def said(self) -> str:
        """What stands beside the button."""
        return self._said.text()

    def say(self, text: str) -> None:
        """Put a sentence beside the button, and tell it to a screen reader."""
        if text == self._said.text():
            return
        self._said.setText(text)
        announce(self, text)

    def leave(self) -> None:
        """Go away and be forgotten."""
        self._window.removeEventFilter(self)
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def let_go(self) -> None:
        """A picture was destroyed; a sheet that shows any keeps nothing that was made of it."""

    def outer(self, event: QKeyEvent) -> bool:
        """This key is nothing for what the sheet shows: it closes it, or counts everywhere."""
        typing = self._field is not None
        return self.keys.closes(event, typing=typing) or bool(
            self.keys.command(event, typing=typing)
        )

    def _take_outer(self, event: QKeyEvent) -> None:
        typing = self._field is not None
        command = self.keys.command(event, typing=typing)
        if command in {None, "quit"}:
            self.leave()
        if command is not None and not event.isAutoRepeat():
            self.commanded.emit(command)

    def fit_text(self) -> None:
        """Larger words need a larger sheet."""
        self._lay_out()

    def _lay_out(self) -> None:
        self.setGeometry(self._window.rect())
        grown = self._theme.text_scale / self._made_at
        width = min(round(self._widest * grown), self.width() - 32)
        height = min(round(self._needed * grown), self._theme.px(760), self.height() - 32)
        self._sheet.setGeometry(
            (self.width() - width) // 2, (self.height() - height) // 2, width, height
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size; catch the keys that close before the body sees them."""
        if watched is self._keyboard or watched is self._field:
            pressed = event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent)
            if pressed and self.outer(cast(QKeyEvent, event)):
                self._take_outer(cast(QKeyEvent, event))
                return True
        elif event.type() == QEvent.Type.Resize:
            self._lay_out()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """No key reaches the image from here."""
        if self.outer(event):
            self._take_outer(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """No key reaches the image from here."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the sheet closes it."""
        if not self._sheet.geometry().contains(event.position().toPoint()):
            self.leave()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the veil and the sheet."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("veil", 190))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("outline"), 1))
        painter.setBrush(self._theme.colour("panel"))
        painter.drawRoundedRect(QRectF(self._sheet.geometry()), 8, 8)
        painter.end()
