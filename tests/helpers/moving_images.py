"""Files of several frames, made by Pillow, each frame of a colour of its own."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from modstation.media.frames import DecodeFailed, DecodeResult, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from helpers.decoding import Decoding
    from modstation.media.frames import DecodeRequest

COLOURS = ((200, 30, 30), (30, 160, 40), (40, 60, 200), (220, 200, 40), (40, 200, 210))
SIZE = (160, 120)

Colour = tuple[int, int, int]


def colour_of(number: int) -> Colour:
    return COLOURS[number % len(COLOURS)]


def moving(
    kind: str, frames: int, *, size: tuple[int, int] = SIZE, milliseconds: int = 80
) -> bytes:
    """An animation in which every frame differs from the one before."""
    pictures = []
    for number in range(frames):
        picture = Image.new("RGB", size, colour_of(number))
        # A mark that wanders: frames of one colour must not be merged by the writer.
        picture.paste((255, 255, 255), (number % size[0], 0, number % size[0] + 1, 2))
        pictures.append(picture)
    return _saved(pictures, kind, duration=milliseconds, loop=0)


def pages(sizes: Sequence[tuple[int, int]]) -> bytes:
    """A TIFF with a page of each size."""
    return _saved([Image.new("RGB", s, colour_of(n)) for n, s in enumerate(sizes)], "TIFF")


def _saved(pictures: list[Image.Image], kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    if kind == "WEBP":
        options["lossless"] = True
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], **options)
    return out.getvalue()


def middle(frame: Frame) -> Colour:
    """The colour in the middle of a picture: red, green, blue."""
    at = frame.height // 2 * frame.stride + frame.width // 2 * 4
    blue, green, red, _ = frame.pixels[at : at + 4]
    return red, green, blue


def really_decoded(
    decoding: Decoding, body_of: Callable[[str], bytes]
) -> Callable[[DecodeRequest], DecodeResult]:
    """For a window: what a decode worker makes of the files, by asset key."""

    def picture(request: DecodeRequest) -> DecodeResult:
        result = decoding.decode(
            body_of(request.asset_key),
            key=request.asset_key,
            generation=request.generation,
            rendition=request.rendition,
            box=request.box,
            frame=request.frame,
            count=request.count,
        )
        assert isinstance(result, Frame | DecodeFailed)
        return result

    return picture
