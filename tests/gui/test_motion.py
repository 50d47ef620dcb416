"""Reduced motion: what stops, who says so, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QAbstractAnimation, QTimer
from PySide6.QtWidgets import QApplication

from modstation.app.session_events import Message, Tone
from modstation.ui.motion import MotionWish, desktop_is_still, wanted_still

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk


@pytest.mark.parametrize(
    ("wish", "desktop", "still"),
    [
        ("auto", False, False),
        ("auto", True, True),
        ("always", False, True),
        ("never", True, False),
    ],
)
def test_the_desktop_is_asked_only_where_nothing_was_wished(
    wish: MotionWish, desktop: bool, still: bool
) -> None:
    assert wanted_still(wish, desktop=desktop) is still


def test_where_qt_does_not_tell_things_may_move(qapp: QApplication) -> None:
    assert not desktop_is_still("linux")
    assert not desktop_is_still("darwin")


def test_a_message_stays_until_the_next_one(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2, reduce_motion="always")
    desk.ready()
    line = desk.window.message
    line.show_message(Message("Refreshed.", Tone.DONE))
    assert not line.findChild(QTimer).isActive()
    line.show_message(Message("Again.", Tone.DONE))
    assert desk.message == "Again."


def test_cursors_blink_only_where_things_may_move(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2, reduce_motion="always")
    assert QApplication.cursorFlashTime() == 0
    desk.station.settings_book.change(reduce_motion="never")
    assert QApplication.cursorFlashTime() > 0


def test_nothing_in_the_window_is_animated(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, reduce_motion="always")
    desk.ready()
    desk.press("A", "Ctrl+K", "Esc", "?", "Esc", "T", "PageDown", "T")
    running = [
        animation
        for animation in desk.window.findChildren(QAbstractAnimation)
        if animation.state() is QAbstractAnimation.State.Running
    ]
    assert running == []
    assert "widget-animation-duration: 0" in desk.window.theme.style_sheet()
