"""The strip shows all frames at once as long as it can, in cells as large as may be."""

from __future__ import annotations

import pytest

from modstation.app.frame_grid import lay_out


@pytest.mark.parametrize(
    ("count", "columns", "rows", "cell_width"),
    [(2, 6, 1, 88), (6, 6, 1, 88), (7, 8, 1, 72), (16, 8, 2, 72), (17, 9, 2, 60), (27, 9, 3, 60)],
)
def test_cells_get_smaller_before_frames_are_hidden(
    count: int, columns: int, rows: int, cell_width: int
) -> None:
    grid = lay_out(count, 0, 604, 160)
    assert (grid.columns, grid.rows, grid.cell[0]) == (columns, rows, cell_width)
    assert grid.shown == count


def test_more_frames_than_there_is_room_for_go_by_pages() -> None:
    first, last = lay_out(60, 0, 604, 160), lay_out(60, 59, 604, 160)
    assert (first.first, first.shown) == (0, 27)
    assert (last.first, last.shown) == (54, 6)


def test_a_low_stage_has_one_row() -> None:
    grid = lay_out(40, 20, 604, 50)
    assert (grid.rows, grid.columns, grid.first) == (1, 9, 18)


def test_a_click_finds_its_frame_and_a_gap_none() -> None:
    grid = lay_out(8, 0, 604, 160)
    assert grid.at(*[part + 3 for part in grid.place(5)]) == 5
    assert grid.at(73, 3) is None
    assert grid.at(605, 3) is None
