"""Changing keys: what is refused, what is kept, and what counts at once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from modstation.app.keymap_editing import KeymapEditing
from modstation.app.keymaps import load_keymap, preset_keymap
from modstation.app.mailbox import Mailbox
from modstation.app.paths import home_at
from modstation.app.settings_book import SettingsBook
from modstation.app.settings_file import load_settings
from modstation.core.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.app.paths import Home
    from modstation.core.keymap import Keymap


@dataclass
class Person:
    """Somebody who changes keys, and the keymaps that counted meanwhile."""

    home: Home
    used: list[Keymap] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = SettingsBook(self.home, load_settings(self.home)[0], post=Mailbox().post)
        self.editing = KeymapEditing(self.book, self.used.append)

    def next_start(self) -> Keymap:
        """The keymap that the station comes up with; it must have no fault."""
        self.book.close()
        keymap, problems = load_keymap(self.home, load_settings(self.home)[0])
        assert problems == []
        return keymap

    def file(self) -> dict[str, object]:
        self.book.close()
        return tomllib.loads(self.home.keymap_file.read_text(encoding="utf-8"))


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(home_at(tmp_path / "home"))


def test_a_new_key_counts_at_once_and_at_the_next_start(person: Person) -> None:
    person.editing.change("approve", "Y")
    assert person.used[-1].keys_for("approve") == ("Y",)
    assert person.editing.is_own("approve")
    assert person.next_start().match(["Y"])[1] == "approve"


def test_only_differences_are_kept(person: Person) -> None:
    person.editing.add("skip", "Y")
    assert person.file() == {
        "keymap": {"name": "Mine", "extends": "default"},
        "keys": {"skip": ["S", "Y"]},
    }


@pytest.mark.parametrize(
    ("chord", "named"),
    [("X", "X is the key of “Reject”"), ("Enter", "Enter cannot be a key"), ("Tab", "Tab cannot")],
)
def test_a_clash_is_named_at_once_and_nothing_is_changed(
    person: Person, chord: str, named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        person.editing.change("approve", chord)
    assert (person.used, person.editing.keys("approve")) == ([], ("A",))
    person.book.close()
    assert not person.home.keymap_file.exists()


def test_a_key_that_would_clash_once_letters_are_off_is_refused_now(person: Person) -> None:
    with pytest.raises(SettingsError, match=r"Alt\+X is used by both"):
        person.editing.change("approve", "Alt+X")


def test_a_command_may_swap_its_keys_by_way_of_none(person: Person) -> None:
    person.editing.remove_keys("reject")
    person.editing.change("approve", "X")
    person.editing.change("reject", "A")
    keymap = person.next_start()
    assert (keymap.keys_for("approve"), keymap.keys_for("reject")) == (("X",), ("A",))


def test_reset_gives_one_command_its_keys_back_and_reset_all_every_one(person: Person) -> None:
    person.editing.change("approve", "Y")
    person.editing.change("skip", "Q")
    person.editing.reset("approve")
    assert (person.editing.keys("approve"), person.editing.keys("skip")) == (("A",), ("Q",))
    person.editing.reset_all()
    assert person.next_start().bindings == preset_keymap("default").bindings


def test_a_reset_that_would_clash_is_refused(person: Person) -> None:
    person.editing.change("approve", "Y")
    person.editing.change("skip", "A")
    with pytest.raises(SettingsError, match="A is used by both"):
        person.editing.reset("approve")
    assert person.editing.keys("approve") == ("Y",)


def test_the_same_key_again_is_no_change_of_ones_own(person: Person) -> None:
    person.editing.change("approve", "A")
    assert not person.editing.is_own("approve")


def test_another_preset_is_taken_with_ones_own_keys_on_it(person: Person) -> None:
    person.editing.change("note", "Y")
    person.editing.choose("coral")
    keymap = person.next_start()
    assert (keymap.keys_for("approve"), keymap.keys_for("note")) == (("D",), ("Y",))


def test_a_preset_that_clashes_with_ones_own_keys_is_refused(person: Person) -> None:
    person.editing.change("note", "D")
    with pytest.raises(SettingsError, match=r"clash with Coral.*Reset them first"):
        person.editing.choose("coral")
    assert person.editing.preset == "default"
    assert person.next_start().keys_for("approve") == ("A",)


def test_letters_can_be_switched_off_and_the_keys_are_still_shown_as_bound(person: Person) -> None:
    person.editing.set_letter_keys(on=False)
    assert person.used[-1].keys_for("approve") == ("Alt+A",)
    assert person.editing.keys("approve") == ("A",)
    assert person.next_start().keys_for("approve") == ("Alt+A",)


def test_a_faulty_file_is_said_and_kept_beside_when_it_is_replaced(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    home.create()
    home.keymap_file.write_text('[keys]\napprove = "X"\n')
    person = Person(home)
    assert "used by both" in person.editing.problem
    person.editing.change("approve", "Y")
    assert person.next_start().keys_for("approve") == ("Y",)
