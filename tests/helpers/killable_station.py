"""A real station without a window, in a process group of its own, made to be killed.

The parent's end is ``KillableStation``. Started as a program it opens the station as the window
does, paints nothing but says that it did, decides by chance what it is told to decide, and writes
a line for whatever a moderator would see: ``asked KEY VERDICT`` at the key press, ``saved KEY
VERDICT`` when the counters show it, ``connection STATE``, ``idle`` when nothing is unsent.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.session_events import SessionEvent
    from modstation.app.station import Station
    from modstation.core.decisions import Verdict
    from modstation.core.outbox import Operation

NETWORK = Path(__file__).with_name("dying_network.py")
TICK_SECONDS = 0.25


class KillableStation:
    """The parent's end of one station process; ``None`` from ``next`` means it is gone."""

    def __init__(
        self, folder: Path, url: str, *, home: Path | None = None, seed: str = "0", deaths: int = 0
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "deaths.log"
        self._errors = folder / "station.err"
        with self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-P", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # Its own group: a kill takes the station and its network process together.
                start_new_session=True,
            )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="station-lines")
        self._reader.start()
        spec = {"home": str(home or folder / "home"), "url": url, "seed": seed, "deaths": deaths}
        self.tell(**spec, log=str(self.log))

    def tell(self, **message: Any) -> None:
        # It may have been killed: its last line tells it.
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(message), file=self._in, flush=True)

    def next(self, seconds: float = 30) -> str | None:
        """The next line it writes; None once it is gone."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"nothing for {seconds} s: {self._errors.read_text()}") from None
        if line is None:
            self._lines.put(None)
        return line

    def kill(self) -> list[str]:
        """SIGKILL to the whole group; what it had written before."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        rest = []
        while (line := self.next()) is not None:
            rest.append(line)
        self.close()
        return rest

    def close(self) -> None:
        """Close it in order (if it still lives) and wait for its end."""
        with contextlib.suppress(BrokenPipeError):
            self._in.close()
        self.process.wait(30)
        self._reader.join(20)
        errors = self._errors.read_text()
        assert not errors, errors

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as out:
            for line in out:
                self._lines.put(line.strip())
        self._lines.put(None)

    @property
    def _in(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin


# -- the program


@dataclass(slots=True)
class _Moderator:
    """Decides as many images as it was told to, and tells what it sees."""

    station: Station
    random: Random
    wanted: float = 0
    asked: deque[tuple[str, Verdict]] = field(default_factory=deque)
    told: int = 0
    idle_told: bool = True
    closing: bool = False

    def command(self, message: dict[str, Any]) -> None:
        if "close" in message:
            self.closing = True
        self.wanted = float("inf") if message.get("decide") == "all" else message.get("decide", 0)
        self.idle_told = False
        self.station.refresh()

    def hear(self, event: SessionEvent) -> None:
        from modstation.app.session_events import ConnectionMoved, CountsChanged

        if isinstance(event, ConnectionMoved):
            say(f"connection {event.change.connection.value} {event.change.message}")
        elif isinstance(event, CountsChanged):
            while self.asked and self.told < event.counts.decided:
                key, verdict = self.asked.popleft()
                self.told += 1
                say(f"saved {key} {verdict.status.value}")

    def act(self) -> None:
        from modstation.app.outbox_verbs import UNSENT
        from modstation.core.decisions import Verdict
        from modstation.media.frames import Frame

        session = self.station.session
        if not session.loaded:
            return
        if not self.asked:
            self.told = session.counts.decided
        pressed = False
        while self.wanted and session.current and session.current_frame() is not None:
            key = session.current.key
            session.looking.painted(key)
            shown = isinstance(session.current_frame(), Frame)
            verdict = (
                self.random.choice([Verdict.APPROVE, Verdict.REJECT]) if shown else Verdict.REJECT
            )
            say(f"asked {key} {verdict.status.value}")
            self.asked.append((key, verdict))
            session.decide(verdict)
            self.wanted -= 1
            pressed = True
        if pressed:
            self.station.refresh()
        enough = not self.wanted or (
            self.wanted == float("inf") and not session.current and not session.counts.waiting
        )
        if enough and not (self.asked or self.idle_told or session.counts.unsent):
            # The counters may be older than the last decision; the outbox itself is not.
            self.idle_told = True
            self.station.outbox.read(UNSENT, self._look, fail)

    def _look(self, unsent: list[Operation]) -> None:
        if unsent:
            self.idle_told = False
        else:
            say("idle")


def fail(error: Exception) -> NoReturn:
    raise error


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    from modstation.app import bootstrap, network_link
    from modstation.app.paths import home_at
    from modstation.core.accounts import parse_cloudinary_url

    spec = json.loads(sys.stdin.readline())
    # No process here lives long enough to be healthy; fifty deaths need no growing pauses.
    network_link.HEALTHY_SECONDS = 0.0
    command = [sys.executable, "-P", str(NETWORK)]
    command += [spec["log"], spec["seed"], str(spec["deaths"])]
    bootstrap.NetworkLink = partial(network_link.NetworkLink, command=command)
    station = bootstrap.open_station(
        bootstrap.StationSpec(
            home_at(Path(spec["home"])),
            parse_cloudinary_url(spec["url"]),
            hold=timedelta(0),
            painted_before=0.0,
        )
    )
    woken = threading.Event()
    station.mailbox.bind(woken.set)
    moderator = _Moderator(station, Random(f"{spec['seed']} {os.getpid()}"))
    station.session.listen(moderator.hear)
    threading.Thread(
        target=read_commands, args=(station.mailbox.post, moderator.command), daemon=True
    ).start()
    station.frames.resize((320, 240))
    station.start()
    ticked = time.monotonic()
    while not moderator.closing:
        woken.wait(TICK_SECONDS)
        woken.clear()
        station.mailbox.drain()
        if time.monotonic() - ticked > TICK_SECONDS:
            ticked = time.monotonic()
            station.tick()
        moderator.act()
    station.close()
    sys.stdout.flush()
    # Not sys.exit(): a thread sits in a read of standard input.
    os._exit(0)


def read_commands(
    post: Callable[[Callable[[], None]], None], take: Callable[[dict[str, Any]], None]
) -> None:
    for line in sys.stdin:
        post(partial(take, json.loads(line)))
    post(partial(take, {"close": True}))


if __name__ == "__main__":
    main()
