from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.errors import (
    AssetGone,
    NotAuthorized,
    Refused,
    RemoteError,
    Throttled,
    Unknown,
    Unreachable,
    UnsafeAddress,
)
from modstation.core.outbox import (
    Acknowledged,
    Failed,
    Observed,
    Operation,
    OperationState,
    Transition,
)
from modstation.core.settling import (
    ATTEMPTS_BEFORE_PARKING,
    BACKOFF_FIRST,
    BACKOFF_MOST,
    FORBIDDEN_BEFORE_PARKING,
    backoff,
    compare,
    forbid,
    needs_reading,
    recover,
    respect_newer,
    settle,
)

NOW = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
PENDING, APPROVED, REJECTED = (
    ModerationStatus.PENDING,
    ModerationStatus.APPROVED,
    ModerationStatus.REJECTED,
)
S = OperationState
SENDING = Operation(
    operation_id="1",
    decision_id="1",
    ref=AssetRef("image", "upload", "cat"),
    target=APPROVED,
    state=S.IN_FLIGHT,
    due_at=NOW,
    decided_at=NOW,
    asset_id="a1",
    version=1,
    attempts=2,
)


# what happened, then: state, sent, attempts counted, verify, error code
@pytest.mark.parametrize(
    ("outcome", "state", "sent", "counted", "verify", "code"),
    [
        (Acknowledged(APPROVED), S.DONE, True, 1, False, None),
        (Observed(APPROVED), S.DONE, False, 0, False, None),
        (Observed(PENDING), S.READY, False, 0, False, None),
        (Observed(REJECTED), S.CONFLICTED, False, 0, False, "conflict"),
        (Observed(PENDING, asset_id="a2"), S.CONFLICTED, False, 0, False, "replaced"),
        (Observed(PENDING, version=2), S.CONFLICTED, False, 0, False, "replaced"),
        (Failed(Unknown("?")), S.READY, True, 1, True, "unknown"),
        (Failed(Unreachable("?")), S.READY, False, 1, False, "offline"),
        (Failed(Throttled("?")), S.READY, False, 0, False, "throttled"),
        (Failed(NotAuthorized("?")), S.READY, False, 0, False, "not_authorized"),
        (Failed(AssetGone("?")), S.PARKED, False, 1, False, "gone"),
        (Failed(Refused("?")), S.PARKED, False, 1, False, "refused"),
    ],
)
def test_what_becomes_of_an_operation_after_one_attempt(
    outcome: Acknowledged | Observed | Failed,
    state: OperationState,
    sent: bool,
    counted: int,
    verify: bool,
    code: str | None,
) -> None:
    transition = settle(SENDING, outcome, now=NOW)
    assert transition.state is state
    assert transition.sent is sent
    assert transition.attempts == SENDING.attempts + counted
    assert transition.verify is verify
    assert transition.error_code == code
    assert (transition.due_at is not None) == (state is S.READY)


@pytest.mark.parametrize(
    "error", [Unreachable("?"), Throttled("?"), NotAuthorized("?"), Refused("?"), AssetGone("?")]
)
def test_what_was_perhaps_sent_stays_so_whatever_happens_next(error: RemoteError) -> None:
    before = replace(SENDING, sent=True, verify=True)
    assert settle(before, Failed(error), now=NOW).sent


@pytest.mark.parametrize("error", [Unreachable("?"), Throttled("?"), NotAuthorized("?")])
def test_what_must_be_verified_stays_so_until_it_is(error: RemoteError) -> None:
    before = replace(SENDING, sent=True, verify=True)
    assert settle(before, Failed(error), now=NOW).verify


def test_being_offline_for_days_never_parks_a_decision() -> None:
    tired = replace(SENDING, attempts=100_000)
    assert settle(tired, Failed(Unreachable("?")), now=NOW).state is S.READY


def test_a_row_without_a_clear_answer_is_parked_in_the_end() -> None:
    before_last = replace(SENDING, attempts=ATTEMPTS_BEFORE_PARKING - 2)
    assert settle(before_last, Failed(Unknown("?")), now=NOW).state is S.READY
    last = replace(SENDING, attempts=ATTEMPTS_BEFORE_PARKING - 1)
    assert settle(last, Failed(Unknown("?")), now=NOW).state is S.PARKED


def test_a_throttled_row_waits_for_the_hour_to_end_but_never_in_the_past() -> None:
    reset = NOW + timedelta(minutes=20)
    later = settle(SENDING, Failed(Throttled("?", retry_at=reset)), now=NOW)
    assert later.due_at == reset
    past = settle(SENDING, Failed(Throttled("?", retry_at=NOW - timedelta(minutes=1))), now=NOW)
    assert past.due_at == NOW


@pytest.mark.parametrize(
    ("outcome", "widens"),
    [
        (Failed(Unknown("?")), True),
        (Failed(Unreachable("?")), False),
        (Failed(Refused("?")), False),
        (Failed(AssetGone("?")), False),
        (Failed(Throttled("?")), False),
        (Observed(REJECTED), False),
    ],
)
def test_a_replaced_operation_is_never_tried_again(
    outcome: Failed | Observed, widens: bool
) -> None:
    replaced = replace(SENDING, superseded=True)
    transition = settle(replaced, outcome, now=NOW)
    assert transition.state is S.CANCELLED
    assert transition.widen_newer is widens


def test_a_replaced_operation_that_arrived_is_done() -> None:
    replaced = replace(SENDING, superseded=True)
    assert settle(replaced, Acknowledged(APPROVED), now=NOW).state is S.DONE


@pytest.mark.parametrize("state", [S.READY, S.PARKED, S.CONFLICTED])
@pytest.mark.parametrize("sent", [True, False])
def test_a_transition_gives_way_to_a_choice_made_meanwhile(
    state: OperationState, sent: bool
) -> None:
    worked_out = Transition(state, due_at=NOW, sent=sent)
    assert respect_newer(SENDING, worked_out) == worked_out
    corrected = respect_newer(replace(SENDING, superseded=True), worked_out)
    assert (corrected.state, corrected.widen_newer) == (S.CANCELLED, sent)


def test_done_is_done_even_if_a_newer_choice_waits() -> None:
    done = Transition(S.DONE, sent=True)
    assert respect_newer(replace(SENDING, superseded=True), done) == done


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({}, False),
        ({"verify": True}, True),
        ({"decided_offline": True}, True),
        ({"decided_at": NOW - timedelta(minutes=2)}, False),
        ({"decided_at": NOW - timedelta(minutes=2, seconds=1)}, True),
    ],
)
def test_old_offline_and_unclear_decisions_are_compared_first(
    change: dict[str, object], read: bool
) -> None:
    assert needs_reading(replace(SENDING, **change), now=NOW) is read


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (Observed(APPROVED), S.DONE),
        (Observed(APPROVED, asset_id="a2"), S.DONE),
        (Observed(PENDING), None),
        (Observed(PENDING, asset_id="a1", version=1), None),
        (Observed(PENDING, asset_id="a1", version=2), S.CONFLICTED),
        (Observed(PENDING, asset_id="a2", version=1), S.CONFLICTED),
        (Observed(REJECTED), S.CONFLICTED),
        (Observed(ModerationStatus.QUEUED), S.CONFLICTED),
    ],
)
def test_what_a_reading_means(seen: Observed, state: OperationState | None) -> None:
    transition = compare(SENDING, seen)
    assert (transition.state if transition else None) is state
    if transition and transition.state is S.CONFLICTED:
        assert transition.theirs is seen.status


def test_a_restored_backup_is_the_same_picture() -> None:
    reversal = replace(SENDING, target=REJECTED, expected=frozenset({APPROVED}))
    assert compare(reversal, Observed(APPROVED, asset_id="a1", version=7)) is None


def test_what_was_in_flight_at_the_end_is_verified_first() -> None:
    transition = recover(SENDING, now=NOW)
    assert (transition.state, transition.due_at) == (S.READY, NOW)
    assert transition.verify
    assert transition.sent


def test_what_was_in_flight_and_replaced_is_over_at_the_next_start() -> None:
    transition = recover(replace(SENDING, superseded=True), now=NOW)
    assert (transition.state, transition.widen_newer) == (S.CANCELLED, True)


def test_back_off_doubles_up_to_five_minutes() -> None:
    assert [backoff(attempt, 1.0) for attempt in (0, 1, 2, 3, 4)] == [
        BACKOFF_FIRST,
        BACKOFF_FIRST,
        BACKOFF_FIRST * 2,
        BACKOFF_FIRST * 4,
        BACKOFF_FIRST * 8,
    ]
    assert backoff(9, 1.0) == timedelta(seconds=256)
    assert backoff(10, 1.0) == BACKOFF_MOST
    assert backoff(10**9, 1.0) == BACKOFF_MOST


@pytest.mark.parametrize("attempts", [1, 5, 50])
def test_back_off_spreads_over_the_upper_half(attempts: int) -> None:
    full = backoff(attempts, 1.0)
    assert backoff(attempts, 0.0) == full / 2
    assert backoff(attempts, 0.5) == full * 0.75


def test_an_address_we_refuse_is_no_reason_to_forget_the_decision() -> None:
    transition = settle(SENDING, Failed(UnsafeAddress("?")), now=NOW)
    assert transition.state in {S.READY, S.PARKED}


@pytest.mark.parametrize(
    ("attempts", "state"),
    [
        (0, S.READY),
        (FORBIDDEN_BEFORE_PARKING - 2, S.READY),
        (FORBIDDEN_BEFORE_PARKING - 1, S.PARKED),
    ],
)
def test_what_a_good_key_may_not_do_is_parked_at_last(attempts: int, state: OperationState) -> None:
    before = replace(SENDING, attempts=attempts)
    transition = forbid(before, NotAuthorized("no"), now=NOW, jitter=0.5)
    assert (transition.state, transition.attempts) == (state, attempts + 1)
    assert transition.error_code == "forbidden"
    assert (transition.due_at is not None) == (state is S.READY)


def test_a_forbidden_operation_gives_way_to_a_newer_choice() -> None:
    before = replace(SENDING, superseded=True)
    transition = forbid(before, NotAuthorized("no"), now=NOW, jitter=0.5)
    assert transition.state is S.CANCELLED
