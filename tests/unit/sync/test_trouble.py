"""Outages, unclear answers, used-up quotas and wrong keys, one story each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from helpers import scripted_service as scripted
from helpers.assets import REJECT
from helpers.sync_desk import Desk, service_of
from modstation.core.events import ConflictFound, Connection, ConnectionChanged
from modstation.core.outbox import OperationState

if TYPE_CHECKING:
    from collections.abc import Callable

both = pytest.mark.parametrize("batch", [0, 500], ids=["one by one", "batch"])


# -- offline


@both
def test_offline_the_desk_keeps_its_decisions_and_drains_when_the_network_is_back(
    make_desk: Callable[..., Desk], batch: int
) -> None:
    desk = make_desk(service_of(20, batch=batch))
    desk.service.script(scripted.never_sent, times=None)
    desk.decide_all()
    for _ in range(30):
        desk.engine.step()
        desk.clock.advance(20)
    assert desk.engine.connection is Connection.OFFLINE
    assert desk.store.counts().unsent == 20
    desk.service.mend()
    desk.clock.advance(300)
    desk.until_idle()
    # At once: no row sits out a back-off of its own.
    assert desk.store.counts().done == 20
    assert all(desk.service.changes_of(name) == 1 for name in desk.service.names)
    assert Connection.OFFLINE in desk.connections()
    assert desk.connections()[-1] is Connection.ONLINE


def test_an_outage_costs_no_row_an_attempt_and_few_requests(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(50))
    desk.service.script(scripted.never_sent, times=None)
    desk.decide_all()
    before = len(desk.service.asked)
    for _ in range(60):
        desk.engine.step()
        desk.clock.advance(60)
    ready = desk.store.operations({OperationState.READY})
    assert {op.attempts for op in ready} == {0}
    assert len(desk.service.asked) - before < 100


def test_the_pause_grows_and_is_kept_over_a_restart(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(1))
    desk.decide("p0")
    desk.service.script(scripted.never_sent, times=None)
    waits = []
    for _ in range(12):
        report = desk.engine.step()
        assert report.next_at is not None
        waits.append((report.next_at - desk.clock.now()).total_seconds())
        desk.clock.time = report.next_at
    assert waits[0] <= 1
    assert 150 <= waits[-1] <= 300
    desk.restart()
    report = desk.engine.step()
    assert report.next_at is not None
    assert (report.next_at - desk.clock.now()).total_seconds() >= 150


def test_a_person_who_asks_does_not_sit_out_the_pause(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(1))
    desk.decide("p0")
    desk.service.script(scripted.never_sent)
    assert desk.engine.step().connection is Connection.OFFLINE
    desk.engine.refresh()
    desk.until_idle()
    assert desk.service.statuses["p0"] == "rejected"


def test_chosen_offline_sends_nothing_until_taken_back(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(3))
    asked = len(desk.service.asked)
    desk.engine.set_offline(offline=True)
    desk.decide_all()
    for _ in range(5):
        assert desk.engine.step().connection is Connection.OFFLINE_CHOSEN
        desk.clock.advance(600)
    assert len(desk.service.asked) == asked
    desk.engine.set_offline(offline=False)
    desk.until_idle()
    assert desk.store.counts().done == 3


def test_after_a_restart_between_two_passes_the_station_is_online_at_once(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(3), refresh=timedelta(hours=24))
    desk.restart()
    assert desk.engine.next_at() == desk.clock.now()
    assert desk.engine.step().connection is Connection.ONLINE


def test_back_from_chosen_offline_with_nothing_due_the_station_is_online_at_once(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(3), refresh=timedelta(hours=24))
    desk.engine.set_offline(offline=True)
    desk.engine.step()
    desk.engine.set_offline(offline=False)
    assert desk.engine.next_at() == desk.clock.now()
    assert desk.engine.step().connection is Connection.ONLINE


def test_an_interrupt_that_comes_before_the_step_is_not_forgotten_by_it(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(20))
    desk.decide_all()
    desk.engine.interrupt()
    desk.engine.step()
    assert desk.service.posted == []
    desk.until_idle()
    assert desk.store.counts().done == 20


# -- answers that cannot be trusted


@both
@pytest.mark.parametrize(
    "fault",
    [
        scripted.lost_after_acting,
        scripted.lost_before_acting,
        scripted.server_error,
        scripted.server_error_after_acting,
        scripted.html_page,
        scripted.cut_short,
    ],
    ids=lambda fault: fault.__name__,
)
def test_after_an_unclear_answer_everything_is_posted_once_in_effect(
    make_desk: Callable[..., Desk], batch: int, fault: scripted.Fault
) -> None:
    desk = make_desk(service_of(12, batch=batch))
    desk.decide_all()
    desk.service.script(fault, method="POST", times=6)
    desk.until_drained()
    assert set(desk.service.statuses.values()) == {"rejected"}
    assert all(desk.service.changes_of(name) == 1 for name in desk.service.names)
    assert desk.store.counts().done == 12


def test_after_a_lost_answer_the_asset_is_read_and_not_sent_again(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(1))
    desk.decide("p0")
    desk.service.script(scripted.lost_after_acting, method="POST")
    desk.until_drained()
    assert [p.public_id for p in desk.service.posted] == ["p0"]
    assert desk.service.asked_for("GET", "/upload/p0") == 1


def test_a_lost_answer_that_another_person_overruled_is_a_conflict_not_a_flip(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(1))
    operation = desk.decide("p0", REJECT)
    desk.service.script(scripted.lost_after_acting, method="POST")
    desk.engine.step()
    desk.service.statuses["p0"] = "approved"
    desk.until_drained()
    assert desk.service.statuses["p0"] == "approved"
    assert desk.state_of(operation) is OperationState.CONFLICTED
    assert ConflictFound("image/upload/p0", "rejected", "approved") in desk.events


@both
def test_an_operation_missing_from_the_answer_has_not_succeeded(
    make_desk: Callable[..., Desk], batch: int
) -> None:
    desk = make_desk(service_of(3, batch=batch))
    desk.decide_all()

    def drop(document: dict[str, Any]) -> None:
        if "results" in document:
            document["results"] = document["results"][1:]
        else:
            document.clear()

    desk.service.script(scripted.changed(drop), method="POST", times=1)
    desk.engine.step()
    assert desk.store.counts().done == 2
    desk.until_drained()
    assert desk.store.counts().done == 3
    assert all(desk.service.changes_of(name) == 1 for name in desk.service.names)


# -- quota and key


def test_a_used_up_quota_is_waited_out_and_nothing_is_hammered(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(10))
    reset = desk.clock.now() + timedelta(minutes=20)
    desk.decide_all()
    desk.service.script(scripted.throttled(reset), times=None)
    report = desk.engine.step()
    assert report.connection is Connection.THROTTLED
    assert report.next_at == reset
    asked = len(desk.service.asked)
    desk.engine.refresh()
    desk.clock.advance(600)
    desk.engine.step()
    desk.restart()
    assert desk.engine.step().next_at == reset
    assert len(desk.service.asked) == asked
    desk.service.mend()
    desk.clock.time = reset
    desk.until_drained()
    assert desk.store.counts().done == 10
    assert all(desk.service.changes_of(name) == 1 for name in desk.service.names)


def test_the_last_calls_of_the_hour_are_kept_for_listing(
    make_desk: Callable[..., Desk],
) -> None:
    service = service_of(100)
    desk = make_desk(service)
    reset = desk.clock.now() + timedelta(minutes=30)
    service.quota = (500, 91, reset)
    desk.clock.advance(61)
    desk.until_idle()
    desk.decide_all()
    desk.until_idle()
    posted = len(service.posted)
    # A tenth of 500 is kept; one call was the listing.
    assert posted == 91 - 1 - 50
    assert desk.engine.connection is Connection.ONLINE
    report = desk.engine.step()
    assert report.next_at is not None
    desk.clock.time = reset
    service.quota = (500, 500, reset + timedelta(hours=1))
    desk.until_drained()
    assert desk.store.counts().done == 100
    assert not any(p.changed is False for p in service.posted)


def test_a_wrong_key_stops_posting_and_says_so(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(20))
    desk.decide_all()
    desk.service.script(scripted.not_authorized, times=None)
    report = desk.engine.step()
    assert report.connection is Connection.NOT_AUTHORIZED
    # A ping: is it the key, or what was asked with it?
    desk.engine.step()
    asked = len(desk.service.asked)
    for _ in range(5):
        desk.engine.step()
    assert len(desk.service.asked) == asked
    desk.service.mend()
    desk.clock.advance(60)
    desk.until_idle()
    assert desk.store.counts().done == 20


def forbids(name: str, *, in_words: bool) -> scripted.Fault:
    """What a firewall, or a rule of the service, does to one image's updates."""

    def fault(request: httpx.Request, act: scripted.Act) -> httpx.Response:
        about = request.url.path.endswith(f"/{name}") or f'"{name}"'.encode() in request.content
        if request.method != "POST" or not about:
            return act()
        if in_words:
            return httpx.Response(403, json={"error": {"message": "Forbidden"}})
        return httpx.Response(403, html="<html>Request blocked</html>")

    return fault


@both
@pytest.mark.parametrize("in_words", [True, False], ids=["in its own words", "by a firewall"])
def test_one_decision_that_is_forbidden_keeps_no_other_from_being_posted(
    make_desk: Callable[..., Desk], batch: int, in_words: bool
) -> None:
    desk = make_desk(service_of(20, batch=batch))
    ids = {name: desk.decide(name) for name in desk.service.names}
    desk.service.script(forbids("p0", in_words=in_words), times=None)
    desk.until_drained(400)
    assert desk.store.counts().done == 19
    assert desk.state_of(ids["p0"]) is OperationState.PARKED
    assert desk.service.statuses["p0"] == "pending"


@both
@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_key_that_may_decide_nothing_pauses_the_outbox_and_parks_nothing(
    make_desk: Callable[..., Desk], batch: int, count: int
) -> None:
    desk = make_desk(service_of(count, batch=batch))
    desk.decide_all()
    desk.service.script(reads_only, times=None)
    for _ in range(4):
        desk.engine.step()
    assert desk.engine.connection is Connection.MAY_NOT_POST
    asked = len(desk.service.asked)
    desk.engine.step()
    assert len(desk.service.asked) == asked
    for _ in range(40):
        desk.clock.advance(120)
        desk.engine.step()
    counts = desk.store.counts()
    assert (counts.parked, counts.done, counts.ready) == (0, 0, count)
    told = [e.message for e in desk.events if isinstance(e, ConnectionChanged)]
    assert any("takes no decision from it" in message for message in told)


def test_asked_by_a_person_a_paused_outbox_tries_again_at_once(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(3))
    desk.decide_all()
    desk.service.script(reads_only, times=None)
    for _ in range(4):
        desk.engine.step()
    desk.service.mend()
    desk.engine.refresh()
    for _ in range(3):
        desk.engine.step()
    assert desk.store.counts().done == 3


def reads_only(request: httpx.Request, act: scripted.Act) -> httpx.Response:
    """What a service does whose key may look and not touch."""
    if request.method != "POST":
        return act()
    return httpx.Response(403, json={"error": {"message": "Forbidden"}})
