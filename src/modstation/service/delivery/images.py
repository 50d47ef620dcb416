"""Pillow on uploaded bytes: what an image is, and renditions of it.

Only the formats listed here are ever opened, whatever a file is called.
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import PIL
from PIL import Image, ImageOps

from modstation.service.delivery.transformations import Box, Transformation
from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from typing import IO


#: Pillow's name of a format → what the wire calls it.
FORMATS = {
    "JPEG": "jpg",
    "MPO": "jpg",
    "PNG": "png",
    "GIF": "gif",
    "WEBP": "webp",
    "BMP": "bmp",
    "TIFF": "tif",
    "AVIF": "avif",
    "ICO": "ico",
}
CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "avif": "image/avif",
    "ico": "image/x-icon",
}
_WRITERS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}
#: What renditions can be made in.
WRITABLE = frozenset(_WRITERS)
#: What makes them: another one makes other bytes of the same original.
RENDERER = f"pillow-{PIL.__version__}"
_SPELLINGS = {"jpeg": "jpg", "jpe": "jpg", "tiff": "tif"}

# What codecs are known to raise on damaged or hostile bytes; anything else is a bug of ours.
_CODEC_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    RuntimeError,
    ZeroDivisionError,
    MemoryError,
    struct.error,
    # Codecs warn about oddities; where warnings are errors, as in the tests, they come this way.
    Warning,
    Image.DecompressionBombError,
)
_MAX_RENDITION_PIXELS = 50_000_000
_opening = threading.Lock()


@dataclass(frozen=True, slots=True)
class Header:
    """What an image says of itself before it is decoded."""

    format: str
    width: int
    height: int


def same_format(extension: str) -> str:
    """The wire's one name for a format that has several extensions."""
    return _SPELLINGS.get(extension.lower(), extension.lower())


def probe(file: IO[bytes]) -> Header | None:
    """Read an image's header; None if the content is no image of a known format.

    The pixels are not decoded: a damaged or huge image is accepted, and it is the moderator
    who sees that it cannot be shown.
    """
    try:
        with _open(file) as image:
            return Header(FORMATS[image.format or ""], image.width, image.height)
    except _CODEC_FAULTS:
        return None


def render(
    file: IO[bytes], transformation: Transformation, to_format: str, *, max_pixels: int
) -> bytes:
    """Make a rendition in one of ``WRITABLE``, upright and without metadata.

    Raises BadRequest if it cannot be made of this file.
    """
    try:
        with _open(file) as image:
            if image.width * image.height > max_pixels:
                raise BadRequest(f"Image is too large to transform: {image.width}x{image.height}")
            return _encode(_transformed(image, transformation), to_format, transformation.quality)
    except _CODEC_FAULTS as error:
        raise BadRequest("Invalid image file") from error


def rgb_within(file: IO[bytes], side: int, *, max_pixels: int) -> tuple[int, int, bytes]:
    """Width, height and red, green, blue bytes of the picture, upright, within a square.

    Raises BadRequest if it cannot be decoded.
    """
    try:
        with _open(file) as image:
            if image.width * image.height > max_pixels:
                raise BadRequest(f"Image is too large to compare: {image.width}x{image.height}")
            small = _transformed(image, Transformation((Box("limit", side, side),), asked=True))
            if small.mode == "RGBA":
                # Neither black nor white marks vanish on grey.
                ground = Image.new("RGB", small.size, (128, 128, 128))
                ground.paste(small, mask=small.getchannel("A"))
                small = ground
            return small.width, small.height, small.convert("RGB").tobytes()
    except _CODEC_FAULTS as error:
        raise BadRequest("Invalid image file") from error


def _open(file: IO[bytes]) -> Image.Image:
    # Pillow warns about, or refuses, images over a global size while it reads the header. The
    # caps here are the caller's; the lock keeps the global untouched for everyone else.
    with _opening:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            # Pillow loads its codecs lazily, and may be built without one of them.
            Image.init()
            return Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _transformed(image: Image.Image, transformation: Transformation) -> Image.Image:
    first = transformation.boxes[0] if transformation.boxes else None
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    size = (image.height, image.width) if turned else image.size
    if first is not None and image.format in ("JPEG", "MPO"):
        target = first.cover(size)
        # Lets the JPEG decoder itself shrink by 2, 4 or 8, many times faster than resizing.
        image.draft(None, (target[1], target[0]) if turned else target)
    result = ImageOps.exif_transpose(_displayable(image))
    for place, box in enumerate(transformation.boxes):
        # A drafted image is smaller than the original, which the first box speaks about.
        result = _boxed(result, box, size if place == 0 else result.size)
    return result


def _boxed(image: Image.Image, box: Box, original: tuple[int, int]) -> Image.Image:
    target, cover = box.target(original), box.cover(original)
    if cover[0] * cover[1] > _MAX_RENDITION_PIXELS:
        raise BadRequest(f"Rendition is too large: {cover[0]}x{cover[1]}")
    if image.size != cover:
        image = image.resize(cover, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if cover == target:
        return image
    left, top = (cover[0] - target[0]) // 2, (cover[1] - target[1]) // 2
    return image.crop((left, top, left + target[0], top + target[1]))


def _displayable(image: Image.Image) -> Image.Image:
    """The image in a mode that can be resized and written, 16-bit and CMYK shown right."""
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("F").point(lambda value: value * (1 / 257) + 0).convert("L")
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    return image.convert("RGB")


def _encode(image: Image.Image, to_format: str, quality: int) -> bytes:
    options: dict[str, Any] = {}
    if to_format == "jpg":
        if image.mode == "RGBA":
            flat = Image.new("RGB", image.size, "white")
            flat.paste(image, mask=image.getchannel("A"))
            image = flat
        options = {"quality": quality, "progressive": False}
    elif to_format in ("webp", "avif"):
        options = {"quality": quality}
    # An embedded profile of a CMYK original does not describe the converted pixels.
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    image.info = {}
    out = BytesIO()
    image.save(out, _WRITERS[to_format], icc_profile=profile, **options)
    return out.getvalue()
