"""The queue is read page by page, and a pass survives what happens on its way."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from helpers import scripted_service as scripted
from helpers.assets import MANUAL_PENDING, open_store
from helpers.sync_desk import Desk, service_of
from modstation.core.assets import ModerationStatus
from modstation.core.clock import ManualClock
from modstation.core.events import Connection, QueueChanged
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
        view=QueueView(kind="webpurify"),
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
    begun = desk.store.list_state(MANUAL_PENDING)
    assert not begun.complete
    desk.engine.change_view(rejected)
    desk.until_idle()
    assert desk.store.counts(rejected).waiting == 2
    assert desk.events[-1] == QueueChanged(desk.store.counts(rejected), rejected)
    desk.engine.change_view(MANUAL_PENDING)
    desk.until_idle()
    state = desk.store.list_state(MANUAL_PENDING)
    assert (state.complete, state.pass_id) == (True, begun.pass_id)
