"""Theme and text size by key, and leaving: also while a sheet or the tour is in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit

from modstation.app.keymaps import PRESETS, preset_keymap
from modstation.app.looks import THEMES
from modstation.ui.closing_dialog import ClosingDialog
from modstation.ui.overlay import Overlay
from modstation.ui.settings_dialog import SettingsDialog
from modstation.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.window import Desk

SHEETS = ("?", "H", "Ctrl+K", "Ctrl+H", "Ctrl+L", "F1", "Shift+F1")


@pytest.fixture(autouse=True)
def usual_look_afterwards(qapp: QApplication) -> Iterator[None]:
    """Fonts and colours belong to the application, which other tests use too."""
    yield
    Theme("dark").apply(qapp)


def test_a_key_goes_through_the_themes_and_the_choice_is_kept(desk: Desk) -> None:
    seen = []
    for _ in THEMES:
        seen.append(desk.station.settings.theme)
        desk.press("Ctrl+T")
    assert sorted(seen) == sorted(THEMES)
    assert desk.station.settings.theme == seen[0]
    desk.station.settings_book.change(theme="dark")
    desk.press("Ctrl+T")
    assert desk.window.theme.name == "light"
    assert desk.message == "Theme: light."


def test_keys_make_every_text_larger_and_smaller(desk: Desk) -> None:
    desk.press("F8", "F8")
    assert desk.station.settings.text_scale == 125
    assert QApplication.font().pixelSize() == 16
    assert desk.message == "Text size: 125 %."
    desk.press("F7", "F7", "F7")
    assert desk.station.settings.text_scale == 90


@pytest.mark.parametrize("preset", PRESETS)
def test_the_keys_are_the_same_in_every_keymap(preset: str) -> None:
    keymap = preset_keymap(preset)
    keys = {name: keymap.keys_for(name) for name in ("theme", "text-smaller", "text-larger")}
    assert keys == {"theme": ("Ctrl+T",), "text-smaller": ("F7",), "text-larger": ("F8",)}


def test_a_sheet_follows_when_its_text_grows(desk: Desk) -> None:
    for key in SHEETS:
        desk.press(key)
        sheet = desk.window.sheet
        assert sheet is not None
        card = sheet._sheet if isinstance(sheet, Overlay) else sheet._card
        before = card.size()
        heading = next(label for label in card.findChildren(QLabel) if label.text())
        high = heading.fontMetrics().height()
        desk.press("F8")
        assert desk.window.sheet is sheet
        assert heading.fontMetrics().height() > high
        assert card.width() > before.width()
        assert sheet.rect().contains(card.geometry())
        desk.press("F7", "Esc")
        assert desk.window.sheet is None


def test_a_dialog_follows_when_its_text_grows(desk: Desk) -> None:
    desk.press("Ctrl+,")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, SettingsDialog)
    desk.until(dialog.isActiveWindow)
    before = dialog.width()
    desk.station.settings_book.change(text_scale=110)
    for _ in range(2):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F8)
    assert desk.station.settings.text_scale == 150
    assert dialog.width() == round(before * 20 / 13)
    assert dialog.height() <= desk.window.height()
    # Saving something else takes nothing of that back.
    field = dialog.fields["hold_seconds"]
    assert isinstance(field, QLineEdit)
    field.setText("20")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert desk.station.settings.hold_seconds == 20
    assert desk.station.settings.text_scale == 150


@pytest.mark.parametrize("key", ["?", "Ctrl+K", "Ctrl+H", "Ctrl+L", "Shift+F1"])
def test_ctrl_q_closes_the_station_from_any_sheet(desk: Desk, key: str) -> None:
    desk.press(key)
    assert desk.window.sheet is not None
    desk.press("Ctrl+Q")
    assert not desk.window.isVisible()


@pytest.mark.parametrize("key", ["?", "Shift+F1"])
def test_unsent_work_is_asked_about_from_a_sheet_too(desk: Desk, key: str) -> None:
    desk.press("A", key, "Ctrl+Q")
    dialog = desk.window.findChild(ClosingDialog)
    assert isinstance(dialog, ClosingDialog)
    assert desk.window.sheet is None
    dialog.reject()
    assert desk.window.isVisible()
    desk.press("X")
    assert [verdict for _, verdict, _ in desk.stored()] == ["approve", "reject"]
