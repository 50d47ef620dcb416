from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.core.commands import COMMANDS
from modstation.core.errors import SettingsError
from modstation.core.keymap import (
    RESERVED,
    Keymap,
    Match,
    build_keymap,
    normalise_chord,
    parse_keymap,
)


def keymap(**bindings: list[str]) -> Keymap:
    named = {name.replace("_", "-"): keys for name, keys in bindings.items()}
    return build_keymap("test", named, COMMANDS)


@pytest.mark.parametrize(
    ("written", "chord"),
    [
        ("a", "A"),
        ("A", "A"),
        ("shift+a", "Shift+A"),
        ("SHIFT+CTRL+z", "Ctrl+Shift+Z"),
        ("+", "+"),
        ("ctrl++", "Ctrl++"),
        ("Shift+Ctrl++", "Ctrl+Shift++"),
        ("space", "Space"),
        ("f5", "F5"),
        ("?", "?"),
        ("Ctrl+Enter", "Ctrl+Enter"),
    ],
)
def test_a_chord_has_one_form(written: str, chord: str) -> None:
    assert normalise_chord(written) == chord
    assert normalise_chord(chord) == chord


@pytest.mark.parametrize("written", ["", "Hyper+A", "Ctrl+", "A+B", "++"])
def test_what_is_no_chord_is_refused(written: str) -> None:
    with pytest.raises(SettingsError):
        normalise_chord(written)


def test_a_key_is_matched_in_full_in_part_or_not() -> None:
    keys = keymap(approve=["A"], next=["G N"], previous=["G P"])
    assert keys.match(["A"]) == (Match.FULL, "approve")
    assert keys.match(["G"]) == (Match.PARTIAL, None)
    assert keys.match(["G", "P"]) == (Match.FULL, "previous")
    assert keys.match(["G", "X"]) == (Match.NONE, None)
    assert keys.match(["X"]) == (Match.NONE, None)
    assert keys.match(["A", "A"]) == (Match.NONE, None)


def test_the_first_key_of_a_command_is_the_one_on_its_button() -> None:
    keys = keymap(undo=["u", "Ctrl+Z"])
    assert keys.keys_for("undo") == ("U", "Ctrl+Z")
    assert keys.keys_for("redo") == ()


@pytest.mark.parametrize(
    ("bindings", "complaint"),
    [
        ({"approve": ["A"], "reject": ["a"]}, "used by both approve and reject"),
        ({"approve": ["G"], "next": ["G N"]}, "begins with the key of approve"),
        ({"next": ["G N"], "approve": ["G"]}, "beginning of another"),
        ({"approve": ["Enter"]}, "reserved"),
        ({"approve": [""]}, "empty key"),
        ({"launch": ["L"]}, "no command “launch”"),
    ],
)
def test_a_clash_is_named(bindings: dict[str, list[str]], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        build_keymap("test", bindings, COMMANDS)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        keymap(approve=["Enter"], launch=["L"], reject=["Hyper+X"])
    for word in ("reserved", "launch", "Hyper"):
        assert word in caught.value.message


@given(st.lists(st.sampled_from("ABCDEFGH"), min_size=1, max_size=8, unique=True))
def test_every_bound_key_finds_its_command(letters: list[str]) -> None:
    names = list(COMMANDS)[: len(letters)]
    keys = build_keymap("test", {n: [k] for n, k in zip(names, letters, strict=True)}, COMMANDS)
    assert [keys.match([letter]) for letter in letters] == [(Match.FULL, n) for n in names]
    assert all(keys.match(pair)[0] is Match.NONE for pair in pairwise(letters))


def test_a_keymap_is_read_from_toml() -> None:
    keys = parse_keymap('[keymap]\nname = "mine"\n[keys]\napprove = "y"\nundo = ["U"]', COMMANDS)
    assert (keys.name, keys.keys_for("approve"), keys.keys_for("undo")) == ("mine", ("Y",), ("U",))


@pytest.mark.parametrize(
    "text", ["keys = 1", "[keys]\napprove = 1", "[keys]\napprove = [1]", "=", "[keymap]"]
)
def test_a_keymap_file_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_keymap(text, COMMANDS)


def test_enter_never_decides() -> None:
    assert {"Enter", "Return"} <= RESERVED


def test_no_command_both_decides_and_repeats() -> None:
    assert not [c.name for c in COMMANDS.values() if c.decides and c.repeats]


def test_every_command_explains_itself() -> None:
    for name, command in COMMANDS.items():
        assert command.name == name
        assert command.help.endswith(".")
        assert command.label
