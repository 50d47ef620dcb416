from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.assets import APPROVE, APPROVED, AT_ONCE, HOLD, PENDING, REJECT, REJECTED, draft_for
from helpers.outbox_steps import queue
from modstation.core.errors import Refused, Unknown, Unreachable
from modstation.core.outbox import Acknowledged, Failed, OperationState
from modstation.core.settling import settle
from modstation.store.station_store import Undone

if TYPE_CHECKING:
    from modstation.core.assets import Asset, ModerationStatus
    from modstation.core.clock import ManualClock
    from modstation.store.station_store import StationStore


def test_a_newer_choice_replaces_the_waiting_one(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=HOLD)
    store.decide(draft_for(photos[0], REJECT), hold=AT_ONCE)
    [claimed] = store.claim(8, clock.now())
    assert claimed.target is REJECTED
    assert store.counts().held == 0


def test_undoing_the_newer_choice_brings_the_older_one_back(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=HOLD)
    store.decide(draft_for(photos[0], REJECT), hold=HOLD)
    undone = store.undo(actor="mod")
    assert isinstance(undone, Undone)
    assert undone.position is None
    [held] = store.operations({OperationState.HELD})
    assert held.target is APPROVED
    assert not held.superseded
    assert isinstance(store.undo(actor="mod"), Undone)
    assert "0001" in queue(store)


def test_two_operations_of_one_asset_are_never_in_flight_together(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=AT_ONCE)
    [first] = store.claim(8, clock.now())
    store.decide(draft_for(photos[0], REJECT), hold=AT_ONCE)
    assert store.claim(8, clock.now()) == []

    transition = settle(first, Acknowledged(APPROVED), now=clock.now())
    done = store.apply(first.operation_id, transition, now=clock.now())
    assert done.superseded
    [second] = store.claim(8, clock.now())
    assert second.target is REJECTED
    assert APPROVED in second.expected


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Failed(Unknown("timed out")), {PENDING, APPROVED}),
        (Failed(Unreachable("refused")), {PENDING}),
        (Failed(Refused("no")), {PENDING}),
    ],
)
def test_an_older_choice_is_never_sent_again_after_a_newer_one(
    store: StationStore,
    photos: list[Asset],
    clock: ManualClock,
    outcome: Failed,
    expected: set[ModerationStatus],
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=AT_ONCE)
    [first] = store.claim(1, clock.now())
    store.decide(draft_for(photos[0], REJECT), hold=AT_ONCE)
    # Worked out from the row as it was claimed, before the newer choice.
    transition = settle(first, outcome, now=clock.now())
    assert store.apply(first.operation_id, transition, now=clock.now()).state is (
        OperationState.CANCELLED
    )
    clock.advance(3600)
    [second] = store.claim(8, clock.now())
    assert second.target is REJECTED
    assert second.expected == expected


def test_undoing_a_choice_over_one_in_flight_lets_that_one_go_on(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=AT_ONCE)
    [first] = store.claim(1, clock.now())
    store.decide(draft_for(photos[0], REJECT), hold=HOLD)
    assert isinstance(store.undo(actor="mod"), Undone)
    transition = settle(first, Failed(Unknown("timed out")), now=clock.now())
    again = store.apply(first.operation_id, transition, now=clock.now())
    assert (again.state, again.verify) == (OperationState.READY, True)


def test_an_older_choice_that_was_perhaps_sent_is_verified_when_it_counts_again(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=AT_ONCE)
    [first] = store.claim(1, clock.now())
    store.decide(draft_for(photos[0], REJECT), hold=HOLD)
    transition = settle(first, Failed(Unknown("timed out")), now=clock.now())
    store.apply(first.operation_id, transition, now=clock.now())
    assert isinstance(store.undo(actor="mod"), Undone)
    [again] = store.claim(8, clock.now())
    assert (again.operation_id, again.verify, again.sent) == (first.operation_id, True, True)
