"""Which frames of a picture are decoded, in which order, and what is shown meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modstation.app.frame_reel import CELL_BOX, FrameReel
from modstation.core.errors import ImageDamaged
from modstation.media.frames import DecodeFailed, DecodeRequest, Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

BOX = (800, 600)
KEY = "image/upload/a"


def frame(
    first: int = 0,
    durations: Sequence[int] = (80,),
    *,
    frames: int = 40,
    kind: str = "GIF",
    box: tuple[int, int] = BOX,
    generation: int = 1,
    size: tuple[int, int] = (40, 30),
) -> Frame:
    width, height = size
    return Frame(
        generation=generation,
        asset_key=KEY,
        rendition="review",
        box=box,
        frame=first,
        width=width,
        height=height,
        stride=width * 4,
        pixels=memoryview(bytes(width * height * 4 * len(durations))),
        opaque=True,
        source_width=width,
        source_height=height,
        format=kind,
        frames=frames,
        orientation=1,
        durations=tuple(durations),
    )


class Desk:
    """A reel and a worker that does what it is asked, up to ``most`` requests."""

    def __init__(self, reel: FrameReel) -> None:
        self.reel = reel
        self.asked: list[DecodeRequest] = []

    def wants(self) -> list[DecodeRequest]:
        return self.reel.requests(1, BOX, None)

    def work(self, most: int = 100, *, damaged_from: int | None = None) -> None:
        for _ in range(most):
            wanted = self.wants()
            if not wanted:
                return
            request = wanted[0]
            self.asked.append(request)
            after = min(request.frame + request.count, self.reel.count)
            if damaged_from is not None:
                if request.frame >= damaged_from:
                    error = ImageDamaged("cut short")
                    self.reel.take(
                        DecodeFailed(
                            1, KEY, "review", request.box, request.frame, error, request.count
                        ),
                        1,
                    )
                    continue
                after = min(after, damaged_from)
            durations = [80] * (after - request.frame)
            self.reel.take(frame(request.frame, durations, box=request.box), 1)
        raise AssertionError("the reel never has enough")


def test_it_starts_paused_on_the_first_frame() -> None:
    reel = FrameReel(frame())
    assert (reel.shown, reel.playing, reel.picture.frame, reel.ready) == (0, False, 0, True)


def test_the_frames_that_can_be_seen_in_the_strip_are_decoded_and_no_others() -> None:
    reel = FrameReel(frame(frames=5000))
    reel.look(0, 24)
    desk = Desk(reel)
    desk.work()
    cells = [request for request in desk.asked if request.box == CELL_BOX]
    assert [(request.frame, request.count) for request in cells] == [(0, 24)]
    assert reel.cell(23) is not None
    assert reel.cell(24) is None


def test_a_step_shows_the_old_frame_until_the_new_one_is_there() -> None:
    reel = FrameReel(frame())
    reel.step(1)
    assert (reel.shown, reel.ready, reel.picture.frame) == (1, False, 0)
    Desk(reel).work()
    assert (reel.ready, reel.picture.frame) == (True, 1)


def test_what_is_waited_for_is_asked_for_before_the_strip() -> None:
    reel = FrameReel(frame())
    reel.look(0, 10)
    reel.step(1)
    assert [request.box for request in reel.requests(1, BOX, None)] == [BOX, CELL_BOX]


def test_a_step_back_from_the_first_shows_the_last_and_brings_those_before_it() -> None:
    reel = FrameReel(frame())
    reel.step(-1)
    (request,) = reel.requests(1, BOX, None)
    assert (request.frame, request.count, reel.shown) == (8, 32, 39)


def test_while_a_batch_is_under_way_the_same_one_is_asked_for() -> None:
    reel = FrameReel(frame())
    reel.step(1)
    (first,) = reel.requests(1, BOX, None)
    reel.step(1)
    assert reel.requests(1, BOX, None) == [first]


def test_playing_waits_for_a_frame_and_goes_round() -> None:
    reel = FrameReel(frame(frames=3))
    reel.toggle_play()
    assert not reel.advance()
    Desk(reel).work()
    shown = []
    for _ in range(4):
        assert reel.advance()
        shown.append(reel.shown)
    assert shown == [1, 2, 0, 1]


def test_a_step_pauses() -> None:
    reel = FrameReel(frame())
    reel.toggle_play()
    reel.step(1)
    assert not reel.playing


@pytest.mark.parametrize(
    ("told", "kind", "delay"),
    [(80, "GIF", 80), (0, "GIF", 100), (10, "WEBP", 100), (0, "TIFF", 1000)],
)
def test_a_frame_without_a_believable_time_stays_as_long_as_in_a_browser(
    told: int, kind: str, delay: int
) -> None:
    assert FrameReel(frame(durations=[told], kind=kind)).delay_ms == delay


def test_memory_is_bounded_and_what_comes_next_is_kept() -> None:
    size = frame().byte_count
    reel = FrameReel(frame(frames=400), byte_limit=size * 40)
    reel.toggle_play()
    desk = Desk(reel)
    for _ in range(399):
        desk.work()
        assert reel.advance()
    assert reel.shown == 399
    assert len(reel._stills) <= 42
    reel.advance()
    assert reel.shown == 0


def test_a_damaged_frame_of_an_animation_ends_it_and_is_named() -> None:
    reel = FrameReel(frame(frames=20))
    reel.go_to(15)
    Desk(reel).work(damaged_from=12)
    assert reel.damage(15) == "cut short"
    assert reel.damage(19) == "cut short"
    assert reel.damage(11) is None
    assert reel.picture.frame == 0


def test_a_damaged_page_leaves_the_others() -> None:
    reel = FrameReel(frame(frames=4, kind="TIFF"))
    reel.go_to(1)
    (request,) = [r for r in reel.requests(1, BOX, None) if r.box == BOX]
    assert (request.frame, request.count) == (1, 1)
    reel.take(DecodeFailed(1, KEY, "review", BOX, 1, ImageDamaged("torn")), 1)
    assert (reel.damage(1), reel.damage(2)) == ("torn", None)


def test_playing_passes_over_what_is_damaged() -> None:
    reel = FrameReel(frame(frames=3, kind="TIFF"))
    reel.take(DecodeFailed(1, KEY, "review", BOX, 1, ImageDamaged("torn")), 1)
    reel.take(frame(2, frames=3, kind="TIFF"), 1)
    reel.toggle_play()
    assert reel.advance()
    assert reel.shown == 2


def test_a_batch_that_takes_too_long_is_asked_for_in_smaller_pieces() -> None:
    reel = FrameReel(frame())
    reel.step(1)
    (request,) = reel.requests(1, BOX, None)
    late = ImageDamaged("late")
    reel.take(DecodeFailed(1, KEY, "review", BOX, 1, late, request.count), 1)
    (again,) = reel.requests(1, BOX, None)
    assert (again.frame, again.count) == (1, 8)
    assert reel.damage(1) is None


def test_frames_of_another_stage_size_or_upload_are_not_taken() -> None:
    reel = FrameReel(frame(generation=3))
    assert not reel.take(frame(1, generation=2, box=CELL_BOX), 3)
    assert not reel.take(frame(1, generation=3), 4)
    assert reel.take(frame(1, generation=3, box=CELL_BOX), 4)
