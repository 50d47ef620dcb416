"""Changing keys while the station runs: each change is checked, counts at once, and is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modstation.app.keymaps import (
    PRESETS,
    KeymapParts,
    keymap_parts,
    keymap_text,
    own_keymap_file,
    preset_bindings,
    preset_title,
    save_own_keys,
)
from modstation.core.commands import COMMANDS
from modstation.core.errors import SettingsError
from modstation.core.keymap import RESERVED
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.settings_book import SettingsBook
    from modstation.core.keymap import Keymap


def _mine() -> str:
    return translate("KeymapEditing", "Mine")


class KeymapEditing:
    """A person's keys over a shipped keymap; ``use`` is called with each keymap that counts now.

    Every change either holds as a whole or raises ``SettingsError`` with what stands in its way,
    and then nothing is changed. Only differences from the shipped keymap are kept.
    """

    def __init__(self, book: SettingsBook, use: Callable[[Keymap], None]) -> None:
        self._book = book
        self._use = use
        # What was wrong with the person's file, in words; it is replaced by the first change.
        self.problem = ""
        try:
            self._parts = keymap_parts(book.home, book.current)
            self._parts.keymap(letter_keys=book.current.letter_keys)
        except SettingsError as error:
            self.problem = f"{own_keymap_file(book.home, book.current)}: {error}"
            chosen = book.current.keymap
            preset = chosen if chosen in PRESETS else PRESETS[0]
            self._parts = KeymapParts(preset, preset_bindings(preset), name=preset_title(preset))

    @property
    def preset(self) -> str:
        """The shipped keymap underneath."""
        return self._parts.preset

    @property
    def letter_keys(self) -> bool:
        """Letters, digits and signs are keys by themselves."""
        return self._book.current.letter_keys

    def keys(self, command: str) -> tuple[str, ...]:
        """The keys of a command as they are bound, letters without Alt."""
        return self._parts.own.get(command, self._parts.base.get(command, ()))

    def is_own(self, command: str) -> bool:
        """The person gave the command keys of their own."""
        return command in self._parts.own

    # -- changes

    def change(self, command: str, chord: str) -> None:
        """Let a command have this key and no other."""
        self._bind(command, (chord,))

    def add(self, command: str, chord: str) -> None:
        """Let a command have this key too."""
        keys = self.keys(command)
        if chord not in keys:
            self._bind(command, (*keys, chord))

    def remove_keys(self, command: str) -> None:
        """Leave a command without any key; its button and the palette stay."""
        self._bind(command, ())

    def reset(self, command: str) -> None:
        """Give a command the keys of the shipped keymap again."""
        own = {name: keys for name, keys in self._parts.own.items() if name != command}
        self._keep(replace(self._parts, own=own))

    def reset_all(self) -> None:
        """Give every command the keys of the shipped keymap again."""
        self._keep(replace(self._parts, own={}))

    def choose(self, preset: str) -> None:
        """Take another shipped keymap; one's own keys are laid over it."""
        parts = replace(self._parts, preset=preset, base=preset_bindings(preset))
        try:
            self._check(parts)
        except SettingsError as error:
            raise SettingsError(
                translate(
                    "KeymapEditing",
                    "Your own keys clash with {preset}: {error} Reset them first.",
                ).format(preset=preset_title(preset), error=error)
            ) from error
        # An own file that the settings name stays in use: it says itself what it extends.
        if self._book.current.keymap in {"", *PRESETS}:
            self._book.change(keymap=preset)
        self._keep(parts)

    def set_letter_keys(self, *, on: bool) -> None:
        """Let letters, digits and signs be keys by themselves, or only with Alt."""
        self._book.change(letter_keys=on)
        self._use(self._parts.keymap(letter_keys=on))

    # -- inside

    def _bind(self, command: str, keys: tuple[str, ...]) -> None:
        for key in keys:
            if key in RESERVED:
                raise SettingsError(
                    translate(
                        "KeymapEditing",
                        "{key} cannot be a key: Enter confirms and never decides, Escape leaves,"
                        " and Tab goes from button to button.",
                    ).format(key=key)
                )
            holder = self._holder(key)
            if holder not in {None, command}:
                label = COMMANDS[str(holder)].label.rstrip("…")
                raise SettingsError(
                    translate(
                        "KeymapEditing", "{key} is the key of “{label}”. Nothing was changed."
                    ).format(key=key, label=label)
                )
        own = {**self._parts.own, command: keys}
        if keys == self._parts.base.get(command, ()):
            del own[command]
        self._keep(replace(self._parts, own=own))

    def _holder(self, key: str) -> str | None:
        return next((name for name in COMMANDS if key in self.keys(name)), None)

    def _check(self, parts: KeymapParts) -> Keymap:
        # Both, so that letters can be switched off later without any surprise.
        made = {on: parts.keymap(letter_keys=on) for on in (True, False)}
        return made[self.letter_keys]

    def _keep(self, parts: KeymapParts) -> None:
        parts = replace(parts, name=_mine() if parts.own else preset_title(parts.preset))
        keymap = self._check(parts)
        self._parts = parts
        self.problem = ""
        self._use(keymap)
        path, text = own_keymap_file(self._book.home, self._book.current), keymap_text(parts)
        self._book.write_later(lambda: save_own_keys(path, text))
