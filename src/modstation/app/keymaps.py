"""The keymaps: the shipped ones by name, and what a person laid over the one they chose."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from modstation.app.paths import write_atomically
from modstation.app.settings_file import read_own
from modstation.app.shipped_texts import keymap_in_language
from modstation.app.toml_text import toml_lines, toml_value
from modstation.core.commands import COMMANDS
from modstation.core.errors import SettingsError
from modstation.core.keymap import build_keymap, laid_over, parse_keymap, with_alt
from modstation.core.language import translate
from modstation.core.shipped import resources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.app.paths import Home
    from modstation.app.settings import Settings
    from modstation.core.keymap import Command, Keymap

DEFAULT = "default"
# The order in which they are offered.
PRESETS = (
    DEFAULT,
    "prodigy",
    "lightroom",
    "coral",
    "label-studio",
    "left-hand",
    "number-pad",
)
Bindings: TypeAlias = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class KeymapParts:
    """What a keymap is made of: a shipped one, and the person's differences from it.

    ``base`` are the bindings of the preset, letters included; ``own`` the commands that the
    person bound otherwise.
    """

    preset: str
    base: Bindings
    own: Bindings = field(default_factory=dict)
    name: str = ""

    def keymap(self, *, letter_keys: bool, commands: Mapping[str, Command] = COMMANDS) -> Keymap:
        """The keymap they make; ``SettingsError`` names every clash."""
        return _built(
            self.name or self.preset,
            {**self.base, **self.own},
            commands,
            letter_keys=letter_keys,
        )


def preset_bindings(preset: str, commands: Mapping[str, Command] = COMMANDS) -> Bindings:
    """Every command's keys in a shipped keymap.

    A preset names its differences from the default. A key that it gives to one command is taken
    from the command that had it there, so a preset must give that one another key.
    """
    default = parse_keymap(_shipped(DEFAULT), commands).bindings
    if preset == DEFAULT:
        return dict(default)
    return laid_over(default, parse_keymap(_shipped(preset), commands).bindings)


def preset_title(preset: str) -> str:
    """The name of a shipped keymap as people read it."""
    return keymap_in_language(tomllib.loads(_shipped(preset))["keymap"]["name"])


def preset_keymap(
    preset: str, *, letter_keys: bool = True, commands: Mapping[str, Command] = COMMANDS
) -> Keymap:
    """A shipped keymap without anything of a person's own."""
    bindings = preset_bindings(preset, commands)
    return _built(preset_title(preset), bindings, commands, letter_keys=letter_keys)


def own_keymap_file(home: Home, settings: Settings) -> Path:
    """Where the person's own keys stand, or would."""
    if settings.keymap and settings.keymap not in PRESETS:
        return Path(settings.keymap).expanduser()
    return home.keymap_file


def keymap_parts(
    home: Home, settings: Settings, commands: Mapping[str, Command] = COMMANDS
) -> KeymapParts:
    """The chosen preset and what the person's file changes in it; ``SettingsError`` names a fault.

    The preset is the one in the settings; else the one that the file ``extends``; else the default.
    """
    chosen = settings.keymap if settings.keymap in PRESETS else ""
    path = own_keymap_file(home, settings)
    named = settings.keymap and not chosen
    if not named and not path.exists():
        preset = chosen or DEFAULT
        return KeymapParts(preset, preset_bindings(preset, commands), name=preset_title(preset))
    return _parts_of(read_own(path), chosen, commands)


def _parts_of(text: str, chosen: str, commands: Mapping[str, Command]) -> KeymapParts:
    """A person's keys laid over the ``chosen`` preset, or over the one that they extend."""
    own = parse_keymap(text, commands)
    extends = str(tomllib.loads(text).get("keymap", {}).get("extends", DEFAULT))
    if extends not in PRESETS:
        raise SettingsError(
            translate("Keymaps", "There is no keymap “{extends}”. There are: {join}.").format(
                extends=extends, join=", ".join(PRESETS)
            )
        )
    preset = chosen or extends
    base = _giving_way(preset_bindings(preset, commands), own.bindings, commands)
    return KeymapParts(preset, base, dict(own.bindings), own.name)


def _giving_way(
    base: Bindings, own: Mapping[str, tuple[str, ...]], commands: Mapping[str, Command]
) -> Bindings:
    """The shipped keys without those that a person gave to something else.

    A later version may bring a key that somebody uses already. It is still a fault to take the
    key of a command that decides without giving that one another.
    """
    left = laid_over(base, own)
    return {
        name: keys if name in own or commands[name].decides else left[name]
        for name, keys in base.items()
    }


def load_keymap(
    home: Home, settings: Settings, commands: Mapping[str, Command] = COMMANDS
) -> tuple[Keymap, list[str]]:
    """The keys that count: a shipped keymap with the person's own laid over it.

    A command named in the person's file has the keys given there and no others. A file with any
    fault in it is left aside as a whole: half a keymap would decide by surprise. The last good
    keys count instead, else the shipped ones.
    """
    path = own_keymap_file(home, settings)
    try:
        parts = keymap_parts(home, settings, commands)
        return parts.keymap(letter_keys=settings.letter_keys, commands=commands), []
    except SettingsError as error:
        last = _last_good(home, settings, commands)
        if last is not None:
            return last, [
                translate("Keymaps", "{path}: {error} The last good keys are in use.").format(
                    path=path, error=error
                )
            ]
        preset = settings.keymap if settings.keymap in PRESETS else DEFAULT
        shipped = preset_keymap(preset, letter_keys=settings.letter_keys, commands=commands)
        return shipped, [
            translate("Keymaps", "{path}: {error} The shipped keys are in use.").format(
                path=path, error=error
            )
        ]


def keep_keymap(home: Home, settings: Settings) -> list[str]:
    """Keep a person's good keys for the day their file is wrong; what went wrong, in words."""
    path = own_keymap_file(home, settings)
    if not path.exists():
        return []
    try:
        text = read_own(path)
        if not home.last_keymap_file.exists() or read_own(home.last_keymap_file) != text:
            write_atomically(home.last_keymap_file, text)
    except SettingsError as error:
        return [
            translate(
                "Keymaps", "The keys cannot be kept for the day their file is wrong. {error}"
            ).format(error=error)
        ]
    return []


def _last_good(home: Home, settings: Settings, commands: Mapping[str, Command]) -> Keymap | None:
    if not home.last_keymap_file.exists():
        return None
    chosen = settings.keymap if settings.keymap in PRESETS else ""
    try:
        parts = _parts_of(read_own(home.last_keymap_file), chosen, commands)
        return parts.keymap(letter_keys=settings.letter_keys, commands=commands)
    except SettingsError:
        # Damaged as well, or no fit for the preset that was chosen since.
        return None


def keymap_text(parts: KeymapParts) -> str:
    """A person's keymap file: the preset it extends and the differences from it."""
    head = toml_lines({"name": parts.name, "extends": parts.preset})
    rows = [
        f"{command} = [{', '.join(toml_value(key) for key in keys)}]\n"
        for command, keys in parts.own.items()
    ]
    return f"[keymap]\n{head}\n[keys]\n{''.join(rows)}"


def save_own_keys(path: Path, text: str) -> None:
    """Replace a person's keymap file; one with faults in it is kept beside as ``.faulty``.

    ``SettingsError`` if it cannot be written.
    """
    if path.exists():
        try:
            parse_keymap(read_own(path), COMMANDS)
        except SettingsError:
            beside = path.with_name(path.name + ".faulty")
            write_atomically(beside, path.read_text(encoding="utf-8", errors="replace"))
    write_atomically(path, text)


def _built(
    name: str,
    bindings: Mapping[str, tuple[str, ...]],
    commands: Mapping[str, Command],
    *,
    letter_keys: bool,
) -> Keymap:
    return build_keymap(name, bindings if letter_keys else with_alt(bindings), commands)


def _shipped(preset: str) -> str:
    return (resources() / "keymaps" / f"{preset}.toml").read_text(encoding="utf-8")
