"""Key events as the window system makes them, for the demo and the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_MODIFIERS = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
    "Alt": Qt.KeyboardModifier.AltModifier,
    "Meta": Qt.KeyboardModifier.MetaModifier,
}
_NAMES = {
    "Space": Qt.Key.Key_Space,
    "Enter": Qt.Key.Key_Enter,
    "Return": Qt.Key.Key_Return,
    "Esc": Qt.Key.Key_Escape,
    "Tab": Qt.Key.Key_Tab,
    "Backspace": Qt.Key.Key_Backspace,
    "Delete": Qt.Key.Key_Delete,
    "PageUp": Qt.Key.Key_PageUp,
    "PageDown": Qt.Key.Key_PageDown,
    "Left": Qt.Key.Key_Left,
    "Right": Qt.Key.Key_Right,
    "Up": Qt.Key.Key_Up,
    "Down": Qt.Key.Key_Down,
    **{f"F{number}": getattr(Qt.Key, f"Key_F{number}") for number in range(1, 13)},
}

_PAD = {
    "NumPlus": "+",
    "NumMinus": "-",
    "NumTimes": "*",
    "NumDivide": "/",
    "NumPoint": ".",
    **{f"Num{digit}": str(digit) for digit in range(10)},
}


def key_event(
    chord: str, *, press: bool = True, repeat: bool = False, scan_code: int = 0, text: str = ""
) -> QKeyEvent:
    """The event of one chord; ``scan_code`` is that of X11, 0: the event has no place."""
    head, _, name = chord[:-1].rpartition("+")
    held, name = [part for part in head.split("+") if part], name + chord[-1]
    modifiers = Qt.KeyboardModifier.NoModifier
    for modifier in held:
        modifiers |= _MODIFIERS[modifier]
    if name in _PAD:
        name = _PAD[name]
        modifiers |= Qt.KeyboardModifier.KeypadModifier
    if name in _NAMES:
        key, typed = int(_NAMES[name]), {"Space": " "}.get(name, "")
    else:
        key, typed = ord(name.upper()), name.lower()
        if "Shift" in held:
            typed = typed.upper()
        if "Ctrl" in held:
            typed = ""
    kind = QEvent.Type.KeyPress if press else QEvent.Type.KeyRelease
    return QKeyEvent(kind, key, modifiers, scan_code, 0, 0, text or typed, repeat, 1)


def send_key(window: QWidget, event: QKeyEvent) -> None:
    """Hand an event to a window; it goes to the widget that has the focus, as a real one does."""
    handle = window.windowHandle()
    assert handle is not None
    QCoreApplication.sendEvent(handle, event)
