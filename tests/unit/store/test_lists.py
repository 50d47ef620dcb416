"""Skipped, flagged and escalated: three verbs, three lists, and the way back from each."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from helpers.assets import (
    APPROVED,
    AT_ONCE,
    HOLD,
    MANUAL_PENDING,
    REJECT,
    REJECTED,
    draft_for,
    fill,
    make_asset,
    make_assets,
)
from modstation.core.assets import AssetRef, MachineLabel
from modstation.core.decisions import Action, Verdict
from modstation.core.filtering import parse_filter
from modstation.core.likeness import Fingerprint
from modstation.core.outbox import Acknowledged
from modstation.core.queue import Kept, Order, QueueView
from modstation.core.settling import settle

if TYPE_CHECKING:
    from modstation.core.assets import Asset
    from modstation.core.clock import ManualClock
    from modstation.core.decisions import DecisionDraft
    from modstation.store.station_store import StationStore


def names(store: StationStore, view: QueueView = MANUAL_PENDING) -> list[str]:
    entries = store.window(view, around=None, before=0, after=100)
    return [entry.asset.ref.public_id for entry in entries]


def kept(store: StationStore, which: Kept) -> list[str]:
    rows = [row.entry.asset.ref.public_id for row in store.kept(which)]
    assert store.kept_counts()[which] == len(rows)
    return rows


def test_one_skip_is_taken_back_to_the_place_it_came_from(
    store: StationStore, photos: list[Asset]
) -> None:
    store.skip(photos[1].key, MANUAL_PENDING)
    assert kept(store, Kept.SKIPPED) == ["photos/0002"]
    position = store.unskip(photos[1].key)
    assert position is not None
    assert position.lane == 0
    assert names(store)[1] == "photos/0002"
    assert kept(store, Kept.SKIPPED) == []


def test_an_image_skipped_twice_comes_back_at_one_stroke(
    store: StationStore, photos: list[Asset]
) -> None:
    store.skip(photos[1].key, MANUAL_PENDING)
    store.skip(photos[1].key, MANUAL_PENDING)
    position = store.unskip(photos[1].key)
    assert position is not None
    assert position.lane == 1
    store.unskip(photos[1].key, wholly=True)
    assert names(store)[1] == "photos/0002"


def test_a_flag_changes_nothing_of_the_queue_and_outlives_the_decision(
    store: StationStore, photos: list[Asset]
) -> None:
    store.flag(photos[2].key, actor="mod", note="ask the author")
    assert len(names(store)) == 5
    store.decide(draft_for(photos[2], REJECT), hold=HOLD)
    [row] = store.kept(Kept.FLAGGED)
    assert (row.note, row.actor) == ("ask the author", "mod")
    assert store.flag_of(photos[2].key) == (True, "ask the author")
    assert store.unflag(photos[2].key)
    assert not store.unflag(photos[2].key)
    assert kept(store, Kept.FLAGGED) == []


def test_what_is_escalated_leaves_the_queue_and_posts_nothing(
    store: StationStore, photos: list[Asset]
) -> None:
    row = store.escalate(draft_for(photos[0], note="is that a toy?"))
    assert row is not None
    assert (row.draft.action, row.draft.verdict) == (Action.ESCALATE, Verdict.ESCALATE)
    assert store.escalate(draft_for(photos[0])) is None
    assert names(store)[0] == "photos/0002"
    assert store.counts(MANUAL_PENDING).waiting == 4
    assert store.counts().unsent == 0
    [listed] = store.kept(Kept.ESCALATED)
    assert (listed.note, listed.actor) == ("is that a toy?", "mod")


def test_an_escalation_that_is_withdrawn_is_told_by_the_log(
    store: StationStore, photos: list[Asset]
) -> None:
    store.escalate(draft_for(photos[0]))
    assert store.withdraw(draft_for(photos[0])) is not None
    assert store.withdraw(draft_for(photos[0])) is None
    assert names(store)[0] == "photos/0001"
    actions = [decision.draft.action for decision in store.iterate_decisions()]
    assert actions == [Action.ESCALATE, Action.WITHDRAW]


def test_whoever_decides_has_given_the_second_opinion(
    store: StationStore, photos: list[Asset]
) -> None:
    store.escalate(draft_for(photos[0]))
    store.decide(draft_for(photos[0], REJECT, actor="somebody else"), hold=HOLD)
    assert kept(store, Kept.ESCALATED) == []


@pytest.mark.parametrize("change", [{"status": APPROVED}, {"version": 2}])
def test_an_escalation_ends_with_what_it_was_about(
    store: StationStore, photos: list[Asset], change: dict[str, object]
) -> None:
    store.escalate(draft_for(photos[0]))
    store.upsert_asset(make_asset(1, **change))
    assert kept(store, Kept.ESCALATED) == []


def left_by(store: StationStore) -> tuple[str, ...]:
    entry = store.entry(make_asset(1).key)
    assert entry is not None
    assert store.left_by(entry.key) == entry.left_by
    return entry.left_by


def test_who_had_left_an_asset_is_known_until_somebody_settles_it(
    store: StationStore, photos: list[Asset]
) -> None:
    store.escalate(draft_for(photos[0], actor="kim"))
    assert store.left_by(photos[0].key) == ("kim",)
    store.withdraw(draft_for(photos[0]))
    assert left_by(store) == ("kim",)
    store.decide(draft_for(photos[0], REJECT), hold=HOLD)
    store.undo(actor="mod")
    assert left_by(store) == ("kim",), "nothing was settled"
    store.upsert_asset(make_asset(1, status=APPROVED))
    assert left_by(store) == ()
    assert store.drift() == []


def test_who_left_an_asset_is_known_too_where_a_decision_on_it_was_undone(
    store: StationStore, photos: list[Asset]
) -> None:
    store.escalate(draft_for(photos[0], actor="kim"))
    store.decide(draft_for(photos[0], REJECT), hold=HOLD)
    store.undo(actor="mod")
    assert left_by(store) == ("kim",)


def test_an_escalation_that_was_a_slip_is_forgotten(
    store: StationStore, photos: list[Asset]
) -> None:
    store.escalate(draft_for(photos[0]))
    store.withdraw(draft_for(photos[0]), undone=True)
    assert left_by(store) == ()


def test_another_picture_was_left_to_nobody(store: StationStore, photos: list[Asset]) -> None:
    store.escalate(draft_for(photos[0]))
    store.withdraw(draft_for(photos[0]))
    store.upsert_asset(make_asset(1, version=2))
    assert left_by(store) == ()


def test_a_list_is_read_page_by_page(store: StationStore, clock: ManualClock) -> None:
    photos = make_assets(7)
    fill(store, photos, at=clock.now())
    for photo in photos:
        store.skip(photo.key, MANUAL_PENDING)
        store.flag(photo.key, actor="mod")
        store.escalate(draft_for(photo))
        store.withdraw(draft_for(photo))
    for which in (Kept.SKIPPED, Kept.FLAGGED):
        first = store.kept(which, limit=4)
        rest = store.kept(which, after=first[-1], limit=4)
        assert [row.entry.key for row in first + rest] == [photo.key for photo in photos]


# -- orders


def label(confidence: float, threshold: float | None = None) -> list[MachineLabel]:
    return [MachineLabel("Suggestive", confidence, threshold=threshold)]


@pytest.fixture
def mixed(store: StationStore, clock: ManualClock) -> None:
    day = 1_750_000_000
    made = [
        make_asset(1, version=day + 300, labels=label(95)),
        make_asset(2, version=day + 100),
        make_asset(3, version=day + 200, labels=label(70, 72)),
        make_asset(4, version=day + 50, labels=label(48)),
    ]
    private = AssetRef("image", "private", "photos/0005")
    made.append(replace(make_asset(5, version=day), ref=private))
    fill(store, made, at=clock.now())
    twin = Fingerprint(bytes(32), 90, bytes(8))
    store.likeness.put((made[at].key, made[at].revision, twin) for at in (3, 1))


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        (Order.OLDEST, "12345"),
        (Order.NEWEST, "54321"),
        # By the upload of the picture of now; what nobody can see comes last.
        (Order.PUBLIC, "42315"),
        # The strongest label next to its threshold; without a label last.
        (Order.UNSURE, "34152"),
        # Oldest first; the fourth is a copy of the second.
        (Order.TOGETHER, "12435"),
    ],
)
@pytest.mark.usefixtures("mixed")
def test_every_order_is_walked_both_ways_and_skipped_images_come_last(
    store: StationStore, order: Order, wanted: str
) -> None:
    view = QueueView(order=order)
    entries = store.window(view, around=None, before=0, after=100)
    assert "".join(entry.asset.ref.public_id[-1] for entry in entries) == wanted
    for number, entry in enumerate(entries):
        around = store.window(view, around=entry.position, before=2, after=1)
        assert around == entries[max(0, number - 2) : number + 2]
        by_age = store.entry(entry.key)
        assert by_age is not None
        assert by_age.ordered(order) == entry
    store.skip(entries[0].key, view)
    assert store.window(view, around=None, before=0, after=100)[-1].key == entries[0].key


@pytest.mark.parametrize("kinds", [("manual",), ("aws_rek", "manual", "webpurify")])
@pytest.mark.parametrize("order", list(Order))
def test_every_order_is_read_from_its_own_index(
    store: StationStore, order: Order, kinds: tuple[str, ...]
) -> None:
    from modstation.store import queue_rows

    view = QueueView(kinds, order=order)
    names = {**queue_rows.scan_values(view, 64), "lane": 0, "rank": 0, "key": ""}
    for edge, way in ((">=", "ASC"), ("<", "DESC")):
        sql = queue_rows.ordered_scan(view, edge, way)
        plan = store._connection.sql.execute(f"EXPLAIN QUERY PLAN {sql}", names).fetchall()
        text = " ".join(str(row[3]) for row in plan)
        assert text.count(queue_rows._ORDERS[order][0]) == len(kinds)
        assert text.count("MERGE") == len(kinds) - 1
        assert "TEMP B-TREE" not in text
        assert "(lane," in text, "a range, not a scan"


# -- filters


def _backwards(store: StationStore, view: QueueView, rows: int) -> str:
    """What fits from the end of the queue on, put in order."""
    found, edge = "", None
    while True:
        part = store.scan(view, after=edge, rows=rows, backwards=True)
        found = "".join(entry.asset.ref.public_id[-1] for entry in part.entries) + found
        edge = part.edge
        if edge is None:
            return found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0003", "3"),
        ("PHOTOS -0003", "1245"),
        ("tag:Beach", "2"),
        ("label:suggestive", "134"),
        ("label:nudity>60", "34"),
        ("-label:nudity>60", "125"),
        ("label:suggestive<=50", "1"),
        ("kind:manual", "12345"),
        ("kind:webpurify", ""),
        ("size>5mb", "4"),
        ("pixels>12mp", "5"),
        ("format:GIF", "5"),
        ("age>1h", "12345"),
        ("age<1h", ""),
    ],
)
def test_a_filter_finds_what_fits_in_slices_of_any_size(
    store: StationStore, clock: ManualClock, text: str, wanted: str
) -> None:
    def labels(score: float) -> list[MachineLabel]:
        return [MachineLabel("Suggestive", score, parent="Nudity")]

    photos = [
        make_asset(1, labels=labels(50)),
        make_asset(2, tags=("beach", "sea")),
        make_asset(3, labels=labels(61)),
        make_asset(4, labels=labels(99), bytes=6_000_000),
        make_asset(5, format="gif", width=4000, height=4000),
    ]
    clock.advance(365 * 86_400)
    fill(store, photos, at=clock.now())
    view = replace(MANUAL_PENDING, filter=parse_filter(text))
    for rows in (1, 2, 5, 100):
        found, edge, looked = "", None, 0
        while True:
            part = store.scan(view, after=edge, rows=rows)
            found += "".join(entry.asset.ref.public_id[-1] for entry in part.entries)
            looked, edge = looked + part.looked, part.edge
            assert part.looked <= rows
            if edge is None:
                break
        assert (found, looked) == (wanted, 5)
        assert _backwards(store, view, rows) == wanted
    keys = [photo.key for photo in photos]
    assert "".join(e.asset.ref.public_id[-1] for e in store.still_fit(view, keys)) == wanted


@pytest.fixture
def rejected(store: StationStore, clock: ManualClock) -> QueueView:
    """Five rejected photos: for quality, nudity, nothing said, and two elsewhere."""
    mine = make_assets(3)
    fill(store, mine, at=clock.now())
    for asset, code in zip(mine, ("quality", "nudity", None), strict=True):
        post(store, clock, draft_for(asset, REJECT, reason_code=code))
    view = QueueView(status=REJECTED)
    written = json.dumps({"context": {"custom": {"moderation_reason": "Quality"}}})
    theirs = [
        make_asset(4, status=REJECTED, raw=written),
        make_asset(5, status=REJECTED, raw="not JSON"),
    ]
    ours = [replace(asset, status=REJECTED) for asset in mine]
    fill(store, ours + theirs, view=view, at=clock.now())
    return view


def post(store: StationStore, clock: ManualClock, draft: DecisionDraft) -> None:
    """Decide, and let the service take it."""
    store.decide(draft, hold=AT_ONCE)
    [row] = store.claim(1, clock.now())
    store.apply(
        row.operation_id, settle(row, Acknowledged(row.target), now=clock.now()), now=clock.now()
    )
    clock.advance(1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("reason:technical", "14"),
        ("reason:QUALITY", "14"),
        ("reason:nudity", "2"),
        ("-reason:technical", "235"),
        ("reason:unheard_of", ""),
    ],
)
def test_a_reason_fits_what_stands_rejected_for_it(
    store: StationStore, rejected: QueueView, text: str, wanted: str
) -> None:
    view = replace(rejected, filter=parse_filter(text, technical=("quality", "twice")))
    found = store.scan(view, after=None, rows=100).entries
    assert "".join(entry.asset.ref.public_id[-1] for entry in found) == wanted


def test_a_reason_fits_no_more_once_the_image_is_approved(
    store: StationStore, clock: ManualClock, rejected: QueueView
) -> None:
    entry = store.entry(make_asset(1).key)
    assert entry is not None
    post(store, clock, draft_for(entry.asset))
    approved = QueueView(status=APPROVED, filter=parse_filter("reason:quality"))
    assert store.scan(approved, after=None, rows=100).entries == []
    view = replace(rejected, filter=parse_filter("reason:quality"))
    assert len(store.scan(view, after=None, rows=100).entries) == 1


def test_an_entry_knows_every_reason_that_was_ever_given_for_it_here(
    store: StationStore, clock: ManualClock
) -> None:
    photo = make_asset(1)
    fill(store, [photo], at=clock.now())
    store.decide(draft_for(photo, REJECT, reason_code="nudity"), hold=HOLD)
    store.undo(actor="mod")
    (entry,) = store.window(MANUAL_PENDING, around=None, before=0, after=1)
    assert (entry.reasons, entry.posted, entry.reason_code) == (("nudity",), None, None)
    post(store, clock, draft_for(photo, REJECT, reason_code="quality"))
    post(store, clock, draft_for(photo, REJECT, reason_code="nudity"))
    entry = store.entry(photo.key)
    assert entry is not None
    assert sorted(entry.reasons) == ["nudity", "quality"]
    assert (entry.posted, entry.reason_code) == (REJECTED, "nudity")
    assert not entry.rejected_elsewhere
