"""What the window looks like: its colours, four palettes from resources/styles, and text sizes."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette

from modstation.core.shipped import resources
from modstation.ui.icons import draw_icon

if TYPE_CHECKING:
    from PySide6.QtGui import QPixmap
    from PySide6.QtWidgets import QApplication, QWidget

PaletteName = Literal["dark", "light", "contrast-dark", "contrast-light"]
ThemeName = Literal[PaletteName, "system"]

# Text sizes in pixels at a scale of 100 %; spacing everywhere is a multiple of four.
SMALL, BODY, BUTTON, TITLE, HEADLINE = 11, 13, 14, 15, 20
# The lines of icons, in pixels; with larger text they grow, too.
_LINE = 1.5
# Where a widget keeps which size it writes in.
_WRITES_IN = "writesIn"
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
# What text and shapes must reach (WCAG 1.4.3 and 1.4.11; 1.4.6 for high contrast).
LEAST_TEXT: dict[PaletteName, float] = {
    "dark": 4.5,
    "light": 4.5,
    "contrast-dark": 7.0,
    "contrast-light": 7.0,
}
# What must be seen but is not read: three to one is enough (WCAG 1.4.11).
SHAPE_PAIRS = (
    *(("outline", ground) for ground in ("stage", "window", "panel", "raised")),
    *(
        ("accent", ground)
        for ground in ("stage", "window", "panel", "raised", "hover", "pressed", "field")
    ),
)
# In high contrast every frame, every rule and every filled button can be seen too.
CONTRAST_SHAPE_PAIRS = tuple(
    (shape, ground)
    for shape in ("line", "approve", "reject", "approve_hover", "reject_hover")
    for ground in ("stage", "window", "panel", "raised")
)


def read_colours(name: PaletteName) -> dict[str, str]:
    """The colours of a shipped theme by their names, as #rrggbb."""
    text = (resources() / "styles" / f"{name}.toml").read_text(encoding="utf-8")
    return {key: value for key, value in tomllib.loads(text).items() if isinstance(value, str)}


@runtime_checkable
class HoldsText(Protocol):
    """A widget that sets its own size for the text in it."""

    def fit_text(self) -> None:
        """Take the size that text needs now; called again when the scale changes."""


class Theme:
    """The colours and text sizes in use; widgets keep the theme and ask it when they paint."""

    def __init__(
        self, name: ThemeName = "dark", text_scale: int = 100, *, still: bool = False
    ) -> None:
        self.text_scale = text_scale
        # Nothing may move by itself.
        self.still = still
        self._fonts: dict[tuple[int, bool], QFont] = {}
        self.name: PaletteName = "dark"
        self._colours: dict[str, QColor] = {}
        self._icons: dict[tuple[str, str, int, float, float], QPixmap] = {}
        self.choose(name)

    def choose(self, name: ThemeName) -> None:
        """Take the colours of a theme; ``system`` follows the desktop."""
        self.name = _of_desktop() if name == "system" else name
        name = self.name
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
        line = _LINE * max(1.0, self.text_scale / 100)
        asked = (name, self._colours[colour].name(), size, ratio, line)
        found = self._icons.get(asked)
        if found is None:
            ink = self._colours[colour]
            found = self._icons[asked] = draw_icon(name, ink, size, ratio, line=line)
        return found

    def style_sheet(self) -> str:
        """The shipped style sheet with this theme's colours in it."""
        text = (resources() / "styles" / "station.qss").read_text(encoding="utf-8")
        text = re.sub(r"@px\((\d+)\)", lambda match: f"{self.px(int(match[1]))}px", text)
        if self.still:
            text += "* { widget-animation-duration: 0; }\n"
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
        """Give the whole application these colours and sizes."""
        self._fonts.clear()
        application.setFont(self.font(BODY))
        application.setPalette(self.palette())
        application.setStyleSheet(self.style_sheet())
        # The cursor in a field blinks; less than nothing is what the desktop wants.
        application.setCursorFlashTime(0 if self.still else -1)
        self._fit_text(application.allWidgets())

    # -- text

    def scale_text(self, percent: int) -> None:
        """Let every text be larger or smaller from the next ``apply`` on."""
        self.text_scale = percent

    def px(self, pixels: float) -> int:
        """What holds text, at the scale in use: at 150 % a row of 24 pixels has 36."""
        return max(1, round(pixels * self.text_scale / 100))

    def font(self, size: int, *, strong: bool = False) -> QFont:
        """The font in one of the sizes; made once, for painting asks for it again and again."""
        found = self._fonts.get((size, strong))
        if found is None:
            found = QFont(QGuiApplication.font())
            found.setPixelSize(self.px(size))
            found.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
            self._fonts[size, strong] = found
        return found

    def write_in(self, widget: QWidget, size: int, *, strong: bool = False) -> None:
        """Let a widget write in one of the sizes, also when the scale changes."""
        widget.setFont(self.font(size, strong=strong))
        widget.setProperty(_WRITES_IN, [size, strong])

    def _fit_text(self, widgets: list[QWidget]) -> None:
        for widget in widgets:
            written = widget.property(_WRITES_IN)
            if written is not None:
                widget.setFont(self.font(written[0], strong=written[1]))
        for widget in widgets:
            if isinstance(widget, HoldsText):
                widget.fit_text()


def _of_desktop() -> PaletteName:
    hints = QGuiApplication.styleHints()
    light = hints.colorScheme() == Qt.ColorScheme.Light
    if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
        return "contrast-light" if light else "contrast-dark"
    return "light" if light else "dark"
