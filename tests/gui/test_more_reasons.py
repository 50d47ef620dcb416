"""The reasons without a digit, what they confirm, destroy and end in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from modstation.core.policy import ESCALATION
from modstation.ui.reasons_dialog import ReasonsDialog
from modstation.ui.scene import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk

FIRST, SECOND = "photos/0001", "photos/0002"
FIRST_KEY = f"image/upload/{FIRST}"


def open_reasons(desk: Desk) -> ReasonsDialog:
    desk.press("Ctrl+Shift+X")
    dialog = desk.window.findChild(ReasonsDialog)
    assert isinstance(dialog, ReasonsDialog)
    return dialog


def choose(dialog: ReasonsDialog, word: str) -> None:
    texts = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    dialog.list.setCurrentRow(next(n for n, text in enumerate(texts) if word in text))


def press(dialog: ReasonsDialog, key: Qt.Key) -> None:
    target = dialog.focusWidget() or dialog
    QTest.keyClick(target, key)


def reject(desk: Desk, word: str) -> ReasonsDialog:
    dialog = open_reasons(desk)
    choose(dialog, word)
    dialog.reject_button.setFocus()
    press(dialog, Qt.Key.Key_Space)
    press(dialog, Qt.Key.Key_Space)
    desk.settle()
    return dialog


def test_every_reason_without_a_digit_is_offered_and_none_with_one(desk: Desk) -> None:
    dialog = open_reasons(desk)
    assert dialog.list.count() == len(desk.station.policy.without_key) == 3
    assert "Nudity" not in dialog.list.item(0).text()
    dialog.close()


def test_the_button_of_the_panel_opens_it_too(desk: Desk) -> None:
    button = desk.window.evidence.buttons["more-reasons"]
    assert "Ctrl+Shift+X" in button.text()
    button.click()
    assert desk.window.findChild(ReasonsDialog) is not None
    desk.window.findChild(ReasonsDialog).close()


def test_an_escalating_reason_is_asked_for_twice(desk: Desk) -> None:
    dialog = open_reasons(desk)
    choose(dialog, "abuse")
    dialog.reject_button.click()
    assert desk.stored() == []
    assert "destroyed" in dialog.answer.text()
    dialog.reject_button.click()
    assert desk.stored() == [(FIRST, "reject", "suspected_child_abuse")]
    dialog.close()


def test_another_choice_takes_the_confirmation_back(desk: Desk) -> None:
    dialog = open_reasons(desk)
    choose(dialog, "abuse")
    dialog.reject_button.click()
    choose(dialog, "Terrorist")
    dialog.reject_button.click()
    assert desk.stored() == []
    dialog.close()


def test_it_ends_in_what_to_do_and_names_the_image(desk: Desk) -> None:
    dialog = reject(desk, "abuse")
    assert desk.stored() == [(FIRST, "reject", "suspected_child_abuse")]
    assert desk.current == SECOND
    assert dialog.answer.text() == ESCALATION
    assert FIRST in dialog.words.text()
    assert not dialog.reject_button.isVisible()
    dialog.close()


def test_enter_decides_nothing_in_it(desk: Desk) -> None:
    dialog = open_reasons(desk)
    choose(dialog, "abuse")
    for _ in range(3):
        press(dialog, Qt.Key.Key_Return)
        QTest.keyClick(dialog.reject_button, Qt.Key.Key_Enter)
    assert desk.stored() == []
    dialog.close()


def test_no_letter_decides_behind_it(desk: Desk) -> None:
    dialog = open_reasons(desk)
    desk.press("A", "X", "1")
    assert desk.stored() == []
    dialog.close()


def test_what_may_not_be_decided_is_refused_there_too(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2, painted_before=30.0)
    desk.ready()
    dialog = reject(desk, "abuse")
    assert desk.stored() == []
    assert "not on the screen" in dialog.answer.text()
    dialog.close()


@pytest.mark.parametrize("zoom", [[], ["Z"]])
def test_a_purging_reason_destroys_every_copy(desk: Desk, zoom: list[str]) -> None:
    desk.press(*zoom)
    desk.until(lambda: desk.window.filmstrip.loaded)
    reject(desk, "abuse").close()
    assert desk.destroyed == [FIRST_KEY]
    assert ("purge", (FIRST_KEY,)) in desk.network.asked
    frames = desk.frames
    assert (frames.frame(FIRST_KEY), frames.thumbnail(FIRST_KEY)) == (None, None)
    assert frames.detail_frame(FIRST_KEY) is None
    assert all(request.asset_key != FIRST_KEY for request in desk.decoder.plan)
    kept = [*desk.window.stage._pictures._renderings._kept.values()]
    assert all(frame.asset_key != FIRST_KEY for frame, _ in kept)


def test_a_reason_that_purges_nothing_leaves_the_copies(desk: Desk) -> None:
    reject(desk, "Terrorist").close()
    desk.press("1")
    assert desk.destroyed == []
    assert not any(what == "purge" for what, _ in desk.network.asked)


def test_a_purged_picture_that_is_taken_back_says_why_it_is_not_shown(desk: Desk) -> None:
    reject(desk, "abuse").close()
    desk.press("U")
    assert desk.current == FIRST
    scene = desk.window.stage.scene
    assert isinstance(scene, Words)
    assert "destroyed" in scene.card.text
    desk.press("A")
    assert "cannot be approved" in desk.message


def test_a_decision_that_was_not_saved_destroys_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modstation.core.errors import StoreFull
    from modstation.store.station_store import StationStore

    def full(*_args: object, **_options: object) -> None:
        raise StoreFull("The disk is full.")

    monkeypatch.setattr(StationStore, "decide", full)
    reject(desk, "abuse").close()
    assert desk.current == FIRST
    assert desk.destroyed == []
    assert desk.frames.frame(FIRST_KEY) is not None
    assert desk.session.pace().decided == 0


def test_a_copy_that_cannot_be_destroyed_is_told(desk: Desk, sit_down: Callable[..., Desk]) -> None:
    from modstation.core.errors import StoreBusy

    def busy(_keys: object) -> None:
        raise StoreBusy("Another program holds the image cache.")

    desk.session._deciding._shredder._destroy = busy
    reject(desk, "abuse").close()
    assert "could not be destroyed" in desk.message
    assert desk.frames.thumbnail(FIRST_KEY) is None
