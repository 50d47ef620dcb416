"""Approved and rejected images: browsed, explained, and overridden by the same key twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from helpers.assets import APPROVED, REJECTED, fill, make_asset, make_assets
from modstation.core.assets import ModerationStatus
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.decisions import PastDecision
from modstation.core.events import PastDecisionsTold
from modstation.core.queue import QueueView
from modstation.store.station_store import StationStore
from modstation.ui.queues_sheet import QueuesSheet
from modstation.ui.wording import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk

GONE, PUBLIC = "photos/0021", "photos/0031"


def with_settled(sit_down: Callable[..., Desk]) -> Desk:
    """Three waiting photos, two rejected and two approved ones."""
    desk = sit_down(make_assets(3))
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    for first, status in ((21, REJECTED), (31, APPROVED)):
        settled = [make_asset(first + n, status=status) for n in range(2)]
        fill(store, settled, view=QueueView(status=status), at=datetime.now(UTC))
    store.close()
    desk.ready()
    return desk


def review(desk: Desk, status: ModerationStatus) -> None:
    desk.press("Ctrl+L")
    sheet = desk.window.sheet
    assert isinstance(sheet, QueuesSheet)
    desk.until(lambda: sheet.rows.count() > 0, "the queues were not read")
    words = [sheet.rows.item(row).text() for row in range(sheet.rows.count())]
    wanted = next(n for n, text in enumerate(words) if status.value in text)
    while sheet.rows.currentRow() != wanted:
        desk.press("J" if sheet.rows.currentRow() < wanted else "K")
    desk.press("Enter")
    desk.until(lambda: desk.session.view.status is status and desk.session.loaded)
    desk.settle()
    desk.ready()


def test_the_queues_are_listed_with_how_much_is_here(sit_down: Callable[..., Desk]) -> None:
    desk = with_settled(sit_down)
    desk.press("Ctrl+L")
    sheet = desk.window.sheet
    assert isinstance(sheet, QueuesSheet)
    desk.until(lambda: sheet.rows.count() > 3)
    assert [sheet.rows.item(row).text() for row in range(3)] == [
        "manual · pending · 3 here · under review",
        "manual · approved · 2 here",
        "manual · rejected · 2 here",
    ]
    others = {sheet.rows.item(row).text() for row in range(3, sheet.rows.count())}
    assert "webpurify · pending" in others
    desk.press("Ctrl+L")
    assert desk.window.sheet is None
    assert desk.session.view == QueueView()


def test_a_rejected_image_is_approved_by_the_same_key_twice(sit_down: Callable[..., Desk]) -> None:
    desk = with_settled(sit_down)
    review(desk, REJECTED)
    assert desk.current == GONE
    desk.press("V", "A")
    assert desk.current == GONE
    assert "restores the image from its backup" in desk.message
    assert "Press A again" in desk.message
    assert desk.stored() == []
    desk.press("A")
    assert desk.current == "photos/0022"
    assert desk.stored() == [(GONE, "approve", None)]


def test_an_approved_image_is_rejected_by_the_same_reason_twice(
    sit_down: Callable[..., Desk],
) -> None:
    desk = with_settled(sit_down)
    review(desk, APPROVED)
    desk.press("X")
    assert "purges it from the delivery caches" in desk.message
    desk.press("1")
    assert "Press 1 again" in desk.message
    assert desk.stored() == []
    desk.press("1")
    assert desk.stored() == [(PUBLIC, "reject", "nudity")]


def test_what_was_only_explained_is_dropped_by_anything_else(
    sit_down: Callable[..., Desk],
) -> None:
    desk = with_settled(sit_down)
    review(desk, REJECTED)
    desk.press("V", "A", "B", "A")
    assert "Press A again" in desk.message
    assert desk.stored() == []
    desk.press("J", "V", "A")
    assert desk.stored() == []
    desk.press("K", "V", "A")
    assert desk.stored() == []


def test_a_held_key_explains_an_override_and_does_not_do_it(
    sit_down: Callable[..., Desk],
) -> None:
    desk = with_settled(sit_down)
    review(desk, REJECTED)
    desk.press("V")
    desk.down("A")
    for _ in range(5):
        desk.down("A", repeat=True)
        desk.down("A")
    desk.up("A")
    assert desk.stored() == []


def test_the_verdict_that_stands_is_not_posted_again(sit_down: Callable[..., Desk]) -> None:
    desk = with_settled(sit_down)
    review(desk, REJECTED)
    desk.press("X", "X")
    assert "rejected already" in desk.message
    assert desk.stored() == []


def test_an_override_is_undone_like_any_decision(sit_down: Callable[..., Desk]) -> None:
    desk = with_settled(sit_down)
    review(desk, REJECTED)
    desk.press("V", "A", "A")
    assert desk.stored() == [(GONE, "approve", None)]
    desk.press("U")
    assert desk.current == GONE
    assert desk.session.counts.held == 0


def test_who_settled_an_image_stands_beside_it(sit_down: Callable[..., Desk]) -> None:
    desk = with_settled(sit_down)
    assert desk.window.evidence.decided == ""
    review(desk, REJECTED)
    desk.until(lambda: bool(desk.window.evidence.decided))
    assert desk.window.evidence.decided == "Rejected elsewhere; no reason is told"
    review(desk, ModerationStatus.PENDING)
    assert desk.window.evidence.decided == ""


def test_a_service_that_remembers_tells_who_decided_elsewhere_when_and_why(
    sit_down: Callable[..., Desk],
) -> None:
    desk = with_settled(sit_down)
    review(desk, REJECTED)
    key = f"image/upload/{GONE}"
    desk.until(lambda: ("past", key) in desk.network.asked, "nobody was asked")
    then = datetime(2025, 6, 2, 8, 30, tzinfo=UTC)
    told = (
        PastDecision(REJECTED, then, "kim", "quality", "nothing but blur"),
        PastDecision(APPROVED, then, "sam"),
    )
    desk.session.news.take(PastDecisionsTold("image/upload/photos/0022", told))
    desk.settle()
    assert desk.window.evidence.decided == "Rejected elsewhere; no reason is told"
    desk.session.news.take(PastDecisionsTold(key, told))
    desk.settle()
    assert desk.window.evidence.decided == (
        f"Rejected elsewhere by kim, {moment(then)}: Quality, off-topic, other. “nothing but blur”"
    )
    assert desk.session.looking.covered


def test_nobody_is_asked_who_decided_while_offline(sit_down: Callable[..., Desk]) -> None:
    desk = with_settled(sit_down)
    desk.press("Ctrl+O")
    review(desk, REJECTED)
    desk.until(lambda: bool(desk.window.evidence.decided))
    assert not [what for what, _ in desk.network.asked if what == "past"]


def test_undoing_a_decision_of_another_queue_does_not_bring_its_image_here(
    sit_down: Callable[..., Desk],
) -> None:
    desk = with_settled(sit_down)
    desk.press("A")
    review(desk, REJECTED)
    desk.press("U")
    assert "Taken back" in desk.message
    assert desk.current == GONE
    review(desk, ModerationStatus.PENDING)
    assert desk.current == "photos/0001"


def test_the_grid_overrides_one_image_at_a_time(sit_down: Callable[..., Desk]) -> None:
    desk = with_settled(sit_down)
    review(desk, REJECTED)
    desk.press("T")
    desk.press("Ctrl+A", "Shift+A")
    assert "one image at a time" in desk.message
    desk.press("Ctrl+Enter", "Ctrl+Enter")
    assert desk.stored() == []
    desk.press("Esc", "V", "A")
    assert "Press A again" in desk.message
    assert desk.stored() == []
    desk.press("A")
    assert len(desk.stored()) == 1
