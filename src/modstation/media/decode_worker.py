"""A decode worker: a process that turns sealed bytes into pixels and can do nothing else.

Started as ``python -m modstation.media.decode_worker FD``, FD being its end of a socket. It holds
no key but those sent with an image, ends when the socket does, and takes one image at a time.

It answers ``{"ready": […protections]}`` once, then for each request either the picture's
measures, its pixels in the shared memory (or after the answer), or ``{"error": class, "message"}``.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

from modstation.core.errors import ImageDamaged, ImageTooLarge, MediaError
from modstation.core.language import later, packed
from modstation.media import pixel_memory
from modstation.media.channel import Channel, ChannelClosed, Message
from modstation.media.confine import confine, silence
from modstation.media.formats import MAX_BYTES
from modstation.media.picture import Pixels, decode, prepare
from modstation.media.sealing import OVERHEAD_BYTES, SealBroken, open_sealed

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY_BYTES: Final = 512 * 1024 * 1024
"""What an image may take above the worker's own size."""

_SECONDS_AFTER_DEADLINE: Final = 1.0
# Decoding ahead takes every core there is; the window and the disk come first.
_NICENESS: Final = 15


def main(arguments: list[str]) -> int:
    """Serve until the socket closes."""
    return serve(arguments, prepare, answer_picture)


def serve(
    arguments: list[str],
    prepare: Callable[[], None],
    answer: Callable[[Message], tuple[dict[str, Any], bytes]],
    *,
    niceness: int = _NICENESS,
) -> int:
    """Answer requests until the socket closes; ``prepare`` still may open files, ``answer`` not.

    After the first request the process is nicer by ``niceness``.
    """
    # The station's terminal sends Ctrl+C to every process; the station decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    channel = Channel(_connection(arguments[0]))
    prepare()
    silence()
    channel.send({"ready": confine(MEMORY_BYTES)})
    hurried = True
    while True:
        try:
            request = channel.receive(
                body_limit=MAX_BYTES + OVERHEAD_BYTES, accept_file=pixel_memory.SHARED
            )
            _serve(channel, request, answer)
        except ChannelClosed:
            return 0
        if hurried and hasattr(os, "nice"):
            # Not before the first image, which somebody waits for.
            os.nice(niceness)
            hurried = False


def _connection(argument: str) -> socket.socket:
    if sys.platform == "win32":
        sys.stdout.write(f"{os.getpid()}\n")
        sys.stdout.flush()
        return socket.fromshare(sys.stdin.buffer.read())
    return socket.socket(fileno=int(argument))


def _serve(
    channel: Channel,
    request: Message,
    answer: Callable[[Message], tuple[dict[str, Any], bytes]],
) -> None:
    _deadline(request.head["seconds"] + _SECONDS_AFTER_DEADLINE)
    head, data = answer(request)
    try:
        if request.file is not None:
            if data:
                pixel_memory.write(request.file, data)
            data = b""
    except MemoryError:
        head, data = (
            failure(ImageTooLarge(later("Media", "Showing this image needs more memory."))),
            b"",
        )
    finally:
        if request.file is not None:
            os.close(request.file)
    channel.send(head, data)
    _deadline(0)


def answer_picture(request: Message) -> tuple[dict[str, Any], bytes]:
    """The picture's measures and its pixels."""
    pixels = open_picture(request)
    if isinstance(pixels, MediaError):
        return failure(pixels), b""
    return _measures(pixels), pixels.data


def open_picture(request: Message) -> Pixels | MediaError:
    """Unseal and decode what a request brings, or say why that cannot be done."""
    head = request.head
    try:
        body = open_sealed(
            head["asset_key"], head["rendition"], request.body, bytes.fromhex(head["key"])
        )
        width, height = head["box"]
        return decode(body, (width, height), head["frame"], head["count"])
    except SealBroken:
        return ImageDamaged(later("Media", "The copy on this machine is damaged; fetch it again."))
    except MediaError as error:
        return error
    except MemoryError:
        return ImageTooLarge(later("Media", "Decoding this image needs more memory."))


def _measures(pixels: Pixels) -> dict[str, Any]:
    return {
        "width": pixels.width,
        "height": pixels.height,
        "opaque": pixels.opaque,
        "source_width": pixels.source_width,
        "source_height": pixels.source_height,
        "format": pixels.format,
        "frames": pixels.frames,
        "orientation": pixels.orientation,
        "durations": pixels.durations,
    }


def failure(error: MediaError) -> dict[str, Any]:
    """The head of an answer that brings no picture."""
    return {"error": type(error).__name__, "message": packed(error.wording)}


def _deadline(seconds: float) -> None:
    # The station kills a worker that is late. This alarm, whose default is to end the process
    # even inside a codec, is for a worker whose station was killed first. (PR_SET_PDEATHSIG would
    # not do: it follows the thread that started us, not the process.)
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
