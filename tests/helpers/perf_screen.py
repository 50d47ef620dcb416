"""An observer of the screen: presses keys and sees pixels change, from outside the program.

It speaks X11's own protocol (core requests and XTEST) over the display's socket, because that
needs no library and costs some 50 µs a look. Source of the numbers: the X11 protocol
specification, appendix B, and the XTEST extension protocol.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_GET_IMAGE, _GET_INPUT_FOCUS, _SET_INPUT_FOCUS = 73, 43, 42
_QUERY_EXTENSION, _GET_KEYBOARD_MAPPING, _CONFIGURE_WINDOW = 98, 101, 12
_FAKE_INPUT = 2
_KEY_PRESS, _KEY_RELEASE = 2, 3
_Z_PIXMAP = 2


@dataclass(frozen=True, slots=True)
class Look:
    """How long one key took until a pixel changed; ``colour`` is what it became."""

    milliseconds: float
    colour: bytes


class Screen:
    """A connection to the X server named by DISPLAY."""

    def __init__(self) -> None:
        number = os.environ["DISPLAY"].rpartition(":")[2].partition(".")[0]
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(f"/tmp/.X11-unix/X{number}")
        name, cookie = _cookie(number)
        self._socket.sendall(
            struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(name), len(cookie))
            + _padded(name)
            + _padded(cookie)
        )
        accepted, _, _, _, length = struct.unpack("<BBHHH", self._exactly(8))
        setup = self._exactly(length * 4)
        assert accepted == 1, setup
        vendor, formats = struct.unpack_from("<H", setup, 16)[0], setup[21]
        self._least_keycode, self._most_keycode = setup[26], setup[27]
        screen = 32 + (vendor + 3) // 4 * 4 + 8 * formats
        (self._root,) = struct.unpack_from("<I", setup, screen)
        self._size: tuple[int, int] = struct.unpack_from("<HH", setup, screen + 20)
        self._xtest = self._extension(b"XTEST")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def raise_and_focus(self, window: int) -> None:
        """Bring a window to the front and give it the keyboard."""
        # Value mask 64: the stacking order; 0: on top.
        self._socket.sendall(struct.pack("<BxHIHxxI", _CONFIGURE_WINDOW, 4, window, 64, 0))
        self._socket.sendall(struct.pack("<BBHII", _SET_INPUT_FOCUS, 1, 3, window, 0))
        self._socket.sendall(struct.pack("<BxH", _GET_INPUT_FOCUS, 1))
        self._reply()

    def pixel(self, x: int, y: int) -> bytes:
        """The colour of one pixel as the server has it."""
        self._socket.sendall(
            struct.pack("<BBHIhhHHI", _GET_IMAGE, _Z_PIXMAP, 5, self._root, x, y, 1, 1, 0xFFFFFF)
        )
        return self._reply()[32:35]

    def find(self, colour: tuple[int, int, int]) -> tuple[int, int] | None:
        """The middle of the largest patch of a colour, if there is one of some size."""
        from PIL import Image, ImageChops

        width, height = self._size
        self._socket.sendall(
            struct.pack(
                "<BBHIhhHHI", _GET_IMAGE, _Z_PIXMAP, 5, self._root, 0, 0, width, height, 0xFFFFFF
            )
        )
        shot = Image.frombytes("RGB", self._size, self._reply()[32:], "raw", "BGRX")
        off = ImageChops.difference(shot, Image.new("RGB", self._size, colour)).convert("L")
        # Coarsely: thumbnails and icons of that colour are smaller than one cell.
        cells = off.point(lambda value: 255 * (value < 24)).reduce(20)
        box = cells.point(lambda value: 255 * (value > 250)).getbbox()
        if box is None:
            return None
        return (box[0] + box[2]) * 10, (box[1] + box[3]) * 10

    def press(self, keycode: int) -> None:
        """Press and release a key as a keyboard would."""
        for kind in (_KEY_PRESS, _KEY_RELEASE):
            self._socket.sendall(
                struct.pack("<BBHBBxxIIxxxxxxxxhhxxxxxxxx", self._xtest, _FAKE_INPUT, 9, kind,
                            keycode, 0, 0, 0, 0)
            )  # fmt: skip

    def press_and_look(self, keycode: int, x: int, y: int, *, seconds: float = 2.0) -> Look | None:
        """Press a key and watch one pixel until it changes; None if it does not."""
        before = self.pixel(x, y)
        start = time.perf_counter()
        self.press(keycode)
        while (now := time.perf_counter()) < start + seconds:
            colour = self.pixel(x, y)
            if colour != before:
                return Look((time.perf_counter() - start) * 1000, colour)
            if now > start + 0.05:
                time.sleep(0.001)
        return None

    def keycode(self, keysym: int) -> int:
        """The key that gives a symbol (Latin letters: their ASCII code in lower case)."""
        count = self._most_keycode - self._least_keycode + 1
        self._socket.sendall(
            struct.pack("<BxHBBxx", _GET_KEYBOARD_MAPPING, 2, self._least_keycode, count)
        )
        answer = self._reply()
        width = answer[1]
        symbols = struct.unpack_from(f"<{count * width}I", answer, 32)
        return self._least_keycode + symbols.index(keysym) // width

    def _extension(self, name: bytes) -> int:
        length = 2 + (len(name) + 3) // 4
        self._socket.sendall(
            struct.pack("<BxHHxx", _QUERY_EXTENSION, length, len(name)) + _padded(name)
        )
        answer = self._reply()
        assert answer[8], f"the X server has no {name.decode()}"
        return answer[9]

    def _reply(self) -> bytes:
        while True:
            head = self._exactly(32)
            assert head[0] != 0, f"X error {head[1]}"
            if head[0] == 1:
                (more,) = struct.unpack_from("<I", head, 4)
                return head + self._exactly(more * 4)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            assert part, "the X server closed the connection"
            data += part
        return data


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _cookie(number: str) -> tuple[bytes, bytes]:
    """The name and the data that the server wants to see, from the .Xauthority file."""
    path = Path(os.environ.get("XAUTHORITY", Path.home() / ".Xauthority"))
    data = path.read_bytes() if path.exists() else b""
    place = 0
    while place < len(data):
        place += 2
        fields = []
        for _ in range(4):
            (length,) = struct.unpack_from(">H", data, place)
            fields.append(data[place + 2 : place + 2 + length])
            place += 2 + length
        if fields[1] in {number.encode(), b""}:
            return fields[2], fields[3]
    return b"", b""
