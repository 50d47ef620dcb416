"""Make the frozen answers of other people's fingerprints; needs pdqhash and imagehash.

python tests/helpers/freeze_fingerprints.py > tests/unit/media/frozen_fingerprints.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import imagehash
import numpy as np
import pdqhash
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.fingerprint_pictures import pictures


def answers() -> dict[str, dict[str, object]]:
    """What the packages say of every picture."""
    found: dict[str, dict[str, object]] = {}
    for name, rgb in pictures():
        bits, quality = pdqhash.compute(np.ascontiguousarray(rgb))
        # The package gives bit 255 first; the transform's own order is the other way round.
        pdq = np.packbits(np.asarray(bits)[::-1].astype(bool)).tobytes()
        phash = np.packbits(imagehash.phash(Image.fromarray(rgb)).hash.ravel()).tobytes()
        found[name] = {"pdq": pdq.hex(), "quality": int(quality), "phash": phash.hex()}
    return found


if __name__ == "__main__":
    print(json.dumps(answers(), indent=1))
