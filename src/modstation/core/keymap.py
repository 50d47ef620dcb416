"""Keys and the commands they mean, as data: chords, the trie that matches them, the loader.

A chord is written as people read it: ``A``, ``Shift+B``, ``Ctrl+Enter``, ``?``. A letter means the
physical key that carries it on the layout in use; which key that is, the window finds out.
A binding may be a sequence of chords separated by blanks (``G G``).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from modstation.core.errors import SettingsError
from modstation.core.language import Later, later, translate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MODIFIERS = ("Ctrl", "Alt", "Meta", "Shift")
# Enter confirms dialogs and never decides; Escape and Tab belong to the toolkit.
RESERVED = frozenset({"Enter", "Return", "Escape", "Tab", "Shift+Tab"})


@dataclass(frozen=True, slots=True)
class Command:
    """Something a key, a button or the palette can do.

    ``decides``: it settles an asset, so it must not repeat and needs a painted image. ``value``
    stands in label and help where they say ``{value}``.
    """

    name: str
    button: Later
    sentence: Later
    group: str
    decides: bool = False
    repeats: bool = False
    value: str = ""

    @property
    def label(self) -> str:
        """What stands on the button."""
        return str(self.button).replace("{value}", self.value)

    @property
    def help(self) -> str:
        """The sentence in the key overlay."""
        return str(self.sentence).replace("{value}", self.value)

    @property
    def group_title(self) -> str:
        """What the group is called."""
        return group_title(self.group)


_GROUPS = {
    "Decide": later("Keymap", "Decide"),
    "Move": later("Keymap", "Move"),
    "Grid": later("Keymap", "Grid"),
    "Look": later("Keymap", "Look"),
    "Panels": later("Keymap", "Panels"),
    "Service": later("Keymap", "Service"),
    "Window": later("Keymap", "Window"),
}


def group_title(group: str) -> str:
    """What a group of commands is called."""
    return str(_GROUPS.get(group, group))


class Match(Enum):
    """How far a typed sequence has got."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Keymap:
    """A set of bindings without clashes; made by ``build_keymap``."""

    name: str
    bindings: Mapping[str, tuple[str, ...]]
    _root: _Node

    def match(self, typed: Iterable[str]) -> tuple[Match, str | None]:
        """Say whether the typed chords are a command, the beginning of one, or nothing."""
        node = self._root
        for chord in typed:
            step = node.children.get(chord)
            if step is None:
                return Match.NONE, None
            node = step
        if node.command is not None:
            return Match.FULL, node.command
        return Match.PARTIAL, None

    def keys_for(self, command: str) -> tuple[str, ...]:
        """The keys of a command, the one for its button first; empty if it has none."""
        return self.bindings.get(command, ())


def normalise_chord(text: str) -> str:
    """Write a chord in its one form (modifiers in a fixed order, letters in capitals).

    ``SettingsError`` if it names no key or an unknown modifier.
    """
    if text == "+" or text.endswith("++"):
        # The key is the plus sign itself.
        parts, key = text[:-1].split("+")[:-1], "+"
    else:
        *parts, key = text.split("+")
    key = key.strip()
    if not key:
        raise SettingsError(translate("KeymapFile", "“{text}” is not a key.").format(text=text))
    wanted = {part.strip().capitalize() for part in parts}
    unknown = wanted - set(MODIFIERS)
    if unknown:
        raise SettingsError(
            translate("KeymapFile", "“{text}”: {name} is not a modifier key.").format(
                text=text, name=min(unknown)
            )
        )
    name = key.upper() if len(key) == 1 else key[0].upper() + key[1:]
    return "+".join([*(modifier for modifier in MODIFIERS if modifier in wanted), name])


def build_keymap(
    name: str, bindings: Mapping[str, Iterable[str]], commands: Mapping[str, Command]
) -> Keymap:
    """Make a keymap; ``SettingsError`` names every clash, reserved key and unknown command."""
    faults: list[str] = []
    root = _Node()
    clean: dict[str, tuple[str, ...]] = {}
    for command, sequences in bindings.items():
        if command not in commands:
            faults.append(
                translate("KeymapFile", "there is no command “{command}”").format(command=command)
            )
            continue
        kept: list[str] = []
        for sequence in sequences:
            try:
                chords = [normalise_chord(chord) for chord in sequence.split()]
            except SettingsError as error:
                faults.append(str(error))
                continue
            fault = _insert(root, chords, command)
            if fault:
                faults.append(fault.format(keys=" ".join(chords), command=command))
            else:
                kept.append(" ".join(chords))
        clean[command] = tuple(kept)
    if faults:
        raise SettingsError(
            translate("KeymapFile", "Keymap “{name}”: {faults}.").format(
                name=name, faults="; ".join(fault.removesuffix(".") for fault in faults)
            )
        )
    return Keymap(name=name, bindings=clean, _root=root)


def parse_keymap(text: str, commands: Mapping[str, Command]) -> Keymap:
    """Read a keymap from TOML text (``[keymap] name``, ``[keys] command = ["A", …]``)."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            translate("KeymapFile", "The keymap file is not valid TOML: {error}").format(
                error=error
            )
        ) from error
    head, keys = data.get("keymap", {}), data.get("keys")
    if not isinstance(keys, dict) or not isinstance(head, dict):
        raise SettingsError(translate("KeymapFile", "The keymap file has no [keys] table."))
    bindings: dict[str, list[str]] = {}
    for command, value in keys.items():
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise SettingsError(
                translate(
                    "KeymapFile", "Keymap: {command} must be a key or a list of keys."
                ).format(command=command)
            )
        bindings[command] = values
    return build_keymap(
        str(head.get("name", translate("KeymapFile", "unnamed"))), bindings, commands
    )


def laid_over(
    below: Mapping[str, tuple[str, ...]], above: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Bindings with others laid over them, which keep their keys: below, those keys are gone."""
    taken = {sequence for sequences in above.values() for sequence in sequences}
    left = {
        command: tuple(sequence for sequence in sequences if sequence not in taken)
        for command, sequences in below.items()
    }
    return {**left, **above}


def with_alt(bindings: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """The same bindings where no letter, digit or sign is a key without Ctrl, Alt or Meta.

    Each of them moves to Alt and the same key (``A`` → ``Alt+A``, ``Shift+B`` → ``Alt+Shift+B``);
    what has such a modifier, a name (``Space``, ``F5``) or lies on the number pad stays.
    """
    moved: dict[str, tuple[str, ...]] = {}
    for command, sequences in bindings.items():
        kept = (" ".join(map(_with_alt, sequence.split())) for sequence in sequences)
        # A person's own Alt+A beside A is one key then.
        moved[command] = tuple(dict.fromkeys(kept))
    return moved


def is_character(chord: str) -> bool:
    """A chord types a letter, digit or sign: what WCAG 2.1.4 wants to be switched off."""
    key = chord if len(chord) == 1 else chord.removeprefix("Shift+")
    return len(key) == 1


def _with_alt(chord: str) -> str:
    return f"Alt+{chord}" if is_character(chord) else chord


def _insert(root: _Node, chords: list[str], command: str) -> str | None:
    """Put a sequence into the trie, or say why not; ``{keys}`` and ``{command}`` are left open."""
    if not chords:
        return translate("KeymapFile", "{command} has an empty key")
    if any(chord in RESERVED for chord in chords):
        return translate("KeymapFile", "{keys} ({command}) is reserved and cannot be bound")
    node = root
    for chord in chords:
        if node.command is not None:
            begins = translate("KeymapFile", "{keys} ({command}) begins with the key of {other}")
            return begins.replace("{other}", node.command)
        node = node.children.setdefault(chord, _Node())
    if node.command is not None:
        both = translate("KeymapFile", "{keys} is used by both {other} and {command}")
        return both.replace("{other}", node.command)
    if node.children:
        return translate(
            "KeymapFile", "{keys} ({command}) is the beginning of another key sequence"
        )
    node.command = command
    return None
