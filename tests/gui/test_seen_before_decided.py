"""Nothing is approved that was not seen, and no key posts a verdict that is not on the screen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from helpers.assets import make_asset, make_assets
from modstation.core.assets import MachineLabel
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.errors import ImageDamaged
from modstation.core.events import Connection, ImageCached, ImageFailed
from modstation.core.outbox import Acknowledged
from modstation.core.settling import settle
from modstation.store.station_store import StationStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk

FIRST = "photos/0001"
FIRST_KEY = f"image/upload/{FIRST}"
NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)


@pytest.fixture
def posted(sit_down: Callable[..., Desk]) -> Desk:
    """The first of four photos is approved and posted; the undo key offers to reverse that."""
    desk = sit_down(4, hold=timedelta(0))
    desk.ready()
    desk.press("A")
    desk.stored()
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    try:
        now = SystemClock().now()
        store.release_due(now)
        for operation in store.claim(10, now):
            transition = settle(operation, Acknowledged(operation.target), now=now)
            store.apply(operation.operation_id, transition, now=now)
    finally:
        store.close()
    desk.press("U")
    assert desk.window.message.reverse.isVisible()
    return desk


@pytest.mark.parametrize("key", ["Ctrl+S", "F5", "Space", "Shift+G", "J", "K", "V"])
def test_the_undo_key_reverses_nothing_once_its_banner_is_gone(posted: Desk, key: str) -> None:
    posted.press(key)
    if not posted.window.message.reverse.isVisible():
        assert posted.session.reversal is None
        posted.press("U")
        assert posted.window.message.reverse.isVisible()
    assert "will be posted" not in posted.message
    assert _reversals(posted) == 0


def test_a_conflict_that_is_told_meanwhile_ends_the_offer(posted: Desk) -> None:
    from modstation.core.events import ConflictFound

    posted.session.news.take(ConflictFound(FIRST_KEY, "approved", "rejected"))
    assert "Somebody else" in posted.message
    assert posted.session.reversal is None
    posted.press("U")
    assert _reversals(posted) == 0


def test_looking_at_another_image_ends_the_offer(posted: Desk) -> None:
    posted.press("J")
    assert posted.session.reversal is None
    assert not posted.window.message.reverse.isVisible()


def test_changing_the_theme_ends_the_offer(posted: Desk) -> None:
    posted.window.apply_theme("light")
    assert posted.session.reversal is None


@pytest.mark.parametrize("key", ["Space", "V"])
def test_a_reveal_before_the_picture_is_there_counts_for_nothing(
    sit_down: Callable[..., Desk], key: str
) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), make_asset(2)], withheld=[FIRST_KEY])
    desk.settle()
    desk.press(key)
    assert "no picture to uncover" in desk.message
    desk.decoder.bring(FIRST_KEY)
    desk.ready()
    assert desk.session.looking.covered
    desk.press("A")
    assert desk.stored() == []
    assert "Uncover the image first" in desk.message


@pytest.mark.parametrize("key", ["Space", "V"])
def test_a_reveal_under_the_cover_of_everything_counts_for_nothing(
    sit_down: Callable[..., Desk], key: str
) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), make_asset(2)])
    desk.ready()
    desk.press("`", key)
    assert "Everything is covered" in desk.message
    desk.press("`", "A")
    assert desk.session.looking.covered
    assert desk.stored() == []


def test_the_peek_button_uncovers_nothing_that_is_not_there(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), make_asset(2)], withheld=[FIRST_KEY])
    desk.settle()
    desk.window.toolbar.buttons["peek"].pressed.emit()
    desk.window.toolbar.buttons["peek"].released.emit()
    assert not desk.session.looking.look.uncovered_once


def test_a_peek_shorter_than_a_look_approves_nothing(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), make_asset(2)], painted_before=0.2)
    desk.ready()
    look = desk.session.looking.look
    desk.until(lambda: (look.painted_for(_now(desk)) or 0) > 0.2)
    desk.down("Space")
    desk.down("A")
    desk.up("A")
    assert desk.stored() == []
    desk.until(lambda: look.revealed_for(_now(desk)) > 0.2)
    desk.down("A")
    assert desk.stored() == [(FIRST, "approve", None)]


def test_the_time_on_the_screen_of_a_problem_is_not_that_of_the_picture(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(2, withheld=[FIRST_KEY], painted_before=0.4)
    desk.session.news.take(ImageFailed(FIRST_KEY, "review", "Not found.", permanent=False))
    desk.ready()
    look = desk.session.looking.look
    desk.until(lambda: (look.painted_for(_now(desk)) or 0) > 0.4)
    desk.session.news.take(ImageCached(FIRST_KEY, "review"))
    desk.decoder.bring(FIRST_KEY)
    desk.until(lambda: desk.session.current_frame() is not None)
    desk.down("A")
    assert desk.stored() == []
    assert "not on the screen" in desk.message


def test_the_time_on_the_screen_of_an_error_is_not_that_of_the_picture(
    sit_down: Callable[..., Desk],
) -> None:
    damaged = {FIRST_KEY: ImageDamaged("It ends too soon.")}
    desk = sit_down(2, broken=damaged, painted_before=0.4)
    desk.ready()
    look = desk.session.looking.look
    desk.until(lambda: (look.painted_for(_now(desk)) or 0) > 0.4)
    damaged.clear()
    desk.session.news.take(ImageCached(FIRST_KEY, "review"))
    desk.until(lambda: desk.session.current_frame() is not None)
    desk.ready()
    desk.down("X")
    assert desk.stored() == []


def test_going_on_after_covering_everything_takes_a_look_again(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(make_assets(2), painted_before=0.4, connection=Connection.ONLINE)
    desk.ready()
    desk.until(lambda: (desk.session.looking.look.painted_for(_now(desk)) or 0) > 0.4)
    desk.press("`")
    desk.down("`")
    desk.down("A")
    assert desk.stored() == []


def _now(desk: Desk) -> float:
    return desk.session._monotonic()


def _reversals(desk: Desk) -> int:
    desk.settle()
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    try:
        return sum(row.draft.action.value == "reverse" for row in store.iterate_decisions())
    finally:
        store.close()
