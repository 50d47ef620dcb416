"""PDQ and pHash of a decoded picture, with numpy alone. Runs in the fingerprint worker only.

PDQ is the hash that the industry shares (github.com/facebook/ThreatExchange, pdq/): 256 bits of a
coarse cosine transform, and a quality that says how much there is in the picture to tell it by.
pHash is the 64 bits of the ``imagehash`` package. Both are compared with those packages, bit by
bit, in tests/unit/media/test_fingerprint.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from modstation.core.likeness import Fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from modstation.media.picture import Pixels

_SIDE: Final = 64
_PASSES: Final = 2
_LUMA: Final = (0.114, 0.587, 0.299)  # blue, green, red
_QUALITY_DIVISOR: Final = 90
_MOST_QUALITY: Final = 100
_PHASH_SIDE: Final = 32
# What shows through a transparent picture: neither black nor white marks vanish on it.
_GROUND: Final = 128.0


def fingerprint(pixels: Pixels) -> Fingerprint:
    """The fingerprint of a decoded picture; PDQ wants it to fit 512 by 512."""
    shape = (pixels.height, pixels.width, 4)
    bgra = np.frombuffer(pixels.data, dtype=np.uint8).reshape(shape)
    bgr = bgra[..., :3].astype(np.float64)
    if not pixels.opaque:
        bgr += (255.0 - bgra[..., 3:4]) * (_GROUND / 255.0)
    return fingerprint_of(np.clip(np.rint(bgr), 0, 255).astype(np.uint8)[..., ::-1])


def fingerprint_of(rgb: NDArray[np.uint8]) -> Fingerprint:
    """The fingerprint of red, green and blue bytes by rows and columns."""
    luma = rgb.astype(np.float64) @ np.array(_LUMA[::-1])
    bits, quality = _pdq(luma)
    return Fingerprint(_packed(bits), quality, _packed(_phash(rgb)))


def _pdq(luma: NDArray[np.float64]) -> tuple[NDArray[np.bool_], int]:
    small = _decimated(_blurred(_blurred(luma, 0), 1))
    transform = _cosines(16, _SIDE, first=1)
    coarse = transform @ small @ transform.T
    # The lower of the two middle values, as PDQ's Torben median gives it.
    median = np.partition(coarse.ravel(), coarse.size // 2 - 1)[coarse.size // 2 - 1]
    return coarse > median, _quality(small)


def _blurred(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Two box filters along one axis, as wide as one of the 64 cells is (a Jarosz filter)."""
    length = values.shape[axis]
    width = (length + 2 * _SIDE - 1) // (2 * _SIDE)
    reach = (width + 2) // 2
    at = np.arange(length)
    low = np.maximum(at - (width - reach), 0)
    high = np.minimum(at + reach, length)
    moved = np.moveaxis(values, axis, 0)
    counts = (high - low).reshape(-1, *([1] * (moved.ndim - 1)))
    for _ in range(_PASSES):
        sums = np.concatenate([np.zeros((1, *moved.shape[1:])), np.cumsum(moved, axis=0)])
        moved = (sums[high] - sums[low]) / counts
    return np.moveaxis(moved, 0, axis)


def _decimated(values: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = (
        ((np.arange(_SIDE) + 0.5) * length / _SIDE).astype(int) for length in values.shape
    )
    return values[np.ix_(rows, columns)]


def _quality(small: NDArray[np.float64]) -> int:
    """How much the 64 by 64 cells differ from their neighbours; a flat picture has 0."""
    steps = sum(
        int(np.abs(np.trunc(np.diff(small, axis=axis) * 100 / 255)).sum()) for axis in (0, 1)
    )
    return min(_MOST_QUALITY, steps // _QUALITY_DIVISOR)


def _phash(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    grey = Image.fromarray(np.ascontiguousarray(rgb), "RGB").convert("L")
    side = (_PHASH_SIDE, _PHASH_SIDE)
    small = np.asarray(grey.resize(side, Image.Resampling.LANCZOS), dtype=np.float64)
    transform = _cosines(8, _PHASH_SIDE, first=0)
    coarse = transform @ small @ transform.T
    return coarse > np.median(coarse)


def _cosines(rows: int, columns: int, *, first: int) -> NDArray[np.float64]:
    frequencies = np.arange(first, first + rows)[:, None]
    places = 2 * np.arange(columns)[None, :] + 1
    return np.asarray(np.cos(np.pi / (2 * columns) * frequencies * places))


def _packed(bits: NDArray[np.bool_]) -> bytes:
    return np.packbits(bits.ravel()).tobytes()
