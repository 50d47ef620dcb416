"""Keys to commands: what a press means now, and what it must not mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modstation.core.commands import COMMANDS
from modstation.core.keymap import Match

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from modstation.core.keymap import Command, Keymap
    from modstation.ui.keys import KeyReader

# The commands that arrows stand for; bound to anything else they are keys like others.
_MOVES = {"next": False, "previous": False, "extend-next": True, "extend-previous": True}
_ARROWS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}
# While a text field has the focus these groups still work, by Ctrl, Alt, Meta or function keys.
_BESIDE_TEXT = {"Panels", "Service", "Window"}


class Desk(Protocol):
    """What the keyboard acts on: the window."""

    def run(self, command: str) -> None:
        """Do what a command says."""
        ...

    def peek(self, *, on: bool) -> None:
        """Uncover the image while a key is held."""
        ...

    def arrow(self, dx: int, dy: int, *, extend: bool) -> bool:
        """Move a zoomed image, or to the tile that lies there; False if there is neither."""
        ...

    def in_text(self) -> bool:
        """A text field has the focus."""
        ...

    def in_dialog(self) -> bool:
        """A dialog or an overlay is in front of the image."""
        ...

    def hint(self, text: str) -> None:
        """Show how a key sequence may go on."""
        ...


class Keyboard:
    """Matches key events against the keymap and keeps the rules that make keys safe."""

    def __init__(self, keymap: Keymap, reader: KeyReader, desk: Desk) -> None:
        self._keymap = keymap
        self._reader = reader
        self._desk = desk
        self._typed: list[str] = []
        self._down: set[int] = set()
        self._peek_key: int | None = None

    def use(self, keymap: Keymap) -> None:
        """Let other keys count from now on; what is held or half typed means nothing any more."""
        self._keymap = keymap
        self.let_go()

    def press(self, event: QKeyEvent) -> bool:
        """Handle a key press; False if it means nothing here."""
        if self._desk.in_dialog():
            return False
        key = _identity(event)
        held = event.isAutoRepeat() or key in self._down
        self._down.add(key)
        chords = self._reader.chords(event)
        if not chords:
            return False
        name, chord = self._match(chords)
        if name is None:
            return bool(self._typed)
        command = COMMANDS[name]
        if self._desk.in_text() and not _works_beside_text(command, chord):
            return False
        if held and not command.repeats:
            # One press, one decision: also where the desktop repeats keys without saying so.
            return True
        if name == "peek":
            self._peek_key = key
            self._desk.peek(on=True)
        elif not self._arrow(name, chord):
            self._desk.run(name)
        return True

    def _arrow(self, name: str, chord: str) -> bool:
        direction = _ARROWS.get(chord.removeprefix("Shift+"))
        if name not in _MOVES or direction is None:
            return False
        return self._desk.arrow(*direction, extend=_MOVES[name])

    def release(self, event: QKeyEvent) -> bool:
        """Handle a key release; False if it means nothing here."""
        if event.isAutoRepeat():
            return False
        key = _identity(event)
        self._down.discard(key)
        if key != self._peek_key:
            return False
        self._peek_key = None
        self._desk.peek(on=False)
        return True

    def let_go(self) -> None:
        """The window lost the keyboard: nothing is held any more, as far as we can know."""
        self._down.clear()
        self._typed.clear()
        if self._peek_key is not None:
            self._peek_key = None
            self._desk.peek(on=False)

    def _match(self, chords: list[str]) -> tuple[str | None, str]:
        """The command of the first chord that means something, and that chord."""
        for begun in ([*self._typed], []):
            for chord in chords:
                match, command = self._keymap.match([*begun, chord])
                if match is Match.FULL:
                    self._typed.clear()
                    return command, chord
                if match is Match.PARTIAL:
                    self._typed = [*begun, chord]
                    self._desk.hint(f"{' '.join(self._typed)} …")
                    return None, chord
        self._typed.clear()
        return None, ""


def _works_beside_text(command: Command, chord: str) -> bool:
    if command.group not in _BESIDE_TEXT:
        return False
    head, _, key = chord.rpartition("+")
    function_key = key.startswith("F") and key[1:].isdigit()
    return function_key or any(modifier in head for modifier in ("Ctrl", "Alt", "Meta"))


def _identity(event: QKeyEvent) -> int:
    """One number for one key: its place, or its code where there is no place (in tests)."""
    return event.nativeScanCode() or -event.key()
