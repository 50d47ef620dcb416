from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

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
)
from helpers.outbox_steps import attempt, queue, status_of
from modstation.core.decisions import Action
from modstation.core.errors import Refused
from modstation.core.outbox import (
    REPLACED,
    Acknowledged,
    Failed,
    Observed,
    Operation,
    OperationState,
)
from modstation.core.settling import settle
from modstation.store.station_store import Undone

if TYPE_CHECKING:
    from modstation.core.assets import Asset
    from modstation.core.clock import ManualClock
    from modstation.core.decisions import Verdict
    from modstation.store.station_store import StationStore


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
