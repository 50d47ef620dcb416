"""Pillow on uploaded bytes: what an image is, and renditions of it.

Only the formats listed here are ever opened, whatever a file is called.
"""

from __future__ import annotations

import functools
import importlib
import struct
import threading
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import PIL
from PIL import Image, ImageOps

from modstation.service.delivery.transformations import Box, Transformation
from modstation.service.faults import BadRequest
from modstation.service.uploads.gif_frames import count_frames

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
    "HEIF": "heic",
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
    "heic": "image/heic",
    "ico": "image/x-icon",
}
_WRITERS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF"}
#: What renditions can be made in.
WRITABLE = frozenset(_WRITERS)
#: What makes them: another one makes other bytes of the same original.
RENDERER = f"pillow-{PIL.__version__}-moving"
# What can move, read or written; the pages of a TIFF are no animation.
_MOVING_SOURCES = frozenset({"GIF", "WEBP"})
_MOVING_TARGETS = frozenset({"gif", "webp"})
_SPELLINGS = {"jpeg": "jpg", "jpe": "jpg", "tiff": "tif", "heif": "heic"}

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
# However small they are, each costs a decoder's start.
_MOST_FRAMES = 2_000
_opening = threading.Lock()


@dataclass(frozen=True, slots=True)
class Header:
    """What an image says of itself before it is decoded."""

    format: str
    width: int
    height: int


@functools.cache
def reads_heif() -> bool:
    """Whether the extra ``heif`` is there, for the pictures of iPhones."""
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return False
    return True


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


class Decoder:
    """Decodes pictures for the whole service: ``at_once`` of them and no more, none too large.

    A small file can become half a gigabyte of pixels, so whoever wants some waits for a turn.
    """

    def __init__(self, max_pixels: int, at_once: int) -> None:
        self._max_pixels = max_pixels
        self._turns = threading.BoundedSemaphore(at_once)

    def render(self, file: IO[bytes], transformation: Transformation, to_format: str) -> bytes:
        """A rendition; raises BadRequest if it cannot be made of this file."""
        with self._turns:
            return render(file, transformation, to_format, max_pixels=self._max_pixels)

    def rgb_within(self, file: IO[bytes], side: int) -> tuple[int, int, bytes]:
        """A picture's pixels within a square; raises BadRequest if it cannot be decoded."""
        with self._turns:
            return rgb_within(file, side, max_pixels=self._max_pixels)


def render(
    file: IO[bytes], transformation: Transformation, to_format: str, *, max_pixels: int
) -> bytes:
    """Make a rendition in one of ``WRITABLE``, upright and without metadata.

    An animation stays one in GIF and WebP; it becomes its first frame in other formats, and when
    all frames together have more pixels than one image may. Raises BadRequest if it cannot be
    made of this file.
    """
    try:
        with _open(file) as image:
            if image.width * image.height > max_pixels:
                raise BadRequest(f"Image is too large to transform: {image.width}x{image.height}")
            if to_format in _MOVING_TARGETS:
                frames = _frames(file, image)
                if 1 < frames <= _most_frames(image, transformation, max_pixels):
                    return _animated(image, frames, transformation, to_format)
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
            readable = [name for name in FORMATS if name != "HEIF" or reads_heif()]
            return Image.open(file, formats=[name for name in readable if name in Image.OPEN])
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _frames(file: IO[bytes], image: Image.Image) -> int:
    if image.format not in _MOVING_SOURCES:
        return 1
    if image.format == "WEBP":
        return int(getattr(image, "n_frames", 1))
    # Pillow would count a GIF's without a limit.
    place = file.tell()
    frames = count_frames(file)
    file.seek(place)
    return frames


def _most_frames(image: Image.Image, transformation: Transformation, max_pixels: int) -> int:
    """How many frames may move, by the pixels that are read and those every step makes."""
    size, most = image.size, min(_MOST_FRAMES, max_pixels // (image.width * image.height))
    for box in transformation.boxes:
        across, down = box.cover(size)
        most, size = min(most, _MAX_RENDITION_PIXELS // (across * down)), box.target(size)
    return most


def _animated(
    image: Image.Image, frames: int, transformation: Transformation, to_format: str
) -> bytes:
    pictures: list[Image.Image] = []
    durations: list[int] = []
    for number in range(frames):
        try:
            image.seek(number)
            image.load()
        except _CODEC_FAULTS:
            # What is damaged ends early; without a first frame there is nothing to show.
            if not pictures:
                raise
            break
        durations.append(int(image.info.get("duration", 0)))
        pictures.append(_transformed(image, transformation))
    profile = image.info.get("icc_profile") if to_format == "webp" else None
    options = _moving_options(image, pictures, to_format, transformation.quality)
    for picture in pictures:
        picture.info = {}
    out = BytesIO()
    pictures[0].save(
        out,
        _WRITERS[to_format],
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        icc_profile=profile,
        **options,
    )
    return out.getvalue()


def _moving_options(
    image: Image.Image, pictures: list[Image.Image], to_format: str, quality: int
) -> dict[str, Any]:
    """How often it plays, and how a frame gives way to the next."""
    # A GIF says how often it is repeated, and nothing if it is not; WebP how often it is played.
    plays = image.info.get("loop", 0 if image.format == "WEBP" else None)
    if image.format == "GIF":
        plays = 1 if plays is None else plays and plays + 1
    if to_format == "webp":
        return {"loop": plays, "quality": quality}
    # Frames are whole by now, whatever they were; one with holes must not show the one before.
    holes = any(picture.mode == "RGBA" for picture in pictures)
    options: dict[str, Any] = {"disposal": 2 if holes else 1}
    if plays != 1:
        options["loop"] = plays and plays - 1
    return options


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
