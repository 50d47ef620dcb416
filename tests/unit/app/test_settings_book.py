"""The settings of a running program: they count at once and are written beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modstation.app.mailbox import Mailbox
from modstation.app.paths import home_at
from modstation.app.settings import Settings
from modstation.app.settings_book import SettingsBook
from modstation.app.settings_file import change_settings, load_settings
from modstation.core.errors import SettingsError
from modstation.core.protection import Protection

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.app.paths import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_at(tmp_path / "home")


def book_at(home: Home, mailbox: Mailbox | None = None) -> SettingsBook:
    return SettingsBook(home, load_settings(home)[0], post=(mailbox or Mailbox()).post)


def test_a_change_counts_at_once_and_is_found_at_the_next_start(home: Home) -> None:
    book = book_at(home)

    book.change(blur=3, greyscale=True)
    assert (book.current.blur, book.current.greyscale) == (3, True)

    book.close()
    assert load_settings(home) == (Settings(blur=3, greyscale=True), [])


def test_everyone_who_listens_is_told_what_was_and_what_is(home: Home) -> None:
    book, told = book_at(home), []
    book.listen(lambda before, after: told.append((before.theme, after.theme)))

    book.change(theme="light")
    book.change(theme="light")

    book.close()
    assert told == [("system", "light")]


def test_many_changes_in_a_row_end_with_the_last_one(home: Home) -> None:
    book = book_at(home)
    for strength in (7, 8, 9, 10, 9):
        book.change(blur=strength)
    book.close()
    assert load_settings(home)[0].blur == 9


def test_what_another_window_changed_meanwhile_stays(home: Home) -> None:
    book = book_at(home)
    change_settings(home, {"theme": "dark"})

    book.change(blur=2)

    book.close()
    assert load_settings(home)[0] == Settings(theme="dark", blur=2)


def test_a_value_that_is_not_allowed_is_refused_in_words_and_changes_nothing(home: Home) -> None:
    book = book_at(home)
    with pytest.raises(SettingsError, match=r"“blur” must be a whole number from 1 to 10, not 11"):
        book.change(blur=11, theme="light")
    assert book.current == Settings()
    with pytest.raises(SettingsError, match="There is no setting “blurr”"):
        book.change(blurr=1)
    assert not home.settings_file.exists()


def test_enumerations_are_taken_as_they_are(home: Home) -> None:
    book = book_at(home)
    book.change(protection=Protection.ALWAYS)
    book.close()
    assert load_settings(home)[0].protection is Protection.ALWAYS


def test_a_folder_that_cannot_be_written_is_said_and_the_change_still_counts(home: Home) -> None:
    home.config.parent.mkdir(exist_ok=True)
    home.config.write_text("a file where the folder should be")
    mailbox, told = Mailbox(), []
    book = SettingsBook(home, Settings(), post=mailbox.post)
    book.on_failure(told.append)

    book.change(blur=4)
    book.close()
    mailbox.drain()

    assert book.current.blur == 4
    assert isinstance(told[0], SettingsError)


def test_a_faulty_file_stays_the_safe_side_when_something_else_is_changed(home: Home) -> None:
    home.create()
    home.settings_file.write_text('protection = "nevr"\n')
    book = book_at(home)

    book.change(blur=4)
    book.close()

    assert load_settings(home) == (Settings(blur=4, protection=Protection.ALWAYS), [])
    assert home.settings_file.with_name("settings.toml.faulty").exists()
