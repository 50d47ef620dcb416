"""Every theme can be read by everybody, and every icon can be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from PySide6.QtGui import QColor

from modstation.app.setting_table import setting_table
from modstation.core.commands import COMMANDS
from modstation.core.events import Connection
from modstation.ui.icons import STROKES
from modstation.ui.theme import (
    CONTRAST_SHAPE_PAIRS,
    LEAST_TEXT,
    SHAPE_PAIRS,
    TEXT_PAIRS,
    PaletteName,
    Theme,
    read_colours,
)
from modstation.ui.wording import CONNECTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

    from helpers.window import Desk

NAMES: tuple[PaletteName, ...] = get_args(PaletteName)
CONTRAST = [name for name in NAMES if name.startswith("contrast")]


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_stands_out(name: PaletteName, text: str, ground: str) -> None:
    colours = read_colours(name)
    assert contrast(colours[text], colours[ground]) >= LEAST_TEXT[name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
def test_shapes_stand_out(name: PaletteName, shape: str, ground: str) -> None:
    colours = read_colours(name)
    assert contrast(colours[shape], colours[ground]) >= 3.0


@pytest.mark.parametrize("name", CONTRAST)
@pytest.mark.parametrize(("shape", "ground"), CONTRAST_SHAPE_PAIRS)
def test_in_high_contrast_every_frame_and_button_stands_out(
    name: PaletteName, shape: str, ground: str
) -> None:
    colours = read_colours(name)
    assert contrast(colours[shape], colours[ground]) >= 3.0


def test_every_theme_names_the_same_colours() -> None:
    themes = [read_colours(name) for name in NAMES]
    assert all(set(theme) == set(themes[0]) for theme in themes)
    assert all(QColor(value).isValid() for theme in themes for value in theme.values())


def test_a_theme_can_be_chosen_by_its_setting() -> None:
    assert set(setting_table()["theme"].choices) == {*NAMES, "system"}


@pytest.mark.parametrize("name", NAMES)
def test_the_style_sheet_knows_its_colours(qapp: QApplication, name: PaletteName) -> None:
    assert "@" not in Theme(name).style_sheet()


def test_every_command_with_a_button_of_its_own_has_an_icon() -> None:
    wanted = {name for name in COMMANDS if not name.startswith("reject-reason")}
    assert wanted <= set(STROKES)


def test_every_connection_has_an_icon_and_a_word() -> None:
    assert set(CONNECTION_WORDS) == set(Connection)
    words = [word for _, word, _ in CONNECTION_WORDS.values()]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("name", sorted(STROKES))
def test_an_icon_leaves_ink(qapp: QApplication, name: str) -> None:
    image = Theme("dark").icon(name, "text", 16).toImage()
    assert any(image.pixelColor(x, y).alpha() > 100 for x in range(16) for y in range(16))


def test_the_theme_changes_without_a_new_window(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2)
    desk.ready()
    dark = desk.window.grab().toImage().pixelColor(5, 5)
    desk.window.apply_theme("light")
    light = desk.window.grab().toImage().pixelColor(5, 5)
    assert dark.lightness() < 60
    assert light.lightness() > 200
