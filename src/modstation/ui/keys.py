"""Which chord a key event is: by the place of the key, not by the letter printed on it."""

from __future__ import annotations

import string
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from modstation.core.key_names import chord_text

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

# Codes of the main block: Linux input-event-codes.h, equal to the PC's scan code set 1.
_ROWS = {2: "1234567890-=", 16: "QWERTYUIOP[]", 30: "ASDFGHJKL;'`", 44: "ZXCVBNM,./"}
_SET_1 = {start + n: char for start, row in _ROWS.items() for n, char in enumerate(row)}
# The X server and Wayland's xkb count from 8.
_XKB_OFFSET = 8
# macOS: kVK_ANSI_… of HIToolbox/Events.h.
_MAC = {
    **dict(zip("ASDFHGZXCV", range(10), strict=True)),
    **dict(zip("BQWERYT123465=97-80]OU[IP", range(11, 36), strict=True)),
    **dict(zip("LJ'K;", range(37, 42), strict=True)),
    **dict(zip(",/NM.", range(43, 48), strict=True)),
    "`": 50,
}
_MAC_BY_CODE = {code: char for char, code in _MAC.items()}

# The number pad, by place: what Num Lock makes of a key does not matter.
_PAD = {
    **{71 + n: f"Num{digit}" for n, digit in enumerate("789")},
    **{75 + n: f"Num{digit}" for n, digit in enumerate("456")},
    **{79 + n: f"Num{digit}" for n, digit in enumerate("1230")},
    74: "NumMinus",
    78: "NumPlus",
    83: "NumPoint",
    55: "NumTimes",
}
# The key comes after PC keyboards got their codes, so each system has put it elsewhere.
_PAD_LINUX = {**_PAD, 98: "NumDivide"}
_PAD_WINDOWS = {**_PAD, 0x135: "NumDivide"}
_PAD_MAC = {
    **{82 + n: f"Num{n}" for n in range(8)},
    91: "Num8",
    92: "Num9",
    65: "NumPoint",
    67: "NumTimes",
    69: "NumPlus",
    75: "NumDivide",
    78: "NumMinus",
}
_PAD_SIGNS = {
    "+": "NumPlus",
    "-": "NumMinus",
    "*": "NumTimes",
    "/": "NumDivide",
    ".": "NumPoint",
    ",": "NumPoint",
    **{digit: f"Num{digit}" for digit in string.digits},
}

_NAMED = {
    Qt.Key.Key_Space: "Space",
    Qt.Key.Key_Backspace: "Backspace",
    Qt.Key.Key_Delete: "Delete",
    Qt.Key.Key_Insert: "Insert",
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_Home: "Home",
    Qt.Key.Key_End: "End",
    Qt.Key.Key_PageUp: "PageUp",
    Qt.Key.Key_PageDown: "PageDown",
    Qt.Key.Key_Return: "Return",
    Qt.Key.Key_Enter: "Enter",
    Qt.Key.Key_Escape: "Escape",
    Qt.Key.Key_Tab: "Tab",
    Qt.Key.Key_Backtab: "Tab",
}
_FUNCTION_KEYS = {getattr(Qt.Key, f"Key_F{n}"): f"F{n}" for n in range(1, 25)}
_LETTERS = frozenset(string.ascii_uppercase)
_PLACED = _LETTERS | frozenset(string.digits)

# One telling key press gives a whole family of layouts away: (place, letter typed) → places.
_FAMILIES = {
    ("Q", "A"): {"Q": "A", "A": "Q", "W": "Z", "Z": "W", "M": ",", ";": "M"},
    ("A", "Q"): {"Q": "A", "A": "Q", "W": "Z", "Z": "W", "M": ",", ";": "M"},
    ("Y", "Z"): {"Y": "Z", "Z": "Y"},
    ("Z", "Y"): {"Y": "Z", "Z": "Y"},
}


def place_of(event: QKeyEvent, platform: str = sys.platform) -> str | None:
    """The character at this place of a US keyboard, or None (a test's event has no place)."""
    if platform == "darwin":
        # 0 is the key A there; a real event always carries native modifier bits.
        real = event.nativeVirtualKey() or event.nativeModifiers()
        return _MAC_BY_CODE.get(event.nativeVirtualKey()) if real else None
    if platform == "win32":
        return _SET_1.get(event.nativeScanCode())
    return _SET_1.get(event.nativeScanCode() - _XKB_OFFSET)


def pad_key_of(event: QKeyEvent, platform: str = sys.platform) -> str | None:
    """The name of a key on the number pad, or None; by what it types where it has no place."""
    if platform == "darwin":
        real = event.nativeVirtualKey() or event.nativeModifiers()
        return _PAD_MAC.get(event.nativeVirtualKey()) if real else None
    code = event.nativeScanCode()
    if platform == "win32" and code:
        return _PAD_WINDOWS.get(code)
    if code:
        return _PAD_LINUX.get(code - _XKB_OFFSET)
    on_pad = event.modifiers() & Qt.KeyboardModifier.KeypadModifier
    return _PAD_SIGNS.get(_typed(event)) if on_pad else None


class KeyReader:
    """Turns key events into chords, and learns on the way what is printed on the keys."""

    def __init__(self, platform: str = sys.platform) -> None:
        self._platform = platform
        self._printed: dict[str, str] = {}
        # Counts what was learned, so that a window knows when its labels are out of date.
        self.learned = 0

    def chords(self, event: QKeyEvent) -> list[str]:
        """The chords an event may stand for, the most certain first; empty for a bare modifier.

        A letter or digit counts by its place. A sign (``?``, ``+``) counts by what it is, since
        every layout puts it elsewhere, and after that by its place.
        """
        held = event.modifiers()
        shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
        prefix = [
            name
            for name, modifier in (
                ("Ctrl", Qt.KeyboardModifier.ControlModifier),
                ("Alt", Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.GroupSwitchModifier),
                ("Meta", Qt.KeyboardModifier.MetaModifier),
            )
            if held & modifier
        ]
        with_shift = [*prefix, "Shift"] if shift else prefix
        pad = pad_key_of(event, self._platform)
        if pad is not None:
            # A pad key that means nothing by itself is the key that types the same.
            return [_chord(with_shift, pad), *self._by_sign(event, prefix, with_shift)]
        return self._by_sign(event, prefix, with_shift)

    def _by_sign(self, event: QKeyEvent, prefix: list[str], with_shift: list[str]) -> list[str]:
        shift = with_shift != prefix
        key = Qt.Key(event.key())
        named = _NAMED.get(key) or _FUNCTION_KEYS.get(key)
        if named:
            return [_chord(with_shift, named)]
        typed = _typed(event)
        place = place_of(event, self._platform)
        if place is None:
            if not typed:
                return []
            return [_chord(with_shift if typed in _PLACED else prefix, typed)]
        if not prefix:
            self._learn(place, typed, shift=shift)
        found = [_chord(with_shift, place)]
        if prefix and typed in _LETTERS:
            # Ctrl+Z follows the letter on every desktop.
            found.insert(0, _chord(with_shift, typed))
        elif typed and typed not in _PLACED:
            found.insert(len(found) if place in _PLACED else 0, _chord(prefix, typed))
        return found

    def printed(self, chord: str) -> str:
        """The chord with the letter of the user's layout in it, as far as that is known."""
        return " ".join(map(self._as_printed, chord.split(" ")))

    def _as_printed(self, chord: str) -> str:
        key = chord[-1:]
        by_place = chord == key or chord[-2] == "+"
        return chord_text(chord[:-1] + self._printed.get(key, key) if by_place else chord)

    def _learn(self, place: str, typed: str, *, shift: bool) -> None:
        if place not in _LETTERS or not typed or (shift and typed not in _LETTERS):
            return
        if self._printed.get(place, place) == typed:
            return
        self.learned += 1
        for seen, letter in _FAMILIES.get((place, typed), {}).items():
            self._printed.setdefault(seen, letter)
        self._printed[place] = typed


def _chord(modifiers: list[str], key: str) -> str:
    return "+".join([*modifiers, key])


def _typed(event: QKeyEvent) -> str:
    """The character of an event in capitals; control characters are read from the key code."""
    text = event.text()
    if len(text) == 1 and text.isprintable() and not text.isspace():
        return text.upper()
    code = event.key()
    if 0x21 <= code < 0x110000 and not 0x01000000 <= code <= 0x01FFFFFF:
        char = chr(code)
        return char.upper() if char.isprintable() else ""
    return ""
