"""How many frames a GIF has, by its blocks alone: no pixel is decoded, and no file takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

# Blocks that are looked at: half a second of work at worst, and 60 MB of an honest animation.
MOST_BLOCKS = 250_000
_EXTENSION, _IMAGE = 0x21, 0x2C


def count_frames(file: IO[bytes], *, most: int = MOST_BLOCKS) -> int:
    """The frames of a GIF, as far as its blocks can be followed; at least 1.

    Pillow's ``n_frames`` would follow them without a limit. Of a file that is cut short, is
    damaged, or has more than ``most`` blocks, those count that were found.
    """
    file.seek(0)
    head = file.read(13)
    frames, left = 0, most
    if len(head) == 13:
        file.seek(_table(head[10]), 1)
        while left > 0 and (kind := file.read(1)):
            left -= 1
            if kind[0] == _IMAGE:
                place = file.read(9)
                if len(place) < 9:
                    break
                frames += 1
                # The table of its own colours, and the size of a code.
                file.seek(_table(place[8]) + 1, 1)
            elif kind[0] == _EXTENSION:
                file.seek(1, 1)
            else:
                break
            left = _skip_data(file, left)
    file.seek(0)
    return max(1, frames)


def _table(flags: int) -> int:
    """Bytes of the colour table that a descriptor announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_data(file: IO[bytes], left: int) -> int:
    """Go past the blocks of data up to the empty one; how many more may be looked at."""
    while left > 0 and (length := file.read(1)) and length[0]:
        left -= 1
        file.seek(length[0], 1)
    return left
