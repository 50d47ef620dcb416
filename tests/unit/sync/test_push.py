"""What becomes of decisions on an ordinary day, beside bad rows and other people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from helpers import scripted_service as scripted
from helpers.assets import APPROVE, MANUAL_PENDING, REJECT
from helpers.sync_desk import Desk, service_of
from modstation.core.events import Connection
from modstation.core.outbox import OperationState

if TYPE_CHECKING:
    from collections.abc import Callable

both = pytest.mark.parametrize("batch", [0, 500], ids=["one by one", "batch"])


# -- the ordinary day


@both
def test_decisions_reach_the_service_once(make_desk: Callable[..., Desk], batch: int) -> None:
    desk = make_desk(service_of(30, batch=batch))
    assert desk.store.counts(MANUAL_PENDING).waiting == 30
    desk.decide_all()
    assert desk.until_idle().connection is Connection.ONLINE
    assert set(desk.service.statuses.values()) == {"rejected"}
    assert [p.changed for p in desk.service.posted] == [True] * 30
    assert desk.store.counts().done == 30


def test_undo_inside_the_window_sends_nothing(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(1))
    desk.decide("p0", hold=timedelta(seconds=10))
    desk.clock.advance(9)
    desk.engine.step()
    desk.store.undo(actor="mod")
    desk.clock.advance(10)
    desk.until_idle()
    assert desk.service.posted == []


def test_a_held_decision_is_posted_when_its_window_is_over(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(1))
    desk.decide("p0", hold=timedelta(seconds=10))
    report = desk.until_idle()
    assert desk.service.posted == []
    assert report.next_at == desk.clock.now() + timedelta(seconds=10)
    desk.clock.advance(10)
    desk.until_idle()
    assert desk.service.changes_of("p0") == 1


def test_rejections_go_first(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(4), in_flight=1)
    for name, verdict in [("p0", APPROVE), ("p1", REJECT), ("p2", APPROVE), ("p3", REJECT)]:
        desk.decide(name, verdict)
    desk.until_idle()
    assert [p.public_id for p in desk.service.posted] == ["p1", "p3", "p0", "p2"]


def test_never_more_than_eight_are_under_way(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(40))
    desk.service.most_at_once = 0
    desk.decide_all()
    desk.until_idle()
    assert 1 <= desk.service.most_at_once <= 8
    assert desk.store.counts().done == 40


def test_five_hundred_decisions_take_one_request(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(500, batch=500))
    desk.decide_all()
    desk.until_idle()
    assert desk.service.asked_for("POST") == 1
    assert desk.store.counts().done == 500


# -- one bad row


@both
def test_a_poisonous_row_never_blocks_the_rest(make_desk: Callable[..., Desk], batch: int) -> None:
    desk = make_desk(service_of(30, batch=batch))

    def poisoned(request: Any, act: scripted.Act) -> Any:
        if b'"p7"' in request.content or request.url.path.endswith("/p7"):
            return scripted.server_error(request, act)
        return act()

    desk.service.script(poisoned, method="POST", times=None)
    desk.decide_all()
    for _ in range(40):
        report = desk.engine.step()
        if desk.store.counts().done == 29:
            break
        if not report.worked and report.next_at is not None:
            desk.clock.time = max(desk.clock.now(), report.next_at)
    assert desk.store.counts().done == 29
    assert desk.service.statuses["p7"] == "pending"
    for _ in range(400):
        report = desk.engine.step()
        if desk.store.counts().parked:
            break
        assert report.next_at is not None
        desk.clock.time = max(desk.clock.now(), report.next_at)
    assert desk.store.counts().parked == 1
    desk.service.mend()
    (parked,) = desk.store.operations({OperationState.PARKED})
    desk.store.retry_parked(parked.operation_id)
    desk.engine.refresh()
    desk.until_drained()
    assert desk.service.changes_of("p7") == 1


@both
def test_a_refused_row_is_parked_and_the_rest_is_posted(
    make_desk: Callable[..., Desk], batch: int
) -> None:
    desk = make_desk(service_of(5, batch=batch))

    def picky(request: Any, act: scripted.Act) -> Any:
        if b'"p2"' in request.content or request.url.path.endswith("/p2"):
            return scripted.refused(request, act)
        return act()

    desk.service.script(picky, method="POST", times=None)
    desk.decide_all()
    desk.until_idle()
    counts = desk.store.counts()
    assert (counts.done, counts.parked) == (4, 1)
    assert desk.engine.connection is Connection.ONLINE


@both
def test_an_asset_that_is_gone_is_parked(make_desk: Callable[..., Desk], batch: int) -> None:
    desk = make_desk(service_of(3, batch=batch))
    desk.decide_all()
    del desk.service.statuses["p1"]
    desk.service.names.remove("p1")
    desk.until_idle()
    counts = desk.store.counts()
    assert (counts.done, counts.parked) == (2, 1)


# -- others decide too


@both
@pytest.mark.parametrize("why", ["offline", "old"])
def test_what_was_decided_offline_or_long_ago_is_compared_first(
    make_desk: Callable[..., Desk], batch: int, why: str
) -> None:
    desk = make_desk(service_of(3, batch=batch))
    for name in desk.service.names:
        desk.decide(name, REJECT, decided_offline=why == "offline")
    if why == "old":
        desk.clock.advance(180)
    desk.service.statuses["p1"] = "approved"
    desk.service.statuses["p2"] = "rejected"
    desk.until_idle()
    assert desk.service.statuses == {"p0": "rejected", "p1": "approved", "p2": "rejected"}
    counts = desk.store.counts()
    assert (counts.done, counts.conflicted) == (2, 1)
    assert [p.public_id for p in desk.service.posted] == ["p0"]


def test_a_replaced_picture_gets_no_old_verdict(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(1, batch=500))
    operation = desk.decide("p0", decided_offline=True)
    desk.service.script(
        scripted.changed(lambda d: d.update(version=1)), method="GET", path="/upload/p0"
    )
    desk.until_idle()
    assert desk.service.posted == []
    assert desk.state_of(operation) is OperationState.CONFLICTED


def test_a_newer_choice_made_while_the_older_is_sent_wins(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(1))
    older = desk.decide("p0", REJECT)
    newer: list[str] = []

    def second_thoughts(name: str) -> None:
        if name == "sending" and not newer:
            newer.append(desk.decide("p0", APPROVE))

    desk.checkpoint = second_thoughts
    desk.service.script(scripted.lost_after_acting, method="POST")
    desk.until_drained()
    assert desk.state_of(older) is OperationState.CANCELLED
    assert desk.state_of(newer[0]) is OperationState.DONE
    assert [p.status for p in desk.service.posted] == ["rejected", "approved"]
