"""Try the parts that can fail on a person's machine: the way to the service, the decoders."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

from modstation.core.clock import SystemClock
from modstation.core.errors import DecoderDied, DecodeTimeout

if TYPE_CHECKING:
    from modstation.core.accounts import Credentials
    from modstation.media.frames import DecodeResult

DECODE_SECONDS = 20.0


def check_connection(credentials: Credentials) -> None:
    """Ask the service whether it is there and takes the key; ``RemoteError`` says what is wrong.

    It waits for the network (up to half a minute): never call it on the thread of a window.
    """
    # Not at the top: httpx takes 85 ms, and the account dialog shows before it is needed.
    from modstation.remote.client import AdminClient

    client = AdminClient(credentials, clock=SystemClock())
    try:
        client.ping()
    finally:
        client.close()


def decode_one(image: bytes, *, seconds: float = DECODE_SECONDS) -> tuple[int, int]:
    """Decode an image in a worker of its own and return width and height in pixels.

    ``MediaError`` if that fails or takes longer than ``seconds``.
    """
    from modstation.media.decoder import DecodePool
    from modstation.media.frames import DecodeFailed, DecodeRequest
    from modstation.media.sealing import Sealer

    sealer = Sealer("self check", b"")
    name = ("self check", "review")
    sealed = sealer.seal(*name, image)
    key = sealer.unwrap(*name, len(image), sealed.wrapped_key)
    results: queue.SimpleQueue[DecodeResult] = queue.SimpleQueue()
    try:
        pool = DecodePool(on_result=results.put, workers=1)
    except OSError as error:
        raise DecoderDied(f"No decode process can be started: {error.strerror}.") from error
    try:
        pool.want([DecodeRequest(1, name[0], "review", (4096, 4096), sealed.sealed, key)])
        result = results.get(timeout=seconds)
    except queue.Empty as error:
        raise DecodeTimeout(f"No answer from the decode process for {seconds:g} s.") from error
    finally:
        pool.close()
    if isinstance(result, DecodeFailed):
        raise result.error
    return result.width, result.height
