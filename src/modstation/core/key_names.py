"""What stands on the keys that have a name: Ctrl is Strg on a German keyboard."""

from __future__ import annotations

from modstation.core.language import later, translate

_NAMES = {
    "Ctrl": later("KeyNames", "Ctrl"),
    "Alt": later("KeyNames", "Alt"),
    "Meta": later("KeyNames", "Meta"),
    "Shift": later("KeyNames", "Shift"),
    "Space": later("KeyNames", "Space"),
    "Backspace": later("KeyNames", "Backspace"),
    "Delete": later("KeyNames", "Delete"),
    "Del": later("KeyNames", "Del"),
    "Insert": later("KeyNames", "Insert"),
    "Left": later("KeyNames", "Left"),
    "Right": later("KeyNames", "Right"),
    "Up": later("KeyNames", "Up"),
    "Down": later("KeyNames", "Down"),
    "Home": later("KeyNames", "Home"),
    "End": later("KeyNames", "End"),
    "PageUp": later("KeyNames", "PageUp"),
    "PageDown": later("KeyNames", "PageDown"),
    "PgUp": later("KeyNames", "PgUp"),
    "PgDown": later("KeyNames", "PgDn"),
    "Return": later("KeyNames", "Return"),
    "Enter": later("KeyNames", "Enter"),
    "Escape": later("KeyNames", "Escape"),
    "Esc": later("KeyNames", "Esc"),
    "Tab": later("KeyNames", "Tab"),
}
_PAD = {"Plus": "+", "Minus": "-", "Times": "*", "Divide": "/", "Point": "."}


def key_name(key: str) -> str:
    """One key of a chord as it is printed; a character stays what it is."""
    if key in _NAMES:
        return str(_NAMES[key])
    if key.startswith("Num") and len(key) > len("Num"):
        sign = key.removeprefix("Num")
        return translate("KeyNames", "Num {sign}").format(sign=_PAD.get(sign, sign))
    return key


def chord_text(chord: str) -> str:
    """A chord as it is printed on the keys."""
    # The last key may be the plus sign itself.
    held, plus, key = chord[:-1].rpartition("+")
    names = [key_name(name) for name in held.split("+") if name]
    return f"{'+'.join(names)}{plus}{key_name(key + chord[-1:])}"
