"""Images of several frames: every one is seen, by key, decoded by a real worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.assets import make_asset
from helpers.decoding import Decoding, near
from helpers.moving_images import colour_of, middle, moving, pages, really_decoded
from modstation.core.assets import MachineLabel
from modstation.ui.scene import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.window import Desk

NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)


@pytest.fixture(scope="module")
def decoding() -> Iterator[Decoding]:
    with Decoding(workers=1, image_seconds=20.0) as pool:
        yield pool


@pytest.fixture
def open_with(sit_down: Callable[..., Desk], decoding: Decoding) -> Callable[..., Desk]:
    """A window whose first image is that file, the second a still one."""

    def make(body: bytes, **options: object) -> Desk:
        still = moving("GIF", 1)
        labels = options.pop("labels", ())
        photos = [make_asset(1, format="gif", labels=labels), make_asset(2)]
        picture = really_decoded(decoding, lambda key: body if key.endswith("0001") else still)
        desk = sit_down(photos, picture=picture, **options)
        desk.ready()
        desk.until(lambda: strip_is_whole(desk), "the strip never filled")
        return desk

    return make


def strip_is_whole(desk: Desk) -> bool:
    strip = desk.window.stage.frames
    return not strip.isVisible() or strip.complete


def shown(desk: Desk) -> int:
    scene = desk.window.stage.scene
    assert isinstance(scene, Picture)
    return scene.frame.frame


def step(desk: Desk, key: str, number: int) -> None:
    desk.press(key)
    desk.until(lambda: shown(desk) == number, f"frame {number} was never shown")
    scene = desk.window.stage.scene
    assert isinstance(scene, Picture)
    assert near(middle(scene.frame), colour_of(number), 12)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_paused_on_its_first_frame_and_stepped_by_key(
    open_with: Callable[..., Desk], kind: str
) -> None:
    desk = open_with(moving(kind, 6))
    assert shown(desk) == 0
    assert desk.window.stage.frames.words == "Frame 1 of 6, 80 ms, paused"
    for number in (1, 2, 3):
        step(desk, ".", number)
    step(desk, ",", 2)
    for number in (1, 0, 5):
        step(desk, ",", number)


def test_every_frame_stands_in_the_strip_before_anything_is_pressed(
    open_with: Callable[..., Desk],
) -> None:
    desk = open_with(moving("GIF", 30))
    reel = desk.frames.reel("image/upload/photos/0001")
    assert reel is not None
    for number in range(30):
        cell = reel.cell(number)
        assert cell is not None
        assert near(middle(cell), colour_of(number), 12)


def test_p_plays_and_pauses(open_with: Callable[..., Desk]) -> None:
    desk = open_with(moving("GIF", 4, milliseconds=20))
    desk.press("p")
    seen: set[int] = set()
    desk.until(lambda: bool(seen.add(shown(desk)) or len(seen) == 4), "it never went round")
    desk.press("p")
    assert desk.window.stage.frames.words.endswith("paused")
    desk.window.commands.frames._advance()
    before = shown(desk)
    desk.settle()
    assert shown(desk) == before


def test_with_motion_reduced_frames_only_step_by_key(open_with: Callable[..., Desk]) -> None:
    desk = open_with(moving("GIF", 4, milliseconds=20), reduce_motion="always")
    desk.press("p")
    assert "Motion is reduced" in desk.message
    assert desk.window.stage.frames.words.endswith("paused")
    step(desk, ".", 1)
    step(desk, ".", 2)


def test_reducing_motion_pauses_what_plays(open_with: Callable[..., Desk]) -> None:
    desk = open_with(moving("GIF", 4, milliseconds=20))
    desk.press("p")
    desk.station.settings_book.change(reduce_motion="always")
    assert desk.window.stage.frames.words.endswith("paused")
    desk.station.settings_book.change(reduce_motion="never")
    desk.press("p")
    assert desk.window.stage.frames.words.endswith("playing")
    desk.press("p")


def test_pages_of_a_tiff_are_leafed_through(open_with: Callable[..., Desk]) -> None:
    desk = open_with(pages([(300, 200), (200, 300), (300, 200)]))
    assert desk.window.stage.frames.words == "Page 1 of 3, paused"
    step(desk, ".", 1)
    scene = desk.window.stage.scene
    assert isinstance(scene, Picture)
    assert (scene.frame.source_width, scene.frame.source_height) == (200, 300)


def test_a_still_image_has_no_strip_and_says_so(open_with: Callable[..., Desk]) -> None:
    desk = open_with(moving("GIF", 3))
    assert desk.window.stage.frames.isVisible()
    desk.press("j")
    desk.ready()
    assert not desk.window.stage.frames.isVisible()
    desk.press(".")
    assert desk.message == "This image has one frame only."


def test_the_strip_is_covered_like_the_image(open_with: Callable[..., Desk]) -> None:
    half = moving("GIF", 2, size=(132, 99))
    desk = open_with(half, labels=[NUDITY])
    strip = desk.window.stage.frames
    covered = strip.grab().toImage()
    desk.press("v")
    assert strip.grab().toImage() != covered
    desk.press("v")
    assert strip.grab().toImage() == covered


def test_covering_everything_hides_the_strip_and_stops_playing(
    open_with: Callable[..., Desk],
) -> None:
    desk = open_with(moving("GIF", 3))
    desk.press("p", "`")
    assert not desk.window.stage.frames.isVisible()
    desk.press(".")
    assert "covered" in desk.message


def test_an_animation_may_be_approved_on_its_first_frame(open_with: Callable[..., Desk]) -> None:
    desk = open_with(moving("GIF", 3))
    desk.press("a")
    assert desk.stored() == [("photos/0001", "approve", None)]


def test_the_strip_leaves_the_whole_image_in_sight(open_with: Callable[..., Desk]) -> None:
    desk = open_with(moving("GIF", 3, size=(1200, 1000)))
    stage = desk.window.stage
    height = stage.height() - stage.frames.height()
    place = stage.view.place()
    assert stage.view.view[1] == height
    assert place.y >= 0
    assert place.y + place.height <= height + 1


def test_a_click_on_a_cell_shows_its_frame(open_with: Callable[..., Desk]) -> None:
    desk = open_with(moving("GIF", 5))
    desk.window.stage.frames.chosen.emit(3)
    desk.until(lambda: shown(desk) == 3)
