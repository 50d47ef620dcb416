"""The station's decoder: sealed bytes in, painted-ready pixels out, two confined processes.

Arguments and questions as for ``bare_decode.py``; the time runs from the request to the last
picture that came back.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from modstation.media.cache import SealedImage
from modstation.media.decoder import DecodePool
from modstation.media.frames import DecodeRequest, DecodeResult, Frame
from modstation.media.sealing import Sealer

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class _Answers:
    wanted: int = 0
    pictures: int = 0
    complete: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, result: DecodeResult) -> None:
        assert isinstance(result, Frame), result
        with self.lock:
            self.pictures += 1
            if self.pictures == self.wanted:
                self.complete.set()


def main() -> None:
    box = (int(sys.argv[1]), int(sys.argv[2]))
    images = _sealed([Path(name).read_bytes() for name in sys.argv[3:]])
    answers = _Answers()
    pool = DecodePool(on_result=answers.take)
    try:
        _decode(pool, answers, images, box, 4)
        for line in sys.stdin:
            count = json.loads(line)["count"]
            start = time.perf_counter()
            _decode(pool, answers, images, box, count)
            print(json.dumps({"start": start, "end": time.perf_counter()}), flush=True)
    finally:
        pool.close()


def _sealed(bodies: Sequence[bytes]) -> list[SealedImage]:
    sealer = Sealer("bench", b"salt of the bench")
    found = []
    for number, body in enumerate(bodies):
        sealed = sealer.seal(f"image/upload/{number}", "review", body)
        key = sealer.unwrap(f"image/upload/{number}", "review", len(body), sealed.wrapped_key)
        found.append(SealedImage(sealed.sealed, key, len(body), None))
    return found


def _decode(
    pool: DecodePool, answers: _Answers, images: list[SealedImage], box: tuple[int, int], count: int
) -> None:
    answers.wanted, answers.pictures = count, 0
    answers.complete.clear()
    pool.want(
        [
            # A box one pixel wider makes it another picture: the pool decodes none twice.
            DecodeRequest(
                generation=number,
                asset_key=f"image/upload/{number % len(images)}",
                rendition="review",
                box=(box[0] + number // len(images), box[1]),
                sealed=images[number % len(images)].sealed,
                key=images[number % len(images)].key,
            )
            for number in range(count)
        ]
    )
    assert answers.complete.wait(120)


if __name__ == "__main__":
    main()
