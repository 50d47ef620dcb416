"""Drives the real window by real key events, and says what it wanted of every image."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from modstation.app.bootstrap import StationSpec, open_station
from modstation.app.demo_plan import DemoPlan, DemoResult, what_was_done
from modstation.app.settings_file import load_settings, save_settings
from modstation.core.assets import ModerationStatus
from modstation.core.events import Connection
from modstation.core.protection import Protection

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from PySide6.QtWidgets import QApplication

    from modstation.app.station import Station
    from modstation.ui.theme import ThemeName
    from modstation.ui.window import StationWindow

# Long enough to undo before anything is posted, short enough to see posting.
HOLD = timedelta(seconds=2)
PATIENCE_SECONDS = 120.0
_CHECK_MS = 4
_COVERED = 3
_LOOK_AHEAD = 12
# Pixels: an image as wide as this fills the stage.
_LARGE = 1200
_OFFLINE = {Connection.OFFLINE, Connection.TROUBLE}
# What a moderator does, over and over: mostly approve, some rejections with a reason.
_KEYS = ("A", "A", "X", "A", "1", "A", "7", "A", "A", "0")


class DemoStalled(RuntimeError):
    """Something that the demo waits for did not happen in time: a fault of the program."""


def drive(plan: DemoPlan) -> DemoResult:
    """Pull, decide, undo, go offline, decide, come back, sync; then close the station.

    ``DemoStalled`` names what did not happen. The platform of Qt is the caller's choice.
    """
    wanted: dict[str, ModerationStatus] = {}
    settings = load_settings(plan.home)[0]
    import msgspec

    covered = msgspec.structs.replace(settings, protection=Protection.ALWAYS)
    save_settings(plan.home, covered)
    with _Seat(plan, wanted) as seat:
        seat.wait_for_pull()
        seat.decide_covered()
    save_settings(plan.home, settings)
    # The second start finds everything that the first one left.
    with _Seat(plan, wanted) as seat:
        seat.wait_for_queue()
        seat.decide(plan.count // 3)
        seat.look_around()
        seat.undo_one()
        seat.reverse_one()
        seat.work_offline(plan.count // 3)
        seat.decide_the_rest()
    # What came and went, the database says; what was meant, only the one at the keys knows.
    return replace(what_was_done(plan), decided=wanted)


@dataclass(slots=True)
class _Crash:
    """The first bug that reached the event loop."""

    error: BaseException | None = None

    def take(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Keep it for the driver; the first one is the cause."""
        self.error = self.error or error
        sys.__excepthook__(kind, error, trace)


@dataclass(slots=True)
class _Script:
    """Which key comes next."""

    at: int = field(default=0)

    def next(self) -> str:
        key = _KEYS[self.at % len(_KEYS)]
        self.at += 1
        return key


class _Seat:
    """One station with its window and somebody at its keys."""

    def __init__(self, plan: DemoPlan, wanted: dict[str, ModerationStatus]) -> None:
        self._plan = plan
        self._wanted = wanted
        self._script = _Script(len(wanted))
        self._crash = _Crash()
        # Before Qt is imported, so that the other processes come up meanwhile.
        self.station: Station = open_station(StationSpec(plan.home, plan.credentials, hold=HOLD))
        self.session = self.station.session

    def __enter__(self) -> Self:
        from PySide6.QtGui import QCursor

        from modstation.ui.application import make_application
        from modstation.ui.bridge import EventBridge
        from modstation.ui.theme import Theme
        from modstation.ui.window import StationWindow

        self._excepthook = sys.excepthook
        sys.excepthook = self._crash.take
        self._qt: QApplication = make_application()
        theme = Theme("dark")
        theme.apply(self._qt)
        self.window: StationWindow = StationWindow(self.station, theme)
        self.window.resize(1280, 800)
        # Away from the buttons, or one of them looks chosen in every picture.
        QCursor.setPos(480, 320)
        self._bridge = EventBridge(self.station.mailbox)
        self.window.show()
        self.window.activateWindow()
        self.station.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.window.close()
        self._bridge.close()
        self.station.close()
        self.window.deleteLater()
        sys.excepthook = self._excepthook

    # -- chapters

    def wait_for_pull(self) -> None:
        """Every image is on this machine and the first one on the screen."""
        count = self._plan.count
        self._until(lambda: self.session.counts.waiting >= count, f"{count} images were not pulled")

    def wait_for_queue(self) -> None:
        """What is on this machine is shown."""
        self._until(
            lambda: self.session.loaded and (self._some or self.session.counts.waiting == 0),
            "the stored queue was not shown",
        )

    @property
    def _some(self) -> bool:
        """There is an image left; with very few of them some chapters have nothing to do."""
        return self.session.current is not None

    def decide_covered(self) -> None:
        """Covered images: approving needs a look, rejecting does not."""
        self._see()
        self._picture("covered")
        for number in range(min(_COVERED, self._plan.count)):
            self._see()
            if number % 2:
                self._decide("X")
                continue
            self._down("Space")
            if not number:
                self._picture("peek")
            self._see_uncovered()
            self._up("Space")
            self._decide("A")

    def look_around(self) -> None:
        """What the window can show, for the pictures of it."""
        if not self._some:
            return
        self._find_large()
        self._until(
            lambda: self.session.connection.connection is Connection.ONLINE,
            "the window does not see the service",
        )
        self._until(lambda: self.window.filmstrip.loaded, "the filmstrip has no pictures")
        self._picture("stage-dark")
        self._theme("light")
        self._picture("stage-light")
        self._theme("dark")
        for key, name in (("?", "keys"), ("H", "policy"), ("F1", "manual")):
            self._press(key)
            self._picture(name)
            self._press("Esc")
        self._press("+", "+", "+")
        self._picture("zoomed")
        self._press("Z", "`")
        self._picture("all-covered")
        self._press("`")

    def _find_large(self) -> None:
        """Go on, without deciding, to an image that fills the stage."""
        for _ in range(_LOOK_AHEAD):
            entry = self.session.current
            if entry is None or (entry.asset.width or 0) >= _LARGE:
                break
            if entry.key == self.session.strip()[-1].key:
                break
            self._see()
            self._press("J")
        self._see()

    def decide(self, count: int) -> None:
        """Decide some images as they come; one of them with a note."""
        for number in range(count):
            if not self._some:
                return
            self._see()
            if number == 1:
                self._press("N")
                self._type("seen at the demo")
                self._press("Esc")
            self._decide(self._script.next())

    def undo_one(self) -> None:
        """Take a decision back before it is posted, and decide the other way."""
        if not self._some:
            return
        self._see()
        name = self._decide("A")
        self._take_back(name)
        self._decide("X")

    def reverse_one(self) -> None:
        """What is posted cannot be undone; the same key offers the opposite, and posts it."""
        if not self._some:
            return
        self._see()
        name = self._decide("A")
        self._press("Ctrl+S")
        self._until(lambda: self.session.counts.unsent == 0, "what was held was not posted")
        self._press("U")
        self._until(lambda: self.session.reversal is not None, "no reversal was offered")
        self._picture("reversal")
        self._press("U")
        self._wanted[name] = ModerationStatus.REJECTED
        self._until(lambda: self.session.reversal is None, "the reversal was not taken")

    def work_offline(self, count: int) -> None:
        """The service goes away; the work goes on; the service comes back."""
        self._plan.service_control.pause()
        try:
            self._press("F5")
            self._until(
                lambda: self.session.connection.connection in _OFFLINE,
                "the window does not see that the service is gone",
            )
            self.decide(count)
            if self._some:
                self._see()
                name = self._decide("X")
                self._take_back(name)
                self._decide("A")
                if self._some:
                    self._see()
            self._picture("offline")
        finally:
            self._plan.service_control.resume()
        self._press("F5")
        self._until(
            lambda: self.session.connection.connection is Connection.ONLINE,
            "the window does not see that the service is back",
        )

    def decide_the_rest(self) -> None:
        """Decide until the queue is empty, then wait until everything is posted."""
        while True:
            self.wait_for_queue()
            if not self._some:
                break
            self._see()
            self._decide(self._script.next())
        self._press("Ctrl+S")
        self._until(lambda: self.session.counts.unsent == 0, "the outbox did not become empty")
        self._picture("queue-empty")

    # -- one step

    def _see(self) -> None:
        """Wait until the current image has been on the screen as long as the rules ask."""
        needed = self.session.rules.painted_before

        def seen() -> bool:
            shown = self.session.looking.look.painted_for(time.monotonic())
            return shown is not None and shown >= needed

        entry = self.session.current
        name = entry.asset.ref.public_id if entry else "the first image"
        self._until(seen, f"{name} was not painted")

    def _see_uncovered(self) -> None:
        """Wait until a covered image was uncovered as long as an approval asks."""
        look, needed = self.session.looking.look, self.session.rules.painted_before
        if look.protected:
            self._until(
                lambda: look.uncovered_once and look.revealed_for(time.monotonic()) >= needed,
                "the image was not uncovered",
            )

    def _decide(self, key: str) -> str:
        entry = self.session.current
        if entry is None:
            raise DemoStalled(f"there is no image for the key {key}")
        name = entry.asset.ref.public_id
        self._press(key)
        self._until(
            lambda: self.session.current is not entry,
            f"the key {key} did not decide {name}: {self.window.message.text}",
        )
        self._wanted[name] = ModerationStatus.APPROVED if key == "A" else ModerationStatus.REJECTED
        return name

    def _take_back(self, name: str) -> None:
        self._press("U")

        def back() -> bool:
            entry = self.session.current
            return entry is not None and entry.asset.ref.public_id == name

        self._until(back, f"undo did not bring {name} back: {self.window.message.text}")
        del self._wanted[name]
        self._see()

    def _press(self, *keys: str) -> None:
        for key in keys:
            self._down(key)
            self._up(key)

    def _down(self, key: str) -> None:
        from modstation.ui.key_press import key_event, send_key

        send_key(self.window, key_event(key))

    def _up(self, key: str) -> None:
        from modstation.ui.key_press import key_event, send_key

        send_key(self.window, key_event(key, press=False))

    def _type(self, text: str) -> None:
        self._press(*("Space" if char == " " else char for char in text))

    def _theme(self, name: ThemeName) -> None:
        self.window.apply_theme(name)

    def _picture(self, name: str) -> None:
        """Save what the window shows, once its panels are up to date."""
        folder = self._plan.screenshots
        if folder is None:
            return
        self._until(
            lambda: self.window.catching_up.done, f"the window did not come to rest for “{name}”"
        )
        number = len(list(folder.glob("*.png"))) + 1
        self.window.grab().save(str(folder / f"{number:02d}-{name}.png"))

    def _until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Run the event loop until something is so."""
        from PySide6.QtCore import QEventLoop, QTimer

        end = time.monotonic() + PATIENCE_SECONDS
        loop, timer = QEventLoop(), QTimer()
        timer.setInterval(_CHECK_MS)

        def check() -> None:
            if condition() or self._crash.error or time.monotonic() > end:
                loop.quit()

        timer.timeout.connect(check)
        if not condition():
            timer.start()
            loop.exec()
            timer.stop()
        if self._crash.error is not None:
            raise self._crash.error
        if not condition():
            raise DemoStalled(otherwise)
