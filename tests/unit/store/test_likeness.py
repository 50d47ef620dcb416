"""Which pictures are alike, and which have no fingerprint yet."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from helpers.assets import (
    AT_ONCE,
    HOLD,
    MANUAL_PENDING,
    REJECT,
    draft_for,
    fill,
    make_asset,
    make_assets,
)
from modstation.core.filtering import parse_filter
from modstation.core.likeness import MATCH_DISTANCE, Fingerprint, distance
from modstation.core.queue import Order, QueueView, Split

if TYPE_CHECKING:
    from modstation.core.clock import ManualClock
    from modstation.store.station_store import StationStore

EMPTY_PHASH = bytes(8)


def near(pdq: bytes, bits: int, chance: random.Random) -> bytes:
    number = int.from_bytes(pdq)
    for bit in chance.sample(range(256), bits):
        number ^= 1 << bit
    return number.to_bytes(32)


def put(store: StationStore, hashes: dict[int, bytes], *, quality: int = 90) -> None:
    store.likeness.put(
        (make_asset(number).key, "v1", Fingerprint(pdq, quality, EMPTY_PHASH))
        for number, pdq in hashes.items()
    )


def group(store: StationStore, number: int) -> set[int]:
    found = store.likeness.group(make_asset(number).key, MANUAL_PENDING)
    return {int(alike.entry.asset.ref.public_id[-4:]) for alike in found}


def test_the_group_is_what_comparing_every_pair_would_find(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(120), at=clock.now())
    chance = random.Random(7)
    centres = [chance.randbytes(32) for _ in range(6)]
    hashes = {
        number: near(centres[number % 6], chance.randint(0, 40), chance) for number in range(1, 121)
    }
    put(store, hashes)
    for number in range(1, 121, 5):
        by_hand = {
            other
            for other, pdq in hashes.items()
            if distance(pdq, hashes[number]) <= MATCH_DISTANCE
        }
        assert group(store, number) == by_hand
        assert store.likeness.count(make_asset(number).key) == len(by_hand)


def test_the_nearest_come_first_and_the_picture_itself_before_them(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(5), at=clock.now())
    chance = random.Random(1)
    own = chance.randbytes(32)
    put(
        store, {1: near(own, 9, chance), 2: own, 3: near(own, 4, chance), 4: near(own, 200, chance)}
    )
    found = store.likeness.group(make_asset(2).key, MANUAL_PENDING)
    assert [(one.key[-4:], one.distance) for one in found] == [
        ("0002", 0),
        ("0003", 4),
        ("0001", 9),
    ]


def test_pictures_with_nothing_in_them_are_never_grouped(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(3), at=clock.now())
    put(store, {1: bytes(32), 2: bytes(32)}, quality=49)
    put(store, {3: bytes(32)})
    assert group(store, 1) == set()
    assert group(store, 3) == {3}


def together(store: StationStore) -> list[int]:
    view = replace(MANUAL_PENDING, order=Order.TOGETHER)
    entries = store.window(view, around=None, before=0, after=100)
    assert store.drift() == []
    return [int(entry.asset.ref.public_id[-4:]) for entry in entries]


def test_copies_stand_behind_the_oldest_of_them_in_whatever_order_they_are_found(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(9), at=clock.now())
    red, blue = bytes(32), bytes([255]) * 32
    for number, pdq in ((8, red), (5, blue), (3, red), (9, blue), (6, red)):
        put(store, {number: pdq})
    assert together(store) == [1, 2, 3, 6, 8, 4, 5, 9, 7]
    # Skipped as often as it is, a copy stays with the others of its lane.
    store.skip(make_asset(6).key, MANUAL_PENDING)
    assert together(store) == [1, 2, 3, 8, 4, 5, 9, 7, 6]


def test_copies_stay_together_when_the_oldest_is_decided_and_taken_back(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(6), at=clock.now())
    put(store, dict.fromkeys((2, 4, 6), bytes(32)))
    store.decide(draft_for(make_asset(2), REJECT), hold=HOLD)
    assert together(store) == [1, 4, 6, 3, 5]
    put(store, {5: bytes(32)})
    assert together(store) == [1, 4, 5, 6, 3]
    store.undo(actor="mod")
    assert together(store) == [1, 2, 4, 5, 6, 3]


def test_a_copy_of_what_is_decided_already_stands_at_its_own_age(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(4), at=clock.now())
    put(store, {1: bytes(32)})
    store.decide(draft_for(make_asset(1), REJECT), hold=AT_ONCE)
    put(store, {4: bytes(32)})
    assert together(store) == [2, 3, 4]


def test_a_picture_uploaded_anew_leaves_the_copies_it_is_like_no_more(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(4), at=clock.now())
    put(store, {1: bytes(32), 4: bytes(32)})
    assert together(store) == [1, 4, 2, 3]
    put(store, {4: bytes([255]) * 32})
    assert together(store) == [1, 2, 3, 4]


@pytest.mark.parametrize("year", [1, 1969, 1970, 2026, 2041, 2042, 9999])
def test_any_age_has_the_same_place_here_and_in_the_database(
    store: StationStore, clock: ManualClock, year: int
) -> None:
    made = replace(make_asset(1), created_at=datetime(year, 6, 1, tzinfo=UTC))
    fill(store, [made], at=clock.now())
    [entry] = store.window(
        replace(MANUAL_PENDING, order=Order.TOGETHER), around=None, before=0, after=9
    )
    by_age = store.entry(made.key)
    assert by_age is not None
    assert by_age.ordered(Order.TOGETHER) == entry
    assert store.window(
        replace(MANUAL_PENDING, order=Order.TOGETHER), around=entry.position, before=1, after=1
    ) == [entry]


def test_what_the_filter_leaves_out_is_shown_but_not_ours_to_decide(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(3), at=clock.now())
    put(store, dict.fromkeys((1, 2, 3), bytes(32)))
    view = replace(MANUAL_PENDING, filter=parse_filter("0002"))
    found = store.likeness.group(make_asset(2).key, view)
    assert {one.key[-4:]: one.waits for one in found} == {
        "0001": False,
        "0002": True,
        "0003": False,
    }


def test_a_decided_picture_stays_in_the_group_but_waits_no_more(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(2), at=clock.now())
    put(store, {1: bytes(32), 2: bytes(32)})
    store.decide(draft_for(make_asset(1), REJECT), hold=AT_ONCE)
    found = store.likeness.group(make_asset(2).key, MANUAL_PENDING)
    assert [(one.key[-4:], one.waits) for one in found] == [("0002", True), ("0001", False)]


def test_pictures_of_another_share_are_shown_but_not_ours_to_decide(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(30), at=clock.now())
    put(store, dict.fromkeys(range(1, 31), bytes(32)))
    view = QueueView(split=Split(1, 3))
    found = store.likeness.group(make_asset(1).key, view)
    assert len(found) == 30
    assert all(one.waits == Split(1, 3).covers(one.key) for one in found)


def test_the_next_entries_without_a_fingerprint_are_named(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(6), at=clock.now())
    entries = store.window(MANUAL_PENDING, around=None, before=0, after=6)
    put(store, {3: bytes(32)})
    store.likeness.put([(make_asset(4).key, "v1", None)])
    found = store.likeness.unprinted(MANUAL_PENDING, around=entries[1].position, limit=2)
    assert found == [(make_asset(2).key, "v1"), (make_asset(5).key, "v1")]


def test_a_picture_that_was_uploaded_anew_needs_another_fingerprint(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(2), at=clock.now())
    put(store, {1: bytes(32), 2: bytes(32)})
    store.upsert_asset(make_asset(1, version=2))
    assert store.likeness.unprinted(MANUAL_PENDING, around=None, limit=9) == [
        (make_asset(1).key, "v2")
    ]
    assert group(store, 2) == {2}
    assert group(store, 1) == set()


def test_a_fingerprint_leaves_with_its_asset(store: StationStore, clock: ManualClock) -> None:
    fill(store, make_assets(2), at=clock.now())
    put(store, {1: bytes(32), 2: bytes(32)})
    clock.advance(60)
    fill(store, [make_asset(2)], at=clock.now(), pass_id="pass-2")
    assert group(store, 2) == {2}
    put(store, {1: bytes(32)})
    assert group(store, 2) == {2}


def test_a_group_has_at_most_what_one_act_decides(
    store: StationStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modstation.store.likeness.MOST_MEMBERS", 3)
    fill(store, make_assets(8), at=clock.now())
    put(store, dict.fromkeys(range(1, 9), bytes(32)))
    assert len(group(store, 5)) == 3
    assert 5 in group(store, 5)


def test_the_oldest_fingerprints_are_forgotten(
    store: StationStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modstation.store.likeness.KEPT", 2)
    fill(store, make_assets(4), at=clock.now())
    for number in (1, 2, 3, 4):
        put(store, {number: bytes(32)})
    assert group(store, 4) == {3, 4}
