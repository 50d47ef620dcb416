"""The contact sheet under real keys: choosing, marking, deciding many, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QScrollBar

from helpers.assets import make_asset, make_assets
from modstation.core.assets import MachineLabel
from modstation.core.errors import ImageDamaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk
    from modstation.ui.grid_panel import GridPanel


NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)


def open_grid(desk: Desk) -> GridPanel:
    """Press T and wait until every tile that is seen has been painted."""
    desk.press("T")
    return shown(desk)


def shown(desk: Desk) -> GridPanel:
    panel = desk.window.grid
    assert panel is not None
    desk.until(lambda: _all_painted(panel), "the tiles were never painted")
    return panel


def _all_painted(panel: GridPanel) -> bool:
    tiles = [panel.grid.tiles[n] for n in panel.grid.layout.whole(panel.grid.offset)]
    return bool(tiles) and all(tile.look.painted_at is not None for tile in tiles)


def names(desk: Desk) -> list[str]:
    """The numbers of the photos on the sheet, in order."""
    panel = desk.window.grid
    assert panel is not None
    tiles = panel.grid.tiles
    return [tiles[n].entry.asset.ref.public_id[-4:] for n in range(len(tiles))]


def marked(desk: Desk) -> list[str]:
    panel = desk.window.grid
    assert panel is not None
    return [tile.entry.asset.ref.public_id[-4:] for tile in panel.grid.tiles.marked]


@pytest.fixture
def sheet(desk: Desk) -> Desk:
    """The window with twelve photos on one sheet."""
    open_grid(desk)
    return desk


def test_t_shows_the_sheet_and_t_shows_the_chosen_image_alone(desk: Desk) -> None:
    panel = open_grid(desk)
    assert names(desk) == [f"{n:04}" for n in range(1, 13)]
    assert not desk.window.stage.isVisible()
    desk.press("Right", "Right")
    assert desk.current == "photos/0003"
    desk.press("T")
    desk.ready()
    assert desk.window.stage.isVisible()
    assert not panel.isVisible()
    assert desk.current == "photos/0003"
    desk.press("A")
    assert desk.stored() == [("photos/0003", "approve", None)]


def test_arrows_go_from_tile_to_tile_and_from_row_to_row(sheet: Desk) -> None:
    panel = sheet.window.grid
    assert panel is not None
    columns = panel.grid.layout.columns
    sheet.press("Down")
    assert sheet.current == f"photos/{columns + 1:04}"
    sheet.press("Up", "J", "K")
    assert sheet.current == "photos/0001"
    sheet.press("Left")
    assert sheet.current == "photos/0001"
    assert "first row" in sheet.message


def test_m_marks_and_shift_arrows_extend(sheet: Desk) -> None:
    sheet.press("M", "Right", "Right")
    assert marked(sheet) == ["0001"]
    sheet.press("Shift+Right", "Shift+Right")
    assert marked(sheet) == ["0001", "0003", "0004", "0005"]
    sheet.press("Shift+Left")
    assert marked(sheet) == ["0001", "0003", "0004"]
    sheet.press("M")
    assert marked(sheet) == ["0001", "0003"]


def test_ctrl_a_marks_what_is_on_the_screen_and_again_nothing(sheet: Desk) -> None:
    sheet.press("Ctrl+A")
    assert len(marked(sheet)) == 12
    sheet.press("Ctrl+A")
    assert marked(sheet) == []


@pytest.mark.parametrize(("key", "verdict"), [("Shift+A", "approve"), ("Shift+X", "reject")])
def test_the_marked_are_decided_at_one_stroke_and_taken_back_by_one_key(
    sheet: Desk, key: str, verdict: str
) -> None:
    sheet.press("M", "Right", "Right", "M", key)
    assert sheet.stored() == [("photos/0001", verdict, None), ("photos/0003", verdict, None)]
    assert names(sheet)[:2] == ["0002", "0004"]
    assert sheet.session.counts.held == 2
    sheet.press("U")
    sheet.until(lambda: sheet.session.counts.held == 0, "it was not taken back")
    assert names(sheet)[:3] == ["0001", "0002", "0003"]
    assert sheet.current == "photos/0001"
    assert "2 images" in sheet.message
    sheet.press("Ctrl+Shift+Z")
    sheet.until(lambda: sheet.session.counts.held == 2, "it was not made again")
    assert names(sheet)[:2] == ["0002", "0004"]


def test_a_digit_rejects_the_marked_with_its_reason_or_else_the_chosen_tile(sheet: Desk) -> None:
    sheet.press("M", "Right", "M", "3")
    assert sheet.stored() == [
        ("photos/0001", "reject", "violence"),
        ("photos/0002", "reject", "violence"),
    ]
    sheet.press("1")
    assert len(sheet.stored()) == 3


def test_a_and_x_decide_the_chosen_tile_alone(sheet: Desk) -> None:
    sheet.press("Right", "M", "Right", "X", "A")
    assert sheet.stored() == [("photos/0003", "reject", None), ("photos/0004", "approve", None)]
    assert marked(sheet) == ["0002"]


def test_without_marks_the_strokes_say_so(sheet: Desk) -> None:
    sheet.press("Shift+A")
    assert "No tile is marked" in sheet.message
    assert sheet.stored() == []


def test_the_keys_of_the_sheet_do_nothing_on_the_stage(desk: Desk) -> None:
    desk.press("M", "Ctrl+A", "Shift+A", "Shift+X", "Ctrl+Enter", "Shift+Right", "PageDown")
    assert desk.stored() == []
    assert "for the grid" in desk.message


def test_ctrl_enter_says_what_it_would_do_and_does_it_at_the_second_press(sheet: Desk) -> None:
    panel = sheet.window.grid
    assert panel is not None
    sheet.press("M", "Right", "M", "Ctrl+Enter")
    assert panel.statement.isVisible()
    assert panel.statement.text == "This will reject 2 marked and approve the other 10 on screen."
    assert sheet.stored() == []
    sheet.press("Ctrl+Enter")
    stored = sheet.stored()
    assert [name for name, verdict, _ in stored if verdict == "reject"] == [
        "photos/0001",
        "photos/0002",
    ]
    assert len(stored) == 12
    assert not panel.statement.isVisible()
    assert sheet.message.startswith("2 rejected, 10 approved")
    sheet.press("U")
    sheet.until(lambda: sheet.session.counts.held == 0, "it was not taken back")
    assert len(names(sheet)) == 12


def test_enter_confirms_on_the_line_and_decides_nowhere_else(sheet: Desk) -> None:
    sheet.press("Enter", "Return")
    assert sheet.stored() == []
    sheet.press("Ctrl+Enter")
    sheet.down("Return", repeat=True)
    assert sheet.stored() == []
    sheet.press("Return")
    assert len(sheet.stored()) == 12
    sheet.press("Return")
    assert len(sheet.stored()) == 12


@pytest.mark.parametrize("key", ["Esc", "M", "Right", "PageDown", "T"])
def test_anything_else_leaves_it_undone(sheet: Desk, key: str) -> None:
    panel = sheet.window.grid
    assert panel is not None
    sheet.press("Ctrl+Enter", key)
    assert not panel.statement.isVisible()
    sheet.press("Enter")
    assert sheet.stored() == []
    assert sheet.window.stage.hasFocus()


def test_only_what_was_on_the_screen_is_approved(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(150)
    desk.ready()
    panel = open_grid(desk)
    seen = len(panel.grid.layout.whole(0))
    assert 0 < seen < 100
    desk.press("Ctrl+Enter", "Ctrl+Enter")
    stored = desk.stored()
    assert [name for name, _, _ in stored] == [f"photos/{n:04}" for n in range(1, seen + 1)]
    assert names(desk)[0] == f"{seen + 1:04}"


def test_covered_tiles_stay_until_they_are_uncovered_and_may_be_rejected(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), *make_assets(4)[1:]])
    desk.ready()
    panel = open_grid(desk)
    desk.press("Ctrl+Enter")
    assert "approve 3 on screen" in panel.statement.text
    assert "1 stays: 1 covered" in panel.statement.text
    desk.press("Esc", "M", "Shift+A")
    assert desk.stored() == []
    assert "Uncover" in desk.message
    desk.press("V")
    shown(desk)
    desk.press("Shift+A")
    assert desk.stored() == [("photos/0001", "approve", None)]


def test_a_covered_tile_is_rejected_without_a_look(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), make_asset(2)])
    desk.ready()
    open_grid(desk)
    desk.press("M", "Shift+X")
    assert desk.stored() == [("photos/0001", "reject", None)]


def test_holding_space_uncovers_the_chosen_tile_only_as_long(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), make_asset(2, labels=[NUDITY])])
    desk.ready()
    panel = open_grid(desk)
    first, second = panel.grid.tiles[0], panel.grid.tiles[1]
    desk.down("Space")
    assert (first.look.covered, second.look.covered) == (False, True)
    desk.up("Space")
    assert first.look.covered


def test_a_tile_without_a_picture_is_never_approved(sit_down: Callable[..., Desk]) -> None:
    assets = make_assets(4)
    desk = sit_down(
        assets,
        withheld=[assets[1].key],
        broken={assets[2].key: ImageDamaged("The file ends too early.")},
    )
    desk.ready()
    desk.press("T")
    panel = desk.window.grid
    assert panel is not None
    desk.until(lambda: panel.grid.tiles[3].look.painted_at is not None)
    desk.until(lambda: panel.grid.tiles[2].look.painted_at is not None)
    desk.press("Ctrl+Enter")
    assert "approve 2 on screen" in panel.statement.text
    assert "2 stay" in panel.statement.text
    desk.press("Ctrl+Enter")
    assert [name for name, _, _ in desk.stored()] == ["photos/0001", "photos/0004"]


def test_nothing_is_decided_while_everything_is_covered(sheet: Desk) -> None:
    sheet.press("Ctrl+A", "`", "Shift+A", "Shift+X", "Ctrl+Enter", "Enter", "A", "5")
    assert sheet.stored() == []
    assert "covered" in sheet.message


def test_plus_and_minus_change_the_size_of_the_tiles(sheet: Desk) -> None:
    panel = sheet.window.grid
    assert panel is not None
    before = panel.grid.layout.columns
    sheet.press("+")
    assert panel.grid.layout.columns < before
    sheet.press("-", "-")
    assert panel.grid.layout.columns > before
    sheet.press("Z")
    assert panel.grid.layout.columns == before


def test_scrolling_has_a_core_to_itself_until_the_sheet_rests(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(120)
    desk.ready()
    panel = open_grid(desk)
    desk.until(lambda: len(panel.grid.tiles) == 120)
    assert not desk.decoder.giving_way
    bar = panel.sheet.findChild(QScrollBar)
    bar.setValue(bar.maximum() // 2)
    assert desk.decoder.giving_way
    desk.until(lambda: not desk.decoder.giving_way, "the sheet never rested")


def test_escape_goes_back_step_by_step(sheet: Desk) -> None:
    sheet.press("M", "Ctrl+Enter", "Esc")
    assert marked(sheet) == ["0001"]
    sheet.press("Esc")
    assert marked(sheet) == []
    sheet.press("Esc")
    assert sheet.window.stage.isVisible()


def test_skipping_a_tile_takes_it_from_the_sheet(sheet: Desk) -> None:
    sheet.press("S")
    sheet.until(lambda: names(sheet)[0] == "0002")
    assert sheet.current == "photos/0002"


def test_the_sheet_is_reached_by_page_and_read_on(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(700)
    desk.ready()
    panel = open_grid(desk)
    for _ in range(80):
        if desk.current == "photos/0700":
            break
        desk.press("PageDown")
    desk.until(lambda: desk.current == "photos/0700")
    assert panel.grid.tiles.at_end
    shown(desk)
    desk.press("M", "Shift+X")
    assert desk.stored() == [("photos/0700", "reject", None)]
