from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from helpers.assets import (
    APPROVED,
    AT_ONCE,
    HOLD,
    MANUAL_PENDING,
    REJECTED,
    draft_for,
    fill,
    make_asset,
    make_assets,
)
from modstation.core.assets import AssetRef
from modstation.core.outbox import Acknowledged
from modstation.core.queue import QueueView
from modstation.core.settling import settle
from modstation.store.station_store import PageResult

if TYPE_CHECKING:
    from modstation.core.assets import Asset
    from modstation.core.clock import ManualClock
    from modstation.store.station_store import StationStore


def waiting(store: StationStore) -> list[str]:
    entries = store.window(MANUAL_PENDING, around=None, before=0, after=1000)
    return [entry.asset.ref.public_id.removeprefix("photos/") for entry in entries]


def page(
    store: StationStore,
    clock: ManualClock,
    assets: list[Asset],
    *,
    cursor: str | None = "next",
    pass_id: str = "p",
    first: bool = False,
    last: bool = False,
) -> PageResult:
    return store.apply_page(
        MANUAL_PENDING.listings[0],
        assets,
        cursor=cursor,
        pass_id=pass_id,
        listed_at=clock.now(),
        first=first,
        last=last,
    )


def approve(store: StationStore, clock: ManualClock, asset: Asset) -> None:
    store.decide(draft_for(asset), hold=AT_ONCE)
    [row] = store.claim(1, clock.now())
    transition = settle(row, Acknowledged(APPROVED), now=clock.now())
    store.apply(row.operation_id, transition, now=clock.now())


def test_the_cursor_is_saved_with_its_page(store: StationStore, clock: ManualClock) -> None:
    assert store.list_state(MANUAL_PENDING.listings[0]).pass_id is None
    page(store, clock, make_assets(450), cursor="after 450", first=True)
    state = store.list_state(MANUAL_PENDING.listings[0])
    assert (state.cursor, state.pass_id, state.complete) == ("after 450", "p", False)
    assert (state.started_at, state.backlog) == (clock.now(), 450)


def test_a_pass_that_reached_its_end_is_complete(store: StationStore, clock: ManualClock) -> None:
    page(store, clock, make_assets(3), first=True)
    page(store, clock, [], cursor=None, last=True)
    state = store.list_state(MANUAL_PENDING.listings[0])
    assert (state.cursor, state.complete, state.backlog) == (None, True, 3)


def test_a_page_stored_twice_changes_nothing(store: StationStore, clock: ManualClock) -> None:
    assert page(store, clock, make_assets(5), first=True) == PageResult(arrived=5)
    assert page(store, clock, make_assets(5)) == PageResult(unchanged=5)


def test_a_page_of_a_pass_that_was_never_begun_is_a_bug(
    store: StationStore, clock: ManualClock
) -> None:
    page(store, clock, make_assets(1), first=True)
    with pytest.raises(ValueError, match="not begun"):
        page(store, clock, make_assets(1), pass_id="another")


def test_an_asset_named_twice_in_a_page_counts_once(
    store: StationStore, clock: ManualClock
) -> None:
    result = page(store, clock, [make_asset(1), make_asset(1)], first=True)
    assert (result.arrived, result.unchanged) == (1, 1)
    assert waiting(store) == ["0001"]


def test_what_a_whole_pass_did_not_show_was_settled_elsewhere(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(5), at=clock.now())
    others = [make_asset(number) for number in (1, 3, 5)]
    page(store, clock, others[:2], pass_id="p2", first=True)
    assert len(waiting(store)) == 5
    result = page(store, clock, others[2:], pass_id="p2", cursor=None, last=True)
    assert result.left == 2
    assert waiting(store) == ["0001", "0003", "0005"]


def test_what_is_listed_again_comes_back(store: StationStore, clock: ManualClock) -> None:
    fill(store, make_assets(3), at=clock.now())
    fill(store, [make_asset(1), make_asset(3)], at=clock.now(), pass_id="p2")
    fill(store, make_assets(3), at=clock.now(), pass_id="p3")
    assert waiting(store) == ["0001", "0002", "0003"]


def test_more_than_one_slice_can_leave_at_once(store: StationStore, clock: ManualClock) -> None:
    fill(store, make_assets(601), at=clock.now())
    assert fill(store, [make_asset(601)], at=clock.now(), pass_id="p2").left == 600
    assert waiting(store) == ["0601"]


def test_an_empty_list_empties_the_queue(store: StationStore, clock: ManualClock) -> None:
    fill(store, make_assets(3), at=clock.now())
    assert fill(store, [], at=clock.now(), pass_id="p2").left == 3
    assert waiting(store) == []


def test_what_was_uploaded_after_the_last_page_stays(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(5), at=clock.now())
    # Read one by one; the pass had gone by already.
    store.upsert_asset(make_asset(9))
    page(store, clock, [make_asset(1)], pass_id="p2", first=True)
    store.upsert_asset(make_asset(10))
    page(store, clock, [make_asset(5)], pass_id="p2", cursor=None, last=True)
    assert waiting(store) == ["0001", "0005", "0009", "0010"]


def test_what_was_put_back_during_a_pass_is_judged_by_the_next(
    store: StationStore, clock: ManualClock
) -> None:
    assets = make_assets(3)
    fill(store, assets, at=clock.now())
    store.decide(draft_for(assets[1]), hold=HOLD)
    page(store, clock, [assets[0]], pass_id="p2", first=True)
    store.undo(actor="mod")
    page(store, clock, [assets[2]], pass_id="p2", cursor=None, last=True)
    assert waiting(store) == ["0001", "0002", "0003"]
    fill(store, [assets[0], assets[2]], at=clock.now(), pass_id="p3")
    assert waiting(store) == ["0001", "0003"]


@pytest.mark.parametrize(("lag", "back"), [(0, False), (29, False), (31, True)])
def test_a_list_older_than_our_acknowledgement_is_not_believed(
    store: StationStore, clock: ManualClock, lag: int, back: bool
) -> None:
    assets = make_assets(2)
    fill(store, assets, at=clock.now())
    approve(store, clock, assets[0])
    at = clock.now() + timedelta(seconds=lag)
    result = fill(store, assets, at=at, pass_id="p2")
    assert result.ignored == (0 if back else 1)
    assert waiting(store) == (["0001", "0002"] if back else ["0002"])


def test_what_was_just_decided_stays_in_the_list_of_the_decided(
    store: StationStore, clock: ManualClock
) -> None:
    photos = make_assets(2)
    fill(store, photos, at=clock.now())
    approve(store, clock, photos[0])
    approved = QueueView(status=APPROVED)
    fill(store, [make_asset(1, status=APPROVED)], view=approved, at=clock.now(), pass_id="settled")
    entries = store.window(approved, around=None, before=0, after=10)
    assert [entry.key for entry in entries] == [photos[0].key]


@pytest.mark.parametrize("new", [{"version": 2}, {"asset_id": "another"}])
def test_a_picture_uploaded_anew_is_believed_right_after_our_acknowledgement(
    store: StationStore, clock: ManualClock, new: dict[str, Any]
) -> None:
    asset = replace(make_asset(), asset_id="one", version=1)
    fill(store, [asset], at=clock.now())
    approve(store, clock, asset)
    assert fill(store, [replace(asset, **new)], at=clock.now(), pass_id="p2").changed == 1
    assert len(waiting(store)) == 1


def test_a_decided_asset_stays_out_of_the_queue_however_often_it_is_listed(
    store: StationStore, clock: ManualClock
) -> None:
    assets = make_assets(2)
    fill(store, assets, at=clock.now())
    store.decide(draft_for(assets[0]), hold=HOLD)
    changed = [replace(assets[0], tags=("new",)), assets[1]]
    assert fill(store, changed, at=clock.now(), pass_id="p2").changed == 1
    assert waiting(store) == ["0002"]
    entry = store.entry(assets[0].key)
    assert entry is not None
    assert entry.asset.tags == ("new",)


def test_one_asset_read_by_itself_changes_its_place(
    store: StationStore, clock: ManualClock
) -> None:
    fill(store, make_assets(2), at=clock.now())
    store.upsert_asset(make_asset(1, status=REJECTED))
    assert waiting(store) == ["0002"]
    store.upsert_asset(make_asset(1))
    assert waiting(store) == ["0001", "0002"]


def test_a_name_that_is_no_text_is_left_out_and_the_rest_is_stored(
    store: StationStore, clock: ManualClock
) -> None:
    broken = replace(make_asset(1), ref=AssetRef("image", "upload", "half \ud83d"))
    result = page(store, clock, [broken, make_asset(2)], first=True)
    assert (result.arrived, result.unreadable) == (1, 1)
    store.upsert_asset(broken)
    assert waiting(store) == ["0002"]


@pytest.mark.parametrize(
    "public_id",
    ["a/b/../c", "ein Bild", "猫", "a\x00b", "'; DROP TABLE assets; --", "%2e%2e", " ", "x" * 5000],
)
def test_a_public_id_is_data(store: StationStore, clock: ManualClock, public_id: str) -> None:
    asset = make_asset(public_id)
    fill(store, [asset], at=clock.now())
    entry = store.entry(asset.key)
    assert entry is not None
    assert entry.asset == asset
    saved = store.decide(draft_for(asset), hold=AT_ONCE)
    [claimed] = store.claim(1, clock.now())
    assert claimed.ref == asset.ref == saved.operation.ref


def test_half_characters_in_other_fields_do_no_harm(
    store: StationStore, clock: ManualClock
) -> None:
    asset = replace(make_asset(1), tags=("half \ud83d",), raw='{"tags": ["half \ud83d"]}')
    fill(store, [asset], at=clock.now())
    entry = store.entry(asset.key)
    assert entry is not None
    assert entry.asset.tags == ("half ?",)


def test_an_asset_that_is_gone_leaves_the_queue_for_good(
    store: StationStore, clock: ManualClock
) -> None:
    from modstation.core.errors import AssetGone
    from modstation.core.outbox import Failed

    fill(store, make_assets(2), at=clock.now())
    store.decide(draft_for(make_asset(1)), hold=AT_ONCE)
    [row] = store.claim(1, clock.now())
    parked = settle(row, Failed(AssetGone("no such image")), now=clock.now())
    store.apply(row.operation_id, parked, now=clock.now())
    assert store.drop(row.operation_id, actor="mod")
    assert waiting(store) == ["0002"]


def test_small_values_are_remembered(store: StationStore) -> None:
    assert store.get_state("quota") is None
    store.put_state("quota", "{}")
    store.put_state("quota", '{"limit": 500}')
    assert store.get_state("quota") == '{"limit": 500}'


def test_troubles_with_pictures_are_remembered_until_they_are_over(
    store: StationStore, clock: ManualClock
) -> None:
    later = clock.now() + timedelta(minutes=5)
    store.note_problem("k1", "review", "timed out", permanent=False, retry_at=later)
    store.note_problem("k2", "review", "not an image", permanent=True, retry_at=None)
    found = store.problems(["k1", "k2", "k3"])
    assert set(found) == {("k1", "review"), ("k2", "review")}
    assert found["k1", "review"].retry_at == later
    assert found["k2", "review"].permanent
    store.clear_problem("k1", "review")
    assert set(store.problems(["k1", "k2"])) == {("k2", "review")}
