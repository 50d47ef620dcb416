"""The keymap editor: press a key to bind it; window, buttons and key sheet follow at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from modstation.app.keymaps import load_keymap
from modstation.app.settings_file import load_settings
from modstation.ui.keymap_editor import KeymapEditor

if TYPE_CHECKING:
    from helpers.window import Desk


@pytest.fixture
def editor(desk: Desk) -> KeymapEditor:
    desk.press("Ctrl+Shift+K")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, KeymapEditor)
    return dialog


def record(editor: KeymapEditor, key: Qt.Key, held: Qt.KeyboardModifier | None = None) -> None:
    editor.change.click()
    QTest.keyClick(editor.tree, key, held or Qt.KeyboardModifier.NoModifier)


def test_a_key_is_pressed_and_decides_from_then_on(desk: Desk, editor: KeymapEditor) -> None:
    record(editor, Qt.Key.Key_Y)
    assert editor.keys_shown("approve") == "Y"
    editor.accept()
    desk.settle()
    assert desk.window.evidence.buttons["approve"].text() == "Approve (Y)"
    desk.press("A")
    assert desk.stored() == []
    desk.press("Y")
    assert len(desk.stored()) == 1


def test_a_clash_is_named_and_nothing_is_changed(desk: Desk, editor: KeymapEditor) -> None:
    record(editor, Qt.Key.Key_X)
    assert editor.said.text() == "X is the key of “Reject”. Nothing was changed."
    assert editor.keys_shown("approve") == "A"
    assert desk.station.keymap.match(["X"])[1] == "reject"


def test_enter_tab_and_escape_are_never_bound(editor: KeymapEditor) -> None:
    record(editor, Qt.Key.Key_Return)
    assert "cannot be a key" in editor.said.text()
    record(editor, Qt.Key.Key_Tab)
    assert "cannot be a key" in editor.said.text()
    record(editor, Qt.Key.Key_Escape)
    assert editor.isVisible()
    assert editor.keys_shown("approve") == "A"


def test_a_bare_modifier_is_waited_out(editor: KeymapEditor) -> None:
    editor.change.click()
    QTest.keyPress(editor.tree, Qt.Key.Key_Control)
    QTest.keyClick(editor.tree, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert "Ctrl+Y is the key of “Redo”" in editor.said.text()


def test_reset_gives_the_key_back(editor: KeymapEditor) -> None:
    assert not editor.reset.isEnabled()
    record(editor, Qt.Key.Key_Y)
    editor.reset.click()
    assert editor.keys_shown("approve") == "A"
    assert not editor.reset_all.isEnabled()


def test_a_preset_and_letters_off_follow_at_once_and_stay(desk: Desk, editor: KeymapEditor) -> None:
    editor.presets.activated.emit(editor.presets.findText("Coral"))
    editor.letters.click()
    editor.accept()
    desk.settle()
    assert desk.window.evidence.buttons["approve"].text() == "Approve (Alt+D)"
    assert desk.message.startswith("Alt+? shows every key")
    desk.press("D")
    assert desk.stored() == []
    desk.press("Alt+D")
    assert len(desk.stored()) == 1
    book = desk.station.settings_book
    book.close()
    keymap, problems = load_keymap(book.home, load_settings(book.home)[0])
    assert (problems, keymap.keys_for("approve")) == ([], ("Alt+D",))


def test_the_key_sheet_shows_the_new_keys(desk: Desk, editor: KeymapEditor) -> None:
    editor.presets.activated.emit(editor.presets.findText("Lightroom"))
    editor.accept()
    desk.press("?")
    assert desk.window.sheet is not None
    assert desk.window.sheet.accessibleName() == "Keys · Lightroom keymap"
