"""Several moderation kinds reviewed as one queue: what the window shows is all of them in order."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.assets import HOLD, REJECTED, draft_for, fill, make_asset, open_store
from modstation.core.assets import MachineLabel
from modstation.core.clock import ManualClock
from modstation.core.filtering import parse_filter
from modstation.core.queue import Order, QueueEntry, QueueView, Split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modstation.store.station_store import StationStore

KINDS = ("manual", "webpurify", "aws_rek")
PARTS = Split(1, 2), Split(2, 2), None


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StationStore]:
    """Sixty photos, each third of another kind, some of one moment, some skipped."""
    folder: Path = tmp_path_factory.mktemp("kinds")
    clock = ManualClock()
    store = open_store(folder, clock=clock)
    for turn, kind in enumerate(KINDS):
        photos = [
            make_asset(
                f"photos/{number:02}",
                kind=kind,
                created_at=make_asset(number // 4).created_at,
                labels=[MachineLabel("Nudity", (number * 37) % 100, threshold=50)],
            )
            for number in range(turn, 60, 3)
        ]
        fill(store, photos, view=QueueView((kind,)), at=clock.now(), pass_id=kind)
        for photo in photos[::7]:
            store.skip(photo.key, QueueView((kind,)))
    yield store
    store.close()


def sorted_by_hand(store: StationStore, view: QueueView) -> list[QueueEntry]:
    each = [
        store.window(replace(view, kinds=(kind,)), around=None, before=0, after=100)
        for kind in view.kinds
    ]
    return sorted(chain.from_iterable(each), key=lambda entry: entry.position)


@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True).map(tuple),
    order=st.sampled_from(Order),
    split=st.sampled_from(PARTS),
    at=st.integers(0, 59),
    before=st.integers(0, 9),
    after=st.integers(1, 20),
)
def test_the_window_of_several_kinds_is_all_of_them_sorted(
    mixed: StationStore,
    kinds: tuple[str, ...],
    order: Order,
    split: Split | None,
    at: int,
    before: int,
    after: int,
) -> None:
    view = QueueView(kinds, order=order, split=split)
    every = sorted_by_hand(mixed, view)
    assert mixed.window(view, around=None, before=0, after=after) == every[:after]
    at = min(at, len(every) - 1)
    around = every[at].position
    shown = mixed.window(view, around=around, before=before, after=after)
    assert shown == every[max(0, at - before) : at + 1 + after]
    assert mixed.counts(view).waiting == len(every)


@given(rows=st.integers(1, 70), order=st.sampled_from(Order))
def test_a_filter_looks_through_all_kinds_in_order(
    mixed: StationStore, rows: int, order: Order
) -> None:
    view = QueueView(KINDS, order=order, filter=parse_filter("label:nudity>50"))
    fitting = [e for e in sorted_by_hand(mixed, view.listed) if e.asset.labels[0].confidence > 50]
    found: list[QueueEntry] = []
    edge, looked = None, 0
    while looked == 0 or edge is not None:
        part = mixed.scan(view, after=edge, rows=rows)
        found += part.entries
        looked, edge = looked + part.looked, part.edge
    assert (found, looked) == (fitting, 60)
    assert mixed.still_fit(view, [entry.key for entry in fitting]) == fitting
    other = replace(view, kinds=("duplicate",))
    assert mixed.still_fit(other, [entry.key for entry in fitting]) == []


def test_every_entry_says_under_which_kind_it_waits(mixed: StationStore) -> None:
    entries = mixed.window(QueueView(KINDS), around=None, before=0, after=100)
    assert {entry.kind for entry in entries} == set(KINDS)
    assert all(entry.kind == entry.asset.kind for entry in entries)
    again = mixed.entry(entries[0].key)
    assert again is not None
    assert again.kind == entries[0].kind


def test_counters_of_several_kinds_and_shares_are_kept(tmp_path: Path) -> None:
    clock = ManualClock()
    store = open_store(tmp_path, clock=clock)
    for first, kind in enumerate(KINDS):
        photos = [make_asset(10 * first + n, kind=kind) for n in range(6)]
        fill(store, photos, view=QueueView((kind,)), at=clock.now(), pass_id=kind)
    shares = [QueueView(KINDS, split=Split(part, 3)) for part in (1, 2, 3)]
    assert sum(store.counts(share).waiting for share in shares) == 18
    gone = make_asset(3, kind="manual"), make_asset(12, kind="webpurify")
    for photo in gone:
        store.decide(draft_for(photo), hold=HOLD)
    assert store.counts(QueueView(KINDS)).waiting == 16
    assert sum(store.counts(share).waiting for share in shares) == 16
    # A kind that was never listed counts for nothing, and one may still be added to a share.
    assert store.counts(QueueView((*KINDS, "duplicate"), split=Split(1, 1))).waiting == 16
    assert store.counts(QueueView(("manual", "aws_rek"))).waiting == 11
    assert store.counts(QueueView(KINDS, REJECTED)).waiting == 0
    assert store.drift() == []
    store.close()


@pytest.mark.parametrize("kinds", [(), ("",), ("manual", "manual")])
def test_a_queue_without_a_kind_or_with_one_twice_is_none(kinds: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="each of its kinds once"):
        QueueView(kinds)


def test_a_slice_ends_at_the_64th_entry_that_fits_and_loses_none(tmp_path: Path) -> None:
    clock = ManualClock()
    store = open_store(tmp_path, clock=clock)
    photos = [make_asset(number) for number in range(150)]
    fill(store, photos, at=clock.now())
    view = QueueView(filter=parse_filter("photos"))
    for backwards in (False, True):
        parts, edge = [], None
        while not parts or edge is not None:
            part = store.scan(view, after=edge, rows=200, backwards=backwards)
            parts.append(part)
            edge = part.edge
        assert [len(part.entries) for part in parts] == [64, 64, 22]
        assert [part.looked for part in parts] == [64, 64, 22]
        found = [e.key for part in (parts[::-1] if backwards else parts) for e in part.entries]
        assert found == [photo.key for photo in photos]
    store.close()
