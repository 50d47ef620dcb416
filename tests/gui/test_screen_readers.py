"""Whoever hears the window instead of seeing it: every control has a name and a key, and what
changes is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QTabBar,
    QWidget,
)

from modstation.app.accounts import AccountBook
from modstation.app.paths import home_at
from modstation.app.session_events import CountsChanged
from modstation.core.events import Connection
from modstation.core.protection import Protection
from modstation.core.queue import Counts
from modstation.ui import announce
from modstation.ui.account_chooser import AccountChooser
from modstation.ui.account_dialog import AccountDialog
from modstation.ui.buttons import CommandButton

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QAccessibleAnnouncementEvent
    from pytestqt.qtbot import QtBot

    from helpers.window import Desk

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTabBar,
)
IN_FRONT = {
    "every key": "?",
    "the manual": "F1",
    "the policy": "H",
    "the palette": "Ctrl+K",
    "the history": "Ctrl+H",
    "the queues": "Ctrl+L",
    "the tour": "Shift+F1",
    "the settings": "Ctrl+,",
    "the keymap editor": "Ctrl+Shift+K",
    "the session": "F9",
    "the lists": "L",
    "a trip": "Ctrl+Shift+O",
    "more reasons": "Ctrl+Shift+X",
    "an escalation": "E",
    "the outbox": "F6",
    "leaving": "Ctrl+Q",
}


class Ear:
    """Qt's way to a screen reader, with somebody listening."""

    AnnouncementPoliteness = QAccessible.AnnouncementPoliteness

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.urgent: list[str] = []

    def isActive(self) -> bool:  # noqa: N802 - Qt's name
        return True

    def updateAccessibility(  # noqa: N802 - Qt's name
        self, event: QAccessibleAnnouncementEvent
    ) -> None:
        self.heard.append(event.message())
        if event.politeness() is QAccessible.AnnouncementPoliteness.Assertive:
            self.urgent.append(event.message())


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Ear:
    ear = Ear()
    monkeypatch.setattr(announce, "QAccessible", ear)
    return ear


def controls(root: QWidget) -> list[QWidget]:
    """What one can act on in it; parts of a toolkit's own control belong to that."""
    return [
        widget
        for widget in root.findChildren(QWidget)
        if isinstance(widget, CONTROLS)
        and widget.isVisibleTo(root)
        and not isinstance(widget, QHeaderView)
        and not isinstance(widget.parentWidget(), (QAbstractSpinBox, QComboBox, QTabBar))
    ]


def name_of(widget: QWidget) -> str:
    told = QAccessible.queryAccessibleInterface(widget)
    assert told is not None
    return told.text(QAccessible.Text.Name)


def has_a_key(widget: QWidget) -> bool:
    """Tab goes there, or the words on it name a key."""
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
        return True
    if isinstance(widget, CommandButton):
        return bool(widget._key)
    if isinstance(widget, QAbstractButton):
        return "(" in widget.text() or "&" in widget.text()
    # Arrows move these from the field or the list beside them.
    return isinstance(widget, (QTabBar, QAbstractItemView))


def without_name_or_key(root: QWidget) -> list[str]:
    return [
        f"{type(widget).__name__} {name_of(widget)!r}"
        for widget in controls(root)
        if not name_of(widget) or not has_a_key(widget)
    ]


def test_every_control_of_the_window_has_a_name_and_a_key(desk: Desk) -> None:
    desk.settle()
    assert len(controls(desk.window)) > 40
    assert without_name_or_key(desk.window) == []


def test_every_control_of_the_grid_has_a_name_and_a_key(desk: Desk) -> None:
    desk.press("T")
    assert without_name_or_key(desk.window) == []


@pytest.mark.parametrize("what", list(IN_FRONT))
def test_every_control_in_front_has_a_name_and_a_key(desk: Desk, what: str) -> None:
    if what == "leaving":
        desk.press("A")
    desk.press(IN_FRONT[what])
    dialog = QApplication.activeModalWidget()
    front: QWidget | None = desk.window.sheet or dialog
    assert front is not None
    assert controls(front)
    assert name_of(front)
    assert without_name_or_key(front) == []
    if dialog is not None:
        dialog.close()


def test_the_dialogs_of_accounts_have_names_and_keys(qtbot: QtBot, tmp_path: Path) -> None:
    book = AccountBook(home_at(tmp_path))
    dialog = AccountDialog(book)
    chooser = AccountChooser(book, "demo", dialog)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: "Looking" not in dialog.place.text())
    assert without_name_or_key(dialog) == []
    assert without_name_or_key(chooser) == []
    dialog.reject()


def test_tab_goes_once_round_the_window_and_back_to_the_image(desk: Desk) -> None:
    desk.settle()
    window = desk.window
    parts = [window.stage, window.hints, window.evidence, window.status, window.toolbar]
    order: list[QWidget] = []
    for _ in range(200):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        order.append(QApplication.focusWidget())
        if order[-1] is window.stage:
            break
    assert order[-1] is window.stage
    assert len(set(order)) == len(order)
    reachable = {
        widget
        for widget in controls(window)
        if widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    assert reachable <= set(order)
    visited = [
        next(part for part in parts if part is widget or part.isAncestorOf(widget))
        for widget in order[:-1]
    ]
    # Part after part: nobody is thrown about the window.
    changes = [part for n, part in enumerate(visited) if not n or visited[n - 1] is not part]
    assert changes == parts[1:]


def test_a_decision_and_the_next_image_are_said(ear: Ear, desk: Desk) -> None:
    desk.settle()
    assert any("photos/0001, shown" in text for text in ear.heard)
    ear.heard.clear()
    desk.press("A")
    desk.ready()
    desk.settle()
    assert ear.heard == ["photos/0001: approved. photos/0002, shown."]
    ear.heard.clear()
    desk.press("1")
    desk.ready()
    desk.settle()
    assert ear.heard[0].startswith("photos/0002: rejected.")


def test_an_undo_is_said(ear: Ear, desk: Desk) -> None:
    desk.press("A")
    ear.heard.clear()
    desk.press("U")
    desk.settle()
    assert any("photos/0001" in text for text in ear.heard)


def test_a_refusal_interrupts(ear: Ear, desk: Desk) -> None:
    desk.press("U")
    assert desk.message in ear.urgent


def test_going_offline_and_back_is_said(ear: Ear, desk: Desk) -> None:
    desk.connect(Connection.OFFLINE, message="No way to the service.")
    assert ear.heard[-1] == "Offline. No way to the service."
    said = len(ear.heard)
    desk.connect(Connection.OFFLINE, message="No way to the service.")
    assert len(ear.heard) == said
    desk.connect(Connection.ONLINE)
    assert ear.heard[-1].startswith("Online.")


def test_what_needs_a_person_interrupts(ear: Ear, desk: Desk) -> None:
    desk.session.tell(CountsChanged(Counts(waiting=12, conflicted=1)))
    assert ear.urgent == ["Conflicts: 1."]
    desk.session.tell(CountsChanged(Counts(waiting=12, conflicted=1)))
    assert ear.urgent == ["Conflicts: 1."]
    desk.session.tell(CountsChanged(Counts(waiting=12, conflicted=1, parked=2)))
    assert ear.urgent[-1] == "Decisions stuck: 2."


def test_a_cover_that_is_taken_away_is_said(ear: Ear, sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2, protection=Protection.ALWAYS)
    desk.ready()
    desk.settle()
    assert any("photos/0001, covered" in text for text in ear.heard)
    desk.press("V")
    assert any("photos/0001, shown" in text for text in ear.heard)


def test_a_fault_in_the_settings_is_said_while_one_types(ear: Ear, desk: Desk) -> None:
    desk.press("Ctrl+,")
    dialog = QApplication.activeModalWidget()
    assert dialog is not None
    field = dialog.fields["painted_ms"]
    field.setText("soon")
    assert "Write a whole number from 0 to 5000." in ear.heard
    dialog.close()


def test_nobody_listens_and_nothing_is_put_into_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear()
    monkeypatch.setattr(announce, "QAccessible", ear)
    monkeypatch.setattr(ear, "isActive", lambda: False)
    desk.press("A", "U")
    assert ear.heard == []
