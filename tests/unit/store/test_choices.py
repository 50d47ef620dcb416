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
from modstation.app.languages import load_language
from modstation.core.decisions import Action
from modstation.core.errors import Refused, Unknown, Unreachable
from modstation.core.language import ENGLISH, use
from modstation.core.outbox import (
    REPLACED,
    Acknowledged,
    Failed,
    Observed,
    Operation,
    OperationState,
)
from modstation.core.settling import settle
from modstation.store.station_store import NeedsReversal, Undone

if TYPE_CHECKING:
    from modstation.core.assets import Asset, ModerationStatus
    from modstation.core.clock import ManualClock
    from modstation.core.decisions import Verdict
    from modstation.core.outbox import Outcome
    from modstation.store.station_store import StationStore


@pytest.fixture
def photos(store: StationStore, clock: ManualClock) -> list[Asset]:
    assets = make_assets(5)
    fill(store, assets, at=clock.now())
    return assets


def queue(store: StationStore) -> list[str]:
    entries = store.window(MANUAL_PENDING, around=None, before=0, after=100)
    return [entry.asset.ref.public_id.removeprefix("photos/") for entry in entries]


def attempt(store: StationStore, clock: ManualClock, outcome: Outcome) -> Operation:
    [operation] = store.claim(1, clock.now())
    transition = settle(operation, outcome, now=clock.now())
    return store.apply(operation.operation_id, transition, now=clock.now())


def status_of(store: StationStore, asset: Asset) -> ModerationStatus:
    entry = store.entry(asset.key)
    assert entry is not None
    return entry.asset.status


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


def conflict(store: StationStore, clock: ManualClock, photo: Asset) -> Operation:
    store.decide(draft_for(photo, REJECT), hold=AT_ONCE)
    return attempt(store, clock, Observed(APPROVED))


def test_a_conflict_waits_in_its_tray_and_not_in_the_queue(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    row = conflict(store, clock, photos[0])
    assert (row.state, row.theirs) == (OperationState.CONFLICTED, APPROVED)
    assert store.operations({OperationState.CONFLICTED}) == [row]
    assert queue(store) == ["0002", "0003", "0004", "0005"]
    assert status_of(store, photos[0]) is APPROVED


def test_keep_mine_posts_the_same_verdict_over_theirs(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    row = conflict(store, clock, photos[0])
    store.resolve_conflict(row.operation_id, Action.KEEP_MINE, actor="mod", hold=AT_ONCE)
    [again] = store.claim(8, clock.now())
    assert (again.target, again.expected) == (REJECTED, {APPROVED})
    assert store.counts().conflicted == 0


def test_undoing_keep_mine_brings_the_conflict_back(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    row = conflict(store, clock, photos[0])
    store.resolve_conflict(row.operation_id, Action.KEEP_MINE, actor="mod", hold=HOLD)
    assert isinstance(store.undo(actor="mod"), Undone)
    [again] = store.operations({OperationState.CONFLICTED})
    assert (again.operation_id, again.theirs) == (row.operation_id, APPROVED)


def test_accept_theirs_ends_our_choice(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    row = conflict(store, clock, photos[0])
    logged = store.resolve_conflict(
        row.operation_id, Action.ACCEPT_THEIRS, actor="mod", hold=AT_ONCE
    )
    assert logged is not None
    assert logged.draft.verdict is APPROVE
    assert store.claim(8, clock.now()) == []
    assert "0001" not in queue(store)
    assert store.undo(actor="mod") is None
    assert (
        store.resolve_conflict(row.operation_id, Action.KEEP_MINE, actor="mod", hold=AT_ONCE)
        is None
    )


def test_look_again_puts_the_image_back_into_the_queue(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    row = conflict(store, clock, photos[0])
    store.resolve_conflict(row.operation_id, Action.LOOK_AGAIN, actor="mod", hold=AT_ONCE)
    assert queue(store)[0] == "0001"
    [entry, *_] = store.window(MANUAL_PENDING, around=None, before=0, after=1)
    assert entry.asset.status is APPROVED

    # The service does not list it as pending: it stays all the same.
    clock.advance(3600)
    fill(store, photos[1:], at=clock.now(), pass_id="pass-2")
    assert queue(store)[0] == "0001"

    store.decide(draft_for(entry.asset, REJECT), hold=AT_ONCE)
    attempt(store, clock, Acknowledged(REJECTED))
    assert queue(store) == ["0002", "0003", "0004", "0005"]


def test_look_again_brings_back_what_no_list_shows_any_more(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    clock.advance(3600)
    fill(store, photos[1:], at=clock.now(), pass_id="pass-2")
    assert "0001" not in queue(store), "settled elsewhere while it was on the stage"
    row = conflict(store, clock, photos[0])
    store.resolve_conflict(row.operation_id, Action.LOOK_AGAIN, actor="mod", hold=AT_ONCE)
    assert queue(store)[0] == "0001"


def test_a_parked_row_can_be_retried_undone_or_dropped(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0]), hold=AT_ONCE)
    parked = attempt(store, clock, Failed(Refused("not allowed")))
    assert (parked.state, parked.error_code) == (OperationState.PARKED, "refused")
    assert "0001" not in queue(store)

    assert store.retry_parked(parked.operation_id)
    assert not store.retry_parked(parked.operation_id)
    [again] = store.claim(8, clock.now())
    assert (again.verify, again.attempts) == (True, 0)
    transition = settle(again, Failed(Refused("not allowed")), now=clock.now())
    store.apply(again.operation_id, transition, now=clock.now())

    assert store.drop(again.operation_id, actor="mod", note="nobody knows this image")
    assert not store.drop(again.operation_id, actor="mod")
    assert "0001" in queue(store)
    assert store.undo(actor="mod") is None


def test_a_row_in_flight_cannot_be_dropped(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0]), hold=AT_ONCE)
    [row] = store.claim(1, clock.now())
    assert not store.drop(row.operation_id, actor="mod")


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


def test_a_picture_that_was_replaced_while_it_was_on_the_screen_is_read_before_posting(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.upsert_asset(make_asset(1, version=2))
    saved = store.decide(draft_for(photos[0]), hold=HOLD)
    assert saved.operation.verify


def test_a_picture_that_is_replaced_while_its_decision_waits_is_read_before_posting(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0]), hold=HOLD)
    store.decide(draft_for(photos[1]), hold=HOLD)
    fill(store, [make_asset(1, version=2), photos[1]], at=clock.now(), pass_id="pass-2")
    store.release_held()
    claimed = store.claim(8, clock.now())
    assert [(row.ref.public_id[-1], row.verify) for row in claimed] == [("1", True), ("2", False)]
    seen = Observed(PENDING, asset_id="id-of-photos/0001", version=2)
    row = settle(claimed[0], seen, now=clock.now())
    assert (row.state, row.error_code) == (OperationState.CONFLICTED, "replaced")


def conflict_about_a_new_picture(
    store: StationStore, photo: Asset, verdict: Verdict, clock: ManualClock
) -> Operation:
    store.decide(draft_for(photo, verdict), hold=AT_ONCE)
    [row] = store.claim(1, clock.now())
    asset = replace(photo, version=2)
    seen = Observed(PENDING, asset_id=photo.asset_id, version=2)
    transition = settle(row, seen, now=clock.now())
    return store.apply(row.operation_id, transition, now=clock.now(), asset=asset)


def test_an_approval_is_not_kept_for_a_picture_that_nobody_has_seen(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    row = conflict_about_a_new_picture(store, photos[0], APPROVE, clock)
    assert row.error_code == REPLACED
    kept = store.resolve_conflict(row.operation_id, Action.KEEP_MINE, actor="mod", hold=HOLD)
    assert kept is None
    [still] = store.operations({OperationState.CONFLICTED})
    assert still.operation_id == row.operation_id
    store.resolve_conflict(row.operation_id, Action.LOOK_AGAIN, actor="mod", hold=HOLD)
    assert "0001" in queue(store)


def test_a_rejection_may_be_kept_for_the_picture_that_came_instead(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    row = conflict_about_a_new_picture(store, photos[0], REJECT, clock)
    assert store.resolve_conflict(row.operation_id, Action.KEEP_MINE, actor="mod", hold=HOLD)


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


def test_what_we_posted_ourselves_since_is_no_conflict_for_a_redo(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=AT_ONCE)
    [first] = store.claim(1, clock.now())
    store.decide(draft_for(photos[0], REJECT), hold=HOLD)
    assert isinstance(store.undo(actor="mod"), Undone)
    transition = settle(first, Acknowledged(APPROVED), now=clock.now())
    store.apply(first.operation_id, transition, now=clock.now())

    [again] = store.redo(actor="mod", hold=AT_ONCE)
    assert again.operation.expected == {PENDING, APPROVED}


def test_what_we_posted_before_somebody_else_reset_it_is_not_expected(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    store.decide(draft_for(photos[0], APPROVE), hold=AT_ONCE)
    attempt(store, clock, Acknowledged(APPROVED))
    store.upsert_asset(photos[0])
    saved = store.decide(draft_for(photos[0], REJECT), hold=AT_ONCE)
    assert saved.operation.expected == {PENDING}


def test_where_nobody_decided_there_is_no_verdict_to_accept(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    row = conflict_about_a_new_picture(store, photos[0], REJECT, clock)
    accepted = store.resolve_conflict(
        row.operation_id, Action.ACCEPT_THEIRS, actor="mod", hold=HOLD
    )
    assert accepted is None
    assert store.operations({OperationState.CONFLICTED}) == [row]


def decide_at_one_stroke(
    store: StationStore, assets: list[Asset], *, hold: timedelta = HOLD, rejected: int = 1
) -> list[str]:
    """The first ones rejected, the rest approved, as the grid does; the decision ids."""
    drafts = [
        draft_for(asset, REJECT if number < rejected else APPROVE, batch_id="batch-1")
        for number, asset in enumerate(assets)
    ]
    return [saved.decision.decision_id for saved in store.decide_many(drafts, hold=hold)]


def test_many_decided_at_one_stroke_are_one_step(store: StationStore, photos: list[Asset]) -> None:
    store.decide(draft_for(photos[0]), hold=HOLD)
    waiting = queue(store)
    decide_at_one_stroke(store, photos[1:5])
    undone = store.undo(actor="mod")
    assert isinstance(undone, Undone)
    assert undone.step.label == "Reject 1, approve 3 images"
    assert [member.key for member in undone.members] == [photo.key for photo in photos[1:5]]
    assert queue(store) == waiting
    assert undone.left == 0
    before = store.undo(actor="mod")
    assert isinstance(before, Undone)
    assert before.key == photos[0].key


def test_a_step_is_named_in_the_language_of_the_day(
    store: StationStore, photos: list[Asset]
) -> None:
    store.decide(draft_for(photos[0], REJECT, reason_code="nudity"), hold=HOLD)
    decide_at_one_stroke(store, photos[1:5])
    use(load_language("de"))
    try:
        many, one = store.undo(actor="mod"), store.undo(actor="mod")
    finally:
        use(ENGLISH)
    assert isinstance(many, Undone)
    assert isinstance(one, Undone)
    assert many.step.label == "Ablehnung von 1, Freigabe von 3 Bildern"
    assert one.step.label == "Ablehnung von photos/0001 (nudity)"


def test_one_of_many_is_taken_back_alone_and_the_rest_stays_one_step(
    store: StationStore, photos: list[Asset]
) -> None:
    decisions = decide_at_one_stroke(store, photos[:4])
    undone = store.undo_one(decisions[2], actor="mod")
    assert isinstance(undone, Undone)
    assert [member.key for member in undone.members] == [photos[2].key]
    assert undone.step.label == "Approve photos/0003"
    assert "0003" in queue(store)
    assert store.undo_one(decisions[2], actor="mod") is None
    rest = store.undo(actor="mod")
    assert isinstance(rest, Undone)
    assert len(rest.members) == 3
    assert store.verify_chain() is None
    assert store.drift() == []


def test_redo_makes_all_of_a_step_again(store: StationStore, photos: list[Asset]) -> None:
    decide_at_one_stroke(store, photos[:4])
    store.undo(actor="mod")
    again = store.redo(actor="mod", hold=HOLD)
    assert [saved.operation.ref for saved in again] == [photo.ref for photo in photos[:4]]
    assert [saved.operation.target for saved in again] == [REJECTED, APPROVED, APPROVED, APPROVED]
    undone = store.undo(actor="mod")
    assert isinstance(undone, Undone)
    assert len(undone.members) == 4


def test_of_a_step_that_is_partly_posted_the_rest_is_taken_back_and_then_reversal_is_offered(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    decisions = decide_at_one_stroke(store, photos[:4], hold=AT_ONCE)
    [posted] = store.claim(1, clock.now())
    undone = store.undo(actor="mod")
    assert isinstance(undone, Undone)
    assert (len(undone.members), undone.left) == (3, 1)
    offer = store.undo(actor="mod")
    assert isinstance(offer, NeedsReversal)
    assert offer.decision_ids == (posted.decision_id,) == (decisions[0],)


def test_many_that_are_posted_are_reversed_as_one_step(
    store: StationStore, photos: list[Asset], clock: ManualClock
) -> None:
    decide_at_one_stroke(store, photos[:3], hold=AT_ONCE)
    for operation in store.claim(8, clock.now()):
        transition = settle(operation, Acknowledged(operation.target), now=clock.now())
        store.apply(operation.operation_id, transition, now=clock.now())
    offer = store.undo(actor="mod")
    assert isinstance(offer, NeedsReversal)
    reversed_ = store.reverse_many(offer.decision_ids, actor="mod", hold=HOLD)
    assert [saved.operation.target for saved in reversed_] == [APPROVED, REJECTED, REJECTED]
    undone = store.undo(actor="mod")
    assert isinstance(undone, Undone)
    assert len(undone.members) == 3


def test_a_step_of_more_than_one_transaction_is_still_one(
    store: StationStore, clock: ManualClock
) -> None:
    assets = make_assets(450)
    fill(store, assets, at=clock.now())
    decide_at_one_stroke(store, assets, rejected=0)
    assert store.counts().held == 450
    undone = store.undo(actor="mod")
    assert isinstance(undone, Undone)
    assert len(undone.members) == 450
    assert store.counts().held == 0
    assert len(store.redo(actor="mod", hold=HOLD)) == 450
    assert store.drift() == []
