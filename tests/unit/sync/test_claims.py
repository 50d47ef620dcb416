"""What colleagues have in hand stays out of this moderator's way, and comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from helpers.scripted_service import Act, ScriptedService, not_authorized, refused
from helpers.sync_desk import Desk
from modstation.core.events import Connection, HeldElsewhere
from modstation.sync.settings import SyncSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

NAMES = [f"p{number:03}" for number in range(60)]


@pytest.fixture
def service() -> ScriptedService:
    return ScriptedService(list(NAMES), claims=True)


@pytest.fixture
def desk(tmp_path: Path, service: ScriptedService) -> Iterator[Desk]:
    desk = Desk(tmp_path, service, settings=SyncSettings(claim_ahead=40))
    yield desk
    desk.close()


def waiting(desk: Desk) -> list[str]:
    entries = desk.store.window(desk.view, around=None, before=0, after=100)
    return [entry.asset.ref.public_id for entry in entries]


def later(desk: Desk, **time: float) -> str:
    return (desk.clock.now() + timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def claims(service: ScriptedService) -> int:
    return service.asked_for("POST", "modstation/claims")


def test_the_next_images_are_leased_before_they_are_shown(
    desk: Desk, service: ScriptedService
) -> None:
    desk.pull()
    assert service.claimed == NAMES[:40]
    assert waiting(desk) == NAMES


def test_what_colleagues_have_is_passed_over_until_their_lease_is_over(
    desk: Desk, service: ScriptedService
) -> None:
    service.elsewhere = dict.fromkeys(NAMES[:50], later(desk, minutes=10))
    desk.pull()
    assert waiting(desk) == NAMES[50:]
    assert desk.store.counts(desk.view).waiting == 10
    told = [event.count for event in desk.events if isinstance(event, HeldElsewhere)]
    # The first forty were leased before they were stored: nobody has seen them come and go.
    assert sum(told) == 10
    service.elsewhere = {}
    desk.clock.advance(601)
    desk.until_idle()
    assert waiting(desk) == NAMES
    assert not desk.store.held_elsewhere(100)


def test_what_a_colleague_gives_back_returns_when_the_queue_runs_dry(
    desk: Desk, service: ScriptedService
) -> None:
    service.elsewhere = dict.fromkeys(NAMES[:50], later(desk, minutes=10))
    desk.pull()
    service.elsewhere = dict.fromkeys(NAMES[:5], later(desk, minutes=10))
    desk.clock.advance(31)
    desk.until_idle()
    assert waiting(desk) == NAMES[5:]


def test_a_lease_is_prolonged_while_the_station_runs(desk: Desk, service: ScriptedService) -> None:
    desk.pull()
    asked = claims(service)
    desk.clock.advance(120)
    desk.until_idle()
    assert claims(service) == asked
    desk.clock.advance(200)
    desk.until_idle()
    assert claims(service) == asked + 1


def test_deciding_leases_what_comes_after(desk: Desk, service: ScriptedService) -> None:
    desk.pull()
    for name in NAMES[:20]:
        desk.decide(name)
    desk.clock.advance(6)
    desk.until_idle()
    assert service.claimed == NAMES


def test_a_station_that_ends_gives_back_what_it_did_not_decide(
    desk: Desk, service: ScriptedService
) -> None:
    desk.pull()
    desk.engine.give_back()
    assert service.claimed == []
    assert service.asked_for("POST", "claims/release") == 1


def test_a_station_that_is_offline_keeps_quiet_about_its_leases(
    desk: Desk, service: ScriptedService
) -> None:
    desk.pull()
    desk.engine.set_offline(offline=True)
    asked = claims(service)
    desk.clock.advance(3600)
    desk.until_idle()
    desk.engine.give_back()
    assert claims(service) == asked


def test_the_name_at_the_service_stays_the_same_after_a_restart(
    desk: Desk, service: ScriptedService
) -> None:
    desk.pull()
    holder = desk.store.get_state("holder")
    desk.restart()
    desk.pull()
    assert holder is not None
    assert desk.store.get_state("holder") == holder


def test_a_service_that_leases_nothing_is_asked_for_nothing(tmp_path: Path) -> None:
    service = ScriptedService(list(NAMES), batch=10)
    desk = Desk(tmp_path, service)
    desk.pull()
    desk.clock.advance(60)
    desk.until_idle()
    assert claims(service) == 0
    desk.close()


def test_a_refused_lease_hides_nothing(desk: Desk, service: ScriptedService) -> None:
    service.script(refused, method="POST", path="modstation/claims", times=None)
    desk.pull()
    assert waiting(desk) == NAMES
    assert desk.engine.connection is Connection.ONLINE


def test_a_key_that_is_refused_is_trouble_as_everywhere(
    desk: Desk, service: ScriptedService
) -> None:
    service.script(not_authorized, method="POST", path="modstation/claims", times=None)
    desk.pull()
    assert desk.engine.connection is Connection.NOT_AUTHORIZED
    assert waiting(desk) == NAMES


def test_what_a_colleague_has_and_decides_is_listed_as_it_is(
    desk: Desk, service: ScriptedService
) -> None:
    service.elsewhere = {NAMES[0]: later(desk, minutes=10)}
    desk.pull()
    service.statuses[NAMES[0]] = "rejected"
    desk.clock.advance(61)
    desk.until_idle()
    assert waiting(desk) == NAMES[1:]
    assert not desk.store.drift()


def test_what_a_colleague_decided_and_left_does_not_come_back_as_waiting(
    desk: Desk, service: ScriptedService
) -> None:
    service.elsewhere = dict.fromkeys(NAMES[:50], later(desk, minutes=10))
    desk.pull()
    service.statuses |= dict.fromkeys(NAMES[:5], "rejected")
    service.elsewhere = {}
    desk.clock.advance(31)
    desk.engine.step()
    assert waiting(desk) == NAMES[5:]
    assert not desk.store.drift()
    # Put back into its queue at the service, it waits here too.
    service.statuses[NAMES[0]] = "pending"
    desk.pull()
    assert waiting(desk) == [NAMES[0], *NAMES[5:]]


def test_offline_a_colleagues_lease_runs_out_by_itself(
    desk: Desk, service: ScriptedService
) -> None:
    service.elsewhere = dict.fromkeys(NAMES[:50], later(desk, minutes=10))
    desk.pull()
    desk.engine.set_offline(offline=True)
    desk.clock.advance(599)
    desk.until_idle()
    assert waiting(desk) == NAMES[50:]
    desk.clock.advance(2)
    desk.until_idle()
    assert waiting(desk) == NAMES


def test_a_lease_that_its_holder_prolonged_stays_his(desk: Desk, service: ScriptedService) -> None:
    service.elsewhere = dict.fromkeys(NAMES[:50], later(desk, minutes=10))
    desk.pull()
    service.elsewhere = dict.fromkeys(NAMES[:49], later(desk, minutes=20))
    desk.clock.advance(601)
    desk.until_idle()
    assert waiting(desk) == NAMES[49:]


def test_what_is_decided_between_listing_and_leasing_is_never_shown(
    desk: Desk, service: ScriptedService
) -> None:
    def decided_meanwhile(_request: httpx.Request, act: Act) -> httpx.Response:
        service.statuses |= dict.fromkeys(NAMES[:2], "rejected")
        return act()

    service.script(decided_meanwhile, method="POST", path="modstation/claims")
    desk.pull()
    assert waiting(desk) == NAMES[2:]
    assert not desk.store.drift()
