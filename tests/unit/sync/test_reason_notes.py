"""Reasons written into the context of rejected assets, where the settings ask for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from helpers import scripted_service as scripted
from helpers.assets import APPROVE
from helpers.sync_desk import service_of
from modstation.core.events import Connection
from modstation.sync.reason_writer import MOST_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.sync_desk import Desk

NUDITY = {"moderation_reason": "nudity", "moderation_policy": "2026.2"}


def reject(desk: Desk, name: str = "p0", reason: str | None = "nudity") -> None:
    desk.decide(name, reason_code=reason, policy_version="2026.2")


def test_without_the_setting_no_call_is_spent_on_reasons(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(1))
    reject(desk)
    desk.until_idle()
    assert desk.service.contexts == {}
    assert desk.service.asked_for("POST") == 1


def test_the_reason_follows_its_rejection_beside_what_stands_there(
    make_desk: Callable[..., Desk],
) -> None:
    service = service_of(2)
    service.contexts["p0"] = {"user": "u-1042"}
    desk = make_desk(service, write_reasons=True)
    reject(desk, "p0")
    reject(desk, "p1", reason=None)
    desk.until_idle()
    assert service.contexts == {"p0": {"user": "u-1042", **NUDITY}}
    assert desk.store.reason_notes(10) == []
    assert service.asked_for("POST") == 3


def test_a_service_that_is_told_with_the_decision_gets_no_second_call(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(1, batch=500), write_reasons=True)
    reject(desk)
    desk.until_idle()
    assert desk.service.contexts == {}
    assert desk.store.reason_notes(10) == []


def test_nothing_is_written_before_the_status_is_acknowledged(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(1), write_reasons=True)
    desk.service.script(scripted.never_sent, method="POST", times=None)
    reject(desk)
    desk.until_idle()
    assert desk.store.reason_notes(10) == []
    desk.service.mend()
    desk.until_drained()
    desk.until_idle()
    assert desk.service.contexts == {"p0": NUDITY}


@pytest.mark.parametrize("moment", ["noting", "noted"])
def test_a_reason_survives_the_end_of_the_program(
    make_desk: Callable[..., Desk], moment: str
) -> None:
    class Killed(Exception):
        pass

    def kill(name: str) -> None:
        if name == moment:
            raise Killed

    desk = make_desk(service_of(1), write_reasons=True)
    reject(desk)
    desk.checkpoint = kill
    with pytest.raises(Killed):
        desk.until_idle()
    assert len(desk.store.reason_notes(10)) == 1
    desk.checkpoint = lambda _name: None
    desk.restart()
    desk.until_idle()
    assert desk.service.contexts == {"p0": NUDITY}
    assert desk.store.reason_notes(10) == []


def test_decisions_go_before_reasons(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(4), write_reasons=True)
    for name in desk.service.names:
        reject(desk, name)
    seen: list[int] = []
    desk.checkpoint = lambda name: (
        seen.append(desk.store.counts().done) if name == "noting" else None
    )
    desk.until_idle()
    assert seen == [4, 4, 4, 4]


def test_a_reserve_of_the_quota_is_left_and_the_rest_waits_for_the_next_hour(
    make_desk: Callable[..., Desk],
) -> None:
    service = service_of(3)
    desk = make_desk(service, write_reasons=True)
    reset = desk.clock.now() + timedelta(minutes=30)
    service.quota = (500, 500, reset)
    for name in service.names:
        reject(desk, name)
    service.quota = (500, 54, reset)
    desk.until_idle()
    assert len(desk.store.reason_notes(10)) + len(service.contexts) == 3
    assert desk.store.reason_notes(10)
    assert desk.engine.next_at() is not None
    desk.clock.advance(31 * 60)
    service.quota = (500, 500, desk.clock.now() + timedelta(hours=1))
    desk.until_idle()
    assert len(service.contexts) == 3


def test_a_reason_that_is_refused_is_given_up_and_harms_nothing(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(2), write_reasons=True)
    reject(desk, "p0")
    desk.checkpoint = lambda name: (
        desk.service.script(scripted.refused, method="POST") if name == "noting" else None
    )
    assert desk.until_idle().connection is Connection.ONLINE
    assert desk.store.reason_notes(10) == []
    assert desk.service.statuses["p0"] == "rejected"


def test_a_reason_of_which_nothing_clear_comes_is_given_up_in_the_end(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(1), write_reasons=True)
    reject(desk)
    desk.checkpoint = lambda name: (
        desk.service.script(scripted.server_error, method="POST") if name == "noting" else None
    )
    for _ in range(MOST_ATTEMPTS):
        assert len(desk.store.reason_notes(10)) <= 1
        desk.until_idle()
        desk.clock.advance(61)
    assert desk.store.reason_notes(10) == []
    assert desk.service.statuses["p0"] == "rejected"


def test_without_the_network_a_reason_waits(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(1), write_reasons=True)
    reject(desk)
    desk.checkpoint = lambda name: (
        desk.service.script(scripted.never_sent, times=None) if name == "noting" else None
    )
    desk.until_idle()
    assert len(desk.store.reason_notes(10)) == 1
    desk.checkpoint = lambda _name: None
    desk.service.mend()
    desk.clock.advance(600)
    desk.until_idle()
    assert desk.service.contexts == {"p0": NUDITY}


def test_a_rejection_that_was_reversed_leaves_no_accusation(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(service_of(1), write_reasons=True)
    reject(desk)
    desk.until_idle()
    needs = desk.store.undo(actor="mod")
    desk.store.reverse(needs.decision_ids[0], actor="mod", hold=timedelta(0))
    desk.until_idle()
    assert desk.service.statuses["p0"] == "approved"
    assert desk.service.contexts["p0"]["moderation_reason"] == "withdrawn"


def test_an_approval_writes_nothing(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(service_of(1), write_reasons=True)
    desk.decide("p0", APPROVE)
    desk.until_idle()
    assert desk.service.contexts == {}
