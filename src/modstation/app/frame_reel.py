"""The frames of the picture on the stage when it has several: which is shown, what is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.media.formats import PAGED_FORMATS
from modstation.media.frames import DecodeFailed, DecodeRequest, DecodeResult, Frame

if TYPE_CHECKING:
    from collections.abc import Iterable

CELL_BOX = (132, 99)
REEL_BYTES = 64 * 1024 * 1024
# What one answer of a decode worker may hold: it is kept as long as any frame of it.
BATCH_BYTES = 16 * 1024 * 1024
AT_ONCE = 32
# A strip holds what a screen can show and a page beside it, not what a file may claim to have.
CELLS_KEPT = 512
# Browsers take a shorter time for a mistake and show the frame for a tenth of a second.
_SHORTEST_MS, _USUAL_MS, _PAGE_MS = 11, 100, 1000


class FrameReel:
    """One picture of several frames, counted from 0; it starts paused on the first.

    Frames are decoded in batches, because most moving formats draw a frame upon those before it,
    and kept within ``REEL_BYTES``, those about to be shown first. Small pictures of the frames
    that can be seen in the strip come next. All of it runs on the thread that owns the session.
    """

    def __init__(self, first: Frame, *, byte_limit: int = REEL_BYTES) -> None:
        self.key = first.asset_key
        self.count = first.frames
        self.paged = first.format in PAGED_FORMATS
        self.shown = 0
        self.playing = False
        self._born = first.generation
        self._byte_limit = byte_limit
        self._backwards = False
        self._stills: dict[int, Frame] = {0: first}
        self._last = first
        self._cells: dict[int, Frame] = {}
        self._damaged: dict[int, str] = {}
        self._seen = (0, 0)
        # Pages are whole pictures and not drawn upon each other: one by one.
        most = AT_ONCE if not self.paged else 1
        self._stills_at_once = max(1, min(most, BATCH_BYTES // max(1, first.byte_count)))
        self._cells_at_once = most
        self._asked_still: DecodeRequest | None = None
        self._asked_cells: DecodeRequest | None = None

    # -- what is shown

    @property
    def picture(self) -> Frame:
        """The frame that is shown; while it is not decoded, the one that was shown before."""
        self._last = self._stills.get(self.shown, self._last)
        return self._last

    @property
    def ready(self) -> bool:
        """The frame that is wanted is the one that ``picture`` gives."""
        return self.shown in self._stills

    @property
    def delay_ms(self) -> int:
        """How long the shown frame stays while it plays."""
        if self.paged:
            return _PAGE_MS
        told = self.picture.durations[0]
        return told if told >= _SHORTEST_MS else _USUAL_MS

    def cell(self, number: int) -> Frame | None:
        """The small picture of a frame, if it is decoded."""
        return self._cells.get(number)

    def damage(self, number: int) -> str | None:
        """Why a frame cannot be shown, in words."""
        return self._damaged.get(number)

    # -- what the keys do

    def step(self, by: int) -> None:
        """Pause, and show a frame further on; the first follows the last."""
        self.go_to((self.shown + by) % self.count)
        self._backwards = by < 0

    def go_to(self, number: int) -> None:
        """Pause, and show this frame."""
        self.playing = False
        self._backwards = False
        self.shown = min(max(number, 0), self.count - 1)

    def toggle_play(self) -> None:
        """Play from here, or pause."""
        self.playing = not self.playing
        self._backwards = False

    def advance(self) -> bool:
        """Play on to the next frame that can be shown; False while that one is being decoded."""
        after = ((self.shown + step) % self.count for step in range(1, self.count + 1))
        following = next((number for number in after if number not in self._damaged), self.shown)
        if following not in self._stills:
            return False
        self.shown = following
        return True

    def look(self, first: int, after: int) -> bool:
        """The strip shows the frames from ``first`` to before ``after``; True if that is new."""
        changed = self._seen != (first, after)
        self._seen = (first, after)
        return changed

    # -- decoding

    def renew(self, first: Frame) -> None:
        """The first frame was decoded anew, for another size of the stage."""
        self._stills[0] = first
        if self._last.frame == 0:
            self._last = first

    def requests(
        self, generation: int, box: tuple[int, int], revision: str | None
    ) -> list[DecodeRequest]:
        """What is to be decoded now, the most wanted first: at most two requests."""
        plan = []
        start, after = self._missing_stills(generation)
        if start < after:
            asked = self._asked_still
            covers = asked is not None and asked.frame <= start < asked.frame + asked.count
            if asked is None or not covers or (asked.generation, asked.box) != (generation, box):
                asked = DecodeRequest(
                    generation, self.key, "review", box, frame=start, revision=revision,
                    count=after - start,
                )  # fmt: skip
            self._asked_still = asked
            plan.append(asked)
        start, after = self._missing_cells()
        if start < after:
            self._asked_cells = DecodeRequest(
                generation, self.key, "review", CELL_BOX, frame=start, revision=revision,
                count=after - start,
            )  # fmt: skip
            plan.append(self._asked_cells)
        return plan

    def take(self, result: DecodeResult, generation: int) -> bool:
        """Take what was decoded; False if it belongs to another size or upload."""
        cells = result.box == CELL_BOX
        if result.generation < self._born or not (cells or result.generation == generation):
            return False
        if cells:
            self._asked_cells = None
        else:
            self._asked_still = None
        if isinstance(result, DecodeFailed):
            self._failed(result, cells=cells)
            return True
        kept = self._cells if cells else self._stills
        for frame in result.single():
            kept[frame.frame] = frame
        if cells:
            self._drop_cells()
        else:
            self._drop_stills()
        return True

    # -- inside

    def _failed(self, result: DecodeFailed, *, cells: bool) -> None:
        if result.count > 1:
            # Perhaps only too many for the time there is: alone, the frame says what is wrong.
            if cells:
                self._cells_at_once = max(1, self._cells_at_once // 4)
            else:
                self._stills_at_once = max(1, self._stills_at_once // 4)
            return
        after = result.frame + 1 if self.paged else self.count
        for number in range(result.frame, after):
            if number not in self._stills and number not in self._cells:
                self._damaged.setdefault(number, result.error.message)

    def _missing_stills(self, generation: int) -> tuple[int, int]:
        """The run of frames to decode next, its end excluded; empty when nothing is missing."""
        wanted = [self.shown]
        if self.playing:
            room = self._byte_limit // max(1, self.picture.byte_count) // 2
            ahead = range(1, min(self.count, max(2, room)))
            wanted += [(self.shown + step) % self.count for step in ahead]
        elif self._stills_at_once > 1 or not self.paged:
            wanted.append((self.shown + (-1 if self._backwards else 1)) % self.count)
        for number in wanted:
            if not self._lacks_still(number, generation):
                continue
            most = self._stills_at_once
            if self._backwards:
                # Drawn upon those before it, so they cost nothing more – and are wanted next.
                numbers: Iterable[int] = range(max(1, number - most + 1), number + 1)
                start = next(n for n in numbers if self._lacks_still(n, generation))
            else:
                start = number
            return start, self._run_end(start, most, generation)
        return 0, 0

    def _run_end(self, start: int, most: int, generation: int) -> int:
        after = start + 1
        while after < self.count and after - start < most and self._lacks_still(after, generation):
            after += 1
        return after

    def _lacks_still(self, number: int, generation: int) -> bool:
        # The first is decoded with the neighbours of the queue, whatever is shown here.
        if number == 0 or number in self._damaged:
            return False
        have = self._stills.get(number)
        return have is None or have.generation != generation

    def _missing_cells(self) -> tuple[int, int]:
        first, after = self._seen
        lacking = [n for n in range(first, min(after, self.count)) if self._lacks_cell(n)]
        if not lacking:
            return 0, 0
        start = lacking[0]
        end = start + 1
        while end < after and end - start < self._cells_at_once and self._lacks_cell(end):
            end += 1
        return start, end

    def _lacks_cell(self, number: int) -> bool:
        return number not in self._cells and number not in self._damaged

    def _drop_stills(self) -> None:
        """Keep within the limit what is shown soonest; the first frame stays for good."""
        total = 0
        for number in sorted(self._stills, key=self._distance):
            total += self._stills[number].byte_count
            if total > self._byte_limit and number not in {0, self.shown}:
                del self._stills[number]

    def _distance(self, number: int) -> int:
        ahead, back = (number - self.shown) % self.count, (self.shown - number) % self.count
        # What was shown is wanted again less often than what comes.
        return min(ahead, 2 * back)

    def _drop_cells(self) -> None:
        if len(self._cells) <= CELLS_KEPT:
            return
        middle = sum(self._seen) / 2
        far = sorted(self._cells, key=lambda number: abs(number - middle))
        for number in far[CELLS_KEPT:]:
            del self._cells[number]
