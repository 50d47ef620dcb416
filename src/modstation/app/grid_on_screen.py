"""Which tiles of the contact sheet are on the screen, as the paints have told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modstation.app.grid_session import GridSession
    from modstation.app.grid_tiles import Tile
    from modstation.app.look import Shown


class TilesOnScreen:
    """The tiles that somebody can look at, and when that began and ended."""

    def __init__(self, grid: GridSession, *, monotonic: Callable[[], float]) -> None:
        self._grid = grid
        self._monotonic = monotonic
        self._keys: set[str] = set()

    def tiles(self) -> list[Tile]:
        """Those of the tiles seen that were painted."""
        return [tile for tile, _, _ in self._grid.seen() if tile.key in self._keys]

    def painted(self, shown: Mapping[str, Shown], *, whole_view: bool) -> None:
        """These tiles were put on the screen with their picture, or the reason why there is none.

        Only tiles that are seen from edge to edge count. ``whole_view``: the others are gone.
        """
        grid, now, here = self._grid, self._monotonic(), set[str]()
        for index in grid.layout.whole(grid.offset):
            tile = grid.tiles[index]
            if tile.key in shown:
                tile.look.painted(shown[tile.key], now)
                here.add(tile.key)
        if whole_view:
            for key in self._keys - here:
                self._leave(key, now)
            self._keys = here
        else:
            self._keys |= here

    def nothing(self) -> None:
        """No tile is on the screen any more."""
        now = self._monotonic()
        for key in self._keys:
            self._leave(key, now)
        self._keys = set()

    def _leave(self, key: str, now: float) -> None:
        index = self._grid.tiles.index(key)
        if index is not None:
            self._grid.tiles[index].look.gone(now)
