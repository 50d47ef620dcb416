"""One decode worker as the station sees it: started, asked, disbelieved, ended."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from modstation.core.errors import ImageDamaged, ImageTooLarge, MediaError, NotAnImage
from modstation.core.language import later, unpacked
from modstation.media import pixel_memory
from modstation.media.channel import Channel, ChannelClosed, Message
from modstation.media.formats import (
    ALLOWED_FORMATS,
    BYTES_PER_PIXEL,
    MAX_BYTES,
    MAX_PIXELS,
    MAX_SIDE,
    MOST_AT_ONCE,
)

if TYPE_CHECKING:
    from modstation.core.language import Sentence
    from modstation.media.frames import DecodeRequest

START_SECONDS: Final = 30.0
"""How long a worker may take to import what it needs, on a machine with much else to do."""

# A text with its values; each is short.
_MESSAGE_LENGTH: Final = 1000
_MOST_FRAMES: Final = 1_000_000
_LONGEST_MS: Final = 24 * 3600 * 1000
_ERRORS: Final[dict[str, type[MediaError]]] = {
    kind.__name__: kind for kind in (NotAnImage, ImageDamaged, ImageTooLarge)
}

# Nothing else of the station's environment: CLOUDINARY_URL has the account's secret in it.
_ENVIRONMENT: Final = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV"),
)
# Pillow keeps this many 1 MiB blocks for the next image instead of giving them back each time.
_PILLOW: Final = {"PILLOW_BLOCK_SIZE": "1m", "PILLOW_BLOCKS_MAX": "16"}


class WorkerGone(Exception):
    """The worker ended, or answers with something that no worker of ours would."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A worker's answer, checked: ``pixels`` has exactly ``width * height * 4`` bytes a frame."""

    width: int
    height: int
    pixels: memoryview
    opaque: bool
    source_width: int
    source_height: int
    format: str
    frames: int
    orientation: int
    durations: tuple[int, ...] = (0,)


class DecodeProcess:
    """A running worker. Making one only starts it; ``greet`` waits until it can work.

    Everything but ``kill`` belongs to one thread. Fails with OSError when no process can be made.
    """

    module = "modstation.media.decode_worker"

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _start(theirs, self.module)
            except BaseException:
                ours.close()
                raise
        self._channel: Final = Channel(ours)
        self._start_deadline = time.monotonic() + START_SECONDS
        self.ready = False
        self.protections: tuple[str, ...] = ()

    @property
    def pid(self) -> int:
        """The process id, also of one that has ended."""
        return self._process.pid

    @property
    def connection(self) -> socket.socket:
        """Readable when the worker says that it is ready, and when it has ended."""
        return self._channel.connection

    @property
    def ended(self) -> bool:
        """Whether a worker without work has ended (or speaks without being asked)."""
        return self.ready and bool(select.select([self.connection], [], [], 0)[0])

    def greet(self) -> None:
        """Wait until the worker is ready; WorkerGone when it ends first or takes too long."""
        if self.ready:
            return
        try:
            head = self._channel.receive(body_limit=0, deadline=self._start_deadline).head
        except (ChannelClosed, TimeoutError) as error:
            raise WorkerGone from error
        protections = head.get("ready")
        if not isinstance(protections, list):
            raise WorkerGone
        self.protections = tuple(str(name) for name in protections)
        self.ready = True

    def decode(
        self, request: DecodeRequest, sealed: bytes, key: bytes, *, seconds: float
    ) -> Picture | MediaError:
        """Have one image decoded.

        TimeoutError after ``seconds`` and WorkerGone both mean that this worker must be ended.
        """
        if len(sealed) > MAX_BYTES:
            return ImageTooLarge(
                later("Media", "The file has more than {limit} bytes.").format(limit=MAX_BYTES)
            )
        deadline = time.monotonic() + seconds
        box = (max(1, request.box[0]), max(1, request.box[1]))
        # An image is never made larger than its box, so neither is the memory for it.
        count = max(1, min(request.count, MOST_AT_ONCE, MAX_PIXELS // (box[0] * box[1])))
        capacity = min(box[0] * box[1] * count, MAX_PIXELS) * BYTES_PER_PIXEL
        head = {
            "asset_key": request.asset_key,
            "rendition": request.rendition,
            "key": key.hex(),
            "box": box,
            "frame": request.frame,
            "count": count,
            "seconds": seconds,
        }
        memory = pixel_memory.create(capacity) if pixel_memory.SHARED else None
        try:
            self._channel.send(head, sealed, file=memory, deadline=deadline)
            answer = self._channel.receive(
                body_limit=0 if memory is not None else capacity, deadline=deadline
            )
            if "error" in answer.head:
                return told_error(answer.head)
            return _picture(answer, memory, capacity, most=count)
        except ChannelClosed as error:
            raise WorkerGone from error
        finally:
            if memory is not None:
                os.close(memory)

    def kill(self) -> None:
        """End the worker at once; from any thread, any number of times."""
        self._process.kill()

    def close(self) -> None:
        """End the worker and wait until it is gone."""
        self._channel.close()
        self._process.kill()
        self._process.wait()


def _start(theirs: socket.socket, module: str) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    command = [sys.executable, "-P", "-m", module]
    if sys.platform == "win32":
        return _start_on_windows(command, environment | _PILLOW, theirs)
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*command, str(theirs.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        env=environment | _PILLOW,
        # Out of the terminal's reach: Ctrl+C is the station's to answer. A group and no session:
        # Linux shares the processor out between sessions first, and being nice means nothing there.
        process_group=0,
    )


def _start_on_windows(
    command: list[str], environment: dict[str, str], theirs: socket.socket
) -> subprocess.Popen[bytes]:
    # A socket is handed over by a description made for one process, and a virtual environment's
    # python.exe starts the real one: the worker tells its own number first.
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*command, "share"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as to_worker, process.stdout as from_worker:
        number = int(from_worker.readline() or b"0")
        to_worker.write(theirs.share(number))  # type: ignore[attr-defined,unused-ignore]  # Windows only
    return process


def told_error(head: dict[str, Any]) -> MediaError:
    """The error a worker names; ``WorkerGone`` if it is none that it may name."""
    kind = _ERRORS.get(str(head["error"]))
    if kind is None:
        raise WorkerGone
    return kind(_clean(unpacked(str(head.get("message", ""))[:_MESSAGE_LENGTH])))


def _clean(message: Sentence) -> Sentence:
    if isinstance(message, str):
        return "".join(letter if letter.isprintable() else " " for letter in message)
    values = tuple(
        (name, value if isinstance(value, int) else _clean(value)) for name, value in message.values
    )
    return replace(message, text=str(_clean(message.text)), values=values)


def _picture(answer: Message, memory: int | None, capacity: int, *, most: int = 1) -> Picture:
    """The answer as a picture, or WorkerGone: a worker that hostile bytes took over may lie."""
    head = answer.head
    width, height = _number(head, "width", MAX_SIDE), _number(head, "height", MAX_SIDE)
    durations = _durations(head, most)
    length = width * height * BYTES_PER_PIXEL * len(durations)
    if length > capacity or head.get("format") not in ALLOWED_FORMATS:
        raise WorkerGone
    if memory is not None:
        pixels = pixel_memory.view(memory, length)
    else:
        pixels = memoryview(answer.body).toreadonly()
        if len(pixels) != length:
            raise WorkerGone
    return Picture(
        width=width,
        height=height,
        pixels=pixels,
        opaque=head.get("opaque") is True,
        source_width=_number(head, "source_width", MAX_SIDE),
        source_height=_number(head, "source_height", MAX_SIDE),
        format=str(head["format"]),
        frames=_number(head, "frames", _MOST_FRAMES),
        orientation=_number(head, "orientation", 8),
        durations=durations,
    )


def _durations(head: dict[str, Any], most: int) -> tuple[int, ...]:
    told = head.get("durations")
    if type(told) is not list or not 1 <= len(told) <= most:
        raise WorkerGone
    if not all(type(value) is int and 0 <= value <= _LONGEST_MS for value in told):
        raise WorkerGone
    return tuple(told)


def _number(head: dict[str, Any], name: str, most: int) -> int:
    value = head.get(name)
    if type(value) is not int or not 1 <= value <= most:
        raise WorkerGone
    return value
