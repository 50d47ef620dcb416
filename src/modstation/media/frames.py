"""What goes into the image decoder and what comes out of it.

Plain values without behaviour and without Pillow, so that the window may import them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from modstation.core.errors import MediaError

Rendition: TypeAlias = Literal["review", "original"]
"""``review`` is the delivery rendition that fits the station's screen, ``original`` the upload."""


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """One image to decode so that it fits into ``box``.

    ``generation`` is the caller's: it comes back unchanged with the result. ``box`` is in device
    pixels; an image is made smaller to fit it, never larger. ``sealed`` and ``key`` are what
    ``ImageCache.sealed()`` gave; when both are empty the pool asks its ``load`` for them just
    before the image is sent to a worker. ``frame`` counts from 0; ``count`` asks for so many from
    there in one go, since a frame of most moving pictures is drawn upon those before it.
    ``revision`` names the upload that is wanted (``Asset.revision``); bytes of another one under
    the same key will not do.
    """

    generation: int
    asset_key: str
    rendition: Rendition
    box: tuple[int, int]
    sealed: bytes = b""
    key: bytes = b""
    frame: int = 0
    revision: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Pixels ready to be painted.

    ``pixels`` is a read-only view of ``stride * height`` bytes, four bytes a pixel in the order
    blue, green, red, alpha: ``QImage.Format_RGB32`` when ``opaque``, otherwise
    ``QImage.Format_ARGB32_Premultiplied``. It is shared memory: keep the frame (or the view) as
    long as an image made from it without copying; the memory goes when the last reference goes.

    ``source_width`` and ``source_height`` are those of the bytes that were decoded, after the EXIF
    orientation (1 to 8, 1 when there is none) has been applied. ``format`` is Pillow's name,
    ``frames`` how many the file has.

    ``durations`` (milliseconds, 0 where the file names none) has one member for each frame in
    ``pixels``, which lie one below the other, ``height`` rows each; ``single`` takes them apart.
    There may be fewer than were asked for: those after them have another size, or are damaged.
    """

    generation: int
    asset_key: str
    rendition: Rendition
    box: tuple[int, int]
    frame: int
    width: int
    height: int
    stride: int
    pixels: memoryview
    opaque: bool
    source_width: int
    source_height: int
    format: str
    frames: int
    orientation: int
    durations: tuple[int, ...] = (0,)

    @property
    def count(self) -> int:
        """How many frames there are in ``pixels``."""
        return len(self.durations)

    @property
    def byte_count(self) -> int:
        """How much memory the pixels take."""
        return self.stride * self.height * len(self.durations)

    def single(self) -> list[Frame]:
        """Each frame by itself, numbered; they share one piece of memory."""
        size = self.stride * self.height
        return [
            replace(
                self,
                frame=self.frame + number,
                pixels=self.pixels[number * size : (number + 1) * size],
                durations=(duration,),
            )
            for number, duration in enumerate(self.durations)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class DecodeFailed:
    """An image that cannot be shown, and why; it can still be rejected or skipped."""

    generation: int
    asset_key: str
    rendition: Rendition
    box: tuple[int, int]
    frame: int
    error: MediaError
    count: int = 1


DecodeResult: TypeAlias = Frame | DecodeFailed
