"""Several moderation kinds reviewed at once: ticked by key, shown in one order, told apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from helpers.assets import fill, make_asset
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.queue import QueueView
from modstation.store.station_store import StationStore
from modstation.ui.queues_sheet import QueuesSheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk

BOTH = QueueView(("manual", "webpurify"))


@pytest.fixture
def desk(sit_down: Callable[..., Desk]) -> Desk:
    """Photos 1, 3 and 5 wait for a person, 2 and 4 for webpurify."""
    desk = sit_down([make_asset(number) for number in (1, 3, 5)])
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    others = [make_asset(number, kind="webpurify") for number in (2, 4)]
    fill(store, others, view=QueueView(("webpurify",)), at=datetime.now(UTC))
    store.close()
    desk.ready()
    return desk


def open_sheet(desk: Desk) -> QueuesSheet:
    desk.press("Ctrl+L")
    sheet = desk.window.sheet
    assert isinstance(sheet, QueuesSheet)
    desk.until(lambda: sheet.rows.count() > 0, "the queues were not read")
    return sheet


def go_to(desk: Desk, sheet: QueuesSheet, words: str) -> None:
    texts = [sheet.rows.item(row).text() for row in range(sheet.rows.count())]
    wanted = next(n for n, text in enumerate(texts) if text.startswith(words))
    while sheet.rows.currentRow() != wanted:
        desk.press("Down" if sheet.rows.currentRow() < wanted else "Up")


def ticked(sheet: QueuesSheet) -> list[str]:
    items = [sheet.rows.item(row) for row in range(sheet.rows.count())]
    return [
        item.text().split(" · ")[0] for item in items if item.checkState() is Qt.CheckState.Checked
    ]


def review_both(desk: Desk) -> None:
    sheet = open_sheet(desk)
    go_to(desk, sheet, "webpurify · pending")
    desk.press("M")
    assert ticked(sheet) == ["manual", "webpurify"]
    desk.press("Enter")
    desk.until(lambda: desk.session.view == BOTH and desk.session.loaded)
    desk.until(lambda: desk.session.counts.waiting == 5)
    desk.settle()
    desk.ready()


def test_two_kinds_are_ticked_and_reviewed_in_one_order(desk: Desk) -> None:
    review_both(desk)
    assert desk.window.toolbar.title == "manual + webpurify · pending"
    seen = []
    while desk.current is not None:
        desk.ready()
        seen.append(desk.current)
        desk.press("A")
    assert seen == [f"photos/000{number}" for number in range(1, 6)]
    assert [name for name, *_ in desk.stored()] == seen


def test_the_evidence_says_from_which_queue_an_image_is(desk: Desk) -> None:
    review_both(desk)
    places = []
    for _ in range(2):
        places.append(desk.window.evidence.place)
        desk.press("J")
        desk.ready()
    assert places == ["Queue: manual", "Queue: webpurify"]


def test_a_decision_names_the_kind_its_image_waited_under(desk: Desk) -> None:
    review_both(desk)
    desk.press("A")
    desk.ready()
    desk.press("X")
    desk.until(lambda: desk.session.counts.decided == 2)
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    kinds = [decision.draft.kind for decision in store.iterate_decisions()]
    store.close()
    assert kinds == ["manual", "webpurify"]


def test_undo_brings_an_image_back_only_where_its_kind_is_reviewed(desk: Desk) -> None:
    review_both(desk)
    desk.press("J")
    desk.ready()
    desk.press("A")
    desk.ready()
    desk.press("U")
    desk.until(lambda: desk.current == "photos/0002")
    desk.ready()
    desk.press("A")
    sheet = open_sheet(desk)
    go_to(desk, sheet, "webpurify · pending")
    desk.press("M")
    go_to(desk, sheet, "manual · pending")
    desk.press("Enter")
    desk.until(lambda: desk.session.view == QueueView())
    desk.settle()
    desk.ready()
    desk.press("U")
    desk.until(lambda: "Taken back" in desk.message)
    desk.settle()
    assert desk.current == "photos/0001"
    assert desk.session.counts.waiting == 3


def test_space_ticks_too_and_a_held_key_ticks_once(desk: Desk) -> None:
    sheet = open_sheet(desk)
    go_to(desk, sheet, "webpurify · pending")
    desk.press("Space")
    assert ticked(sheet) == ["manual", "webpurify"]
    desk.down("M")
    for _ in range(3):
        desk.down("M", repeat=True)
    desk.up("M")
    assert ticked(sheet) == ["manual"]


def test_a_click_on_the_box_ticks_and_on_the_row_reviews(desk: Desk) -> None:
    sheet = open_sheet(desk)
    row = next(
        n
        for n in range(sheet.rows.count())
        if sheet.rows.item(n).text().startswith("webpurify · pending")
    )
    place = sheet.rows.visualItemRect(sheet.rows.item(row))
    middle = place.top() + place.height() // 2
    for x in (17, 200):
        left = Qt.MouseButton.LeftButton
        QTest.mouseClick(sheet.rows.viewport(), left, pos=QPoint(place.left() + x, middle))
        if x == 17:
            assert ticked(sheet) == ["manual", "webpurify"]
            assert desk.window.sheet is sheet
    desk.until(lambda: desk.session.view == BOTH)


def test_the_kind_that_was_never_listed_can_be_ticked(desk: Desk) -> None:
    sheet = open_sheet(desk)
    go_to(desk, sheet, "aws_rek · pending")
    desk.press("M", "Enter")
    desk.until(lambda: desk.session.view == QueueView(("manual", "aws_rek")))
