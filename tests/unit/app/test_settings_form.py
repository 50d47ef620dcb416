"""The settings as a form: nothing counts before it is saved, and nothing wrong is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modstation.app.mailbox import Mailbox
from modstation.app.paths import home_at
from modstation.app.setting_table import SettingKind, setting_table
from modstation.app.settings import Settings
from modstation.app.settings_book import SettingsBook
from modstation.app.settings_file import load_settings
from modstation.app.settings_form import SettingsForm
from modstation.core.errors import SettingsError
from modstation.core.protection import Protection

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def book(tmp_path: Path) -> SettingsBook:
    home = home_at(tmp_path / "home")
    settings, problems = load_settings(home)
    return SettingsBook(home, settings, tuple(problems), post=Mailbox().post)


def test_every_declared_setting_is_in_the_form_with_title_group_and_sentence(
    book: SettingsBook,
) -> None:
    shown = [info for part in SettingsForm(book).groups().values() for info in part]
    assert {info.name for info in shown} == set(Settings.__struct_fields__)
    for info in shown:
        assert info.title
        assert info.group
        assert info.description.endswith(".")
        assert (info.kind is SettingKind.CHOICE) == bool(info.choices)
    assert len({info.title for info in shown}) == len(shown)


def test_nothing_counts_before_it_is_saved(book: SettingsBook) -> None:
    form = SettingsForm(book)
    assert form.fill("blur", "9") is None
    assert (form.changed, book.current.blur) == (["blur"], 6)
    form.save()
    book.close()
    assert load_settings(book.home)[0] == Settings(blur=9)


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("blur", "11", "Write a whole number from 1 to 10."),
        ("blur", "six", "Write a whole number from 1 to 10."),
        ("blur", "", "Write a whole number from 1 to 10."),
        ("hold_seconds", "301", "Write a number from 0 to 300."),
        ("hold_seconds", "nan", "Write a number from 0 to 300."),
        ("keymap", "emacs", "There is no file emacs; shipped keymaps are default, prodigy"),
        ("policy", "/nowhere/policy.toml", "There is no file /nowhere/policy.toml."),
    ],
)
def test_what_cannot_be_saved_says_so_while_one_types(
    book: SettingsBook, name: str, typed: str, said: str
) -> None:
    form = SettingsForm(book)
    told = form.fill(name, typed)
    assert told is not None
    assert told.startswith(said)
    with pytest.raises(SettingsError, match=name):
        form.save()
    assert book.current == Settings()


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("hold_seconds", "2,5", 2.5),
        ("cache_limit_mb", "2,048", 2048),
        ("greyscale", True, True),
        ("protection", "always", Protection.ALWAYS),
        ("keymap", "coral", "coral"),
        ("actor", "  Ana ", "Ana"),
    ],
)
def test_what_is_typed_is_taken_as_people_write_it(
    book: SettingsBook, name: str, typed: str | bool, kept: object
) -> None:
    form = SettingsForm(book)
    assert form.fill(name, typed) is None
    form.save()
    book.close()
    assert getattr(load_settings(book.home)[0], name) == kept


def test_what_counts_only_after_the_next_start_is_named(book: SettingsBook) -> None:
    form = SettingsForm(book)
    form.fill("cache_limit_mb", "64")
    form.fill("blur", "2")
    assert form.waits_for_restart == ["cache_limit_mb"]


def test_the_defaults_can_be_put_back(book: SettingsBook) -> None:
    book.change(blur=2, theme="light")
    form = SettingsForm(book)
    for name in setting_table():
        form.fill_default(name)
    form.save()
    assert book.current == Settings()
    book.close()


def test_saving_mends_a_file_with_faults_and_keeps_it_beside(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    home.create()
    home.settings_file.write_text("blur = 99\n")
    settings, problems = load_settings(home)
    book = SettingsBook(home, settings, tuple(problems), post=Mailbox().post)
    form = SettingsForm(book)
    assert "blur" in form.problems[0]
    assert form.value("protection") == "always"

    form.fill("protection", "auto")
    form.save()
    book.close()

    assert load_settings(home) == (Settings(), [])
    assert home.settings_file.with_name("settings.toml.faulty").exists()
    assert form.problems == ()
