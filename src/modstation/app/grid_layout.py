"""Where the tiles of the contact sheet lie: plain numbers in logical pixels, no toolkit."""

from __future__ import annotations

from dataclasses import dataclass, field

GAP = 8
# Widths a tile has at least; what is left of a row makes its tiles wider.
SIZES = (112, 144, 184, 260, 340, 480)
USUAL_SIZE = 2


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the sheet; ``y`` counts from the top of what is seen of it."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """``count`` tiles in rows, in a view of ``width`` by ``height``.

    ``lead`` cells at the beginning stay empty, so that no tile changes its column when earlier
    ones are read. An offset says how far the sheet is scrolled down.
    """

    width: int
    height: int
    count: int
    lead: int = 0
    size: int = USUAL_SIZE
    columns: int = field(init=False)
    """Tiles in a row."""
    tile: tuple[int, int] = field(init=False)
    """Width and height of a tile; a whole one always fits into the view."""
    pitch: int = field(init=False)
    """From one row to the next."""

    def __post_init__(self) -> None:
        # Once and not at every use: each paint asks for the place of every tile.
        columns = max(1, (self.width - GAP) // (SIZES[self.size] + GAP))
        width = max(16, (self.width - GAP * (columns + 1)) // columns)
        tile = width, max(16, min(width * 3 // 4, self.height - 2 * GAP))
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "tile", tile)
        object.__setattr__(self, "pitch", tile[1] + GAP)

    @property
    def rows(self) -> int:
        """Rows there are."""
        return -(-(self.lead + self.count) // self.columns)

    @property
    def last_offset(self) -> int:
        """How far down the sheet can be scrolled."""
        return max(0, GAP + self.rows * self.pitch - self.height)

    def box(self, index: int, offset: int) -> Box:
        """Where a tile is seen."""
        row, column = divmod(self.lead + index, self.columns)
        width, height = self.tile
        left = (self.width - self.columns * (width + GAP) + GAP) // 2
        return Box(left + column * (width + GAP), GAP + row * self.pitch - offset, width, height)

    def visible(self, offset: int) -> range:
        """The tiles of which something is seen."""
        first = max(0, offset - GAP) // self.pitch
        last = (offset + self.height - GAP) // self.pitch
        return self._of_rows(first, last)

    def whole(self, offset: int) -> range:
        """The tiles that are seen from edge to edge."""
        first = -(-(offset - GAP) // self.pitch)
        last = (offset + self.height - GAP - self.tile[1]) // self.pitch
        return self._of_rows(max(0, first), last)

    def at(self, x: float, y: float, offset: int) -> int | None:
        """The tile at a point of the view."""
        for index in self.visible(offset):
            box = self.box(index, offset)
            if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height:
                return index
        return None

    def bring(self, index: int, offset: int) -> int:
        """The offset nearest to this one at which the whole tile is seen."""
        top = (self.lead + index) // self.columns * self.pitch
        bottom = top + self.pitch + GAP
        return min(max(min(offset, top), bottom - self.height), self.last_offset)

    def step(self, index: int, dx: int, dy: int) -> int | None:
        """The tile so many columns and rows away; None beyond the edge of the sheet."""
        to = index + dx + dy * self.columns
        if 0 <= to < self.count:
            return to
        last_row = (self.lead + self.count - 1) // self.columns
        if dy > 0 and (self.lead + index) // self.columns < last_row:
            # The last row is short: its last tile is the nearest.
            return self.count - 1
        return None

    def _of_rows(self, first: int, last: int) -> range:
        start = max(0, first * self.columns - self.lead)
        stop = min(self.count, (last + 1) * self.columns - self.lead)
        return range(start, max(start, stop))
