from __future__ import annotations

import functools
import operator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.assets import (
    APPROVED,
    AT_ONCE,
    FIRST_CREATED,
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
from modstation.core.assets import MachineLabel, ModerationEntry
from modstation.core.clock import to_us
from modstation.core.queue import QueuePosition, QueueView, Split
from modstation.store.asset_rows import asset_of, describe

if TYPE_CHECKING:
    from modstation.core.clock import ManualClock
    from modstation.store.station_store import StationStore


def names(store: StationStore, view: QueueView = MANUAL_PENDING, **around: object) -> list[str]:
    wanted: dict[str, object] = {"around": None, "before": 0, "after": 100} | around
    return [entry.asset.ref.public_id[-2:] for entry in store.window(view, **wanted)]


def place(number: int) -> QueuePosition:
    asset = make_asset(number)
    assert asset.created_at is not None
    return QueuePosition(0, to_us(asset.created_at), asset.key)


@pytest.fixture(autouse=True)
def twenty(store: StationStore, clock: ManualClock) -> None:
    fill(store, make_assets(20), at=clock.now())


def test_the_window_begins_with_the_oldest(store: StationStore) -> None:
    assert names(store, after=3) == ["01", "02", "03"]


def test_the_window_shows_what_is_around_an_entry(store: StationStore) -> None:
    assert names(store, around=place(10), before=2, after=3) == ["08", "09", "10", "11", "12", "13"]


def test_the_window_around_an_entry_that_left_shows_its_neighbours(store: StationStore) -> None:
    store.decide(draft_for(make_asset(10)), hold=HOLD)
    assert names(store, around=place(10), before=2, after=3) == ["08", "09", "11", "12", "13"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "01 02 03"), (2, "01 02 03 04"), (19, "17 18 19 20"), (20, "18 19 20"), (99, "19 20")],
)
def test_the_window_ends_where_the_queue_ends(
    store: StationStore, number: int, expected: str
) -> None:
    assert names(store, around=place(number), before=2, after=2) == expected.split()


def test_entries_created_at_one_moment_have_a_fixed_order(
    store: StationStore, clock: ManualClock
) -> None:
    same = [make_asset(f"same/{name}", created_at=FIRST_CREATED) for name in ("bb", "aa", "cc")]
    fill(store, [*same, *make_assets(20)], at=clock.now())
    assert names(store, after=4) == ["aa", "bb", "cc", "01"]


def test_an_asset_without_a_time_stands_where_it_was_first_seen(
    store: StationStore, clock: ManualClock
) -> None:
    timeless = make_asset("timeless/00", created_at=None)
    fill(store, [timeless, *make_assets(20)], at=clock.now(), pass_id="pass-2")
    clock.advance(60)
    fill(store, [timeless, *make_assets(20)], at=clock.now(), pass_id="pass-3")
    entry = store.entry(timeless.key)
    assert entry is not None
    assert entry.position.rank == to_us(clock.now()) - 60_000_000
    assert names(store)[-1] == "00"


def test_a_skipped_image_comes_after_all_others(store: StationStore) -> None:
    store.skip(make_asset(3).key, MANUAL_PENDING)
    position = store.skip(make_asset(1).key, MANUAL_PENDING)
    assert position.lane == 1
    assert names(store)[-3:] == ["20", "01", "03"]
    store.skip(make_asset(1).key, MANUAL_PENDING)
    assert names(store)[-3:] == ["20", "03", "01"]


def test_a_skipped_image_that_is_decided_and_undone_is_still_skipped(store: StationStore) -> None:
    store.skip(make_asset(1).key, MANUAL_PENDING)
    store.decide(draft_for(make_asset(1)), hold=HOLD)
    store.undo(actor="mod")
    assert names(store)[-2:] == ["20", "01"]


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_shares_are_disjoint_and_whole(store: StationStore, parts: int) -> None:
    shares = [QueueView(split=Split(part, parts)) for part in range(1, parts + 1)]
    shown = [names(store, share) for share in shares]
    assert sorted(functools.reduce(operator.iadd, shown, [])) == names(store)
    assert [store.counts(share).waiting for share in shares] == [len(share) for share in shown]


def test_the_number_of_a_share_is_kept_from_the_first_time_it_is_asked_for(
    store: StationStore, clock: ManualClock
) -> None:
    share = QueueView(split=Split(1, 2))
    before = store.counts(share).waiting
    mine = [asset for asset in make_assets(20) if Split(1, 2).covers(asset.key)]
    saved = store.decide(draft_for(mine[0]), hold=HOLD)
    assert saved.counts.waiting == store.counts(share).waiting == before - 1
    fill(store, make_assets(40), at=clock.now(), pass_id="pass-2")
    assert store.counts(share).waiting == len(names(store, share))


def test_an_override_view_shows_and_decides_what_is_settled(
    store: StationStore, clock: ManualClock
) -> None:
    approved = QueueView(status=APPROVED)
    assets = [make_asset(number, status=APPROVED) for number in range(51, 54)]
    fill(store, assets, view=approved, at=clock.now(), pass_id="approved")
    assert names(store, approved) == ["51", "52", "53"]
    assert store.counts(approved).waiting == 3

    saved = store.decide(draft_for(assets[1], REJECT), hold=AT_ONCE)
    assert saved.operation.expected == {APPROVED}
    assert saved.counts.waiting == 2
    assert names(store, approved) == ["51", "53"]
    assert len(names(store)) == 20


def test_lists_of_another_kind_are_another_queue(store: StationStore, clock: ManualClock) -> None:
    webpurify = QueueView(("webpurify",))
    assets = [make_asset(number, kind="webpurify") for number in (61, 62)]
    fill(store, assets, view=webpurify, at=clock.now(), pass_id="w")
    assert names(store, webpurify) == ["61", "62"]
    assert len(names(store)) == 20


def test_an_entry_is_found_whatever_became_of_it(store: StationStore) -> None:
    store.decide(draft_for(make_asset(5)), hold=HOLD)
    entry = store.entry(make_asset(5).key)
    assert entry is not None
    assert entry.position == place(5)
    assert store.entry("image/upload/never seen") is None


def test_the_queue_can_be_made_anew(store: StationStore) -> None:
    store.decide(draft_for(make_asset(5)), hold=HOLD)
    store.skip(make_asset(6).key, MANUAL_PENDING)
    before = store.window(MANUAL_PENDING, around=None, before=0, after=100)
    store.rebuild_queue()
    assert store.window(MANUAL_PENDING, around=None, before=0, after=100) == before


texts = st.text(st.characters(codec="utf-8"), max_size=5)
labels = st.builds(
    MachineLabel,
    name=texts,
    confidence=st.floats(0, 100),
    parent=texts,
    threshold=st.none() | st.floats(0, 100),
)
entries = st.builds(
    ModerationEntry,
    kind=texts,
    status=st.sampled_from([PENDING, APPROVED, REJECTED]),
    updated_at=st.none() | st.just(FIRST_CREATED),
    labels=st.lists(labels, max_size=2).map(tuple),
)
numbers = st.none() | st.integers(0, 2**53)


@given(
    version=numbers,
    bytes=numbers,
    etag=st.none() | texts,
    tags=st.lists(texts, max_size=2).map(tuple),
    moderation=st.lists(entries, max_size=2).map(tuple),
)
def test_an_asset_comes_back_as_it_was_stored(**fields: object) -> None:
    asset = replace(make_asset(1), **fields)
    ref = asset.ref
    row = (ref.resource_type, ref.delivery_type, ref.public_id, asset.raw, describe(asset))
    assert asset_of(row) == asset
