"""Where the frames of one picture lie in their strip: all of them at once as long as they fit."""

from __future__ import annotations

from dataclasses import dataclass

GAP = 4
# Width and height of a cell, and in how many rows it is used; the largest that shows all frames.
_CELLS = ((88, 66, 1), (72, 54, 2), (60, 45, 3))


@dataclass(frozen=True, slots=True)
class FrameGrid:
    """Cells in reading order, from frame ``first``; sizes are in logical pixels."""

    first: int
    shown: int
    columns: int
    rows: int
    cell: tuple[int, int]

    @property
    def height(self) -> int:
        """What the cells take, gaps included."""
        return self.rows * (self.cell[1] + GAP)

    def place(self, number: int) -> tuple[int, int]:
        """Left and top of a frame's cell."""
        row, column = divmod(number - self.first, self.columns)
        return column * (self.cell[0] + GAP), row * (self.cell[1] + GAP)

    def at(self, x: float, y: float) -> int | None:
        """The frame whose cell is there, or None."""
        column, left = divmod(x, self.cell[0] + GAP)
        row, top = divmod(y, self.cell[1] + GAP)
        number = self.first + int(row) * self.columns + int(column)
        inside = 0 <= column < self.columns and 0 <= row < self.rows
        inside = inside and left < self.cell[0] and top < self.cell[1]
        return number if inside and number < self.first + self.shown else None


def lay_out(count: int, current: int, width: int, height: int) -> FrameGrid:
    """A grid for ``count`` frames within ``width`` and ``height``.

    More frames than the smallest cells have room for go by pages; the page of ``current`` is shown.
    """
    best: FrameGrid | None = None
    for cell_width, cell_height, most_rows in _CELLS:
        columns = max(1, (width + GAP) // (cell_width + GAP))
        rows = min(most_rows, max(1, height // (cell_height + GAP)), -(-count // columns))
        page = columns * rows
        first = current // page * page
        grid = FrameGrid(first, min(page, count - first), columns, rows, (cell_width, cell_height))
        if page >= count:
            return grid
        if best is None or page > best.columns * best.rows:
            best = grid
    assert best is not None
    return best
