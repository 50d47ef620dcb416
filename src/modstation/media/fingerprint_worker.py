"""The fingerprint worker: a decode worker that answers with the picture's hashes, not its pixels.

A process of its own, started when there is something to fingerprint: numpy would make the workers
that decode for the stage start later and weigh more.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

from modstation.core.errors import ImageTooLarge, MediaError
from modstation.core.language import later
from modstation.media import decode_worker
from modstation.media.picture import Pixels, prepare

if TYPE_CHECKING:
    from modstation.media.channel import Message

# Nobody waits for it, and it is asked only while the decoders rest; but the lowest priority of all
# is a sixtieth of a core that other programs want too, and it would never get done. Once at the
# start, for the import of numpy, and once more after the first picture.
_NICENESS: Final = 5
# A grey picture to try everything on, so that nothing is imported after the worker is confined.
_TRIAL: Final = Pixels(
    data=bytes(64 * 64 * 4),
    width=64,
    height=64,
    opaque=False,
    source_width=64,
    source_height=64,
    format="PNG",
    frames=1,
    orientation=1,
    durations=(0,),
)


def main(arguments: list[str]) -> int:
    """Serve until the socket closes."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    # Read while numpy is imported: one thread, for the matrices have 64 rows.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    return decode_worker.serve(arguments, _prepare, _answer, niceness=_NICENESS)


def _prepare() -> None:
    from modstation.media.fingerprint import fingerprint

    prepare()
    fingerprint(_TRIAL)


def _answer(request: Message) -> tuple[dict[str, Any], bytes]:
    from modstation.media.fingerprint import fingerprint

    pixels = decode_worker.open_picture(request)
    if isinstance(pixels, MediaError):
        return decode_worker.failure(pixels), b""
    try:
        made = fingerprint(pixels)
    except MemoryError:
        error = ImageTooLarge(later("Media", "The fingerprint of this image needs more memory."))
        return decode_worker.failure(error), b""
    return {"pdq": made.pdq.hex(), "quality": made.quality, "phash": made.phash.hex()}, b""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
