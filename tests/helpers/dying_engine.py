"""Runs sync engines that kill themselves with SIGKILL at a named point; one process a round.

Started as a program: each line on its input is one round, each line on its output tells how it
ended. The rounds are forked from a process that has everything imported and no thread running.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from modstation.remote.batch import Capabilities

TESTS = Path(__file__).resolve().parent.parent


@dataclass(slots=True)
class DyingEngines:
    """The parent's end."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> Self:
        return cls(
            subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(TESTS)},
            )
        )

    def round(self, **spec: Any) -> str:
        """Run one: ``killed`` at its point, or ``idle`` when there was nothing left to do."""
        print(json.dumps(spec), file=self._in, flush=True)
        told = self._out.readline().strip()
        assert told in {"killed", "idle"}, told
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._in.close()
        self.process.wait(20)
        self._out.close()

    @property
    def _in(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def _out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout


def run(folder: str, url: str, point: str, count: int, *, batch: bool) -> None:
    """Step an engine until it is idle, or dead at the ``count``-th time it reaches ``point``."""
    from datetime import timedelta
    from random import Random

    from modstation.core.accounts import parse_cloudinary_url
    from modstation.core.clock import SystemClock, TimeOrderedIds
    from modstation.core.queue import QueueView
    from modstation.remote.client import AdminClient
    from modstation.store.station_store import StationStore
    from modstation.sync.engine import SyncEngine
    from modstation.sync.settings import SyncSettings

    class OneByOne(AdminClient):
        def capabilities(self) -> Capabilities | None:
            return None

    left = count

    def die(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    clock = SystemClock()
    store = StationStore.open(Path(folder) / "station.sqlite3", clock=clock, ids=TimeOrderedIds())
    client = (AdminClient if batch else OneByOne)(parse_cloudinary_url(url), clock=clock)
    engine = SyncEngine(
        store,
        client,
        view=QueueView(),
        clock=clock,
        random=Random(),
        settings=SyncSettings(capabilities_kept=timedelta(0), refresh=timedelta(0)),
        notify=lambda _event: None,
        checkpoint=die,
    )
    engine.refresh()
    for _ in range(40):
        report = engine.step()
        counts = store.counts()
        if not report.posted and not counts.ready + counts.in_flight:
            break
    engine.close()
    client.close()
    store.close()


def main() -> None:
    import modstation.remote.client
    import modstation.store.station_store
    import modstation.sync.engine  # noqa: F401 - imported once for all rounds

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(**json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ended = "killed" if died else "idle" if status == 0 else f"status {status}"
        print(ended, flush=True)


if __name__ == "__main__":
    main()
