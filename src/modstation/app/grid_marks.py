"""The marks of the contact sheet: set one by one, on the way of a move, or on all that is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.grid_tiles import MOST_MARKED
from modstation.core.errors import ReviewError
from modstation.core.language import number, translate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modstation.app.grid_session import GridSession
    from modstation.app.grid_tiles import Tile


class GridMarks:
    """Which tiles of a sheet are marked.

    Refusals raise ``ReviewError`` with a stable ``code`` and change nothing.
    """

    def __init__(self, grid: GridSession) -> None:
        self._grid = grid
        # Where a move began that marks on its way, and what was marked before it.
        self._anchor: str | None = None
        self._before: list[Tile] = []

    def toggle(self) -> None:
        """Mark the focused tile, or take its mark away."""
        tile, tiles = self._grid.need_focus(), self._grid.tiles
        others = [other for other in tiles.marked if other.key != tile.key]
        self._mark(others if tiles.is_marked(tile.key) else [*others, tile])
        self._anchor = None

    def mark_all(self) -> None:
        """Mark every tile that is seen with its picture; if all are marked, none of them."""
        here, tiles = self._grid.on_screen.tiles(), self._grid.tiles
        if not here:
            raise ReviewError(
                translate("GridSession", "No picture is on the screen yet."), code="not-painted"
            )
        keys = {tile.key for tile in here}
        others = [tile for tile in tiles.marked if tile.key not in keys]
        all_marked = all(tiles.is_marked(key) for key in keys)
        self._mark(others if all_marked else [*others, *here])
        self._anchor = None

    def unmark_all(self) -> bool:
        """Take every mark away; False if there is none."""
        if not self._grid.tiles.marked:
            return False
        self._mark([])
        return True

    def begin_at(self, index: int) -> None:
        """A move that marks on its way starts here, unless it is under way already."""
        tiles = self._grid.tiles
        if tiles.index(self._anchor) is None:
            self._anchor = tiles[index].key
            self._before = tiles.marked

    def extend_to(self, index: int) -> None:
        """Mark what lies between the start of the move and here, and what was marked before."""
        tiles = self._grid.tiles
        anchor = tiles.index(self._anchor)
        start = index if anchor is None else anchor
        between = [tiles[n] for n in range(min(start, index), max(start, index) + 1)]
        self._mark([*self._before, *between])

    def end_move(self) -> None:
        """The move that marked on its way is over; its marks stay."""
        self._anchor = None

    def _mark(self, tiles: Iterable[Tile]) -> None:
        self._grid.strokes.drop()
        if not self._grid.tiles.mark(tiles):
            raise ReviewError(
                translate("GridSession", "No more than {most} can be marked.").format(
                    most=number(MOST_MARKED)
                ),
                code="too-many",
            )
        self._grid.on_change()
