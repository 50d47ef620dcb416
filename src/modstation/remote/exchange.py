"""One request and its answer, bounded in bytes, in unpacked ratio and in total time."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.errors import Unknown, UnsafeAddress
from modstation.core.language import later
from modstation.remote import transport
from modstation.remote.translation import translated

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

    import httpx

MIB = 1024 * 1024
# Real listings pack about 12:1. Below this size the ratio does not matter.
LARGEST_RATIO = 100
RATIO_FREE = 1 * MIB
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one answer may cost: decoded bytes, and seconds from first byte out to last byte in."""

    body_bytes: int
    seconds: float


class AnswerTooLarge(Unknown):
    """The answer has more bytes than its bounds allow."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """The service's name for this exchange."""
        return self.headers.get("x-request-id")


def perform(
    client: httpx.Client,
    request: httpx.Request,
    bounds: Bounds,
    *,
    give_up: threading.Event | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Answer:
    """Send ``request`` and read the whole answer, unless ``give_up`` is set meanwhile.

    ``progress`` is told how many bytes of a good answer have come, and of how many if known.

    ``Unreachable`` when nothing was sent, ``Unknown`` when there is no whole answer within the
    bounds. A redirect is an answer like any other: nothing follows it.
    """
    with translated(), transport.deadline(bounds.seconds, give_up):
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            told = progress if response.status_code == 200 else None
            body = _read(response, headers, bounds, told)
        finally:
            response.close()
    return Answer(response.status_code, headers, body)


def same_target(request: httpx.Request, url: str) -> httpx.Request:
    """Return the request if its path is still the one that was built, byte for byte."""
    built = url.split("://", 1)[1].partition("/")[2]
    if request.url.raw_path != b"/" + built.encode("ascii"):
        raise UnsafeAddress(later("Exchange", "The address would have changed on its way."))
    return request


def _read(
    response: httpx.Response,
    headers: Mapping[str, str],
    bounds: Bounds,
    progress: Callable[[int, int | None], None] | None,
) -> bytes:
    unpack = _unpacker(headers)
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > bounds.body_bytes:
        raise AnswerTooLarge(
            later("Exchange", "The answer is larger than {body_bytes} bytes.").format(
                body_bytes=bounds.body_bytes
            )
        )
    total = int(announced[:18]) if announced.isascii() and announced.isdigit() else None
    parts: list[bytes] = []
    received = size = 0
    for raw in response.iter_raw():
        received += len(raw)
        if progress is not None:
            progress(received, total)
        for piece in (raw,) if unpack is None else _unpacked(unpack, raw):
            parts.append(piece)
            size += len(piece)
            if size > bounds.body_bytes:
                raise AnswerTooLarge(
                    later("Exchange", "The answer is larger than {body_bytes} bytes.").format(
                        body_bytes=bounds.body_bytes
                    )
                )
            if size > RATIO_FREE and size > received * LARGEST_RATIO:
                raise Unknown(later("Exchange", "The answer unpacks to far more than a real one."))
        if transport.expired():
            raise Unknown(later("Exchange", "The answer took too long."))
    if unpack is not None and not unpack.eof and received:
        raise Unknown(later("Exchange", "The answer is cut short."))
    return b"".join(parts)


def _unpacker(headers: Mapping[str, str]) -> zlib._Decompress | None:
    """A bounded decompressor; httpx's own unpacks a whole chunk, however large it becomes."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return None
    if coding in {"gzip", "x-gzip", "deflate"}:
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    raise Unknown(later("Exchange", "The answer is packed in a way that was not asked for."))


def _unpacked(unpacker: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    while True:
        if unpacker.eof:
            if data:
                raise Unknown(later("Exchange", "The answer has something behind its end."))
            return
        try:
            piece = unpacker.decompress(data, CHUNK)
        except zlib.error as error:
            raise Unknown(later("Exchange", "The answer is packed wrongly.")) from error
        data = unpacker.unconsumed_tail or unpacker.unused_data
        yield piece
        if not data and len(piece) < CHUNK:
            return
