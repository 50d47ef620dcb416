"""The real window on a real station and a real service, with somebody at its keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QPoint, Qt, QTimer
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from modstation.app.accounts import AccountBook
from modstation.app.bootstrap import StationSpec, open_station
from modstation.app.outbox_verbs import UNSENT
from modstation.app.paths import home_at
from modstation.app.settings import Settings
from modstation.app.settings_file import save_settings
from modstation.core.accounts import parse_cloudinary_url
from modstation.ui.application import make_application
from modstation.ui.bridge import EventBridge
from modstation.ui.key_press import key_event
from modstation.ui.theme import Theme
from modstation.ui.window import StationWindow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

    from modstation.app.grid_tiles import Tile
    from modstation.app.look import Look
    from modstation.ui.grid_panel import GridPanel
    from modstation.ui.theme import ThemeName

PATIENCE = 60.0
_CHECK_MS = 4


class LiveWindow:
    """One moderator at one window, in a ``with``; ``settings`` are written to the home first.

    Keys go to whatever window is in front, and there to what has the focus, as real ones do.
    """

    def __init__(
        self,
        home: Path,
        url: str,
        *,
        name: str = "",
        size: tuple[int, int] = (1280, 800),
        theme: ThemeName = "dark",
        **settings: Any,
    ) -> None:
        self.home = place = home_at(home)
        save_settings(place, msgspec.structs.replace(Settings(), **settings))
        # As the program finds it, or its other commands would look into another folder.
        account = AccountBook(place).resolve(None, {"CLOUDINARY_URL": url})
        if name:
            account = parse_cloudinary_url(url, name=name)
        assert account is not None
        self.station = open_station(StationSpec(place, account))
        self.session = self.station.session
        application = make_application()
        colours = Theme(theme)
        colours.apply(application)
        self.window = StationWindow(self.station, colours)
        self.window.resize(*size)
        # Away from the buttons, or one of them looks chosen.
        QCursor.setPos(self.window.mapToGlobal(QPoint(480, 320)))
        self._bridge = EventBridge(self.station.mailbox)
        self.window.show()
        self.window.activateWindow()
        self.station.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the window, then the station, as the program does."""
        self.window.close()
        self._bridge.close()
        self.station.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()

    # -- waiting

    def until(self, condition: Callable[[], object], what: str = "it never happened") -> None:
        """Run the event loop until something is so."""
        if condition():
            return
        end = time.monotonic() + PATIENCE
        loop, timer = QEventLoop(), QTimer()
        timer.timeout.connect(
            lambda: loop.quit() if condition() or time.monotonic() > end else None
        )
        timer.start(_CHECK_MS)
        loop.exec()
        timer.stop()
        assert condition(), f"{what}; on the stage {self.current}; it said: {self.message}"

    def seen(self) -> str:
        """Wait until the image on the stage may be decided; its public ID."""

        def seen() -> bool:
            return (
                self.painted_long_enough(self.session.looking.look) and self.window.stage.reported
            )

        self.until(seen, "the image was not shown")
        assert self.current is not None
        return self.current

    def painted_long_enough(self, look: Look) -> bool:
        """An image was on the screen as long as the rules ask."""
        shown = look.painted_for(time.monotonic())
        return shown is not None and shown >= self.session.rules.painted_before

    def read(self) -> None:
        """Look as long as the rules ask before the next key counts."""
        end = time.monotonic() + self.session.rules.painted_before
        self.until(lambda: time.monotonic() > end)

    def back(self) -> None:
        """Wait until the dialog in front is gone; the station's window has the keys again."""
        self.until(lambda: self.front is self.window, "the dialog stayed")
        # Window systems do so; Qt's offscreen platform leaves no window active.
        self.window.activateWindow()
        self.until(self.window.isActiveWindow, "the window did not come back")

    def at_rest(self) -> None:
        """Wait until every panel shows what is so now."""
        self.until(lambda: self.window.catching_up.done, "the panels never followed")

    def settled(self) -> None:
        """Wait until the store has answered everything, and pictures that were asked for are here.

        What comes from the network has no end that could be waited for.
        """
        for _ in range(3):
            done: list[object] = []
            self.station.outbox.read(UNSENT, done.append, _raise)
            self.until(lambda done=done: done, "the store does not answer")
            self.at_rest()

    # -- keys

    @property
    def front(self) -> QWidget:
        """The window that gets the keys: a dialog, or the station's."""
        return QApplication.activeModalWidget() or self.window

    def down(self, chord: str, text: str = "") -> None:
        """Press a key and keep it down."""
        self._send(QTest.KeyAction.Press, key_event(chord, text=text))

    def up(self, chord: str, text: str = "") -> None:
        """Let a key go."""
        self._send(QTest.KeyAction.Release, key_event(chord, press=False, text=text))

    def press(self, *chords: str, text: str = "") -> None:
        """Press and let go of keys, one after the other."""
        for chord in chords:
            self.down(chord, text)
            self.up(chord, text)

    def type(self, text: str) -> None:
        """Type into whatever has the focus, in capitals where they stand."""
        for char in text:
            self.press("Space" if char == " " else char, text=char)

    def _send(self, action: QTest.KeyAction, event: QKeyEvent) -> None:
        # By way of the window system's side of Qt, which alone knows the shortcuts of dialogs.
        handle = self.front.windowHandle()
        key = Qt.Key(event.key())
        QTest.sendKeyEvent(action, handle, key, event.text(), event.modifiers())

    # -- looking

    @property
    def current(self) -> str | None:
        """The public ID on the stage, or under the focus of the sheet."""
        entry = self.session.current
        return entry.asset.ref.public_id if entry else None

    @property
    def message(self) -> str:
        """The line under the image."""
        return self.window.message.text

    def revealed(self) -> float:
        """Seconds the image on the stage was on the screen uncovered."""
        return self.session.looking.look.revealed_for(time.monotonic())

    @property
    def sheet(self) -> GridPanel:
        """The contact sheet, once it was opened."""
        assert self.window.grid is not None
        return self.window.grid

    def tiles(self) -> list[str]:
        """The public IDs on the sheet that are in memory, in order."""
        tiles = self.sheet.grid.tiles
        return [_public_id(tiles[number]) for number in range(len(tiles))]

    def marked(self) -> list[str]:
        """The public IDs that are marked."""
        return [_public_id(tile) for tile in self.sheet.grid.tiles.marked]

    def whole_tiles(self) -> list[str]:
        """Wait until the tiles that are seen from edge to edge may be decided; their public IDs.

        None only if the queue is empty.
        """
        grid = self.sheet.grid

        def shown() -> bool:
            looks = [grid.tiles[number].look for number in grid.layout.whole(grid.offset)]
            if not looks:
                return self.session.current is None and self.session.counts.waiting == 0
            return all(map(self.painted_long_enough, looks))

        self.until(shown, "the tiles were not shown")
        return [_public_id(grid.tiles[number]) for number in grid.layout.whole(grid.offset)]


def _public_id(tile: Tile) -> str:
    return tile.entry.asset.ref.public_id


def _raise(error: BaseException) -> None:
    raise error
