"""Looking closely, and at what is known beside the picture, without a mouse."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor, QImage

from helpers.assets import make_asset
from helpers.window import picture_frame
from modstation.core.assets import MachineLabel, ModerationEntry, ModerationStatus
from modstation.core.events import ImageCached, ImageFailed, ImageProgress
from modstation.ui.brighten import brightened

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk
    from modstation.media.frames import DecodeRequest, Frame

NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)
MACHINE = ModerationEntry("aws_rek", ModerationStatus.APPROVED, labels=(NUDITY,))
QUEUED = (
    ModerationEntry("webpurify", ModerationStatus.PENDING),
    ModerationEntry("manual", ModerationStatus.QUEUED),
)


def dark(request: DecodeRequest) -> Frame:
    size = min(request.box[0], 640), min(request.box[1], 480)
    return picture_frame(request, size, b"\x10\x10\x10\xff" * (size[0] * size[1]))


def current_key(desk: Desk) -> str:
    entry = desk.session.current
    assert entry is not None
    return entry.key


def level(desk: Desk) -> int:
    """How bright the middle of the stage is."""
    image = desk.window.stage.grab().toImage()
    return image.pixelColor(image.width() // 2, image.height() // 2 + 60).red()


def test_shift_l_raises_the_shadows_until_it_is_pressed_again(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(3, picture=dark)
    desk.ready()
    assert level(desk) == 16
    desk.press("Shift+l")
    assert level(desk) == 64
    desk.press("a")
    desk.ready()
    assert level(desk) == 64
    desk.press("Shift+l")
    assert level(desk) == 16


def test_a_covered_image_stays_covered_when_it_is_brightened(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY])], picture=dark)
    desk.ready()
    covered = desk.window.stage.grab().toImage()
    desk.press("Shift+l")
    assert desk.window.stage.grab().toImage() == covered
    assert "uncovered" in desk.message
    desk.press("v")
    assert level(desk) == 64


def test_brightening_keeps_white_and_puts_grey_behind_what_is_transparent() -> None:
    image = QImage(2, 1, QImage.Format.Format_ARGB32_Premultiplied)
    image.setPixelColor(0, 0, QColor(255, 255, 255))
    image.setPixelColor(1, 0, QColor(0, 0, 0, 0))
    bright = brightened(image)
    assert bright.pixelColor(0, 0) == QColor(255, 255, 255)
    assert bright.pixelColor(1, 0).red() > 192


def test_zoom_and_place_stay_once_they_are_asked_to(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(4)
    desk.ready()
    desk.press("+", "+", "Right")
    view = desk.window.stage.view
    desk.press("Shift+z")
    place = view.scale, view.centre
    assert view.zoomed
    assert view.centre != (0.5, 0.5)
    desk.press("j", "a")
    desk.ready()
    assert (view.scale, view.centre) == place
    desk.press("Shift+z", "j")
    assert not view.zoomed
    assert desk.station.settings.sticky_zoom is False


def test_a_turned_image_leaves_the_next_one_upright_though_zoom_stays(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(3, sticky_zoom=True)
    desk.ready()
    desk.press("+", "+", ">", "j")
    assert desk.window.stage.view.zoomed
    assert desk.window.stage.view.quarters == 0


def small_review(request: DecodeRequest) -> Frame:
    """The review rendition is half as wide as the original."""
    width, height = (1280, 960) if request.rendition == "original" else (640, 480)
    shown = min(request.box[0], width), min(request.box[1], height)
    frame = picture_frame(request, shown, b"\x40\x40\x40\xff" * (shown[0] * shown[1]))
    return replace(frame, source_width=width, source_height=height)


def test_shift_o_brings_the_original_and_says_how_far_it_is(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2, picture=small_review)
    desk.ready()
    key = current_key(desk)
    # It is not here yet: the decoder finds nothing.
    desk.frames.missing(key, "original")
    desk.press("Shift+o")
    assert desk.message == "Fetching the original (120.0 kB)."
    assert desk.network.asked.count(("original", key)) == 1
    desk.session.news.take(ImageProgress(key, "original", 60_000, 120_000))
    assert desk.message == "Original: 60.0 kB of 120.0 kB."
    desk.session.news.take(ImageCached(key, "original"))
    desk.until(lambda: desk.message == "The original, 1,280 × 960 pixels.")
    assert desk.window.stage.view.natural == (1280, 960)
    assert desk.window.stage.view.zoomed


def test_an_original_that_does_not_come_says_why_and_leaves_the_picture(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(2, picture=small_review)
    desk.ready()
    key = current_key(desk)
    desk.frames.missing(key, "original")
    desk.press("Shift+o")
    desk.session.news.take(ImageFailed(key, "original", "It is gone.", permanent=True))
    assert desk.message == "The original could not be fetched: It is gone."
    assert desk.session.news.problem(key) is None
    desk.press("a")
    assert desk.stored() == [("photos/0001", "approve", None)]


def test_where_the_original_is_on_the_stage_nothing_is_fetched(desk: Desk) -> None:
    desk.press("Shift+o")
    assert desk.message == "This is the original already."
    assert not [what for what, _ in desk.network.asked if what == "original"]


def test_the_machines_verdict_is_hidden_and_shown_by_key(sit_down: Callable[..., Desk]) -> None:
    chain = (MACHINE, ModerationEntry("manual", ModerationStatus.PENDING))
    desk = sit_down([make_asset(1, moderation=chain)], hide_verdict=True)
    desk.ready()
    desk.settle()
    panel = desk.window.evidence
    assert panel._chain.spoken == "aws_rek hidden, then manual pending"
    assert panel._labels_title.text() == "Machine verdict hidden until you decide"
    assert panel._bars.height() == 0
    desk.press("n", "x", "Esc", "Shift+i")
    assert panel._chain.spoken == "aws_rek approved, then manual pending"
    assert panel._bars.height() > 0
    assert panel.note.text() == "x"
    assert desk.station.settings.hide_verdict is False


def test_the_order_does_not_tell_a_verdict_that_is_hidden(sit_down: Callable[..., Desk]) -> None:
    chain = (MACHINE, ModerationEntry("manual", ModerationStatus.PENDING))
    desk = sit_down([make_asset(1, moderation=chain)], hide_verdict=True)
    desk.ready()
    desk.press("o", "o", "o")
    desk.until(lambda: desk.session.loaded and desk.current is not None)
    desk.settle()
    place = desk.window.evidence._place
    assert place.text() == "Here by order: least sure first"
    desk.press("Shift+i")
    desk.settle()
    assert NUDITY.name in place.text()


@pytest.mark.parametrize("key", ["a", "x", "1"])
def test_an_image_that_is_queued_is_not_decided_and_says_why(
    sit_down: Callable[..., Desk], key: str
) -> None:
    desk = sit_down([make_asset(1, moderation=QUEUED), make_asset(2)])
    desk.ready()
    desk.press(key)
    assert desk.message == (
        "Queued: this image still waits for webpurify; it cannot be decided yet."
    )
    assert desk.stored() == []
    buttons = desk.window.evidence.buttons
    assert not buttons["approve"].isEnabled()
    assert "webpurify" in buttons["reject"].toolTip()
    assert buttons["skip"].isEnabled()
    desk.press("j")
    assert buttons["approve"].isEnabled()


def test_context_metadata_and_uploader_stand_in_the_panel(sit_down: Callable[..., Desk]) -> None:
    raw = {"context": {"custom": {"caption": "At the lake"}}, "uploaded_by": {"custom_id": "eva"}}
    desk = sit_down([make_asset(1, raw=json.dumps(raw), tags=("holiday",)), make_asset(2)])
    desk.ready()
    desk.settle()
    facts = {
        name.text(): value.text()
        for name, value in desk.window.evidence.facts.rows
        if not name.isHidden()
    }
    assert facts["Uploader"] == "eva"
    assert facts["Tags"] == "holiday"
    assert facts["caption"] == "At the lake"
    desk.press("j")
    assert all(
        name.text() != "caption" or name.isHidden() for name, _ in desk.window.evidence.facts.rows
    )
