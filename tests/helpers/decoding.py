"""A real decode pool for tests, and sealed requests for it."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any, Self

from modstation.media.decoder import DecodePool
from modstation.media.frames import DecodeFailed, DecodeRequest, DecodeResult, Frame
from modstation.media.sealing import Sealer

if TYPE_CHECKING:
    from types import TracebackType

SEALER = Sealer("secret", b"salt")
PATIENCE = 30.0


def request(body: bytes, key: str = "image/upload/a", **more: Any) -> DecodeRequest:
    sealed = SEALER.seal(key, "review", body)
    image_key = SEALER.unwrap(key, "review", len(body), sealed.wrapped_key)
    values: dict[str, Any] = {"generation": 1, "rendition": "review", "box": (400, 400)} | more
    return DecodeRequest(asset_key=key, sealed=sealed.sealed, key=image_key, **values)


class Decoding:
    """A pool whose results wait in a queue."""

    def __init__(self, **options: Any) -> None:
        self.results: queue.Queue[DecodeResult] = queue.Queue()
        self.pool = DecodePool(on_result=self.results.put, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pool.close()

    def next(self) -> DecodeResult:
        return self.results.get(timeout=PATIENCE)

    def decode(self, body: bytes, **more: Any) -> DecodeResult:
        self.pool.want([request(body, **more)])
        return self.next()

    def frame(self, body: bytes, **more: Any) -> Frame:
        result = self.decode(body, **more)
        assert isinstance(result, Frame), result
        return result

    def error(self, body: bytes, **more: Any) -> Exception:
        result = self.decode(body, **more)
        assert isinstance(result, DecodeFailed), result
        return result.error


def pixel(frame: Frame, x: int, y: int) -> tuple[int, int, int, int]:
    """Red, green, blue, alpha at a place."""
    at = y * frame.stride + 4 * x
    blue, green, red, alpha = frame.pixels[at : at + 4]
    return red, green, blue, alpha


def near(got: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 8) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(got, wanted, strict=False))


def corners(frame: Frame) -> list[tuple[int, ...]]:
    """The colours in the middle of each quarter, in reading order."""
    left, right = frame.width // 4, frame.width * 3 // 4
    top, bottom = frame.height // 4, frame.height * 3 // 4
    return [pixel(frame, x, y)[:3] for y in (top, bottom) for x in (left, right)]
