"""What a key means while a sheet or the tour is in front: it closes it, or counts everywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from PySide6.QtCore import Qt

from modstation.core.keymap import is_character

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from modstation.core.keymap import Keymap
    from modstation.ui.keys import KeyReader

# Who cannot read what lies in front has to be able to change that, and to leave.
_EVERYWHERE = ("theme", "text-larger", "text-smaller", "quit")


@dataclass(frozen=True, slots=True)
class SheetKeys:
    """Chords that close a sheet, and those of commands that count in front of it too."""

    reader: KeyReader | None = None
    closing: frozenset[str] = frozenset()
    commands: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, reader: KeyReader, keymap: Keymap, opened_by: str) -> Self:
        """The key that opened a sheet closes it."""
        commands = {chord: name for name in _EVERYWHERE for chord in keymap.keys_for(name)}
        return cls(reader, frozenset(keymap.keys_for(opened_by)), commands)

    def closes(self, event: QKeyEvent, *, typing: bool = False) -> bool:
        """Close on this key; while somebody types, letters and signs are text."""
        if event.key() == Qt.Key.Key_Escape:
            return True
        return not self.closing.isdisjoint(self._chords(event, typing=typing))

    def command(self, event: QKeyEvent, *, typing: bool = False) -> str | None:
        """The command that counts in front of the sheet; None if the key has none."""
        for chord in self._chords(event, typing=typing):
            if chord in self.commands:
                return self.commands[chord]
        return None

    def _chords(self, event: QKeyEvent, *, typing: bool) -> list[str]:
        chords = self.reader.chords(event) if self.reader else []
        return [chord for chord in chords if not (typing and is_character(chord))]
