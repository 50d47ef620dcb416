"""The command palette: everything the station can do, by typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from modstation.core.commands import COMMANDS
from modstation.ui.command_palette import CommandPalette

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk


def palette(desk: Desk) -> CommandPalette:
    assert isinstance(desk.window.sheet, CommandPalette)
    return desk.window.sheet


def test_a_command_is_found_by_typing_and_run_by_enter(desk: Desk) -> None:
    desk.press("Ctrl+K")
    assert len(palette(desk).titles) == len(COMMANDS)
    desk.type("grey")
    assert palette(desk).titles[0] == "Greyscale"
    desk.press("Return")
    assert desk.window.sheet is None
    assert desk.station.covering.grey
    desk.press("A")
    assert len(desk.stored()) == 1


def test_arrows_choose_and_a_click_runs(desk: Desk) -> None:
    desk.press("Ctrl+K")
    desk.type("rotate")
    desk.press("Up", "Down", "Down", "PageUp", "Down")
    open_palette = palette(desk)
    assert open_palette.row == 1
    place = open_palette.list.visualRect(open_palette.list.currentIndex()).center()
    QTest.mouseClick(open_palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    desk.settle()
    assert desk.window.sheet is None
    assert desk.window.stage.view.quarters == 1


@pytest.mark.parametrize("typed", ["approve", "reject", "nudity", "skip", "make the decision"])
def test_enter_in_the_palette_never_decides(desk: Desk, typed: str) -> None:
    desk.press("Ctrl+K")
    desk.type(typed)
    desk.press("Return", "Enter")
    assert "Enter never decides" in palette(desk).said
    assert (desk.stored(), desk.current) == ([], "photos/0001")


def test_letters_typed_there_decide_nothing(desk: Desk) -> None:
    desk.press("Ctrl+K")
    desk.type("axu")
    desk.press("Esc")
    assert desk.window.sheet is None
    assert desk.stored() == []


def test_the_key_that_opened_it_closes_it(desk: Desk) -> None:
    desk.press("Ctrl+K", "Ctrl+K")
    assert desk.window.sheet is None


def test_it_opens_from_the_note_too(desk: Desk) -> None:
    desk.press("N", "Ctrl+K")
    desk.type("full")
    assert palette(desk).titles[0] == "Full screen"


def test_nothing_found_says_so_and_enter_does_nothing(desk: Desk) -> None:
    desk.press("Ctrl+K")
    desk.type("qqqq")
    desk.press("Return")
    assert palette(desk).said == "No command is called that."


def test_a_command_that_opens_a_sheet_takes_the_palettes_place(desk: Desk) -> None:
    desk.press("Ctrl+K")
    desk.type("every key")
    desk.press("Return")
    assert desk.window.sheet is not None
    assert "keymap" in desk.window.sheet.accessibleName()


@pytest.mark.parametrize("size", [(640, 480), (900, 600), (2400, 900)])
def test_what_the_bar_has_no_room_for_is_in_the_palette(
    sit_down: Callable[..., Desk], size: tuple[int, int]
) -> None:
    desk = sit_down(3, size=size)
    desk.ready()
    bar = desk.window.toolbar
    shown = [button for button in bar.buttons.values() if button.isVisible()]
    assert all(button.geometry().right() < bar.width() for button in shown)
    assert all(button.width() >= button.sizeHint().width() for button in shown)
    assert bar.buttons["palette"].isVisible()
    assert (len(shown) == len(bar.buttons)) is (size[0] == 2400)
