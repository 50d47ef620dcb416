"""Covered images, zoom, rotation: how an image is looked at."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest

from helpers.assets import make_asset, make_assets
from helpers.window import picture_frame
from modstation.core.assets import MachineLabel
from modstation.core.decisions import Reveal
from modstation.ui.cover import STRONGEST, mosaic, without_colour
from modstation.ui.scene import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk
    from modstation.media.frames import DecodeRequest, Frame

NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)


@pytest.fixture
def covered(sit_down: Callable[..., Desk]) -> Desk:
    """Two protected photos with stripes one pixel wide, then plain ones."""
    photos = [make_asset(1, labels=[NUDITY]), make_asset(2, labels=[NUDITY]), make_asset(3)]
    desk = sit_down(photos, picture=striped)
    desk.ready()
    return desk


def striped(request: DecodeRequest) -> Frame:
    size = min(request.box[0], 640) // 2 * 2, min(request.box[1], 480)
    return picture_frame(request, size, (b"\0\0\0\xff" + b"\xff" * 4) * (size[0] // 2 * size[1]))


def on_stage(desk: Desk) -> list[int]:
    """The grey levels along the middle line of the stage, the pill left out."""
    image = desk.window.stage.grab().toImage()
    return [image.pixelColor(x, image.height() // 2 + 60).red() for x in range(image.width())]


def shows_stripes(desk: Desk) -> bool:
    # The edges of the picture do not count: only what lies well inside it.
    return any(abs(a - b) > 200 for a, b in pairwise(on_stage(desk)[400:560]))


def test_a_protected_image_starts_covered(covered: Desk) -> None:
    scene = covered.window.stage.scene
    assert isinstance(scene, Picture)
    assert scene.covered
    assert not shows_stripes(covered)


def test_holding_space_uncovers_and_letting_go_covers(covered: Desk) -> None:
    covered.down("Space")
    covered.down("Space", repeat=True)
    assert shows_stripes(covered)
    covered.up("Space", repeat=True)
    assert shows_stripes(covered)
    covered.up("Space")
    assert not shows_stripes(covered)


def test_losing_the_window_covers(covered: Desk) -> None:
    covered.down("Space")
    assert shows_stripes(covered)
    covered.window.keyboard.let_go()
    assert not shows_stripes(covered)


def test_v_uncovers_until_the_image_is_decided(covered: Desk) -> None:
    covered.press("v")
    assert shows_stripes(covered)
    covered.press("v")
    assert not shows_stripes(covered)
    covered.press("v", "a")
    assert covered.session.looking.covered
    assert not shows_stripes(covered)


def test_the_decision_says_how_the_image_was_seen(covered: Desk) -> None:
    covered.press("Space", "a", "v", "x")
    covered.settle()
    from modstation.core.clock import SystemClock, TimeOrderedIds
    from modstation.store.station_store import StationStore

    store = StationStore.open(covered.path, clock=SystemClock(), ids=TimeOrderedIds())
    try:
        seen = [row.draft.reveal for row in store.iterate_decisions()]
    finally:
        store.close()
    assert seen == [Reveal.PEEK, Reveal.LATCHED]


def test_the_peek_button_works_while_it_is_held(covered: Desk) -> None:
    button = covered.window.toolbar.buttons["peek"]
    QTest.mousePress(button, Qt.MouseButton.LeftButton)
    assert not covered.session.looking.covered
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
    assert covered.session.looking.covered


def test_b_makes_the_cover_stronger_and_shift_b_weaker(covered: Desk) -> None:
    before = covered.station.covering.strength
    covered.press("b", "b")
    assert covered.station.covering.strength == before + 2
    covered.press("Shift+b")
    assert covered.station.covering.strength == before + 1
    assert f"{before + 1} of 10" in covered.message


def test_a_covered_image_stays_covered_at_every_zoom(covered: Desk) -> None:
    for keys in (["+", "+", "+"], ["Ctrl+1"], ["Ctrl+0", ">"]):
        covered.press(*keys)
        assert not shows_stripes(covered)


def test_the_filmstrip_covers_what_the_stage_covers(covered: Desk) -> None:
    first = covered.session.strip()[0]
    assert first.protected


def test_covering_everything_hides_the_filmstrip_too(desk: Desk) -> None:
    desk.press("`")
    assert desk.window.filmstrip.hidden
    desk.press("`")
    assert not desk.window.filmstrip.hidden


@pytest.mark.parametrize("strength", range(1, STRONGEST + 1))
def test_nothing_finer_than_a_cell_is_left(strength: int) -> None:
    from PySide6.QtCore import QSize

    image = QImage(1280, 960, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    for x in range(0, 1280, 2):
        for y in range(0, 960, 240):
            image.setPixelColor(x, y, Qt.GlobalColor.black)
    result = mosaic(image, strength, QSize(640, 480))
    line = [result.pixelColor(x, 240).red() for x in range(640)]
    assert max(abs(a - b) for a, b in pairwise(line)) < 40


def test_grey_keeps_transparency() -> None:
    image = QImage(2, 1, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    image.setPixelColor(0, 0, Qt.GlobalColor.red)
    grey = without_colour(image)
    assert grey.pixelColor(1, 0).alpha() == 0
    left = grey.pixelColor(0, 0)
    assert left.red() == left.green() == left.blue()


def test_shift_g_takes_the_colour_out(desk: Desk) -> None:
    desk.press("Shift+g")
    image = desk.window.stage.grab().toImage()
    middle = image.pixelColor(image.width() // 2, image.height() // 2)
    assert middle.red() == middle.green() == middle.blue()
    assert desk.window.toolbar.buttons["greyscale"].isChecked()


def test_a_ready_frame_is_shown_pixel_by_pixel(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2, picture=striped)
    desk.ready()
    line = on_stage(desk)
    assert line.count(255) >= 300
    assert set(line[400:500]) == {0, 255}


def test_zooming_in_asks_for_every_pixel(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(make_assets(3, width=4000, height=3000))
    desk.ready()
    desk.press("z")
    assert desk.window.stage.view.effective == 1.0
    assert ("original", "image/upload/photos/0001") in desk.network.asked
    details = [request for request in desk.decoder.plan if request.rendition == "original"]
    assert len(details) == 1
    desk.press("z")
    assert not desk.window.stage.view.zoomed


def test_arrows_pan_while_zoomed_and_move_on_after(desk: Desk) -> None:
    desk.press("Ctrl+1", "+", "+", "Right")
    assert desk.current == "photos/0001"
    assert desk.window.stage.view.centre[0] > 0.5
    desk.press("Ctrl+0", "Right")
    assert desk.current == "photos/0002"


def test_the_next_image_starts_whole_and_upright(desk: Desk) -> None:
    desk.press("+", ">", "a")
    view = desk.window.stage.view
    assert (view.zoomed, view.quarters) == (False, 0)


def test_dragging_moves_a_zoomed_image(desk: Desk) -> None:
    stage = desk.window.stage
    desk.press("Ctrl+1", "+", "+", "+")
    before = stage.view.centre
    for kind, at in (
        (QEvent.Type.MouseButtonPress, (300, 300)),
        (QEvent.Type.MouseMove, (250, 300)),
        (QEvent.Type.MouseButtonRelease, (250, 300)),
    ):
        left = Qt.MouseButton.LeftButton
        point = QPointF(*at)
        none = Qt.KeyboardModifier.NoModifier
        stage.event(QMouseEvent(kind, point, stage.mapToGlobal(point), left, left, none))
    assert stage.view.centre[0] > before[0]


def test_bytes_that_are_not_those_listed_carry_a_warning(sit_down: Callable[..., Desk]) -> None:
    text = "This is not the file that was listed: its checksum differs."
    desk = sit_down(2, warnings={"image/upload/photos/0001": text})
    desk.ready()
    scene = desk.window.stage.scene
    assert isinstance(scene, Picture)
    assert scene.warning == text
    assert text in desk.window.stage.spoken
    desk.press("a")
    scene = desk.window.stage.scene
    assert isinstance(scene, Picture)
    assert scene.warning is None


def test_an_original_that_is_not_the_one_listed_carries_a_warning(
    sit_down: Callable[..., Desk],
) -> None:
    warnings: dict[str, str] = {}
    desk = sit_down(make_assets(3, width=4000, height=3000), warnings=warnings)
    desk.ready()
    desk.decoder.withheld.add("image/upload/photos/0001")
    desk.press("z")
    warnings["image/upload/photos/0001"] = "This is not the original that was listed."
    desk.decoder.bring("image/upload/photos/0001")
    desk.settle()
    scene = desk.window.stage.scene
    assert isinstance(scene, Picture)
    assert scene.warning == "This is not the original that was listed."
