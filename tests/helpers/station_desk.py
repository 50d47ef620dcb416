"""A real station without a window in this process: its network and decode processes are real too.

The test's own thread is the window's: it drains the mailbox while it waits for something.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from modstation.app.bootstrap import StationSpec, open_station
from modstation.app.frame_pipeline import AHEAD
from modstation.app.outbox_verbs import UNSENT
from modstation.app.paths import home_at
from modstation.app.queue_window import StripState
from modstation.app.session_events import ConnectionMoved, Message, SessionEvent
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.events import Connection
from modstation.core.outbox import OperationState
from modstation.media.frames import DecodeFailed, DecodeResult, Frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modstation.core.outbox import Operation

PATIENCE = 30.0
TICK_SECONDS = 0.25
BOX = (320, 240)


class StationDesk:
    """One moderator at one station; ``hold`` is in seconds. Use it in a ``with``."""

    def __init__(self, home: Path, url: str, *, hold: float = 0.0, offline: bool = False) -> None:
        self.station = open_station(
            StationSpec(
                home_at(home),
                parse_cloudinary_url(url),
                offline=offline,
                hold=timedelta(seconds=hold),
                painted_before=0.0,
            )
        )
        self.session = self.station.session
        self.events: list[SessionEvent] = []
        self._woken = threading.Event()
        self._ticked = time.monotonic()
        self.station.mailbox.bind(self._woken.set)
        self.session.listen(self.events.append)
        self.station.frames.resize(BOX)
        self.station.start()
        self._closed = False

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.station.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    # -- time

    def turn(self, seconds: float = 0.0) -> None:
        """One turn of the window's loop; ``seconds`` is the longest wait for something to do."""
        self._woken.wait(seconds)
        self._woken.clear()
        self.station.mailbox.drain()
        if time.monotonic() - self._ticked > TICK_SECONDS:
            self._ticked = time.monotonic()
            self.station.tick()

    def until(self, condition: Callable[[], object], what: str = "it never happened") -> None:
        """Let the station work until something is so."""
        end = time.monotonic() + PATIENCE
        while True:
            self.turn(0.05)
            if condition():
                return
            assert time.monotonic() < end, f"{what}; {self}"

    def __str__(self) -> str:
        session = self.session
        return f"current {self.current}, {session.counts}, {session.connection}, {self.messages}"

    # -- looking

    @property
    def current(self) -> str | None:
        """The public ID on the stage."""
        entry = self.session.current
        return entry.asset.ref.public_id if entry else None

    @property
    def messages(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Message)]

    @property
    def connections(self) -> list[Connection]:
        """Every connection that was told, in order."""
        return [e.change.connection for e in self.events if isinstance(e, ConnectionMoved)]

    @property
    def connection(self) -> Connection:
        return self.session.connection.connection

    def troubles(self) -> list[str]:
        """What was said with every trouble of the connection."""
        moved = [event.change for event in self.events if isinstance(event, ConnectionMoved)]
        return [change.message for change in moved if change.connection is Connection.TROUBLE]

    def names_ahead(self) -> list[str]:
        """The public IDs in this station's window, without the one that is looked at."""
        keys = [item.key for item in self.session.strip(0, 1000)][1:]
        return [key.rpartition("/")[2] for key in keys]

    def names_behind(self) -> list[str]:
        """The public IDs in this station's window before the one that is looked at."""
        items = self.session.strip(1000, 0)
        waiting = [item.key for item in items if item.state is StripState.WAITING]
        return [key.rpartition("/")[2] for key in waiting]

    def back(self) -> bool:
        """One image back, if it is in memory yet."""
        try:
            self.session.previous()
        except ReviewError as refused:
            if "still being read" in str(refused):
                return False
            raise
        return True

    def all_ahead_ready(self) -> bool:
        """Every picture that should be decoded ahead of time is."""
        keys = [item.key for item in self.session.strip(0, AHEAD)]
        return all(self.station.frames.frame(key) is not None for key in keys)

    def look_at(self, name: str) -> None:
        """Walk on in the queue to this image without deciding."""
        self.until(lambda: name in {self.current, *self.names_ahead()}, f"{name} never came")
        while self.current != name:
            self.session.next()

    def shows(self) -> DecodeResult:
        """Wait for the current picture, or the card that says why there is none, and paint it."""
        self.until(lambda: self.session.current_frame() is not None, "no picture came")
        entry, shown = self.session.current, self.session.current_frame()
        assert entry is not None
        assert shown is not None
        self.session.looking.painted(entry.key)
        return shown

    def shows_all(self) -> None:
        """Look through the queue to its end and come back: every picture is on this machine."""
        self.until(lambda: self.session.current, "no image came")
        count = self.session.counts.waiting
        for number in range(count):
            if number:
                self.session.next()
            self.shows()
        for _ in range(1, count):
            self.until(self.back, "the way back was not read")

    def shows_card(self) -> str:
        """Wait for a picture that cannot be shown and paint its card; the sentence on it."""
        self.until(lambda: self._card() is not None, "no card came")
        entry, card = self.session.current, self._card()
        assert entry is not None
        assert card is not None
        self.session.looking.painted(entry.key)
        return card

    def shows_anything(self) -> str:
        """Wait for an image and its picture or its card; its public ID."""
        self.until(
            lambda: self.session.current and (self._card() or self.session.current_frame()),
            "neither picture nor card came",
        )
        return self.current or ""

    def _card(self) -> str | None:
        entry, shown = self.session.current, self.session.current_frame()
        if entry is None or isinstance(shown, Frame):
            return None
        if isinstance(shown, DecodeFailed):
            return shown.error.message
        return self.session.news.problem(entry.key)

    def has(self, count: int) -> None:
        """Wait until so many images wait for a decision."""
        self.until(lambda: self.session.counts.waiting == count, f"not {count} waiting")

    # -- deciding

    def decide(self, verdict: Verdict, times: int = 1) -> list[str]:
        """Look at the current image and decide it, so many times; their public IDs."""
        names = []
        for _ in range(times):
            self.shows()
            names.append(self.current or "")
            self.session.decide(verdict)
            assert self.current != names[-1]
        return names

    def approve(self, times: int = 1) -> list[str]:
        return self.decide(Verdict.APPROVE, times)

    def reject(self, times: int = 1) -> list[str]:
        return self.decide(Verdict.REJECT, times)

    def press_approve(self) -> None:
        """Only the key: whatever is painted is all there is."""
        self.session.decide(Verdict.APPROVE)

    def press_reject(self) -> None:
        """Only the key."""
        self.session.decide(Verdict.REJECT)

    def undo(self) -> str:
        """Press the undo key; the line that answers, or what it offers."""
        said = len(self.messages)
        self.session.undo()
        self.until(lambda: len(self.messages) > said or self.session.reversal)
        return self.messages[-1] if len(self.messages) > said else "offer"

    # -- posting

    def post_now(self) -> None:
        """Post what is held, as Ctrl+S does."""
        self.station.post_now()

    def drained(self, *, impatient: bool = False) -> None:
        """Wait until every decision is at the service; ``impatient`` presses F5 all the while."""
        self.station.refresh()

        def posted() -> bool:
            if impatient:
                self.station.refresh()
            return not self.operations(*UNSENT)

        self.until(posted, "not posted")

    def operations(self, *states: OperationState) -> list[Operation]:
        """Rows of the outbox, any by default; every decision made before is among them."""
        found: list[list[Operation]] = []
        self.station.outbox.read(set(states or OperationState), found.append, _raise)
        end = time.monotonic() + PATIENCE
        while not found:
            self.turn(0.05)
            assert time.monotonic() < end, "the store does not answer"
        return found[0]

    # -- processes

    @property
    def network_pid(self) -> int | None:
        pid = self.station._network.pid
        return int(pid) if pid else None

    @property
    def decoder_pids(self) -> list[int]:
        return list(self.station._pool.pids())


def _raise(error: BaseException) -> None:
    raise error
