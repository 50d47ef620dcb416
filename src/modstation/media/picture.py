"""Bytes in, pixels out: what a decode worker does with Pillow. Runs in the worker only."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
from typing import Final, NamedTuple

from PIL import Image, UnidentifiedImageError

from modstation.core.errors import ImageDamaged, ImageTooLarge, MediaError, NotAnImage
from modstation.core.language import later
from modstation.media import formats
from modstation.media.colour import to_display

# Our own limit, from the header, stands in formats.MAX_PIXELS; Pillow's is a warning only.
Image.MAX_IMAGE_PIXELS = None

_ORIENTATION_TAG: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_MODULES: Final = (
    *("PIL.MpoImagePlugin", "PIL.TiffImagePlugin", "PIL.WebPImagePlugin", "PIL.AvifImagePlugin"),
    # What Pillow imports inside functions.
    *("PIL.ImageCms", "PIL.ImageOps", "PIL.ImagePalette", "PIL.ImageColor", "PIL.ImageFilter"),
    *("encodings.latin_1", "encodings.ascii", "encodings.utf_16", "copy"),
)

# As sharp as BICUBIC when making smaller, at half its cost (measured: 38 against 70 ms for
# 2000×1500 to 1333×1000).
_FILTER: Final = Image.Resampling.HAMMING


# What a day has; a file may name more, and a moderator waits for less.
_LONGEST_MS: Final = 24 * 3600 * 1000


class Pixels(NamedTuple):
    """A decoded picture: four bytes a pixel (blue, green, red, alpha premultiplied), no padding.

    Several frames lie one below the other, ``durations`` (milliseconds) has a member for each.
    """

    data: bytes
    width: int
    height: int
    opaque: bool
    source_width: int
    source_height: int
    format: str
    frames: int
    orientation: int
    durations: tuple[int, ...]


class _Still(NamedTuple):
    """One frame as it is shown, and the size of the picture it was made from."""

    shown: Image.Image
    source: tuple[int, int]
    orientation: int
    milliseconds: int

    @property
    def opaque(self) -> bool:
        return self.shown.mode != "RGBA" or self.shown.getchannel("A").getextrema() == (255, 255)


@functools.cache
def prepare() -> None:
    """Import everything that decoding needs: a confined worker can open no file any more."""
    Image.preinit()
    for module in _MODULES:
        importlib.import_module(module)
    with contextlib.suppress(ImportError):
        importlib.import_module("pillow_heif").register_heif_opener()


def decode(body: bytes, box: tuple[int, int], frame: int = 0, count: int = 1) -> Pixels:
    """The picture, upright, in sRGB, fitted into ``box``.

    ``frame`` past the last one gives the last. With ``count`` also the frames after it, as far as
    there are any, of the same size, that can be decoded. Fails with NotAnImage, ImageDamaged or
    ImageTooLarge, whatever the bytes are.
    """
    head = bytes(body[: formats.HEAD_BYTES])
    kind = formats.sniff(head)
    if kind is None:
        raise NotAnImage(formats.describe(head))
    if len(body) > formats.MAX_BYTES:
        raise ImageTooLarge(
            later("Media", "The file has {size} bytes; {limit} is the limit.").format(
                size=len(body), limit=formats.MAX_BYTES
            )
        )
    canvas = formats.webp_canvas(head) if kind == "WEBP" else None
    if canvas is not None:
        _check_size(canvas)
    try:
        return _decode(body, kind, box, frame, count)
    except MediaError:
        raise
    except MemoryError as error:
        raise ImageTooLarge(
            later("Media", "Decoding this image needs more memory than it may use.")
        ) from error
    except UnidentifiedImageError as error:
        raise ImageDamaged(
            later("Media", "The {kind} file is damaged: its beginning cannot be read.").format(
                kind=kind
            )
        ) from error
    except Exception as error:
        # Pillow raises almost anything on hostile bytes (struct.error, KeyError, SyntaxError …),
        # and nothing but Pillow runs in there.
        raise ImageDamaged(
            later("Media", "The {kind} file is damaged or cut short{why}.").format(
                kind=kind, why=_reason(error)
            )
        ) from error


def _decode(body: bytes, kind: str, box: tuple[int, int], frame: int, count: int) -> Pixels:
    prepare()
    if kind not in Image.OPEN:
        raise NotAnImage(
            later(
                "Media", "{kind} pictures can be shown when the {extra} extra is installed."
            ).format(kind=kind, extra=kind.lower())
        )
    with Image.open(io.BytesIO(body), formats=(kind,)) as image:
        _check_size(image.size)
        several = kind in formats.MOVING_FORMATS or kind in formats.PAGED_FORMATS
        frames = int(getattr(image, "n_frames", 1)) if several else 1
        start = min(frame, frames - 1)
        stills = [_still(image, kind, box, start if frames > 1 else None)]
        for number in range(start + 1, min(start + count, frames)):
            try:
                still = _still(image, kind, box, number)
            except Exception:  # noqa: BLE001 - asked for by itself, it will say what is wrong
                break
            if still.shown.size != stills[0].shown.size:
                break
            stills.append(still)
    first = stills[0]
    opaque = all(still.opaque for still in stills)
    return Pixels(
        data=b"".join(_packed(still.shown, opaque=opaque) for still in stills),
        width=first.shown.width,
        height=first.shown.height,
        opaque=opaque,
        source_width=first.source[0],
        source_height=first.source[1],
        format=kind,
        frames=frames,
        orientation=first.orientation,
        durations=tuple(still.milliseconds for still in stills),
    )


def _still(image: Image.Image, kind: str, box: tuple[int, int], number: int | None) -> _Still:
    """One frame of an open file; ``number`` is None when it has but one."""
    if number:
        image.seek(number)
        _check_size(image.size)
    orientation = _orientation(image)
    # Pillow turns a TIFF while it loads it, and names its size turned before that.
    turned_by_pillow = kind == "TIFF"
    upright = image.size if turned_by_pillow else formats.turned(image.size, orientation)
    target = formats.fitted(upright, box)
    lying = target if turned_by_pillow else formats.turned(target, orientation)
    if kind == "JPEG":
        # libjpeg decodes at half, quarter, eighth for a fraction of the time; it stops at the
        # nearest size above the target.
        image.draft(None, lying)
    image.load()
    _check_size(image.size)
    shown = to_display(image, lying, _FILTER)
    if not turned_by_pillow and orientation in _TURNS:
        shown = shown.transpose(_TURNS[orientation])
    if shown is image and number is not None:
        # The next frame is drawn into the same picture.
        shown = image.copy()
    return _Still(shown, upright, orientation, _milliseconds(image))


def _milliseconds(image: Image.Image) -> int:
    told = image.info.get("duration", 0)
    if not isinstance(told, int | float) or not 0 <= told <= _LONGEST_MS:
        return 0
    return round(told)


def _packed(shown: Image.Image, *, opaque: bool) -> bytes:
    if opaque:
        # By way of RGBA: packed straight from RGB the fourth byte is 0, where Qt wants 255.
        return shown.convert("RGBA").tobytes("raw", "BGRA")
    return shown.convert("RGBa").tobytes("raw", "BGRa")


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageDamaged(later("Media", "The image says that it has no pixels."))
    if formats.too_many_pixels(width, height):
        raise ImageTooLarge(
            later(
                "Media",
                "The image says that it is {width} × {height} pixels; more than {most} megapixels"
                " are not decoded.",
            ).format(width=width, height=height, most=formats.MAX_PIXELS // 1_000_000)
        )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - metadata that cannot be read does not hide the picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reason(error: Exception) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in str(error)[:120]).strip()
    return f" ({text})" if text else ""
