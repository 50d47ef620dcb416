"""What two cores can decode: Pillow's draft() and resize in a loop, no queue, no safety.

Arguments: the box's width and height, then files. Reads {"count": N}, decodes N pictures, answers
with the seconds that took.
"""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

from PIL import Image


def main() -> None:
    box = (int(sys.argv[1]), int(sys.argv[2]))
    bodies = [Path(name).read_bytes() for name in sys.argv[3:]]
    _decode(bodies[0], box)
    for line in sys.stdin:
        count = json.loads(line)["count"]
        start = time.perf_counter()
        for number in range(count):
            _decode(bodies[number % len(bodies)], box)
        print(json.dumps({"start": start, "end": time.perf_counter()}), flush=True)


def _decode(body: bytes, box: tuple[int, int]) -> Image.Image:
    with Image.open(io.BytesIO(body)) as image:
        scale = min(box[0] / image.width, box[1] / image.height)
        target = (round(image.width * scale), round(image.height * scale))
        image.draft(None, target)
        return image.resize(target)


if __name__ == "__main__":
    main()
