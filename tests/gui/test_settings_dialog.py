"""The settings dialog: every setting, checked in words, and what is saved counts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit

from modstation.app.settings import Settings
from modstation.app.settings_file import load_settings
from modstation.ui.settings_dialog import SettingsDialog

if TYPE_CHECKING:
    from helpers.window import Desk


@pytest.fixture
def settings(desk: Desk) -> SettingsDialog:
    desk.press("Ctrl+,")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, SettingsDialog)
    return dialog


def line(dialog: SettingsDialog, name: str) -> QLineEdit:
    field = dialog.fields[name]
    assert isinstance(field, QLineEdit)
    return field


def choice(dialog: SettingsDialog, name: str) -> QComboBox:
    field = dialog.fields[name]
    assert isinstance(field, QComboBox)
    return field


def test_every_setting_has_a_field_with_a_name_and_a_sentence(settings: SettingsDialog) -> None:
    assert set(settings.fields) == set(Settings.__struct_fields__)
    for name, field in settings.fields.items():
        assert field.accessibleName()
        assert field.accessibleDescription()
        assert settings.note(name).endswith(".")


def test_what_is_saved_counts_at_once_and_is_kept(desk: Desk, settings: SettingsDialog) -> None:
    line(settings, "hold_seconds").setText("3")
    choice(settings, "theme").setCurrentText("light")
    choice(settings, "protection").setCurrentText("always")
    letters = settings.fields["letter_keys"]
    assert isinstance(letters, QCheckBox)
    letters.setChecked(False)
    settings.save.click()
    desk.settle()

    assert desk.station.hold.total_seconds() == 3
    assert desk.window.theme.name == "light"
    assert desk.session.looking.covered
    assert desk.window.evidence.buttons["reject"].text() == "Reject (Alt+X)"
    book = desk.station.settings_book
    book.close()
    kept = load_settings(book.home)[0]
    assert (kept.hold_seconds, kept.theme, kept.letter_keys) == (3.0, "light", False)


def test_what_is_not_allowed_is_said_under_the_field_and_cannot_be_saved(
    settings: SettingsDialog,
) -> None:
    line(settings, "painted_ms").setText("soon")
    assert settings.note("painted_ms") == "Write a whole number from 0 to 5000."
    assert not settings.save.isEnabled()
    line(settings, "painted_ms").setText("200")
    assert settings.save.isEnabled()


def test_what_counts_after_the_next_start_says_so(settings: SettingsDialog) -> None:
    assert settings.note("cache_limit_mb").endswith("Counts after the next start.")
    line(settings, "cache_limit_mb").setText("64")
    assert settings.said.text().startswith("After the next start: Image cache, MB.")


def test_cancel_and_defaults_change_nothing_by_themselves(
    desk: Desk, settings: SettingsDialog
) -> None:
    line(settings, "hold_seconds").setText("3")
    settings.defaults.click()
    assert line(settings, "hold_seconds").text() == "10"
    line(settings, "hold_seconds").setText("4")
    settings.reject()
    assert desk.station.hold.total_seconds() == 10


def test_a_settings_file_with_faults_is_told_here_too(desk: Desk) -> None:
    desk.station.settings_book.problems = ("settings.toml: “blur” must be a whole number.",)
    desk.press("Ctrl+,")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, SettingsDialog)
    shown = [label.text() for label in dialog.findChildren(type(dialog.said))]
    assert any("“blur” must be" in text and "every image is covered" in text for text in shown)
    dialog.reject()


def test_a_change_that_cannot_be_written_is_said_in_the_window(desk: Desk) -> None:
    book = desk.station.settings_book
    book.home.config.parent.mkdir(exist_ok=True)
    book.home.config.write_text("a file where the folder should be")
    book.change(theme="light")
    desk.until(lambda: "cannot be" in desk.message, "nothing was said")
