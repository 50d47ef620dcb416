"""The bar at the top: how the image is looked at, and the panels of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from modstation.core.commands import COMMANDS
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from modstation.ui.theme import Theme

_LEFT = (
    ("previous", "next", "redo"),
    ("peek", "reveal", "blur-less", "blur-more", "greyscale", "cover-all"),
    (
        *("zoom-out", "zoom-in", "zoom-toggle", "zoom-fit", "zoom-100", "sticky-zoom"),
        *("original", "rotate-left", "rotate-right", "brighten"),
    ),
)
_RULE = 9
_RIGHT = (
    ("queues", "filter", "rescue", "lists", "order"),
    ("grid", "note", "information", "policy", "history", "session", "take-along"),
    ("palette", "keys-help", "edit-keys", "settings", "switch-account"),
    ("theme", "text-smaller", "text-larger"),
    ("help", "tour", "full-screen", "quit"),
)
# What is being reviewed is worth more than the buttons that give way.
_TITLE_FROM, _TITLE = 1000, 128
# A narrow window hides these first, from the left; then the others, from the right of the bar.
_GIVES_WAY = (
    "tour",
    "edit-keys",
    "theme",
    "text-smaller",
    "text-larger",
    "switch-account",
    "settings",
    "quit",
    "take-along",
    "session",
    "rescue",
    "zoom-100",
    "zoom-fit",
    "help",
    "full-screen",
    "blur-less",
    "blur-more",
)
# What is hidden is found through these.
_STAYS = frozenset({"palette", "keys-help"})


class Toolbar(QWidget):
    """Buttons in groups; between them what is being reviewed.

    Where the window is too narrow for all of them some are hidden: the palette has every command.
    """

    def __init__(
        self,
        theme: Theme,
        title: str,
        *,
        key_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.buttons: dict[str, CommandButton] = {}
        self._title = _Title(theme, title, self)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 4, 6, 4)
        row.setSpacing(0)
        self._rules: dict[tuple[str, ...], _Rule] = {}
        for number, group in enumerate((*_LEFT, *_RIGHT)):
            if number == len(_LEFT):
                row.addWidget(self._title, 1)
            elif number:
                self._rules[group] = _Rule(theme, self)
                row.addWidget(self._rules[group])
            for name in group:
                button = CommandButton(COMMANDS[name], key_of(name), theme, Shape.TOOL, parent=self)
                self.buttons[name] = button
                row.addWidget(button)
        self.fit_text()

    def fit_text(self) -> None:
        """As high as its buttons are at this scale."""
        self.setFixedHeight(self._theme.px(40) + 8)
        self.fit()

    @property
    def title(self) -> str:
        """What is being reviewed, in words."""
        return self._title.text

    def set_title(self, title: str) -> None:
        """Say what is being reviewed."""
        self._title.set_text(title)

    def fit(self) -> None:
        """Show as many buttons as there is room for."""
        margins = self.contentsMargins()
        room = self.width() - margins.left() - margins.right() - 12
        room -= _RULE * (len(_LEFT) + len(_RIGHT) - 2)
        px = self._theme.px
        if self.width() >= px(_TITLE_FROM):
            room -= px(_TITLE)
        needed = sum(button.sizeHint().width() for button in self.buttons.values())
        others = [name for name in reversed(self.buttons) if name not in _GIVES_WAY]
        hidden: set[str] = set()
        for name in (*_GIVES_WAY, *others):
            if needed <= room:
                break
            if name not in _STAYS:
                hidden.add(name)
                needed -= self.buttons[name].sizeHint().width()
        for name, button in self.buttons.items():
            button.setVisible(name not in hidden)
        for group, rule in self._rules.items():
            rule.setVisible(not hidden.issuperset(group))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has room for other buttons."""
        super().resizeEvent(event)
        self.fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the line below."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("window"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, self._theme.colour("line"))
        painter.end()


class _Rule(QWidget):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.fit_text()

    def fit_text(self) -> None:
        self.setFixedSize(_RULE, self._theme.px(40))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(4, 8, 1, self.height() - 16, self._theme.colour("line"))
        painter.end()


class _Title(QWidget):
    def __init__(self, theme: Theme, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        self.text = text
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, self._theme.px(40))

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.width() < self._theme.px(112):
            return
        painter = QPainter(self)
        painter.setFont(self._theme.font(BODY))
        painter.setPen(self._theme.colour("muted"))
        text = painter.fontMetrics().elidedText(
            self.text, Qt.TextElideMode.ElideMiddle, self.width() - 16
        )
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
