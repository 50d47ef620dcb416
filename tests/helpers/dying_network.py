"""The network process as the program runs it, but for one thing: it kills itself with SIGKILL.

Started by ``helpers.killable_station`` in place of the real command: ``LOG SEED DEATHS``. Each
death comes at the next named point, at an arrival there chosen by chance; some take the whole
process group, the station, along. After ``DEATHS`` deaths it lives.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from modstation.app import network_messages
from modstation.app.network_process import serve

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS = ("claimed", "sending", "sent", "settled")
# One death in this many is the whole station's.
STATION_EVERY = 7


def note(log: Path, line: str) -> None:
    # One write to a file opened for appending: whole, also when the next line kills us.
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def dying(log: Path, seed: str, deaths: int) -> Callable[[str], None]:
    lines = log.read_text().splitlines() if log.exists() else []
    note(log, "started")
    died = sum(line.startswith("died") for line in lines)
    if died >= deaths:
        return lambda _point: None
    random = Random(f"{seed} {len(lines)}")
    point = POINTS[died % len(POINTS)]
    left = random.choice((1, 1, 1, 2))
    station = (died + 1) % STATION_EVERY == 0

    def reach(name: str) -> None:
        nonlocal left
        left -= name == point
        if left > 0 or name != point:
            return
        note(log, f"died {point} {'station' if station else 'network'}")
        if station:
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    return reach


def main() -> None:
    log, seed, deaths = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    spec = network_messages.parse_spec(sys.stdin.buffer.readline())
    code = serve(spec, sys.stdin.buffer, sys.stdout.buffer, checkpoint=dying(log, seed, deaths))
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
