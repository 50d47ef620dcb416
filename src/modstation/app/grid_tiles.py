"""The entries of the contact sheet in memory, and which of them are marked."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.app.look import Look

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from modstation.core.queue import QueueEntry, QueuePosition

# Entries kept; beyond, whole rows are let go at the far end and read again when they are needed.
MOST = 1_600
# One transaction of the store.
MOST_MARKED = 200


@dataclass(slots=True)
class TileLook(Look):
    """A look that remembers, once the tile is scrolled away, how long it was on the screen."""

    seen_for: float = 0.0

    def gone(self, now: float) -> None:
        """The tile is not on the screen any more."""
        self.seen_for = self.painted_for(now) or 0.0
        Look.gone(self, now)

    def painted_for(self, now: float) -> float | None:
        """The longest time it was on the screen without a break; None if it never was."""
        now_for = Look.painted_for(self, now)
        if now_for is None:
            return self.seen_for or None
        return max(now_for, self.seen_for)


@dataclass(slots=True, eq=False)
class Tile:
    """One image of the sheet and how it was looked at."""

    entry: QueueEntry
    look: TileLook

    @property
    def key(self) -> str:
        """The asset's key."""
        return self.entry.key


class GridTiles:
    """Tiles in queue order, without twins.

    ``is_taken``: an entry was decided or skipped. It stays out, whatever the store still says: the
    store's answer may be older than the key press.
    """

    def __init__(
        self, protects: Callable[[QueueEntry], bool], is_taken: Callable[[str], bool]
    ) -> None:
        self._protects = protects
        self._is_taken = is_taken
        self._tiles: list[Tile] = []
        self._index: dict[str, int] = {}
        self._marked: dict[str, Tile] = {}
        # The tiles reach to this edge of the queue, as far as is known.
        self.at_start = False
        self.at_end = False
        # Between these places nothing is unknown; beyond the outer tiles there may be none.
        self.low: QueuePosition | None = None
        self.high: QueuePosition | None = None

    def __len__(self) -> int:
        return len(self._tiles)

    def __getitem__(self, index: int) -> Tile:
        return self._tiles[index]

    def index(self, key: str | None) -> int | None:
        """Where a tile stands."""
        return self._index.get(key) if key is not None else None

    @property
    def marked(self) -> list[Tile]:
        """The marked tiles in queue order, also those that are far away."""
        return sorted(self._marked.values(), key=lambda tile: tile.entry.position)

    def is_marked(self, key: str) -> bool:
        """This tile is marked."""
        return key in self._marked

    def mark(self, tiles: Iterable[Tile]) -> bool:
        """Mark these and no others; False, and nothing is changed, if they are too many."""
        marked = {tile.key: tile for tile in tiles}
        if len(marked) > MOST_MARKED:
            return False
        self._marked = marked
        return True

    def clear(self) -> None:
        """Forget every tile and every mark."""
        self._tiles, self._index, self._marked = [], {}, {}
        self.at_start = self.at_end = False
        self.low = self.high = None

    def merge(
        self,
        entries: Sequence[QueueEntry],
        low: QueuePosition | None,
        high: QueuePosition | None,
        *,
        keep: str | None,
    ) -> int:
        """Take what the store said of the queue from ``low`` to ``high`` (None: without end).

        What it does not name there is settled elsewhere; only ``keep`` stays, because a picture
        must not change under the moderator's key. Says how many tiles more stand before the one
        that was first.
        """
        first = self._tiles[0].key if self._tiles else None
        if low is not None and (self.low is None or low < self.low):
            self.low = low
        if high is not None and (self.high is None or high > self.high):
            self.high = high
        said = {entry.key: entry for entry in entries if not self._is_taken(entry.key)}
        tiles = []
        for tile in self._tiles:
            inside = (low is None or low <= tile.entry.position) and (
                high is None or tile.entry.position <= high
            )
            if tile.key in said:
                tiles.append(self._renewed(tile, said.pop(tile.key)))
            elif not inside or tile.key == keep:
                tiles.append(tile)
            else:
                self._marked.pop(tile.key, None)
        for entry in said.values():
            known = self._marked.get(entry.key)
            tiles.append(self._renewed(known, entry) if known else self._new(entry))
        self._set(sorted(tiles, key=lambda tile: tile.entry.position))
        return self._index.get(first, 0) if first else 0

    def take(self, keys: Collection[str]) -> None:
        """Entries left the queue."""
        for key in keys:
            self._marked.pop(key, None)
        self._set([tile for tile in self._tiles if tile.key not in keys])

    def put_back(self, entries: Iterable[QueueEntry]) -> None:
        """Entries return to their places, as far as those are in memory."""
        for entry in entries:
            inside = self._tiles and (
                (self.at_start or self._tiles[0].entry.position <= entry.position)
                and (self.at_end or entry.position <= self._tiles[-1].entry.position)
            )
            if entry.key not in self._index and (inside or not self._tiles):
                bisect.insort(self._tiles, self._new(entry), key=lambda tile: tile.entry.position)
                self._set(self._tiles)

    def drop_first(self, count: int) -> None:
        """Let go of so many at the beginning."""
        if count > 0:
            self._set(self._tiles[count:])
            self.low, self.at_start = self._tiles[0].entry.position, False

    def drop_last(self, count: int) -> None:
        """Let go of so many at the end."""
        if count > 0:
            self._set(self._tiles[:-count])
            self.high, self.at_end = self._tiles[-1].entry.position, False

    def look_anew(self) -> None:
        """Other rules of protection count: every image has to be looked at again."""
        for tile in (*self._tiles, *self._marked.values()):
            tile.look = TileLook(protected=self._protects(tile.entry))

    def _renewed(self, tile: Tile, entry: QueueEntry) -> Tile:
        if tile.entry.asset.revision == entry.asset.revision:
            tile.entry = entry
            return tile
        # Another picture under the same name: what was seen and marked was not this one.
        self._marked.pop(tile.key, None)
        return self._new(entry)

    def _new(self, entry: QueueEntry) -> Tile:
        return Tile(entry, TileLook(protected=self._protects(entry)))

    def _set(self, tiles: list[Tile]) -> None:
        self._tiles = tiles
        self._index = {tile.key: number for number, tile in enumerate(tiles)}
