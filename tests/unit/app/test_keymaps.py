"""The shipped keymaps, and a person's own laid over one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modstation.app.keymaps import (
    PRESETS,
    keep_keymap,
    keymap_parts,
    load_keymap,
    preset_keymap,
    preset_title,
)
from modstation.app.paths import home_at
from modstation.app.settings import Settings
from modstation.core.commands import COMMANDS
from modstation.core.errors import SettingsError
from modstation.core.keymap import is_character
from modstation.core.shipped import resources

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.app.paths import Home

DEFAULT = preset_keymap("default")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = home_at(tmp_path)
    home.create()
    return home


@pytest.mark.parametrize("letter_keys", [True, False], ids=["letters", "no letters"])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_no_clash_and_a_key_for_everything(preset: str, letter_keys: bool) -> None:
    keymap = preset_keymap(preset, letter_keys=letter_keys)

    keyless = [name for name in COMMANDS if not keymap.keys_for(name) and DEFAULT.keys_for(name)]
    assert keyless == [], f"{preset} gave the keys of these to others: give them another one"
    if not letter_keys:
        chords = [key for keys in keymap.bindings.values() for key in keys]
        assert not [chord for chord in chords if is_character(chord)]


def test_every_shipped_keymap_can_be_chosen() -> None:
    shipped = {path.name for path in (resources() / "keymaps").iterdir()}
    assert shipped == {f"{preset}.toml" for preset in PRESETS}
    assert len({preset_title(preset) for preset in PRESETS}) == len(PRESETS)


@pytest.mark.parametrize(
    ("preset", "keys"),
    [
        ("prodigy", {"approve": "A", "reject": "X", "skip": "Space", "undo": "Backspace"}),
        ("lightroom", {"approve": "P", "reject": "X", "undo": "U", "zoom-toggle": "Z"}),
        ("coral", {"approve": "D", "reject": "F", "next": "J", "previous": "K"}),
        ("label-studio", {"approve": "Ctrl+Enter", "skip": "Ctrl+Space", "undo": "Ctrl+Z"}),
        ("left-hand", {"approve": "A", "reject": "X", "undo": "Q", "reject-reason-6": "Shift+1"}),
        ("number-pad", {"approve": "NumPlus", "reject": "NumMinus", "reject-reason-1": "Num1"}),
    ],
)
def test_a_preset_is_what_hands_from_elsewhere_expect(preset: str, keys: dict[str, str]) -> None:
    keymap = preset_keymap(preset)
    assert {name: keymap.keys_for(name)[0] for name in keys} == keys


@pytest.mark.parametrize("preset", PRESETS)
def test_the_settings_choose_a_preset(home: Home, preset: str) -> None:
    keymap, problems = load_keymap(home, Settings(keymap=preset))
    assert problems == []
    assert keymap.bindings == preset_keymap(preset).bindings


def test_own_keys_may_extend_a_preset(home: Home) -> None:
    home.keymap_file.write_text('[keymap]\nextends = "coral"\n[keys]\nskip = "Y"\n')
    keymap, problems = load_keymap(home, Settings())
    assert problems == []
    assert (keymap.keys_for("skip"), keymap.keys_for("approve")) == (("Y",), ("D",))


def test_the_preset_of_the_settings_counts_before_the_one_of_the_file(home: Home) -> None:
    home.keymap_file.write_text('[keymap]\nextends = "coral"\n[keys]\nskip = "Y"\n')
    parts = keymap_parts(home, Settings(keymap="lightroom"))
    assert (parts.preset, parts.own) == ("lightroom", {"skip": ("Y",)})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[keymap]\nextends = "coral"\n[keys]\nskip = "D"\n', "used by both"),
        ('[keymap]\nextends = "korall"\n[keys]\nskip = "Y"\n', "no keymap “korall”"),
    ],
)
def test_a_fault_in_own_keys_is_named_and_the_shipped_ones_count(
    home: Home, text: str, named: str
) -> None:
    home.keymap_file.write_text(text)
    keymap, problems = load_keymap(home, Settings())
    assert keymap.keys_for("skip") == DEFAULT.keys_for("skip")
    assert named in problems[0]


def test_a_key_that_a_person_gave_to_something_else_is_not_taken_by_a_newer_version(
    home: Home,
) -> None:
    home.keymap_file.write_text('[keys]\napprove = "Y"\nhistory = "F8"\n')
    keymap, problems = load_keymap(home, Settings())
    assert problems == []
    assert keymap.keys_for("approve") == ("Y",)
    assert keymap.keys_for("history") == ("F8",)
    assert DEFAULT.keys_for("text-larger") == ("F8",)
    assert keymap.keys_for("text-larger") == ()


def test_a_fault_on_top_of_a_chosen_preset_leaves_that_preset(home: Home) -> None:
    home.keymap_file.write_text('[keys]\nskip = "F"\n')
    keymap, problems = load_keymap(home, Settings(keymap="coral"))
    assert keymap.keys_for("reject") == ("F",)
    assert "reject" in problems[0]


def test_the_last_good_keys_count_on_the_day_their_file_is_wrong(home: Home) -> None:
    home.keymap_file.write_text('[keys]\nskip = "Y"\n')
    assert load_keymap(home, Settings())[1] == []
    assert keep_keymap(home, Settings()) == []
    home.keymap_file.write_text('[keys]\nskip = "A"\n')
    keymap, problems = load_keymap(home, Settings())
    assert keymap.keys_for("skip") == ("Y",)
    assert keymap.keys_for("approve") == DEFAULT.keys_for("approve")
    assert "used by both" in problems[0]
    assert "The last good keys are in use" in problems[0]


def test_keys_that_fit_no_more_are_not_brought_back(home: Home) -> None:
    home.keymap_file.write_text('[keys]\nskip = "D"\n')
    keep_keymap(home, Settings())
    # Coral approves by D.
    keymap, problems = load_keymap(home, Settings(keymap="coral"))
    assert keymap.bindings == preset_keymap("coral").bindings
    assert "The shipped keys are in use" in problems[0]


def test_a_keymap_file_that_is_missing_is_said(home: Home) -> None:
    _, problems = load_keymap(home, Settings(keymap=str(home.config / "gone.toml")))
    assert "gone.toml" in problems[0]


def test_without_letter_keys_a_letter_needs_alt_and_everything_else_stays(home: Home) -> None:
    keymap, problems = load_keymap(home, Settings(letter_keys=False))
    assert problems == []
    assert keymap.keys_for("approve") == ("Alt+A",)
    assert keymap.keys_for("reject-reason-1") == ("Alt+1",)
    assert keymap.keys_for("blur-less") == ("Alt+Shift+B",)
    assert keymap.keys_for("keys-help") == ("Alt+?",)
    assert keymap.keys_for("zoom-in") == ("Alt++", "Alt+=")
    assert keymap.keys_for("undo") == ("Alt+U", "Ctrl+Z", "Backspace")
    assert keymap.keys_for("peek") == ("Space",)


def test_own_letters_move_to_alt_too(home: Home) -> None:
    home.keymap_file.write_text('[keys]\napprove = ["Y", "Alt+Y"]\n')
    keymap, problems = load_keymap(home, Settings(letter_keys=False))
    assert (problems, keymap.keys_for("approve")) == ([], ("Alt+Y",))


def test_an_unknown_command_in_a_preset_would_be_named() -> None:
    with pytest.raises(SettingsError, match="no command"):
        preset_keymap("coral", commands={"approve": COMMANDS["approve"]})
