"""The real station under keys: window, session, store, decode and network processes.

Arguments: the window's width and height, ``offline`` or ``online``, the seconds an image must have
been painted (or ``default``), the seconds a decision is held. MODSTATION_HOME and CLOUDINARY_URL
say which station. It says where its stage is as soon as everything around the current image is
decoded, then answers:

{"keys": N}             N decisions at a moderator's pace, each with its image ready
{"mash": N, "rate": R}  keys at R a second until N images are decided
{"pace": N}             the next key as soon as an image is painted
{"offline": bool}, {"rest": seconds}, {"ready": N}: counters and connection after that
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from modstation.app import bootstrap
from modstation.app.accounts import AccountBook
from modstation.app.bootstrap import StationSpec, open_station
from modstation.app.mailbox import Mailbox
from modstation.app.paths import find_home
from modstation.app.session_events import CountsChanged, CurrentChanged, FrameReady
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

    from modstation.app.session_events import SessionEvent
    from modstation.app.station import Station
    from modstation.ui.window import StationWindow

AHEAD = 8
DEADLINE = 60.0


@dataclass(slots=True)
class Observer:
    """Hears what the window hears, after it: a stage that could paint at once has painted."""

    station: Station
    window: StationWindow
    current_at: float = 0.0
    painted_at: float | None = None
    grey: int = 0
    shown: list[str] = field(default_factory=list)
    decided: int = 0
    told_at: list[float] = field(default_factory=list)

    def hear(self, event: SessionEvent) -> None:
        now = time.perf_counter()
        match event:
            case CurrentChanged(key=key):
                self.painted_at, self.current_at = None, now
                self._look(key, now)
                if self.painted_at is None and key is not None:
                    self.grey += 1
            case FrameReady(key=key):
                self._look(key, now)
            case CountsChanged(counts=counts):
                self.told_at += [now] * (counts.decided - self.decided)
                self.decided = max(self.decided, counts.decided)
            case _:
                pass

    def _look(self, key: str | None, now: float) -> None:
        session = self.station.session
        painted = session.looking.look.painted_at is not None and key == _current(self.station)
        if painted and self.painted_at is None and isinstance(session.current_frame(), Frame):
            self.painted_at = now
            assert key is not None
            self.shown.append(key)


class StampedMailbox(Mailbox):
    """Notes when the store thread hands an answer over: what it answers for is on the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.stored_at: list[float] = []

    def post(self, call: Callable[[], None]) -> None:
        if threading.current_thread().name == "store":
            self.stored_at.append(time.perf_counter())
        super().post(call)


class Driver:
    """Presses keys and answers the questions."""

    def __init__(self, station: Station, window: StationWindow, observer: Observer) -> None:
        from PySide6.QtCore import Qt

        self.station = station
        self.window = window
        self.observer = observer
        self.key = Qt.Key.Key_A

    def answer(self, question: dict[str, Any]) -> object:
        from helpers.perf_qt import rest

        if "keys" in question:
            return self._keys(question["keys"])
        if "mash" in question:
            return self._mash(question["mash"], question["rate"])
        if "pace" in question:
            return self._pace(question["pace"])
        if "offline" in question:
            self.station.set_offline(offline=question["offline"])
        if "rest" in question:
            rest(question["rest"])
        if "ready" in question:
            self.wait_until_ready(question["ready"])
        counts = self.station.session.counts
        return {
            "counts": {"waiting": counts.waiting, "done": counts.done, "unsent": counts.unsent},
            "connection": self.station.session.connection.connection.value,
        }

    def wait_until_ready(self, ahead: int = AHEAD) -> None:
        """Let the loop run until the images around the current one are decoded and it rests."""
        from helpers.perf_qt import rest

        end = time.perf_counter() + DEADLINE
        while True:
            keys = [item.key for item in self.station.session.strip(0, ahead)]
            frames = self.station.frames
            if (
                keys
                and all(isinstance(frames.frame(key), Frame) for key in keys)
                and self.observer.painted_at is not None
            ):
                break
            assert time.perf_counter() < end, f"not ready: {self._state()}"
            # Not oftener: looking takes time from what is being waited for.
            rest(0.01)
        rest(0.02)

    def _keys(self, count: int) -> object:
        painted, handled, durable, told = [], [], [], []
        mailbox = self.station.mailbox
        assert isinstance(mailbox, StampedMailbox)
        for _ in range(count):
            self.wait_until_ready()
            before = self.observer.decided
            mailbox.stored_at.clear()
            start = time.perf_counter()
            self._press()
            handled.append((time.perf_counter() - start) * 1000)
            self._wait_until_painted()
            assert self.observer.painted_at is not None
            painted.append((self.observer.painted_at - start) * 1000)
            self._wait_until_told(before + 1)
            durable.append((next(at for at in mailbox.stored_at if at > start) - start) * 1000)
            told.append((self.observer.told_at[-1] - start) * 1000)
        return {"painted": painted, "handled": handled, "durable": durable, "told": told}

    def _mash(self, count: int, rate: float) -> object:
        from helpers.perf_qt import rest

        self.wait_until_ready()
        expected = [item.key for item in self.station.session.strip(0, count - 1)]
        observer = self.observer
        first = len(observer.shown) - 1
        before, grey = observer.decided, observer.grey
        asked, start = 0, time.perf_counter()
        while len(observer.shown) - 1 - first < count:
            assert time.perf_counter() < start + DEADLINE, self._state()
            if (late := start + asked / rate - time.perf_counter()) > 0:
                rest(late)
            self._press()
            asked += 1
        seconds = time.perf_counter() - start
        self._wait_until_told(before + count)
        shown = observer.shown[first : first + count]
        return {
            "seconds": seconds,
            "keys": asked,
            "shown": len(set(shown)),
            "in_order": shown[: len(expected)] == expected,
            "grey": observer.grey - grey,
            "decided": observer.decided - before,
        }

    def _pace(self, count: int) -> object:
        self.wait_until_ready(1)
        before = self.observer.decided
        painted = []
        for _ in range(count):
            self._press()
            self._wait_until_painted()
            painted.append(self.observer.painted_at)
        self._wait_until_told(before + count)
        return {"painted_at": painted}

    def _press(self) -> None:
        from helpers.perf_qt import press, release

        press(self.window, self.key)
        release(self.window, self.key)

    def _wait_until_painted(self) -> None:
        from helpers.perf_qt import spin

        end = time.perf_counter() + DEADLINE
        while self.observer.painted_at is None:
            assert time.perf_counter() < end, self._state()
            spin()

    def _wait_until_told(self, decided: int) -> None:
        from helpers.perf_qt import spin

        end = time.perf_counter() + DEADLINE
        while self.observer.decided < decided:
            assert time.perf_counter() < end, self._state()
            spin()

    def _state(self) -> str:
        session = self.station.session
        frame = session.current_frame()
        return (
            f"{session.connection}, {session.counts}, {_current(self.station)}, {type(frame)},"
            f" {self.observer.shown[-3:]}, {self.window.message.text!r}"
        )


def _current(station: Station) -> str | None:
    entry = station.session.current
    return entry.key if entry else None


def main() -> None:
    width, height = int(sys.argv[1]), int(sys.argv[2])
    painted_before = None if sys.argv[4] == "default" else float(sys.argv[4])
    # The one place where the station is observed from the inside.
    bootstrap.Mailbox = StampedMailbox
    home = find_home(None)
    credentials = AccountBook(home).resolve(None)
    assert credentials is not None
    station = open_station(
        StationSpec(
            home=home,
            credentials=credentials,
            offline=sys.argv[3] == "offline",
            hold=timedelta(seconds=float(sys.argv[5])),
            painted_before=painted_before,
        )
    )
    from modstation.ui.application import make_application

    app = make_application()
    try:
        _serve(app, station, width, height)
    finally:
        station.close()


def _serve(app: QApplication, station: Station, width: int, height: int) -> None:
    from PySide6.QtCore import QPoint

    from helpers.perf_qt import questions
    from modstation.ui.bridge import EventBridge
    from modstation.ui.theme import Theme
    from modstation.ui.window import StationWindow

    theme = Theme("dark")
    theme.apply(app)
    bridge = EventBridge(station.mailbox)
    window = StationWindow(station, theme)
    observer = Observer(station, window)
    station.session.listen(observer.hear)
    window.resize(width, height)
    window.move(0, 0)
    window.show()
    station.start()
    driver = Driver(station, window, observer)
    driver.wait_until_ready()
    observer.decided = station.session.counts.decided
    stage = window.stage
    centre = stage.mapToGlobal(QPoint(stage.width() // 2, stage.height() // 2))
    answer = {
        "window": int(window.winId()),
        "stage": [stage.width(), stage.height()],
        "centre": [centre.x(), centre.y()],
    }
    print(json.dumps(answer), flush=True)
    questions(app, driver.answer)
    window.close()
    bridge.close()


if __name__ == "__main__":
    main()
