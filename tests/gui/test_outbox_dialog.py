"""The outbox: what is stuck or in conflict, and what a person does about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from modstation.core.assets import ModerationStatus
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.decisions import Action
from modstation.core.errors import AssetGone
from modstation.core.events import Connection
from modstation.core.outbox import Acknowledged, Failed, Observed, OperationState
from modstation.core.settling import settle
from modstation.store.station_store import StationStore
from modstation.ui.outbox_dialog import OutboxDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.window import Desk


@pytest.fixture
def stuck(sit_down: Callable[..., Desk]) -> Desk:
    """Three decisions: one refused for good, one contradicted, one still held."""
    desk = sit_down(6, hold=timedelta(0))
    desk.ready()
    desk.press("a", "a")
    clock = SystemClock()
    store = StationStore.open(desk.path, clock=clock, ids=TimeOrderedIds())
    try:
        now = clock.now()
        store.release_due(now)
        one, two = store.claim(10, now)
        gone = settle(one, Failed(AssetGone("The service has no such image.")), now=now)
        store.apply(one.operation_id, gone, now=now)
        other = settle(two, Observed(ModerationStatus.REJECTED), now=now)
        store.apply(two.operation_id, other, now=now)
    finally:
        store.close()
    desk.session.reload()
    desk.settle()
    return desk


def open_outbox(desk: Desk) -> OutboxDialog:
    desk.window.run("outbox")
    dialog = desk.window.findChild(OutboxDialog)
    assert isinstance(dialog, OutboxDialog)
    desk.until(lambda: "Reading" not in dialog.summary.text())
    return dialog


def choose(dialog: OutboxDialog, word: str) -> str:
    for row in range(dialog.rows.count()):
        text = dialog.rows.item(row).text()
        if word in text:
            dialog.rows.setCurrentRow(row)
            return text
    raise AssertionError(f"no row with {word}")


def test_the_status_line_counts_what_needs_a_person(stuck: Desk) -> None:
    assert stuck.window.status.texts["outbox"] == "1 conflict · 1 stuck"


def test_the_outbox_shows_both_sides_of_a_conflict(stuck: Desk) -> None:
    dialog = open_outbox(stuck)
    text = choose(dialog, "conflict")
    assert "approved" in text
    assert "the service says rejected" in text
    assert dialog.choices[Action.KEEP_MINE].isVisible()
    assert not dialog.retry.isVisible()
    dialog.close()


def test_a_stuck_decision_says_why_and_can_be_tried_again(stuck: Desk) -> None:
    dialog = open_outbox(stuck)
    assert "no such image" in choose(dialog, "stuck")
    dialog.retry.click()
    stuck.until(lambda: ("wake", None) in stuck.network.asked)
    assert not any(_states(stuck, OperationState.PARKED))
    dialog.close()


@pytest.mark.parametrize("action", [Action.KEEP_MINE, Action.ACCEPT_THEIRS, Action.LOOK_AGAIN])
def test_a_conflict_is_settled_by_choice(stuck: Desk, action: Action) -> None:
    dialog = open_outbox(stuck)
    choose(dialog, "conflict")
    dialog.choices[action].click()
    stuck.until(lambda: not any(_states(stuck, OperationState.CONFLICTED)))
    dialog.close()


def test_a_stuck_decision_can_be_given_up(stuck: Desk) -> None:
    dialog = open_outbox(stuck)
    choose(dialog, "conflict")
    assert not dialog.give_up.isVisible()
    choose(dialog, "stuck")
    QTest.keyClick(dialog.rows, Qt.Key.Key_Delete)
    QTest.keyClicks(dialog.note, "uploader deleted it")
    QTest.keyClick(dialog.note, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)
    stuck.until(lambda: not any(_states(stuck, OperationState.PARKED)))
    stuck.until(lambda: "stuck" not in stuck.window.status.texts["outbox"])
    dialog.close()
    assert "uploader deleted it" in notes(stuck)


def test_without_a_word_of_why_and_with_escape_nothing_is_dropped(stuck: Desk) -> None:
    dialog = open_outbox(stuck)
    choose(dialog, "stuck")
    QTest.keyClick(dialog.rows, Qt.Key.Key_Delete)
    QTest.keyClick(dialog.note, Qt.Key.Key_Escape)
    assert not dialog.dropping.isVisible()
    assert dialog.isVisible()
    assert any(_states(stuck, OperationState.PARKED))
    dialog.close()


def test_f6_opens_the_outbox_and_alt_k_keeps_mine(stuck: Desk) -> None:
    stuck.press("F6")
    dialog = stuck.window.findChild(OutboxDialog)
    assert isinstance(dialog, OutboxDialog)
    stuck.until(lambda: dialog.rows.count() == 2)
    choose(dialog, "conflict")
    assert dialog.choices[Action.KEEP_MINE].text() == "Keep mine (Alt+K)"
    QTest.keyClick(dialog.rows, Qt.Key.Key_K, Qt.KeyboardModifier.AltModifier)
    stuck.until(lambda: not any(_states(stuck, OperationState.CONFLICTED)))
    dialog.close()


def test_both_sides_of_a_conflict_stand_side_by_side(stuck: Desk) -> None:
    dialog = open_outbox(stuck)
    choose(dialog, "conflict")
    assert dialog.sides.isVisible()
    said = dialog.sides.accessibleName()
    assert "Verdict: mine approved, theirs rejected" in said
    assert "Who: mine mod, theirs the service does not say" in said
    choose(dialog, "stuck")
    assert not dialog.sides.isVisible()
    dialog.close()


def test_one_held_decision_is_posted_by_key_and_the_others_stay_held(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(6)
    desk.ready()
    desk.press("a", "x", "a")
    dialog = open_outbox(desk)
    desk.until(lambda: dialog.rows.count() == 3)
    assert "held for undo, posted in" in dialog.rows.item(1).text()
    dialog.rows.setCurrentRow(1)
    QTest.keyClick(dialog.rows, Qt.Key.Key_P, Qt.KeyboardModifier.AltModifier)
    desk.until(lambda: desk.session.counts.ready == 1)
    assert desk.session.counts.held == 2
    assert ("wake", None) in desk.network.asked
    dialog.close()


def test_the_row_in_hand_stays_in_hand_while_others_are_posted(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(6, hold=timedelta(0))
    desk.ready()
    desk.press("a", "a", "a")
    dialog = open_outbox(desk)
    desk.until(lambda: dialog.rows.count() == 3)
    QTest.keyClick(dialog.rows, Qt.Key.Key_Down)
    QTest.keyClick(dialog.rows, Qt.Key.Key_Down)
    in_hand = dialog.rows.currentItem().text().splitlines()[0]
    clock = SystemClock()
    store = StationStore.open(desk.path, clock=clock, ids=TimeOrderedIds())
    try:
        now = clock.now()
        (first, *_) = store.claim(1, now)
        store.apply(first.operation_id, settle(first, Acknowledged(first.target), now=now), now=now)
    finally:
        store.close()
    desk.session.reload()
    desk.until(lambda: dialog.rows.count() == 2)
    assert dialog.rows.currentItem().text().splitlines()[0] == in_hand
    dialog.close()


def test_a_key_that_may_not_post_is_told_in_one_sentence_with_the_key_that_tries_again(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(3, hold=timedelta(0))
    desk.ready()
    desk.press("a")
    desk.connect(Connection.MAY_NOT_POST, message="The service takes no decision from this key.")
    assert desk.message == "The service takes no decision from this key. F5 tries again."
    desk.settle()
    assert desk.window.status.texts["connection"] == "Posting refused"
    dialog = open_outbox(desk)
    assert dialog.summary.text() == (
        "The service takes no decision from this key. F5 tries again now."
    )
    desk.network.asked.clear()
    QTest.keyClick(dialog.rows, Qt.Key.Key_F5)
    assert ("wake", None) in desk.network.asked
    dialog.close()


@pytest.fixture
def replaced(sit_down: Callable[..., Desk]) -> Desk:
    """An approval and a rejection, both of pictures that were replaced by other uploads since."""
    desk = sit_down(4, hold=timedelta(0))
    desk.ready()
    desk.press("a", "x")
    clock = SystemClock()
    store = StationStore.open(desk.path, clock=clock, ids=TimeOrderedIds())
    try:
        now = clock.now()
        store.release_due(now)
        for operation in store.claim(10, now):
            seen = Observed(ModerationStatus.PENDING, asset_id="another", version=2)
            store.apply(operation.operation_id, settle(operation, seen, now=now), now=now)
    finally:
        store.close()
    return desk


def test_an_approval_of_a_picture_that_was_replaced_cannot_be_kept(replaced: Desk) -> None:
    dialog = open_outbox(replaced)
    assert "Another picture was uploaded" in choose(dialog, "approved")
    assert not dialog.choices[Action.KEEP_MINE].isVisible()
    assert dialog.choices[Action.LOOK_AGAIN].isVisible()
    choose(dialog, "rejected")
    assert dialog.choices[Action.KEEP_MINE].isVisible()
    dialog.close()


def test_where_nobody_else_decided_there_is_nothing_to_accept(replaced: Desk) -> None:
    dialog = open_outbox(replaced)
    choose(dialog, "rejected")
    assert not dialog.choices[Action.ACCEPT_THEIRS].isVisible()
    dialog.close()


def test_enter_settles_nothing_in_the_outbox(stuck: Desk) -> None:
    dialog = open_outbox(stuck)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    QTest.keyClick(dialog.rows, Qt.Key.Key_Enter)
    stuck.settle()
    assert len(list(_states(stuck, OperationState.CONFLICTED))) == 1
    dialog.close()


def test_no_key_decides_behind_the_outbox(stuck: Desk) -> None:
    dialog = open_outbox(stuck)
    before = len(stuck.stored())
    QTest.keyClick(stuck.window, Qt.Key.Key_A)
    assert len(stuck.stored()) == before
    dialog.close()


def test_an_empty_outbox_says_so(desk: Desk) -> None:
    dialog = open_outbox(desk)
    assert dialog.summary.text() == "Everything is posted."
    dialog.close()


def notes(desk: Desk) -> list[str]:
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    try:
        return [row.draft.note for row in store.iterate_decisions() if row.draft.note]
    finally:
        store.close()


def _states(desk: Desk, state: OperationState) -> Iterator[str]:
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    try:
        yield from [operation.operation_id for operation in store.operations({state})]
    finally:
        store.close()
