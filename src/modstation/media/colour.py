"""From any of Pillow's pixel kinds to 8-bit sRGB, at the size that is shown. Worker only."""

from __future__ import annotations

import functools
import io
import itertools
from typing import TYPE_CHECKING, Final, cast

from PIL import Image

if TYPE_CHECKING:
    from PIL import ImageCms

_PROFILED: Final = {"RGB": "RGB", "RGBA": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_PROBE_STEPS: Final = range(0, 256, 51)
_SAME_COLOUR: Final = 2
_REDUCING_GAP: Final = 2.0


def to_display(
    image: Image.Image, size: tuple[int, int], resample: Image.Resampling
) -> Image.Image:
    """The image as RGB or RGBA in sRGB, resized to ``size`` (never larger than it is)."""
    profile = image.info.get("icc_profile")
    plain = _eight_bit(image)
    if plain.size != size:
        # Mode RGBA is premultiplied by Pillow for the resizing, so edges do not go dark.
        plain = plain.resize(size, resample, reducing_gap=_REDUCING_GAP)
    if isinstance(profile, bytes) and profile and plain.mode in _PROFILED:
        managed = _managed(plain, profile)
        if managed is not None:
            return managed
    return plain if plain.mode in {"RGB", "RGBA"} else plain.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    mode = image.mode
    transparent = "transparency" in image.info
    if mode in {"RGB", "L"}:
        return image.convert("RGBA") if transparent else image
    if mode in {"RGBA", "CMYK"}:
        return image
    if mode.startswith("I;16"):
        # Pillow's own conversion clips at 255 and shows a 16-bit scan as a white sheet.
        return image.point(_scaled(1 / 256)).convert("L")
    if mode in {"I", "F"}:
        return _stretched(image)
    if mode == "1":
        return image.convert("L")
    if mode == "P":
        translucent = image.palette is not None and image.palette.mode == "RGBA"
        return image.convert("RGBA" if transparent or translucent else "RGB")
    if mode in {"LA", "PA", "RGBa"}:
        return image.convert("RGBA")
    if mode == "La":
        return image.convert("LA").convert("RGBA")
    if mode == "LAB":
        return _from_lab(image)
    return image.convert("RGB")


def _stretched(image: Image.Image) -> Image.Image:
    """A wide grey image as 8 bits: by its type's range where that is plain, else by its own."""
    low, high = cast("tuple[float, float]", image.getextrema())
    if low >= 0 and high <= 1 and image.mode == "F":
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65_535:
        low, high = 0.0, 65_535.0
    span = (high - low) or 1.0
    return image.convert("F").point(_scaled(255 / span, -low * 255 / span)).convert("L")


def _scaled(factor: float, offset: float = 0.0) -> functools.partial[float]:
    return functools.partial(_linear, factor=factor, offset=offset)


def _linear(value: float, *, factor: float, offset: float) -> float:
    # Pillow calls this once with a stand-in that records the factor and the offset.
    return value * factor + offset


def _managed(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The image in sRGB, or None when its profile says nothing that changes it."""
    transform = _transform(profile, image.mode)
    return None if transform is None else _applied(transform, image)


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    # Only the kind that works in place gives None.
    return cast("Image.Image", ImageCms.applyTransform(image, transform))


@functools.lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _PROFILED[mode]:
            return None
        shown_mode = "RGBA" if mode == "RGBA" else "RGB"
        transform = ImageCms.buildTransform(source, _srgb(), mode, shown_mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # as browsers do: a profile that cannot be read counts as none
    if mode in {"RGB", "RGBA"} and _changes_nothing(transform, mode):
        return None
    return transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether this is sRGB by another name; told by its effect, since its name can lie."""
    colours = list(itertools.product(_PROBE_STEPS, repeat=3))
    flat = bytes(itertools.chain.from_iterable(colours))
    before = Image.frombytes("RGB", (len(colours), 1), flat)
    after = _applied(transform, before.convert(mode)).convert("RGB").tobytes()
    return all(abs(a - b) <= _SAME_COLOUR for a, b in zip(flat, after, strict=True))


@functools.cache
def _srgb() -> ImageCms.ImageCmsProfile:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab = ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(ImageCms.ImageCmsProfile(lab), _srgb(), "LAB", "RGB")
    return _applied(transform, image)
