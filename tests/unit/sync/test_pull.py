"""The queue is read page by page, and a pass survives what happens on its way."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from helpers import scripted_service as scripted
from helpers.assets import MANUAL_PENDING, open_store
from helpers.sync_desk import Desk, service_of
from modstation.core.assets import ModerationStatus
from modstation.core.clock import ManualClock
from modstation.core.events import Connection, ConnectionChanged, QueueChanged
from modstation.core.queue import QueueView
from modstation.sync.engine import SyncEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

both = pytest.mark.parametrize("batch", [0, 500], ids=["one by one", "batch"])


# -- pulling


def test_a_pass_goes_on_where_it_stood_after_a_restart(make_desk: Callable[..., Desk]) -> None:
    service = service_of(25)
    service.script(scripted.never_sent, path="/moderations/", times=0)
    desk = make_desk(service, page=10)
    desk.service.asked.clear()
    desk.clock.advance(61)
    desk.engine.step()
    desk.restart()
    desk.until_idle()
    lists = [path for _, path in desk.service.asked if "/moderations/" in path]
    assert len(lists) == 3
    assert desk.store.counts(MANUAL_PENDING).waiting == 25


def test_what_others_settled_leaves_the_queue(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(5))
    desk.service.statuses["p3"] = "approved"
    desk.clock.advance(120)
    desk.until_idle()
    assert desk.store.counts(MANUAL_PENDING).waiting == 4


def test_a_cursor_that_is_refused_begins_the_pass_anew(make_desk: Callable[..., Desk]) -> None:
    service = service_of(25)
    service.script(scripted.refused, path="next_cursor=")
    desk = make_desk(service, page=10)
    assert desk.store.counts(MANUAL_PENDING).waiting == 25


def test_a_listing_that_never_advances_is_not_followed_for_ever(
    make_desk: Callable[..., Desk],
) -> None:
    service = service_of(25)
    service.script(
        scripted.changed(lambda d: d.update(next_cursor="9")), path="/moderations/", times=None
    )
    desk = make_desk(service, page=10)
    assert desk.engine.connection is Connection.TROUBLE
    assert service.asked_for("GET", "/moderations/") <= 3


def test_above_the_high_water_mark_nothing_is_pulled(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(50), page=10, backlog_limit=20)
    assert desk.store.counts(MANUAL_PENDING).waiting == 20
    for number in range(10):
        desk.decide(f"p{number}")
    desk.until_idle()
    assert desk.store.counts(MANUAL_PENDING).waiting == 20


def test_a_queue_the_service_does_not_know_does_not_stop_posting(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(2))
    desk.service.script(scripted.refused, path="/moderations/", times=None)
    desk.clock.advance(61)
    desk.engine.step()
    assert desk.engine.connection is Connection.TROUBLE
    desk.decide_all()
    desk.until_idle()
    assert desk.store.counts().done == 2


def test_an_extension_that_disappears_is_done_without(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(6, batch=500))
    desk.service.batch = 0
    desk.decide_all()
    desk.until_drained()
    assert desk.store.counts().done == 6
    assert desk.service.asked_for("POST", "/upload/") == 6


def test_the_view_s_other_kinds_are_listed_by_their_name(tmp_path: Path) -> None:
    service = service_of(1)
    clock = ManualClock()
    store, client = open_store(tmp_path, clock=clock), service.client(clock)
    engine = SyncEngine(
        store,
        client,
        view=QueueView(("webpurify",)),
        clock=clock,
        random=Random(1),
        notify=lambda _event: None,
    )
    engine.step()
    assert service.asked_for("GET", "/moderations/webpurify/pending") == 1
    engine.close()
    client.close()
    store.close()


def test_another_view_is_listed_at_once_and_the_old_pass_goes_on_where_it_stood(
    make_desk: Callable[..., Desk],
) -> None:
    service = service_of(25)
    for name in ("p3", "p4"):
        service.statuses[name] = "rejected"
    desk = make_desk(service, page=10)
    rejected = QueueView(status=ModerationStatus.REJECTED)
    desk.engine.refresh()
    desk.clock.advance(61)
    desk.engine.step()
    begun = desk.store.list_state(MANUAL_PENDING.listings[0])
    assert not begun.complete
    desk.engine.change_view(rejected)
    desk.until_idle()
    assert desk.store.counts(rejected).waiting == 2
    assert desk.events[-1] == QueueChanged(desk.store.counts(rejected), rejected)
    desk.engine.change_view(MANUAL_PENDING)
    desk.until_idle()
    state = desk.store.list_state(MANUAL_PENDING.listings[0])
    assert (state.complete, state.pass_id) == (True, begun.pass_id)


# -- several kinds


BOTH = QueueView(("manual", "webpurify"))


def mixed_service(count: int) -> scripted.ScriptedService:
    """Every second asset waits for webpurify."""
    service = service_of(count)
    service.kinds = {f"p{number}": "webpurify" for number in range(1, count, 2)}
    return service


def asked_lists(service: scripted.ScriptedService) -> list[str]:
    """The kinds that were listed, in order."""
    paths = [path for _, path in service.asked if "/moderations/" in path]
    return [path.split("/moderations/")[1].split("/")[0] for path in paths]


def test_several_kinds_are_listed_in_turn_each_with_its_own_cursor(
    make_desk: Callable[..., Desk],
) -> None:
    service = mixed_service(50)
    desk = make_desk(service, view=BOTH, page=10)
    assert asked_lists(service) == ["manual", "webpurify"] * 3
    assert desk.store.counts(BOTH).waiting == 50
    assert desk.store.counts(MANUAL_PENDING).waiting == 25
    assert all(desk.store.list_state(listing).complete for listing in BOTH.listings)
    entries = desk.store.window(BOTH, around=None, before=0, after=50)
    assert [e.asset.ref.public_id for e in entries] == [f"p{number}" for number in range(50)]


def test_passes_over_several_kinds_go_on_where_each_stood_after_a_restart(
    make_desk: Callable[..., Desk],
) -> None:
    service = mixed_service(50)
    desk = make_desk(service, view=BOTH, page=10)
    desk.clock.advance(61)
    for _ in range(3):
        desk.engine.step()
    begun = [desk.store.list_state(listing) for listing in BOTH.listings]
    assert [state.cursor for state in begun] == ["38", "19"]
    desk.restart()
    desk.until_idle()
    ended = [desk.store.list_state(listing) for listing in BOTH.listings]
    assert [state.pass_id for state in ended] == [state.pass_id for state in begun]
    assert all(state.complete for state in ended)


def test_a_kind_the_service_does_not_know_stops_no_other_kind(
    make_desk: Callable[..., Desk],
) -> None:
    service = mixed_service(30)
    service.script(scripted.refused, path="/moderations/webpurify", times=None)
    desk = make_desk(service, view=BOTH, page=10)
    assert desk.store.counts(BOTH).waiting == 15
    assert desk.engine.connection is Connection.ONLINE
    told = [event for event in desk.events if isinstance(event, ConnectionChanged)]
    assert "webpurify cannot be listed" in told[-1].message
    assert len(told) <= 2
    service.mend()
    desk.clock.advance(61)
    desk.until_idle()
    assert desk.store.counts(BOTH).waiting == 30
    told = [event for event in desk.events if isinstance(event, ConnectionChanged)]
    assert (told[-1].connection, told[-1].message) == (Connection.ONLINE, "")


def test_one_full_kind_does_not_keep_another_from_being_pulled(
    make_desk: Callable[..., Desk],
) -> None:
    service = service_of(40)
    service.kinds = {f"p{number}": "webpurify" for number in range(30, 40)}
    desk = make_desk(service, view=BOTH, page=10, backlog_limit=20)
    assert desk.store.counts(MANUAL_PENDING).waiting == 20
    assert desk.store.counts(BOTH).waiting == 30


@pytest.mark.parametrize("view", [MANUAL_PENDING, BOTH], ids=["one kind", "two kinds"])
def test_however_many_kinds_are_listed_the_same_share_of_the_quota_is_taken(
    make_desk: Callable[..., Desk], view: QueueView
) -> None:
    service = mixed_service(2)
    desk = make_desk(service, view=view, refresh=timedelta(seconds=5))
    service.asked.clear()
    for _ in range(720):
        desk.clock.advance(5)
        service.quota = (500, 500, desk.clock.now() + timedelta(hours=1))
        desk.engine.step()
    assert 100 <= len(asked_lists(service)) <= 152
