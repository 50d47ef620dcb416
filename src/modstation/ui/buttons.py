"""Buttons that carry their command's name, its key and its icon, and how they are painted."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from modstation.core.key_names import key_name
from modstation.core.language import translate
from modstation.ui.cards import key_cap_width, paint_key_cap
from modstation.ui.foreign_text import escaped
from modstation.ui.theme import BODY, BUTTON, SMALL

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QEnterEvent, QKeyEvent, QPaintEvent

    from modstation.core.keymap import Command
    from modstation.ui.theme import Theme


# Left of the key of a row, between key and words, right of them.
_ROW_MARGINS = 4 + 8 + 6
_WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter


class Shape(Enum):
    """How a button looks."""

    TOOL = "icon over key"
    ROW = "key, then words"
    ACTION = "icon, words, key"
    FLAT = "icon, words, key, without a frame"


class CommandButton(QAbstractButton):
    """A button for one command; a click never takes the keyboard away from the image."""

    def __init__(
        self,
        command: Command,
        key: str,
        theme: Theme,
        shape: Shape,
        *,
        label: str | None = None,
        help_text: str | None = None,
        fill: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.command = command.name
        self._theme = theme
        self._shape = shape
        self._fill = fill
        self._label = label or command.label
        self._key = ""
        self._hovered = False
        self._two_lines = self._terse = False
        self._help = help_text or command.help
        self._why_not: str | None = None
        # Reached by Tab, not by a click.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        wide = shape is not Shape.TOOL
        self.setSizePolicy(
            QSizePolicy.Policy.Expanding if wide else QSizePolicy.Policy.Fixed,
            QSizePolicy.Policy.Fixed,
        )
        self.set_key(key)

    def set_key(self, key: str) -> None:
        """Show another key: the keymap changed, or the user's layout became known."""
        self._key = key
        self._name()

    def set_label(self, label: str) -> None:
        """Say something else on the button."""
        if label != self._label:
            self._label = label
            self._name()

    def offer(self, why_not: str | None) -> None:
        """Offer the command, or say why there is nothing to press now."""
        self._why_not = why_not
        self.setEnabled(why_not is None)
        self._name()

    def _name(self) -> None:
        shown = f"{self._label} ({self._key})" if self._key else self._label
        self.setText(shown)
        self.setAccessibleName(
            translate("Buttons", "{label}, key {key}").format(label=self._label, key=self._key)
            if self._key
            else self._label
        )
        said = self._help if self._why_not is None else self._why_not
        self.setAccessibleDescription(said)
        self.setToolTip(f"<b>{self._label}</b> &nbsp;{escaped(self._key)}<br>{escaped(said)}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """What the words, the icon and the key need."""
        theme, px = self._theme, self._theme.px
        cap = key_cap_width(self._key, theme) if self._key else 0
        match self._shape:
            case Shape.TOOL:
                key = QFontMetrics(theme.font(SMALL)).horizontalAdvance(self._tool_key)
                return QSize(max(px(32), key + 8), px(40))
            case Shape.ROW:
                words = QFontMetrics(theme.font(BODY)).horizontalAdvance(self._label)
                return QSize(round(4 + cap + 8 + words + 8), px(28 if self._two_lines else 24))
            case Shape.ACTION:
                words = QFontMetrics(theme.font(BUTTON, strong=True)).horizontalAdvance(self._label)
                return QSize(round(12 + px(18) + 8 + words + 12 + cap + 12), px(40))
        words = QFontMetrics(theme.font(BODY)).horizontalAdvance(self._painted)
        return QSize(round(8 + px(16) + 7 + words + 4 + (6 + cap if cap else 0) + 8), px(26))

    def be_terse(self, *, terse: bool) -> None:
        """Show icon and key alone, where there is no room for words; a screen reader has both."""
        if terse != self._terse:
            self._terse = terse
            self.fit_text()

    @property
    def _painted(self) -> str:
        return "" if self._terse else self._label

    @property
    def _tool_key(self) -> str:
        """The key for a small button: a long name of Shift is the arrow that stands on that key."""
        shift = key_name("Shift")
        return self._key.replace(f"{shift}+", "⇧") if len(shift) > len("Shift") else self._key

    def least_width(self) -> int:
        """The narrowest that a row can be and still say all of its words, in two small lines."""
        words, metrics = self._label.split(), QFontMetrics(self._theme.font(SMALL))
        lines = min(
            max(metrics.horizontalAdvance(" ".join(part)) for part in (words[:at], words[at:]))
            for at in range(1, len(words) + 1)
        )
        return lines + round(key_cap_width(self._key, self._theme)) + _ROW_MARGINS

    def allow_two_lines(self, *, allow: bool) -> None:
        """Let a row be high enough for words that its width has no room for."""
        if allow != self._two_lines:
            self._two_lines = allow
            self.fit_text()

    def fit_text(self) -> None:
        """Another scale of text needs another size."""
        self.updateGeometry()
        self.update()

    def minimumSizeHint(self) -> QSize:
        """Words may be cut short, the key never."""
        hint = self.sizeHint()
        if self._shape is Shape.TOOL:
            return hint
        if self._shape is Shape.FLAT:
            # All of the words; the icon gives way to them.
            return QSize(hint.width() - self._theme.px(16) - 7, hint.height())
        return QSize(self._theme.px(64), hint.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space presses the button that Tab has chosen; Enter never does."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Select}:
            return
        if event.key() in {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down}:
            # The toolkit would wander from button to button; here these keys move the queue.
            event.ignore()
            return
        super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show that the pointer is over it."""
        super().enterEvent(event)
        self._hovered = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is elsewhere."""
        super().leaveEvent(event)
        self._hovered = False
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw frame, icon, words and key."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter)
        words = "on_fill" if self._fill else "text"
        if not self.isEnabled():
            words = "muted"
        match self._shape:
            case Shape.TOOL:
                self._paint_tool(painter)
            case Shape.ROW:
                self._paint_row(painter, words)
            case _:
                self._paint_words(painter, words)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def _paint_ground(self, painter: QPainter) -> None:
        theme, area = self._theme, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        ground: str | None
        if self._fill and self.isEnabled():
            ground = f"{self._fill}_hover" if self._hovered or self.isDown() else self._fill
        elif self.isDown() or self.isChecked():
            ground = "pressed"
        elif self._hovered:
            ground = "hover"
        else:
            ground = None if self._shape in {Shape.TOOL, Shape.FLAT} else "raised"
        if ground is None:
            return
        framed = self._shape in {Shape.ACTION, Shape.ROW} and not self._fill
        painter.setPen(QPen(theme.colour("line"), 1) if framed else Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(ground))
        painter.drawRoundedRect(area, 4, 4)
        if self.isChecked():
            # A shape too: the ground alone would be a matter of colour.
            painter.setPen(Qt.PenStyle.NoPen)
            painter.fillRect(area.adjusted(4, area.height() - 3, -4, 0), theme.colour("accent"))

    def _paint_tool(self, painter: QPainter) -> None:
        ratio, colour = self.devicePixelRatioF(), "accent" if self.isChecked() else "text"
        size, px = self._theme.px(18), self._theme.px
        mark = self._theme.icon(self.command, colour, size, ratio)
        painter.drawPixmap(QPointF(self.width() / 2 - size / 2, px(4)), mark)
        painter.setFont(self._theme.font(SMALL))
        painter.setPen(self._theme.colour("muted"))
        words = QRectF(0, px(23), self.width(), px(16))
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self._tool_key)

    def _paint_row(self, painter: QPainter, colour: str) -> None:
        middle = self.height() / 2
        width = paint_key_cap(painter, QPointF(4, middle), self._key, self._theme)
        self._paint_label(painter, colour, 4 + width + 8, self.width() - 6, BODY, strong=False)

    def _paint_words(self, painter: QPainter, colour: str) -> None:
        big = self._shape is Shape.ACTION
        size, left = (self._theme.px(18), 10) if big else (self._theme.px(16), 8)
        middle = self.height() / 2
        right = self.width() - (10 if big else 8)
        font_size = BUTTON if big else BODY
        words = QFontMetrics(self._theme.font(font_size, strong=big))
        cap = key_cap_width(self._key, self._theme) + 6 if self._key else 0
        if right - cap - left - size - 7 < words.horizontalAdvance(self._painted):
            # A narrow window: the words are worth more than the icon.
            font_size, size = BODY, -7
        else:
            mark = self._theme.icon(self.command, colour, size, self.devicePixelRatioF())
            painter.drawPixmap(QPointF(left, middle - size / 2), mark)
        if self._key:
            width = key_cap_width(self._key, self._theme)
            paint_key_cap(painter, QPointF(right - width, middle), self._key, self._theme)
            right -= round(width) + 6
        self._paint_label(painter, colour, left + size + 7, right, font_size, strong=big)

    def _paint_label(
        self,
        painter: QPainter,
        colour: str,
        left: float,
        right: float,
        size: int,
        *,
        strong: bool,
    ) -> None:
        painter.setPen(self._theme.colour(colour))
        area = QRectF(left, 0, right - left, self.height())
        # Lighter, then smaller, then in two lines: all of the words before any of their size.
        fonts = (
            ((size, strong), (size, False), (SMALL, False))
            if strong
            else ((size, False), (SMALL, False))
        )
        for pixels, bold in fonts:
            painter.setFont(self._theme.font(pixels, strong=bold))
            if painter.fontMetrics().horizontalAdvance(self._painted) <= area.width():
                painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, self._painted)
                return
        if self._two_lines or self._shape is Shape.ACTION:
            needed = painter.boundingRect(area, _WRAP, self._painted)
            if needed.height() <= area.height() and needed.width() <= area.width():
                painter.drawText(area, _WRAP, self._painted)
                return
        text = painter.fontMetrics().elidedText(
            self._painted, Qt.TextElideMode.ElideRight, round(area.width())
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, text)
