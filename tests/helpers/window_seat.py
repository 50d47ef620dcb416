"""Somebody at the keys of a whole station: real window, real processes, any service.

    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.has(6)
        seat.decide("A")

Keys are real events to the window in front, dialogs included. The test wants the ``qapp`` fixture.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Self, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from modstation.app.bootstrap import StationSpec, open_station
from modstation.app.outbox_verbs import UNSENT
from modstation.app.paths import home_at
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.queue import QueueView
from modstation.ui.bridge import EventBridge
from modstation.ui.key_press import key_event, send_key
from modstation.ui.keys import KeyReader
from modstation.ui.theme import Theme
from modstation.ui.window import StationWindow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modstation.core.outbox import Operation

PATIENCE = 30.0
_PENDING = QueueView()

D = TypeVar("D", bound=QWidget)


class WindowSeat:
    """One moderator at one window; ``hold`` is in seconds. Use it in a ``with``."""

    def __init__(
        self, home: Path, url: str, *, hold: float = 0.0, view: QueueView = _PENDING
    ) -> None:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self.station = open_station(
            StationSpec(
                home_at(home),
                parse_cloudinary_url(url),
                view=view,
                hold=timedelta(seconds=hold),
                painted_before=0.0,
            )
        )
        self.session = self.station.session
        theme = Theme("dark")
        theme.apply(application)
        self.window = StationWindow(self.station, theme)
        # The layout is the same for every platform the tests run on.
        self.window.reader = self.window.keyboard._reader = KeyReader("linux")
        self.window.resize(1280, 800)
        self._bridge = EventBridge(self.station.mailbox)
        self.window.show()
        self.window.activateWindow()
        self.station.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.window.close()
        self._bridge.close()
        self.station.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()

    # -- waiting

    def until(self, condition: Callable[[], object], what: str = "it never happened") -> None:
        """Run the event loop until something is so."""
        loop, timer = QEventLoop(), QTimer()
        end = time.monotonic() + PATIENCE
        timer.timeout.connect(
            lambda: loop.quit() if condition() or time.monotonic() > end else None
        )
        timer.start(5)
        loop.exec()
        timer.stop()
        assert condition(), f"{what}; {self}"

    def __str__(self) -> str:
        session = self.session
        return f"current {self.current}, {session.counts}, “{self.message}”"

    def has(self, count: int) -> None:
        """Wait until so many images wait for a decision."""
        self.until(lambda: self.session.counts.waiting == count, f"not {count} waiting")

    def ready(self) -> str:
        """Wait until the image on the stage has been painted; its public ID."""
        self.until(lambda: self.window.stage.reported, "the image was never painted")
        return self.current or ""

    def shows(self, public_id: str | None) -> None:
        """Wait until an image is on the stage and painted; None: the queue is empty."""
        self.until(lambda: self.current == public_id, f"{public_id} never came")
        if public_id is not None:
            self.ready()

    def drained(self) -> None:
        """Wait until every decision is at the service."""
        left: list[list[Operation]] = [[]]

        def posted() -> bool:
            found: list[list[Operation]] = []
            self.station.outbox.read(UNSENT, found.append, _raise)
            self.until(lambda: found, "the store does not answer")
            left[0] = found[0]
            return not left[0]

        self.station.refresh()
        end = time.monotonic() + PATIENCE
        while not posted():
            assert time.monotonic() < end, f"not posted: {left[0]}"
            self.until(lambda: not self.session.counts.unsent, "not posted")

    # -- keys

    def press(self, *chords: str) -> None:
        """Press and let go of keys in the window or dialog in front."""
        for chord in chords:
            for press in (True, False):
                front = QApplication.activeModalWidget() or self.window
                send_key(front, key_event(chord, press=press))
            QCoreApplication.processEvents()

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.press(*({" ": "Space"}.get(char, char) for char in text))

    def decide(self, key: str) -> str:
        """Look at the image on the stage and press a deciding key; its public ID."""
        name = self.ready()
        self.press(key)
        self.until(lambda: self.current != name, f"{key} did not decide {name}")
        return name

    def dialog(self, kind: type[D]) -> D:
        """The dialog in front."""
        self.until(lambda: isinstance(QApplication.activeModalWidget(), kind), f"no {kind}")
        found = QApplication.activeModalWidget()
        assert isinstance(found, kind)
        return found

    def no_dialog(self) -> None:
        """Wait until the window is in front again."""
        self.until(
            lambda: not isinstance(QApplication.activeModalWidget(), QDialog), "a dialog stayed"
        )

    # -- looking

    @property
    def current(self) -> str | None:
        """The public ID on the stage."""
        entry = self.session.current
        return entry.asset.ref.public_id if entry else None

    @property
    def message(self) -> str:
        """The line under the image."""
        return self.window.message.text

    def ahead(self) -> list[str]:
        """The public IDs in the filmstrip's window, the one on the stage first."""
        return [item.key.rpartition("/")[2] for item in self.session.strip(0, 1000)]


def _raise(error: BaseException) -> None:
    raise error
