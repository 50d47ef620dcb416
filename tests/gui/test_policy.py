"""The policy at the desk: its switches, its floor, and what stays covered because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.assets import make_asset
from modstation.app.settings import load_settings
from modstation.core.assets import MachineLabel
from modstation.core.protection import Protection
from modstation.ui.filmstrip import StripState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.window import Desk

NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)
REASONS = """
[[reason]]
code = "nudity"
key = "1"
title = "Nudity"
protect = true
[[reason]]
code = "quality"
key = "0"
title = "Quality"
technical = true
"""


@pytest.fixture
def under(sit_down: Callable[..., Desk], tmp_path: Path) -> Callable[..., Desk]:
    """``under("require_reason = true", floor="blur = 5")``: a desk with that policy."""

    def make(switches: str = "", *, floor: str = "", labelled: int = 0, **settings: object) -> Desk:
        path = tmp_path / "organisation.toml"
        head = f'[policy]\nversion = "7"\n{switches}\n'
        path.write_text(f"{head}[protection_floor]\n{floor}\n{REASONS}", encoding="utf-8")
        photos = [make_asset(n, labels=[NUDITY] if n <= labelled else []) for n in range(1, 7)]
        desk = sit_down(photos, policy=str(path), **settings)
        desk.ready()
        return desk

    return make


def strip(desk: Desk, state: StripState) -> list[bool]:
    return [item.protected for item in desk.session.strip() if item.state is state]


def test_x_alone_rejects_where_the_policy_lets_it(under: Callable[..., Desk]) -> None:
    desk = under()
    desk.press("x")
    assert [reason for _, _, reason in desk.stored()] == [None]


def test_with_a_reason_required_x_alone_rejects_nothing(under: Callable[..., Desk]) -> None:
    desk = under("require_reason = true")
    first = desk.current
    desk.press("x")
    assert desk.current == first
    assert "asks for a reason" in desk.message
    desk.press("1")
    assert desk.current != first


def test_a_covered_image_is_uncovered_before_it_is_approved(under: Callable[..., Desk]) -> None:
    desk = under(labelled=1)
    first = desk.current
    desk.press("a")
    assert desk.current == first


def test_a_policy_may_let_covered_images_be_approved(under: Callable[..., Desk]) -> None:
    desk = under("require_reveal_to_approve = false", labelled=1)
    first = desk.current
    desk.press("a")
    assert desk.current != first


def test_the_organisation_covers_what_the_moderator_would_not(under: Callable[..., Desk]) -> None:
    desk = under(floor='protection = "always"\nblur = 7', protection=Protection.NEVER, blur=2)
    assert desk.session.covered
    assert desk.station.covering.strength == 7
    desk.press("b")
    assert desk.station.covering.strength == 8
    desk.press("Shift+b", "Shift+b")
    assert desk.station.covering.strength == 7
    assert "at least 7" in desk.message


def test_no_key_brings_back_a_colour_that_the_organisation_took_out(
    under: Callable[..., Desk],
) -> None:
    desk = under(floor="greyscale = true")
    desk.press("Shift+g")
    assert "without colour" in desk.message
    image = desk.window.stage.grab().toImage()
    middle = image.pixelColor(image.width() // 2, image.height() // 2)
    assert middle.red() == middle.green() == middle.blue()
    assert desk.window.toolbar.buttons["greyscale"].isChecked()


def test_what_was_rejected_as_nudity_stays_covered_also_after_undo(
    under: Callable[..., Desk],
) -> None:
    desk = under()
    assert not desk.session.covered
    desk.press("1")
    assert strip(desk, StripState.REJECTED) == [True]
    desk.press("u")
    desk.until(lambda: desk.session.covered, "it came back uncovered")


def test_what_was_rejected_for_its_form_does_not(under: Callable[..., Desk]) -> None:
    desk = under()
    desk.press("0")
    assert strip(desk, StripState.REJECTED) == [False]


def test_covering_everything_takes_the_latch_off(under: Callable[..., Desk]) -> None:
    desk = under(labelled=1)
    desk.press("v")
    assert not desk.session.covered
    desk.press("`", "`")
    assert desk.session.covered


def test_the_filmstrip_is_grey_when_the_stage_is(under: Callable[..., Desk]) -> None:
    desk = under()
    desk.until(lambda: desk.window.filmstrip.loaded, "no thumbnails")
    desk.press("Shift+g")
    image = desk.window.filmstrip.grab().toImage()
    colours = [image.pixelColor(x, 36) for x in range(20, 90)]
    assert {(c.red(), c.green(), c.blue()) for c in colours} == {
        (c.red(), c.red(), c.red()) for c in colours
    }


def test_while_another_window_is_in_front_no_time_of_looking_is_counted(
    under: Callable[..., Desk],
) -> None:
    desk = under(labelled=1)
    desk.press("v")
    desk.session.look_away(away=True)
    seen = desk.session.look.revealed_ms(1e9)
    assert seen < 1e6
    desk.session.look_away(away=False)
    assert desk.session.look.revealed_ms(1e9) > 1e6


def test_hiding_everything_stops_the_clock(under: Callable[..., Desk]) -> None:
    desk = under(labelled=1)
    desk.press("v", "`")
    assert desk.session.look.revealed_ms(1e9) < 1e6


def test_what_a_key_changed_of_the_covers_is_there_at_the_next_start(
    under: Callable[..., Desk],
) -> None:
    desk = under()
    desk.press("b", "Shift+g")
    desk.station.settings_book.close()
    settings, problems = load_settings(desk.station.settings_book.home)
    assert (settings.blur, settings.greyscale, problems) == (7, True, [])


def test_settings_changed_elsewhere_count_for_covers_at_once(under: Callable[..., Desk]) -> None:
    desk = under(floor="blur = 4")
    desk.station.settings_book.change(blur=9)
    assert desk.station.covering.strength == 9
    desk.station.settings_book.change(blur=1)
    assert desk.station.covering.strength == 4
