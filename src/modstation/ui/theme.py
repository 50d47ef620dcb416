"""The colours of the window: two palettes from resources/styles, and which of them is in use."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette

from modstation.app.paths import resources
from modstation.ui.icons import draw_icon

if TYPE_CHECKING:
    from PySide6.QtGui import QPixmap
    from PySide6.QtWidgets import QApplication

ThemeName = Literal["dark", "light", "system"]

# Text sizes in pixels; spacing everywhere is a multiple of four.
SMALL, BODY, BUTTON, TITLE, HEADLINE = 11, 13, 14, 15, 20
# Text is put on these grounds; the contrast of each pair is tested.
TEXT_PAIRS = (
    *(
        (text, ground)
        for text in ("text", "muted", "accent", "approve_text", "reject_text")
        for ground in ("stage", "window", "panel", "raised")
    ),
    ("text", "hover"),
    ("text", "pressed"),
    ("on_fill", "approve"),
    ("on_fill", "approve_hover"),
    ("on_fill", "reject"),
    ("on_fill", "reject_hover"),
    ("warning_text", "warning"),
    ("problem_text", "problem"),
    ("cap_text", "cap"),
    ("text", "field"),
    ("muted", "field"),
    ("window", "accent"),
)
# What must be seen but is not read: three to one is enough (WCAG 1.4.11).
SHAPE_PAIRS = (
    *(("outline", ground) for ground in ("stage", "window", "panel", "raised")),
    *(("accent", ground) for ground in ("stage", "window", "panel", "raised")),
)


def read_colours(name: Literal["dark", "light"]) -> dict[str, str]:
    """The colours of a shipped theme by their names, as #rrggbb."""
    text = (resources() / "styles" / f"{name}.toml").read_text(encoding="utf-8")
    return {key: value for key, value in tomllib.loads(text).items() if isinstance(value, str)}


class Theme:
    """The colours in use; widgets keep the theme and ask it each time they paint."""

    def __init__(self, name: ThemeName = "dark") -> None:
        self.name: Literal["dark", "light"] = "dark"
        self._colours: dict[str, QColor] = {}
        self._icons: dict[tuple[str, str, int, float], QPixmap] = {}
        self.choose(name)

    def choose(self, name: ThemeName) -> None:
        """Take the colours of a theme; ``system`` follows the desktop."""
        if name == "system":
            scheme = QGuiApplication.styleHints().colorScheme()
            name = "light" if scheme == Qt.ColorScheme.Light else "dark"
        self.name = name
        self._colours = {key: QColor(value) for key, value in read_colours(name).items()}

    def colour(self, name: str, alpha: int = 255) -> QColor:
        """A colour by its name; ``alpha`` from 0 to 255."""
        colour = self._colours[name]
        if alpha == 255:
            return colour
        faded = QColor(colour)
        faded.setAlpha(alpha)
        return faded

    def icon(self, name: str, colour: str, size: int = 16, ratio: float = 1.0) -> QPixmap:
        """An icon in one of the colours; ``KeyError`` if there is no such icon."""
        asked = (name, self._colours[colour].name(), size, ratio)
        found = self._icons.get(asked)
        if found is None:
            found = self._icons[asked] = draw_icon(name, self._colours[colour], size, ratio)
        return found

    def style_sheet(self) -> str:
        """The shipped style sheet with this theme's colours in it."""
        text = (resources() / "styles" / "station.qss").read_text(encoding="utf-8")
        return re.sub(r"@(\w+)", lambda match: self._colours[match[1]].name(), text)

    def palette(self) -> QPalette:
        """What the toolkit's own widgets paint with."""
        palette = QPalette()
        role = QPalette.ColorRole
        for which, name in (
            (role.Window, "window"),
            (role.WindowText, "text"),
            (role.Base, "panel"),
            (role.AlternateBase, "raised"),
            (role.Text, "text"),
            (role.Button, "raised"),
            (role.ButtonText, "text"),
            (role.BrightText, "on_fill"),
            (role.Highlight, "accent"),
            (role.HighlightedText, "window"),
            (role.ToolTipBase, "raised"),
            (role.ToolTipText, "text"),
            (role.PlaceholderText, "muted"),
            (role.Link, "accent"),
            (role.LinkVisited, "accent"),
            (role.Mid, "line"),
        ):
            palette.setColor(which, self._colours[name])
        for which in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, which, self._colours["muted"])
        return palette

    def apply(self, application: QApplication) -> None:
        """Give the whole application these colours."""
        application.setPalette(self.palette())
        application.setStyleSheet(self.style_sheet())


def sized(font: QFont, pixels: int, *, strong: bool = False) -> QFont:
    """The same font in a size of ours."""
    copy = QFont(font)
    copy.setPixelSize(pixels)
    copy.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    return copy
