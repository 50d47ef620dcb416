"""PDQ and pHash of a decoded picture, with numpy alone. Runs in the fingerprint worker only.

pHash is the 64 bits of the ``imagehash`` package. Both are compared with their packages, bit by
bit, in tests/unit/media/test_fingerprint.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from modstation.core.likeness import Fingerprint
from modstation.core.pdq import cosines, packed, pdq_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from modstation.media.picture import Pixels

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
    pdq, quality = pdq_of(rgb)
    return Fingerprint(pdq, quality, packed(_phash(rgb)))


def _phash(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    grey = Image.fromarray(np.ascontiguousarray(rgb), "RGB").convert("L")
    side = (_PHASH_SIDE, _PHASH_SIDE)
    small = np.asarray(grey.resize(side, Image.Resampling.LANCZOS), dtype=np.float64)
    transform = cosines(8, _PHASH_SIDE, first=0)
    coarse = transform @ small @ transform.T
    return coarse > np.median(coarse)
