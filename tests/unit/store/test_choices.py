from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from helpers.assets import (
    APPROVE,
    APPROVED,
    AT_ONCE,
    HOLD,
    MANUAL_PENDING,
    PENDING,
    REJECT,
    REJECTED,
    draft_for,
    fill,
    make_asset,
    make_assets,
)
from helpers.outbox_steps import attempt, queue, status_of
from modstation.core.decisions import Action
from modstation.core.errors import Unknown
from modstation.core.outbox import Acknowledged, Failed, OperationState
from modstation.core.settling import settle
from modstation.store.station_store import NeedsReversal, Undone

if TYPE_CHECKING:
    from modstation.core.assets import Asset
    from modstation.core.clock import ManualClock
    from modstation.store.station_store import StationStore


def test_a_decision_leaves_the_queue_and_waits_for_its_undo_window(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    saved = store.decide(draft_for(photos[0]), hold=HOLD)

    assert queue(store) == ["0002", "0003", "0004", "0005"]
    assert saved.operation.state is OperationState.HELD
    assert saved.operation.due_at == clock.now() + HOLD
    assert saved.counts == store.counts()
    assert (saved.counts.waiting, saved.counts.held, saved.counts.decided) == (4, 1, 1)
    assert store.operations({OperationState.HELD}) == [saved.operation]


def test_nothing_is_claimed_before_the_undo_window_is_over(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0]), hold=HOLD)
    assert store.release_due(clock.now()) == 0
    assert store.claim(8, clock.now()) == []
    assert store.next_due() == clock.now() + HOLD

    clock.advance(10)
    assert store.release_due(clock.now()) == 1
    assert len(store.claim(8, clock.now())) == 1


def test_post_now_releases_every_held_decision(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide_many([draft_for(photo) for photo in photos], hold=HOLD)
    assert store.release_held() == 5
    assert len(store.claim(8, clock.now())) == 5


def test_rejections_are_claimed_first_then_the_oldest(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    for photo, verdict in zip(photos, [APPROVE, REJECT, APPROVE, REJECT, APPROVE], strict=True):
        store.decide(draft_for(photo, verdict), hold=AT_ONCE)
        clock.advance(1)
    claimed = store.claim(4, clock.now())
    assert [row.ref.public_id[-1] for row in claimed] == ["2", "4", "1", "3"]


def test_an_acknowledgement_gives_the_asset_the_status_that_was_sent(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0], REJECT), hold=AT_ONCE)
    done = attempt(store, clock, Acknowledged(REJECTED))
    assert done.state is OperationState.DONE
    assert done.settled_at == clock.now()
    assert status_of(store, photos[0]) is REJECTED
    assert queue(store) == ["0002", "0003", "0004", "0005"]
    assert store.counts().done == 1


def test_undo_before_posting_puts_the_image_back_where_it_was(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    before = store.window(MANUAL_PENDING, around=None, before=0, after=10)
    saved = store.decide(draft_for(photos[1], REJECT, reason_code="nudity"), hold=HOLD)
    store.decide(draft_for(photos[2]), hold=HOLD)
    store.undo(actor="mod")
    undone = store.undo(actor="mod")

    assert isinstance(undone, Undone)
    assert undone.step.label == "Reject photos/0002 (nudity)"
    assert undone.step.decision_id == saved.decision.decision_id
    assert undone.position == before[1].position
    assert undone.verdict is REJECT
    after = store.window(MANUAL_PENDING, around=None, before=0, after=10)
    assert after == [before[0], replace(before[1], reasons=("nudity",)), *before[2:]]
    store.release_held()
    assert store.claim(8, clock.now()) == []
    assert store.undo(actor="mod") is None


def test_undo_is_a_row_of_the_log_too(store: StationStore, photos: list[Asset]) -> None:
    saved = store.decide(draft_for(photos[0]), hold=HOLD)
    store.undo(actor="somebody else")
    rows = list(store.iterate_decisions())
    assert [row.draft.action for row in rows] == [Action.DECIDE, Action.UNDO]
    assert rows[1].draft.refers_to == saved.decision.decision_id
    assert rows[1].draft.actor == "somebody else"
    [row] = store.recent_decisions()
    assert row.decision == saved.decision
    assert row.operation.state is OperationState.CANCELLED


def test_redo_makes_the_undone_decisions_again_in_order(
    store: StationStore, photos: list[Asset]
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=HOLD)
    store.decide(draft_for(photos[1], REJECT), hold=HOLD)
    store.undo(actor="mod")
    store.undo(actor="mod")
    [first] = store.redo(actor="mod", hold=HOLD)
    [second] = store.redo(actor="mod", hold=HOLD)
    assert [first.operation.ref, second.operation.ref] == [photos[0].ref, photos[1].ref]
    assert [first.operation.target, second.operation.target] == [APPROVED, REJECTED]
    assert store.redo(actor="mod", hold=HOLD) == []
    undone = store.undo(actor="mod")
    assert isinstance(undone, Undone)
    assert undone.key == photos[1].key


def test_a_new_decision_ends_what_could_be_redone(store: StationStore, photos: list[Asset]) -> None:
    store.decide(draft_for(photos[0]), hold=HOLD)
    store.undo(actor="mod")
    store.decide(draft_for(photos[1]), hold=HOLD)
    assert store.redo(actor="mod", hold=HOLD) == []


def test_undo_is_fifty_deep(store: StationStore, clock: ManualClock) -> None:
    assets = make_assets(60)
    fill(store, assets, at=clock.now())
    store.decide_many([draft_for(asset) for asset in assets], hold=HOLD)
    undone = 0
    while isinstance(store.undo(actor="mod"), Undone):
        undone += 1
    assert undone == 50


def test_what_was_posted_needs_a_reversal(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    saved = store.decide(draft_for(photos[0], REJECT, reason_code="spam"), hold=AT_ONCE)
    attempt(store, clock, Acknowledged(REJECTED))
    offer = store.undo(actor="mod")
    assert isinstance(offer, NeedsReversal)
    assert (offer.verdict, offer.posted_status) == (REJECT, REJECTED)
    assert len(store.recent_decisions()) == 1

    reversal = store.reverse(saved.decision.decision_id, actor="mod", hold=AT_ONCE)
    assert reversal.operation.target is APPROVED
    assert reversal.operation.expected == {REJECTED}
    assert reversal.decision.draft.action is Action.REVERSE
    assert reversal.decision.draft.reason_code is None
    attempt(store, clock, Acknowledged(APPROVED))
    assert status_of(store, photos[0]) is APPROVED


def test_a_reversal_can_say_what_was_seen_and_why(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    saved = store.decide(draft_for(photos[0], APPROVE, note="fine"), hold=AT_ONCE)
    attempt(store, clock, Acknowledged(APPROVED))
    look = draft_for(photos[0], REJECT, reason_code="spam", dwell_ms=900, policy_version="7")
    reversal = store.reverse(saved.decision.decision_id, actor="mod", hold=AT_ONCE, look=look)
    draft = reversal.decision.draft
    assert (draft.reason_code, draft.dwell_ms, draft.policy_version) == ("spam", 900, "7")
    assert draft.note is None
    assert draft.expected == {APPROVED}


def test_one_decision_is_taken_back_from_the_middle(
    store: StationStore, photos: list[Asset]
) -> None:
    saved = [store.decide(draft_for(photo), hold=HOLD) for photo in photos[:3]]
    undone = store.undo_one(saved[1].decision.decision_id, actor="mod")
    assert isinstance(undone, Undone)
    assert undone.key == photos[1].key
    assert queue(store) == ["0002", "0004", "0005"]
    assert store.undo_one(saved[1].decision.decision_id, actor="mod") is None
    last = store.undo(actor="mod")
    assert isinstance(last, Undone)
    assert last.key == photos[2].key


def test_one_decision_that_is_posted_needs_a_reversal(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    saved = store.decide(draft_for(photos[0]), hold=AT_ONCE)
    attempt(store, clock, Acknowledged(APPROVED))
    store.decide(draft_for(photos[1]), hold=HOLD)
    assert isinstance(store.undo_one(saved.decision.decision_id, actor="mod"), NeedsReversal)


def test_an_amended_decision_is_a_new_row_and_the_only_one_that_is_posted(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    first = store.decide(draft_for(photos[0], REJECT, reason_code="spam"), hold=HOLD)
    amended = store.amend(
        first.decision.decision_id, draft_for(photos[0], REJECT, reason_code="nudity"), hold=AT_ONCE
    )
    assert amended is not None
    assert amended.decision.draft.refers_to == first.decision.decision_id
    assert amended.decision.draft.expected == {PENDING}
    [claimed] = store.claim(8, clock.now())
    assert (claimed.operation_id, claimed.reason_code) == (amended.decision.decision_id, "nudity")
    states = [row.operation.state for row in store.recent_decisions()]
    assert states == [OperationState.IN_FLIGHT, OperationState.CANCELLED]


def test_undoing_an_amendment_brings_back_what_it_replaced(
    store: StationStore, photos: list[Asset]
) -> None:
    first = store.decide(draft_for(photos[0], REJECT), hold=HOLD)
    store.amend(first.decision.decision_id, draft_for(photos[0], APPROVE), hold=HOLD)
    assert isinstance(store.undo(actor="mod"), Undone)
    [held] = store.operations({OperationState.HELD})
    assert held.operation_id == first.operation.operation_id


def test_what_is_posted_or_replaced_cannot_be_amended(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    posted = store.decide(draft_for(photos[0]), hold=AT_ONCE)
    store.claim(1, clock.now())
    assert store.amend(posted.decision.decision_id, draft_for(photos[0], REJECT), hold=HOLD) is None
    older = store.decide(draft_for(photos[1]), hold=HOLD)
    store.decide(draft_for(photos[1], REJECT), hold=HOLD)
    assert store.amend(older.decision.decision_id, draft_for(photos[1], REJECT), hold=HOLD) is None


def test_an_amendment_expects_what_the_moderator_was_shown_first(
    store: StationStore, photos: list[Asset]
) -> None:
    first = store.decide(draft_for(photos[0], REJECT), hold=HOLD)
    store.upsert_asset(make_asset(1, status=APPROVED))
    amended = store.amend(
        first.decision.decision_id, draft_for(make_asset(1, status=APPROVED)), hold=HOLD
    )
    assert amended is not None
    assert amended.operation.expected == {PENDING}
    assert amended.operation.verify


def test_the_history_is_somebody_s_last_decisions_with_what_became_of_them(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0]), hold=AT_ONCE)
    store.decide(draft_for(photos[1], actor="somebody else"), hold=HOLD)
    attempt(store, clock, Acknowledged(APPROVED))
    store.decide(draft_for(photos[2], REJECT), hold=HOLD)
    rows = store.recent_decisions(actor="mod")
    assert [row.entry.asset.ref.public_id[-1] for row in rows] == ["3", "1"]
    assert [row.operation.state.value for row in rows] == ["held", "done"]
    assert rows[1].entry.asset.status is APPROVED
    assert len(store.recent_decisions(1)) == 1


def test_what_is_being_posted_cannot_be_undone_silently(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0]), hold=AT_ONCE)
    store.claim(1, clock.now())
    assert isinstance(store.undo(actor="mod"), NeedsReversal)


def test_a_reversal_of_an_unclear_posting_expects_both_statuses(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    saved = store.decide(draft_for(photos[0]), hold=AT_ONCE)
    attempt(store, clock, Failed(Unknown("no answer")))
    assert isinstance(store.undo(actor="mod"), NeedsReversal)
    reversal = store.reverse(saved.decision.decision_id, actor="mod", hold=AT_ONCE)
    assert reversal.operation.expected == {PENDING, APPROVED}


def test_settling_what_is_not_in_flight_is_a_bug(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    saved = store.decide(draft_for(photos[0]), hold=AT_ONCE)
    transition = settle(saved.operation, Acknowledged(APPROVED), now=clock.now())
    with pytest.raises(ValueError, match="not in flight"):
        store.apply(saved.operation.operation_id, transition, now=clock.now())


def test_deciding_an_asset_that_nobody_listed_is_a_bug(store: StationStore) -> None:
    with pytest.raises(LookupError):
        store.decide(draft_for(make_asset(99)), hold=HOLD)
    assert store.recent_decisions() == []


def test_a_note_with_half_a_character_is_stored_as_the_chain_vouches_for(
    store: StationStore, photos: list[Asset]
) -> None:
    saved = store.decide(draft_for(photos[0], note="half \ud83d of it"), hold=HOLD)
    assert saved.decision.draft.note == "half ? of it"


def test_decisions_survive_a_program_that_ends_without_closing(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0]), hold=AT_ONCE)
    store.claim(1, clock.now())
    clock.advance(60)
    [recovered] = store.recover_in_flight(clock.now())
    assert (recovered.state, recovered.verify, recovered.sent) == (
        OperationState.READY,
        True,
        True,
    )
    assert store.recover_in_flight(clock.now()) == []


def test_held_decisions_released_late_keep_the_time_they_were_due(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0]), hold=HOLD)
    due = clock.now() + HOLD
    clock.time += timedelta(hours=1)
    store.release_due(clock.now())
    assert store.next_due() == due
