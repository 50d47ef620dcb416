"""The history: looked at, changed, taken back and reversed, by key and by click."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from helpers.assets import make_asset, make_assets
from modstation.app.history_items import HistoryState
from modstation.core.assets import MachineLabel
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.outbox import Acknowledged
from modstation.core.settling import settle
from modstation.store.station_store import StationStore
from modstation.ui.history_sheet import HistorySheet
from modstation.ui.scene import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk

AT_ONCE = timedelta(0)
FIRST, SECOND, THIRD = (f"photos/{number:04d}" for number in (1, 2, 3))
NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)


def open_history(desk: Desk) -> HistorySheet:
    desk.press("Ctrl+H")
    sheet = desk.window.sheet
    assert isinstance(sheet, HistorySheet)
    desk.until(lambda: sheet.history.loaded, "the history was not read")
    if sheet.history.items:
        desk.until(lambda: sheet.history.look.painted_at is not None, "the picture never came")
    return sheet


def rows(sheet: HistorySheet) -> list[tuple[str, str, HistoryState]]:
    return [
        (item.entry.asset.ref.public_id, item.verdict.value, item.state)
        for item in sheet.history.items
    ]


def until_state(desk: Desk, sheet: HistorySheet, index: int, state: HistoryState) -> None:
    def so() -> bool:
        items = sheet.history.items
        return len(items) > index and items[index].state is state

    desk.until(so, f"it never was {state}")


def posted(desk: Desk) -> None:
    """What is ready reaches the service."""
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    now = SystemClock().now()
    for row in store.claim(8, now):
        store.apply(row.operation_id, settle(row, Acknowledged(row.target), now=now), now=now)
    store.close()


def test_one_key_lists_the_last_decisions_and_goes_back(desk: Desk) -> None:
    desk.press("A", "1")
    sheet = open_history(desk)
    assert rows(sheet) == [
        (SECOND, "reject", HistoryState.HELD),
        (FIRST, "approve", HistoryState.HELD),
    ]
    said = sheet.rows.item(0).text()
    assert said.startswith(f"{SECOND}, rejected: Nudity, held, ")
    desk.press("Ctrl+H")
    assert desk.window.sheet is None
    assert desk.current == THIRD


def test_an_empty_history_says_so(desk: Desk) -> None:
    sheet = open_history(desk)
    assert "No decision yet" in sheet.picture.accessibleDescription()
    desk.press("A", "U")
    assert "no decision" in sheet.said
    assert desk.stored() == []


def test_looking_changes_nothing(desk: Desk) -> None:
    desk.press("A", "X", "A")
    sheet = open_history(desk)
    desk.press("J", "J", "K")
    assert sheet.history.chosen is not None
    assert sheet.history.chosen.entry.asset.ref.public_id == SECOND
    desk.press("Esc")
    assert len(desk.stored()) == 3
    assert desk.current == "photos/0004"


def test_a_click_looks_at_another_decision(desk: Desk) -> None:
    desk.press("A", "X")
    sheet = open_history(desk)
    sheet.rows.setCurrentRow(1)
    desk.settle()
    assert sheet.history.chosen is not None
    assert sheet.history.chosen.entry.asset.ref.public_id == FIRST


def test_another_verdict_takes_the_place_of_one_that_is_held(desk: Desk) -> None:
    desk.press("A", "A")
    sheet = open_history(desk)
    desk.press("J")
    desk.until(lambda: sheet.history.look.painted_at is not None)
    desk.press("X")
    until_state(desk, sheet, 2, HistoryState.REPLACED)
    assert rows(sheet)[0] == (FIRST, "reject", HistoryState.HELD)
    assert sheet.history.chosen_index == 0
    assert desk.session.counts.held == 2


def test_another_reason_takes_the_place_of_one_that_is_held(desk: Desk) -> None:
    desk.press("1")
    sheet = open_history(desk)
    desk.press("3")
    until_state(desk, sheet, 1, HistoryState.REPLACED)
    assert desk.stored() == [(FIRST, "reject", "nudity"), (FIRST, "reject", "violence")]
    desk.press("3")
    assert "decided already" in sheet.said


def test_one_decision_is_taken_back_alone(desk: Desk) -> None:
    desk.press("A", "X", "A")
    sheet = open_history(desk)
    desk.press("J", "U")
    until_state(desk, sheet, 1, HistoryState.TAKEN_BACK)
    assert "waits in the queue again" in sheet.said
    desk.press("U", "A")
    assert "counts no more" in sheet.said
    desk.press("Esc")
    assert desk.current == SECOND
    assert desk.session.counts.held == 2


def test_a_button_does_what_its_key_does_to_the_chosen_one(desk: Desk) -> None:
    desk.press("A")
    sheet = open_history(desk)
    sheet.buttons["undo"].click()
    until_state(desk, sheet, 0, HistoryState.TAKEN_BACK)


def test_what_is_posted_is_reversed_by_the_same_key_twice(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, hold=AT_ONCE)
    desk.ready()
    desk.press("X")
    posted(desk)
    sheet = open_history(desk)
    until_state(desk, sheet, 0, HistoryState.POSTED)
    desk.press("U")
    assert "cannot be undone, only reversed" in sheet.said
    assert sheet.buttons["approve"].text().startswith("Approve instead")
    desk.press("A")
    assert "restores the image from its backup" in sheet.said
    assert "Press A again" in sheet.said
    assert len(sheet.history.items) == 1
    desk.press("A")
    until_state(desk, sheet, 1, HistoryState.REVERSED)
    assert rows(sheet)[0] == (FIRST, "approve", HistoryState.TO_POST)


def test_a_reversal_that_was_only_explained_does_not_happen(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, hold=AT_ONCE)
    desk.ready()
    desk.press("A", "A")
    posted(desk)
    sheet = open_history(desk)
    until_state(desk, sheet, 0, HistoryState.POSTED)
    desk.press("X")
    assert "purges it from the delivery caches" in sheet.said
    desk.press("1")
    assert "Press 1 again" in sheet.said
    desk.press("J", "K")
    assert sheet.said == ""
    desk.until(lambda: sheet.history.look.painted_at is not None)
    desk.press("X", "Esc")
    assert len(desk.stored()) == 2


def test_a_held_key_explains_and_does_not_reverse(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, hold=AT_ONCE)
    desk.ready()
    desk.press("A")
    posted(desk)
    sheet = open_history(desk)
    until_state(desk, sheet, 0, HistoryState.POSTED)
    desk.down("X")
    for _ in range(5):
        desk.down("X", repeat=True)
        desk.down("X")
    desk.up("X")
    desk.settle()
    assert len(sheet.history.items) == 1
    desk.press("Return")
    assert len(sheet.history.items) == 1


def test_a_covered_picture_is_covered_in_the_history_too(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), *make_assets(3)[1:]])
    desk.ready()
    desk.press("X")
    sheet = open_history(desk)
    scene = sheet.picture.scene()
    assert isinstance(scene, Picture)
    assert scene.covered
    desk.press("A")
    assert "Uncover the image first" in sheet.said
    desk.press("V")
    desk.until(lambda: sheet.history.look.uncovered_once)
    desk.press("A")
    until_state(desk, sheet, 1, HistoryState.REPLACED)


def test_space_peeks_in_the_history(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), *make_assets(3)[1:]])
    desk.ready()
    desk.press("X")
    sheet = open_history(desk)
    desk.down("Space")
    assert not sheet.history.look.covered
    desk.up("Space")
    assert sheet.history.look.covered


def test_nothing_is_changed_while_everything_is_covered(desk: Desk) -> None:
    desk.press("A")
    sheet = open_history(desk)
    desk.press("`")
    assert not isinstance(sheet.picture.scene(), Picture)
    desk.press("X")
    assert "Everything is covered" in sheet.said
    assert len(desk.stored()) == 1


def test_the_last_image_of_the_queue_can_be_taken_back(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(1)
    desk.ready()
    desk.press("A")
    assert desk.current is None
    desk.press("U")
    assert desk.current == FIRST
    desk.ready()
    desk.press("A")
    sheet = open_history(desk)
    desk.press("U")
    until_state(desk, sheet, 0, HistoryState.TAKEN_BACK)
    desk.press("Ctrl+H")
    assert desk.current == FIRST


def test_undo_at_the_stage_takes_a_change_back(desk: Desk) -> None:
    desk.press("A")
    sheet = open_history(desk)
    desk.press("X")
    until_state(desk, sheet, 1, HistoryState.REPLACED)
    desk.press("Esc", "U")
    sheet = open_history(desk)
    assert [state for _, _, state in rows(sheet)] == [HistoryState.TAKEN_BACK, HistoryState.HELD]
