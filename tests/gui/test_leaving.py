"""Going offline by choice and back, and closing with decisions that are not posted yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtTest import QTest

from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.events import Connection
from modstation.core.outbox import Acknowledged
from modstation.core.settling import settle
from modstation.store.station_store import StationStore
from modstation.ui.closing_dialog import ClosingDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk


def asked(desk: Desk) -> ClosingDialog:
    dialog = desk.window.findChild(ClosingDialog)
    assert isinstance(dialog, ClosingDialog)
    return dialog


def quit_with(desk: Desk, *decisions: str) -> ClosingDialog:
    desk.press(*decisions, "Ctrl+Q")
    return asked(desk)


def post_everything(desk: Desk) -> None:
    """What the network process does, without a network."""
    desk.settle()
    clock = SystemClock()
    store = StationStore.open(desk.path, clock=clock, ids=TimeOrderedIds())
    try:
        now = clock.now()
        for operation in store.claim(100, now):
            transition = settle(operation, Acknowledged(operation.target), now=now)
            store.apply(operation.operation_id, transition, now=now)
    finally:
        store.close()
    desk.session.reload()


def test_ctrl_o_goes_offline_and_back(desk: Desk) -> None:
    desk.press("Ctrl+O")
    assert desk.network.asked[-1] == ("offline", True)
    assert "Offline" in desk.message
    assert desk.window.status.buttons["offline"].text() == "Go online (Ctrl+O)"
    desk.press("Ctrl+O")
    assert desk.network.asked[-1] == ("offline", False)
    assert desk.window.status.buttons["offline"].text() == "Go offline (Ctrl+O)"


def test_the_button_goes_offline_too(desk: Desk) -> None:
    desk.window.status.buttons["offline"].click()
    assert desk.station.offline


def test_f5_offline_does_not_claim_to_ask_the_service(desk: Desk) -> None:
    desk.press("F5")
    assert desk.message == "Asking the service for new images."
    desk.press("Ctrl+O", "F5")
    assert "Offline by choice" in desk.message
    assert "Ctrl+O goes back online" in desk.message


def test_with_nothing_unsent_the_window_closes_at_once(desk: Desk) -> None:
    desk.press("Ctrl+Q")
    assert not desk.window.isVisible()


def test_with_unsent_decisions_it_asks_and_says_how_many(desk: Desk) -> None:
    dialog = quit_with(desk, "A", "X")
    assert desk.window.isVisible()
    assert dialog.heading.text() == "2 decisions are not posted yet"
    assert "after the next start" in dialog.words.text()
    dialog.stay_button.click()
    assert desk.window.isVisible()


def test_the_cross_of_the_frame_asks_too(desk: Desk) -> None:
    desk.press("A")
    event = _Spontaneous()
    desk.window.closeEvent(event)
    assert not event.isAccepted()
    assert asked(desk).heading.text() == "1 decision is not posted yet"
    asked(desk).stay_button.click()


@pytest.mark.parametrize("way", ["stay", "escape", "cross"])
def test_staying_closes_nothing(desk: Desk, way: str) -> None:
    stayed: list[bool] = []
    desk.window.stayed.connect(lambda: stayed.append(True))
    dialog = quit_with(desk, "A")
    match way:
        case "stay":
            dialog.stay_button.click()
        case "escape":
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
        case "cross":
            dialog.close()
    assert desk.window.isVisible()
    assert stayed == [True]
    desk.press("U")
    assert "Taken back" in desk.message


def test_keeping_closes_at_once_and_posts_nothing(desk: Desk) -> None:
    quit_with(desk, "A").keep_button.click()
    assert not desk.window.isVisible()
    assert desk.session.counts.held == 1


def test_posting_first_closes_when_everything_is_posted(desk: Desk) -> None:
    dialog = quit_with(desk, "A", "X")
    dialog.post_button.click()
    desk.until(lambda: desk.session.counts.ready == 2)
    assert desk.window.isVisible()
    assert dialog.progress.isVisible()
    post_everything(desk)
    desk.until(lambda: not desk.window.isVisible(), "it never closed")


def test_nobody_waits_for_a_service_that_takes_nothing(desk: Desk) -> None:
    desk.press("A")
    dialog = ClosingDialog(desk.station, desk.window, patience=0.2)
    left: list[bool] = []
    dialog.leaving.connect(lambda: left.append(True))
    dialog.open()
    dialog.post_button.click()
    desk.until(lambda: "takes nothing now; 1 decision is left" in dialog.words.text())
    assert not left
    dialog.keep_button.click()
    assert left == [True]


def test_posting_is_not_offered_where_it_cannot_be_done(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, connection=Connection.OFFLINE)
    desk.ready()
    dialog = quit_with(desk, "A")
    assert not dialog.post_button.isVisible()
    assert "Nothing can be posted now (Offline)" in dialog.words.text()
    dialog.keep_button.click()
    assert not desk.window.isVisible()


def test_enter_answers_nothing(desk: Desk) -> None:
    dialog = quit_with(desk, "A")
    for widget in (dialog, dialog.post_button, dialog.keep_button):
        QTest.keyClick(widget, Qt.Key.Key_Return)
    assert desk.window.isVisible()
    assert desk.session.counts.held == 1
    dialog.stay_button.click()


class _Spontaneous(QCloseEvent):
    """As the window system sends it."""

    def spontaneous(self) -> bool:
        return True
