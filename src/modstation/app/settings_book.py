"""The settings while the program runs: changed in one place, told at once, written beside."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, NoReturn

import msgspec

from modstation.app.setting_table import changed
from modstation.app.settings_file import change_settings
from modstation.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.paths import Home
    from modstation.app.settings import Settings


class SettingsBook:
    """What counts now, and the one way to change it; all methods run on the window's thread.

    A change counts at once and its listeners are told; a thread that lives as long as there is
    something to write puts it on the disk, so that no key ever waits for one. Only the settings
    that were changed are written: another window of the same person keeps its own.
    ``post`` brings a call to the window's thread. ``problems`` is what was wrong with the file.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        problems: tuple[str, ...] = (),
        *,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self.home = home
        self.current = settings
        self.problems = problems
        self._post = post
        self._listeners: list[Callable[[Settings, Settings], None]] = []
        self._failed: Callable[[SettingsError], None] | None = None
        self._lock = threading.Lock()
        self._unwritten: deque[Callable[[], object]] = deque()
        self._writer: threading.Thread | None = None

    def listen(self, listener: Callable[[Settings, Settings], None]) -> None:
        """Call ``listener(before, after)`` at every change from now on."""
        self._listeners.append(listener)

    def on_failure(self, failed: Callable[[SettingsError], None]) -> None:
        """Call ``failed`` if a change counts but could not be written."""
        self._failed = failed

    def change(self, **values: object) -> Settings:
        """Let other values count from now on; ``SettingsError`` says what is not allowed."""
        before, after = self.current, changed(self.current, values)
        values = {
            name: value for name, value in msgspec.to_builtins(after).items() if name in values
        }
        if before == after:
            return after
        self.current = after
        for listener in self._listeners:
            listener(before, after)
        self.write_later(lambda: change_settings(self.home, values))
        return after

    def write_later(self, task: Callable[[], object]) -> None:
        """Write something after what is written already; ``SettingsError`` reaches the window."""
        with self._lock:
            self._unwritten.append(task)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="settings")
                self._writer.start()

    def close(self) -> None:
        """Wait until everything is written."""
        with self._lock:
            writer = self._writer
        if writer is not None:
            writer.join()

    def _write(self) -> None:
        while True:
            with self._lock:
                if not self._unwritten:
                    self._writer = None
                    return
                task = self._unwritten.popleft()
            try:
                task()
            except SettingsError as error:
                self._tell(error)
            except BaseException as error:  # noqa: BLE001 - carried to the window's thread
                self._crash(error)

    def _tell(self, error: SettingsError) -> None:
        def tell() -> None:
            if self._failed is not None:
                self._failed(error)

        self._post(tell)

    def _crash(self, error: BaseException) -> None:
        def again() -> NoReturn:
            raise error

        self._post(again)
