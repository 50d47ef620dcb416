"""Skip, flag, escalate, the lists and the order of the queue: all of it by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from helpers.assets import draft_for, make_asset
from modstation.core.assets import MachineLabel, ModerationStatus
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.filtering import parse_filter
from modstation.core.protection import Protection
from modstation.core.queue import Kept, Order, QueueView
from modstation.store.station_store import StationStore
from modstation.store.store_thread import Priority
from modstation.ui.lists_sheet import EscalateDialog, ListsSheet
from modstation.ui.scene import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QDialog

    from helpers.window import Desk
    from modstation.ui.cards import Card


def opened(desk: Desk, kind: type[QDialog]) -> QDialog:
    [dialog] = desk.window.findChildren(kind)
    desk.settle()
    return dialog


def type_into(desk: Desk, *keys: str) -> None:
    """Press keys in whatever dialog is in front."""
    from helpers.window import key_event

    for key in keys:
        target = QApplication.focusWidget()
        assert target is not None
        for press in (True, False):
            QApplication.sendEvent(target, key_event(key, press=press))
        desk.settle()


def lists(desk: Desk) -> ListsSheet:
    desk.press("l")
    sheet = opened(desk, ListsSheet)
    assert isinstance(sheet, ListsSheet)
    desk.until(lambda: sheet.lists.loaded)
    return sheet


def rows(sheet: ListsSheet) -> list[str]:
    return [sheet.rows.item(n).text().split("\n")[0] for n in range(sheet.rows.count())]


def test_u_right_after_a_skip_takes_it_back_to_its_place(desk: Desk) -> None:
    desk.press("s", "s")
    assert desk.current == "photos/0003"
    desk.press("u")
    assert desk.current == "photos/0002"
    assert "Taken back: skip of photos/0002" in desk.message
    desk.press("u")
    assert desk.current == "photos/0001"
    assert desk.session.strip()[0].key.endswith("0001"), "at its place again"
    desk.press("u")
    assert desk.message == "Nothing to undo."


def test_undo_takes_back_the_decision_when_it_came_after_the_skip(desk: Desk) -> None:
    desk.press("s", "x", "u")
    assert desk.current == "photos/0002"
    desk.press("u")
    assert desk.message == "Nothing to undo."


def test_a_flag_is_seen_and_removed_and_the_image_stays(desk: Desk) -> None:
    desk.press("f")
    desk.until(lambda: desk.session.current is not None and desk.session.current.flagged)
    assert desk.current == "photos/0001"
    assert "Flagged: photos/0001" in desk.message
    desk.settle()
    shown = [label.text() for label in desk.window.evidence.findChildren(QLabel)]
    assert "Flagged" in shown
    desk.press("f")
    assert "Flag removed" in desk.message
    desk.until(lambda: desk.session.current is not None and not desk.session.current.flagged)


def test_an_escalation_asks_for_a_note_and_takes_the_image_out_of_the_queue(desk: Desk) -> None:
    desk.press("e")
    dialog = opened(desk, EscalateDialog)
    assert isinstance(dialog, EscalateDialog)
    type_into(desk, "t", "o", "y", "Enter")
    desk.until(lambda: desk.current == "photos/0002")
    desk.until(lambda: desk.session.counts.waiting == 11)
    sheet = lists(desk)
    type_into(desk, "Left")
    desk.until(lambda: rows(sheet) == ["photos/0001"])
    assert sheet.lists.kept is Kept.ESCALATED
    assert sheet.lists.rows[0].note == "toy"
    type_into(desk, "Enter")
    desk.until(lambda: desk.current == "photos/0001")
    assert "Brought back: photos/0001" in desk.message


def escalate_and_bring_back(desk: Desk) -> None:
    """The first photo is left to somebody else, then taken back from the list."""
    desk.press("e")
    opened(desk, EscalateDialog)
    type_into(desk, "Enter")
    desk.until(lambda: desk.current == "photos/0002")
    sheet = lists(desk)
    type_into(desk, "Left")
    desk.until(lambda: rows(sheet) == ["photos/0001"])
    type_into(desk, "Enter")
    desk.until(lambda: desk.current == "photos/0001")
    desk.ready()


def test_deciding_oneself_what_one_escalated_wants_the_key_twice_and_is_in_the_log(
    desk: Desk,
) -> None:
    escalate_and_bring_back(desk)
    desk.press("a")
    assert "You left this image to somebody else" in desk.message
    assert "Press A again" in desk.message
    assert desk.current == "photos/0001"
    # Anything else drops it.
    desk.press("x", "b", "x")
    assert desk.stored() == []
    desk.press("x")
    assert desk.stored() == [("photos/0001", "reject", None)]
    store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
    log = [(d.draft.action.value, d.draft.actor) for d in store.iterate_decisions()]
    store.close()
    assert log == [("escalate", "mod"), ("withdraw", "mod"), ("decide", "mod")]


def test_what_one_escalated_is_not_decided_in_bulk(desk: Desk) -> None:
    escalate_and_bring_back(desk)
    desk.press("t")
    desk.until(lambda: desk.window.grid is not None and len(desk.window.grid.grid.tiles) == 12)
    desk.press("m", "Shift+x")
    desk.until(lambda: "left this image to somebody else" in desk.message)
    assert desk.stored() == []


def test_alone_it_is_decided_on_the_sheet_too_at_the_second_press(desk: Desk) -> None:
    escalate_and_bring_back(desk)
    desk.press("t")
    desk.until(lambda: desk.window.grid is not None and len(desk.window.grid.grid.tiles) == 12)
    desk.press("x")
    desk.until(lambda: "You left this image to somebody else" in desk.message)
    assert desk.stored() == []
    desk.press("x")
    assert desk.stored() == [("photos/0001", "reject", None)]


def test_what_a_colleague_at_this_machine_left_is_decided_at_once(desk: Desk) -> None:
    theirs = draft_for(make_asset(1), actor="kim")

    def leave_and_bring_back(store: StationStore) -> None:
        store.escalate(theirs)
        store.withdraw(theirs)

    desk.store.submit(Priority.REST, leave_and_bring_back)
    desk.settle()
    desk.session.reload()
    desk.settle()
    entry = desk.session.current
    assert entry is not None
    assert entry.left_by == ("kim",)
    desk.press("x")
    assert desk.stored() == [("photos/0001", "reject", None)]


def test_an_escalation_that_is_undone_at_once_asks_for_nothing(desk: Desk) -> None:
    desk.press("e")
    opened(desk, EscalateDialog)
    type_into(desk, "Enter")
    desk.until(lambda: desk.current == "photos/0002")
    desk.press("u")
    desk.ready()
    desk.press("x")
    assert desk.stored() == [("photos/0001", "reject", None)]


def test_escape_escalates_nothing_and_undo_takes_an_escalation_back(desk: Desk) -> None:
    desk.press("e")
    opened(desk, EscalateDialog)
    type_into(desk, "Esc")
    assert desk.current == "photos/0001"
    desk.press("e")
    desk.until(lambda: len(desk.window.findChildren(EscalateDialog)) == 1)
    type_into(desk, "Enter")
    desk.until(lambda: desk.current == "photos/0002")
    desk.press("u")
    assert desk.current == "photos/0001"
    assert "escalation of photos/0001" in desk.message


def test_the_lists_bring_a_skipped_image_back_on_the_stage(desk: Desk) -> None:
    desk.press("s", "s", "s")
    sheet = lists(desk)
    assert rows(sheet) == ["photos/0001", "photos/0002", "photos/0003"]
    assert sheet.tabs.tabText(0) == "Skipped 3"
    type_into(desk, "Down", "Enter")
    desk.until(lambda: desk.current == "photos/0002")
    desk.press("u")
    assert desk.current == "photos/0003", "what was brought back is no step any more"


def test_a_flag_is_removed_in_the_list(desk: Desk) -> None:
    desk.press("f")
    sheet = lists(desk)
    type_into(desk, "Right")
    desk.until(lambda: rows(sheet) == ["photos/0001"])
    type_into(desk, "Delete")
    desk.until(lambda: sheet.lists.loaded and rows(sheet) == [])
    assert "Nothing is flagged" in sheet.words.text()
    type_into(desk, "Esc")


def test_what_was_decided_meanwhile_is_not_brought_to_the_stage(desk: Desk) -> None:
    desk.press("f")
    desk.ready()
    desk.press("x")
    lists(desk)
    type_into(desk, "Right", "Enter")
    desk.until(lambda: "was decided meanwhile" in desk.message)
    assert desk.current == "photos/0002"


def card(desk: Desk) -> Card:
    desk.settle()
    scene = desk.window.stage.scene
    assert isinstance(scene, Words)
    return scene.card


def test_a_filter_that_nothing_fits_is_not_called_an_empty_queue(desk: Desk) -> None:
    desk.session.filter(parse_filter("nosuchname"))
    desk.until(lambda: desk.session.looked == (12, True))
    assert card(desk).heading == "Nothing fits the filter"
    desk.press("t")
    assert desk.window.grid is not None
    sheet = desk.window.grid.sheet
    desk.until(lambda: sheet._empty().heading == "Nothing fits the filter")
    desk.press("t", "Ctrl+Shift+F")
    desk.until(lambda: desk.current == "photos/0001")


def test_an_empty_list_of_the_rejected_does_not_say_that_all_is_decided(desk: Desk) -> None:
    desk.session.change_view(QueueView(status=ModerationStatus.REJECTED))
    desk.until(lambda: desk.session.loaded)
    assert "No image is rejected here" in card(desk).text


@pytest.fixture
def unsure(sit_down: Callable[..., Desk]) -> Desk:
    def label(confidence: float) -> list[MachineLabel]:
        return [MachineLabel("Suggestive", confidence)]

    desk = sit_down(
        [make_asset(1), make_asset(2, labels=label(95)), make_asset(3, labels=label(51))],
        protection=Protection.NEVER,
    )
    desk.ready()
    return desk


def test_o_changes_the_order_says_why_an_image_is_here_and_remembers_it(unsure: Desk) -> None:
    desk = unsure
    firsts = []
    for order in (Order.NEWEST, Order.PUBLIC, Order.UNSURE):
        desk.press("o")
        desk.until(lambda: desk.session.loaded and desk.current is not None)
        assert desk.session.view.order is order
        firsts.append(desk.current)
    assert firsts == ["photos/0003", "photos/0001", "photos/0003"]
    desk.settle()
    shown = " ".join(label.text() for label in desk.window.evidence.findChildren(QLabel))
    assert "Here because Suggestive is 1 from its threshold" in shown
    assert desk.station.settings.order is Order.UNSURE
    desk.press("o")
    assert desk.session.view.order is Order.TOGETHER
    desk.press("o")
    assert desk.session.view.order is Order.OLDEST
    desk.station.settings_book.close()


# -- the filter


def filtered(desk: Desk, text: str) -> None:
    desk.press("/")
    field = desk.window.filter_bar.field
    desk.until(field.hasFocus)
    field.setText(text)
    desk.press("Enter")
    desk.until(lambda: desk.session.looked is None or desk.session.looked[1])
    desk.settle()


def test_a_filter_shows_only_what_fits_says_how_far_it_looked_and_is_cleared(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(
        [make_asset(n, tags=("beach",) if n % 100 == 3 else ()) for n in range(1, 1301)]
    )
    desk.ready()
    filtered(desk, "tag:beach -0103")
    assert desk.current == "photos/0003"
    assert desk.window.filter_bar.isVisible()
    assert desk.window.filter_bar.words.text() == "Looked at all 1,300"
    desk.press("j")
    assert desk.current == "photos/0203"
    desk.ready()
    desk.press("x")
    assert desk.current == "photos/0303"
    desk.press("u")
    assert desk.current == "photos/0203"
    desk.press("Ctrl+Shift+F")
    desk.until(lambda: desk.session.loaded)
    assert desk.current == "photos/0001"
    assert not desk.window.filter_bar.isVisible()


def test_the_sheet_shows_what_fits_the_filter_and_nothing_else(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(
        [make_asset(n, tags=("beach",) if n in {3, 1203, 2500} else ()) for n in range(1, 2501)]
    )
    desk.ready()
    filtered(desk, "tag:beach")
    desk.press("j", "T")
    assert desk.window.grid is not None
    tiles = desk.window.grid.grid.tiles
    desk.until(lambda: tiles.at_start and tiles.at_end, "the queue was not looked through")
    names = [tiles[number].entry.asset.ref.public_id for number in range(len(tiles))]
    assert names == ["photos/0003", "photos/1203", "photos/2500"]
    assert desk.current == "photos/1203"
    looks = [tiles[number].look for number in range(len(tiles))]
    desk.until(lambda: all(look.painted_at is not None for look in looks))
    desk.press("Ctrl+A", "Shift+X")
    assert [name for name, _, _ in desk.stored()] == names
    assert len(tiles) == 0
    desk.press("U")
    desk.until(lambda: len(tiles) == 3, "what was taken back is not on the sheet")
    filtered(desk, "tag:mountain")
    desk.until(lambda: tiles.at_end and not len(tiles), "the sheet did not follow the filter")


def test_what_is_wrong_with_a_filter_is_said_and_escape_keeps_the_one_in_force(desk: Desk) -> None:
    filtered(desk, "0004")
    assert desk.current == "photos/0004"
    desk.press("Ctrl+F")
    desk.window.filter_bar.field.setText("colour:red")
    desk.press("Enter")
    assert "“colour” is none of" in desk.window.filter_bar.trouble.text()
    assert desk.window.filter_bar.trouble.isVisible()
    desk.press("Esc")
    assert desk.window.filter_bar.field.text() == "0004"
    assert desk.window.stage.hasFocus()
    assert desk.current == "photos/0004"


def test_nothing_that_fits_is_an_empty_stage_and_an_empty_filter_shows_all(desk: Desk) -> None:
    filtered(desk, "nowhere")
    desk.until(lambda: desk.session.loaded)
    assert desk.current is None
    filtered(desk, "")
    desk.until(lambda: desk.current == "photos/0001")


def test_letters_typed_into_the_filter_decide_nothing(desk: Desk) -> None:
    desk.press("/", "a", "x", "1")
    assert desk.window.filter_bar.field.text() == "ax1"
    assert desk.stored() == []
