"""The policy at the desk: its switches, its floor, and what stays covered because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from helpers.assets import make_asset
from modstation.app.settings_file import load_settings
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


def strip_of_reasons(desk: Desk) -> list[str] | None:
    """What its buttons say; None if it is not there."""
    shown = desk.window.reason_strip
    if shown is None or not shown.isVisible():
        return None
    return [button.text() for button in shown.buttons.values()]


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
    assert strip_of_reasons(desk) == ["Nudity (1)", "Quality (0)"]
    desk.press("1")
    assert desk.current != first
    assert strip_of_reasons(desk) is None
    assert [reason for _, _, reason in desk.stored()] == ["nudity"]


def test_a_digit_alone_rejects_where_a_reason_is_required(under: Callable[..., Desk]) -> None:
    desk = under("require_reason = true")
    desk.press("0")
    assert [reason for _, _, reason in desk.stored()] == ["quality"]


def test_escape_takes_the_strip_of_reasons_away_and_rejects_nothing(
    under: Callable[..., Desk],
) -> None:
    desk = under("require_reason = true")
    first = desk.current
    desk.press("x", "Esc")
    assert strip_of_reasons(desk) is None
    assert desk.current == first


def test_looking_at_another_image_takes_the_strip_of_reasons_away(
    under: Callable[..., Desk],
) -> None:
    desk = under("require_reason = true")
    desk.press("x", "j")
    assert strip_of_reasons(desk) is None
    assert desk.stored() == []


def test_a_click_on_a_reason_rejects_with_it(under: Callable[..., Desk]) -> None:
    desk = under("require_reason = true")
    desk.press("x")
    assert desk.window.reason_strip is not None
    QTest.mouseClick(
        desk.window.reason_strip.buttons["reject-reason-10"], Qt.MouseButton.LeftButton
    )
    assert [reason for _, _, reason in desk.stored()] == ["quality"]


def test_h_shows_rule_examples_severity_and_version(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2)
    desk.ready()
    desk.press("h")
    sheet = desk.window.sheet
    assert sheet is not None
    words = "\n".join(label.text() for label in sheet.findChildren(QLabel))
    for part in (
        "version 2026.2",
        "Graphic violence · Severe",
        "Open wounds, corpses",
        "Rejected: An open wound in close-up",
        "Allowed: A news photo of smoke over a town",
        "Statement of reasons: violence (other).",
        "No statement of reasons.",
        "Suspected child abuse · Severe",
    ):
        assert part in words
    desk.press("h")
    assert desk.window.sheet is None


def test_h_says_what_the_organisation_asks_for(under: Callable[..., Desk]) -> None:
    desk = under("require_reason = true", floor="blur = 5\ngreyscale = true")
    desk.press("h")
    assert desk.window.sheet is not None
    words = [label.text() for label in desk.window.sheet.findChildren(QLabel)]
    assert words[1:4] == [
        "Every rejection needs a reason.",
        "Covers have a strength of at least 5 of 10.",
        "Images are shown without colour.",
    ]


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
    assert desk.session.looking.covered
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
    assert not desk.session.looking.covered
    desk.press("1")
    assert strip(desk, StripState.REJECTED) == [True]
    desk.press("u")
    desk.until(lambda: desk.session.looking.covered, "it came back uncovered")


def test_what_was_rejected_for_its_form_does_not(under: Callable[..., Desk]) -> None:
    desk = under()
    desk.press("0")
    assert strip(desk, StripState.REJECTED) == [False]


def test_covering_everything_takes_the_latch_off(under: Callable[..., Desk]) -> None:
    desk = under(labelled=1)
    desk.press("v")
    assert not desk.session.looking.covered
    desk.press("`", "`")
    assert desk.session.looking.covered


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
    desk.session.looking.look_away(away=True)
    seen = desk.session.looking.look.revealed_ms(1e9)
    assert seen < 1e6
    desk.session.looking.look_away(away=False)
    assert desk.session.looking.look.revealed_ms(1e9) > 1e6


def test_hiding_everything_stops_the_clock(under: Callable[..., Desk]) -> None:
    desk = under(labelled=1)
    desk.press("v", "`")
    assert desk.session.looking.look.revealed_ms(1e9) < 1e6


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
