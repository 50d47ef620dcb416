from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.assets import (
    APPROVE,
    APPROVED,
    AT_ONCE,
    HOLD,
    REJECT,
    REJECTED,
    draft_for,
    fill,
    make_assets,
)
from helpers.outbox_steps import queue
from modstation.app.languages import load_language
from modstation.core.language import ENGLISH, use
from modstation.core.outbox import Acknowledged
from modstation.core.settling import settle
from modstation.store.station_store import NeedsReversal, Undone

if TYPE_CHECKING:
    from datetime import timedelta

    from modstation.core.assets import Asset
    from modstation.core.clock import ManualClock
    from modstation.store.station_store import StationStore


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
