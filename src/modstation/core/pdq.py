"""PDQ of a picture's brightness, with numpy alone: the one place that works it out.

PDQ is the hash that the industry shares (github.com/facebook/ThreatExchange, pdq/): 256 bits of a
coarse cosine transform, and a quality that says how much there is in the picture to tell it by.
It is compared with its authors' package, bit by bit, in tests/unit/media/test_fingerprint.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: PDQ wants a picture that fits a square of this side.
LONGEST_SIDE: Final = 512
_SIDE: Final = 64
_PASSES: Final = 2
_LUMA: Final = (0.114, 0.587, 0.299)  # blue, green, red
_QUALITY_DIVISOR: Final = 90
_MOST_QUALITY: Final = 100


def pdq_of(rgb: NDArray[np.uint8]) -> tuple[bytes, int]:
    """The 32 bytes and the quality, 0 to 100, of red, green and blue by rows and columns."""
    bits, quality = _pdq(rgb.astype(np.float64) @ np.array(_LUMA[::-1]))
    return packed(bits), quality


def cosines(rows: int, columns: int, *, first: int) -> NDArray[np.float64]:
    """The first rows, from ``first`` on, of a cosine transform over ``columns`` places."""
    frequencies = np.arange(first, first + rows)[:, None]
    places = 2 * np.arange(columns)[None, :] + 1
    return np.asarray(np.cos(np.pi / (2 * columns) * frequencies * places))


def packed(bits: NDArray[np.bool_]) -> bytes:
    """Bits as bytes, the first one highest."""
    return np.packbits(bits.ravel()).tobytes()


def _pdq(luma: NDArray[np.float64]) -> tuple[NDArray[np.bool_], int]:
    small = _decimated(_blurred(_blurred(luma, 0), 1))
    transform = cosines(16, _SIDE, first=1)
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
