"""The strip of key hints under the image, for the first decisions or as long as one wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from modstation.core.language import translate
from modstation.ui.cards import key_cap_width, paint_key_cap
from modstation.ui.theme import SMALL

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from modstation.ui.theme import Theme

_HEIGHT = 28


class HintStrip(QWidget):
    """Shows as many hints as fit; ``dismissed`` when the moderator wants them no more."""

    dismissed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hints: list[tuple[str, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.close_button = QPushButton(translate("HintStrip", "Hide"), self)
        self.close_button.setFlat(True)
        self.close_button.setObjectName("hide-hints")
        self.close_button.setAccessibleName(translate("HintStrip", "Hide the key hints"))
        self.close_button.setToolTip(
            translate("HintStrip", "Hide the key hints; the setting “Key hints” shows them again")
        )
        # Reached by Tab, not by a click: the keyboard stays with the image.
        self.close_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.close_button.clicked.connect(self.dismissed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 8, 2)
        row.addStretch(1)
        row.addWidget(self.close_button)
        self.fit_text()

    def fit_text(self) -> None:
        """As high as a key cap with room around it is at this scale."""
        self.setFixedHeight(self._theme.px(_HEIGHT))

    @property
    def text(self) -> str:
        """The hints as words."""
        return ", ".join(f"{key}: {what}" for key, what in self._hints)

    def show_hints(self, hints: list[tuple[str, str]]) -> None:
        """Show these pairs of key and what it does."""
        if hints != self._hints:
            self._hints = hints
            self.setAccessibleName(translate("HintStrip", "Keys – {text}").format(text=self.text))
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and every hint there is room for."""
        painter = QPainter(self)
        theme = self._theme
        painter.fillRect(self.rect(), theme.colour("panel"))
        words = theme.font(SMALL)
        x, middle, end = 12.0, self.height() / 2, self.close_button.x() - 8
        for key, what in self._hints:
            painter.setFont(words)
            width = painter.fontMetrics().horizontalAdvance(what)
            if x + key_cap_width(key, theme) + 6 + width > end:
                break
            x += paint_key_cap(painter, QPointF(x, middle), key, theme) + 6
            painter.setFont(words)
            painter.setPen(theme.colour("muted"))
            painter.drawText(
                QRectF(x, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, what
            )
            x += width + 16
        painter.end()
