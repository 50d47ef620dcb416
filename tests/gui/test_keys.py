"""Physical keys: the same place on every layout, and the printed letter on the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from helpers.window import key_event
from modstation.core.commands import COMMANDS
from modstation.ui.keys import KeyReader

if TYPE_CHECKING:
    from helpers.window import Desk

# X11 key codes (evdev + 8) of a US keyboard.
Q, A, Z, M, ONE, SIX, COMMA, SLASH, EQUAL, GRAVE = 24, 38, 52, 58, 10, 15, 59, 61, 21, 49
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


def event(
    code: int, text: str, held: Qt.KeyboardModifier = NONE, *, key: int = 0, virtual: int = 0
) -> QKeyEvent:
    shown = key or (ord(text.upper()) if text else int(Qt.Key.Key_unknown))
    return QKeyEvent(QEvent.Type.KeyPress, shown, held, code, virtual, 0, text)


@pytest.mark.parametrize(
    ("pressed", "chords"),
    [
        pytest.param(event(A, "a"), ["A"], id="US a"),
        pytest.param(event(A, "A", SHIFT), ["Shift+A"], id="US A"),
        pytest.param(event(A, "A"), ["A"], id="caps lock is not Shift"),
        pytest.param(event(A, "q"), ["A"], id="AZERTY: the key where A is on a US keyboard"),
        pytest.param(event(A, "ф"), ["A"], id="Cyrillic"),
        pytest.param(event(ONE, "1"), ["1"], id="US 1"),
        pytest.param(event(ONE, "&"), ["1", "&"], id="AZERTY: digits need no Shift"),
        pytest.param(event(SIX, "-"), ["6", "-"], id="AZERTY 6 types a minus"),
        pytest.param(event(SLASH, "?", SHIFT), ["?", "Shift+/"], id="US ?"),
        pytest.param(event(20, "?", SHIFT), ["?", "Shift+-"], id="German ?"),
        pytest.param(event(COMMA, "?", SHIFT), ["?", "Shift+,"], id="AZERTY ?"),
        pytest.param(event(COMMA, "<", SHIFT), ["<", "Shift+,"], id="US <"),
        pytest.param(event(EQUAL, "+", SHIFT), ["+", "Shift+="], id="US +"),
        pytest.param(event(EQUAL, "="), ["=", "="], id="US ="),
        pytest.param(
            event(GRAVE, "", key=int(Qt.Key.Key_Dead_Circumflex)), ["`"], id="German dead key"
        ),
        pytest.param(event(Z, "\x17", CTRL, key=ord("W")), ["Ctrl+W", "Ctrl+Z"], id="AZERTY Ctrl"),
        pytest.param(event(A, "ф", CTRL, key=0x424), ["Ctrl+A", "Ctrl+Ф"], id="Cyrillic Ctrl"),
        pytest.param(key_event("a"), ["A"], id="no place"),
        pytest.param(key_event("?"), ["?"], id="no place, sign"),
        pytest.param(key_event("Space"), ["Space"], id="space"),
        pytest.param(key_event("Shift+F5"), ["Shift+F5"], id="function key"),
        pytest.param(event(79 + 8, "1"), ["Num1", "1"], id="number pad"),
        pytest.param(
            event(79 + 8, "", key=int(Qt.Key.Key_End)),
            ["Num1", "End"],
            id="pad, no Num Lock",
        ),
        pytest.param(event(98 + 8, "/"), ["NumDivide", "/"], id="number pad, divide"),
        pytest.param(event(115, "", key=int(Qt.Key.Key_End)), ["End"], id="the End key itself"),
        pytest.param(key_event("NumPlus"), ["NumPlus", "+"], id="number pad, no place"),
        pytest.param(key_event("Ctrl+Num0"), ["Ctrl+Num0", "Ctrl+0"], id="number pad with Ctrl"),
    ],
)
def test_a_key_is_read_by_its_place(pressed: QKeyEvent, chords: list[str]) -> None:
    assert KeyReader("linux").chords(pressed)[: len(chords)] == chords


def test_windows_counts_scan_codes_without_an_offset() -> None:
    assert KeyReader("win32").chords(event(0x1E, "q")) == ["A"]


def test_windows_and_macs_have_a_number_pad_of_their_own() -> None:
    assert KeyReader("win32").chords(event(0x135, "/"))[0] == "NumDivide"
    assert KeyReader("win32").chords(event(0x53, "."))[0] == "NumPoint"
    assert KeyReader("darwin").chords(event(0, "+", virtual=69))[0] == "NumPlus"
    first = QKeyEvent(QEvent.Type.KeyPress, 0x41, NONE, 0, 0, 0x100, "a")
    assert KeyReader("darwin").chords(first)[0] == "A"


def test_a_mac_tells_the_place_by_the_virtual_key() -> None:
    assert KeyReader("darwin").chords(event(0, "ф", virtual=1))[0] == "S"
    first = QKeyEvent(QEvent.Type.KeyPress, 0x424, NONE, 0, 0, 0x100, "ф")
    assert KeyReader("darwin").chords(first)[0] == "A"


def test_one_key_gives_the_whole_layout_away() -> None:
    reader = KeyReader("linux")
    assert reader.printed("A") == "A"
    reader.chords(event(Q, "a"))
    assert (reader.printed("A"), reader.printed("Z"), reader.printed("Shift+B")) == (
        "Q",
        "W",
        "Shift+B",
    )
    assert reader.printed("Ctrl+1") == "Ctrl+1"


def test_cyrillic_letters_are_learned_one_by_one() -> None:
    reader = KeyReader("linux")
    reader.chords(event(A, "ф"))
    assert (reader.printed("A"), reader.printed("X")) == ("Ф", "X")


def test_the_key_at_the_place_of_a_approves_on_every_layout(desk: Desk) -> None:
    desk.press("q", scan_code=A, text="q")
    desk.press("ф", scan_code=A, text="ф")
    assert [verdict for _, verdict, _ in desk.stored()] == ["approve", "approve"]


def test_the_buttons_show_the_letters_of_the_layout(desk: Desk) -> None:
    desk.press("q", scan_code=A, text="q")
    assert desk.window.evidence.buttons["approve"].text() == "Approve (Q)"
    assert desk.window.toolbar.buttons["zoom-toggle"].text() == "Fit / 100 % (W)"


def test_every_command_has_something_to_do(desk: Desk) -> None:
    assert set(desk.window.commands.handlers) == set(COMMANDS)


def test_every_command_has_a_button_with_its_key_on_it(desk: Desk) -> None:
    keymap = desk.station.keymap
    # The buttons of the grid are made when it is first opened.
    desk.press("T")
    buttons = {button.command: button for button in desk.window.command_buttons()}
    assert set(buttons) == set(COMMANDS)
    for name, button in buttons.items():
        keys = keymap.keys_for(name)
        assert not keys or any(f"({key})" in button.text() for key in keys), name
        assert button.accessibleName()
        assert button.accessibleDescription()


def test_every_bound_key_reaches_its_command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(desk.window, "run", ran.append)
    monkeypatch.setattr(desk.window, "peek", lambda *, on: ran.append("peek") if on else None)
    for name, keys in desk.station.keymap.bindings.items():
        for key in keys:
            ran.clear()
            desk.down(key)
            desk.up(key)
            assert ran == [name], key


def test_space_on_a_button_reached_by_tab_presses_it(desk: Desk) -> None:
    button = desk.window.evidence.buttons["skip"]
    button.setFocus(Qt.FocusReason.TabFocusReason)
    desk.press("Space")
    assert desk.current == "photos/0002"


def test_arrows_on_a_button_still_move_the_queue(desk: Desk) -> None:
    desk.window.toolbar.buttons["greyscale"].setFocus(Qt.FocusReason.TabFocusReason)
    desk.press("Right")
    assert desk.current == "photos/0002"


def test_a_click_leaves_the_keyboard_with_the_image(desk: Desk) -> None:
    from PySide6.QtTest import QTest

    QTest.mouseClick(desk.window.toolbar.buttons["greyscale"], Qt.MouseButton.LeftButton)
    assert desk.window.stage.hasFocus()
    desk.press("A")
    assert len(desk.stored()) == 1
