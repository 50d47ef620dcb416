"""What the bench's Qt programs share: keys sent as a window system sends them, and questions."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEventLoop, QSocketNotifier, Qt
from PySide6.QtTest import QTest

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication, QWidget


@dataclass(slots=True)
class Painted:
    """Counts the paints of a picture."""

    count: int = 0


def press(window: QWidget, key: Qt.Key) -> None:
    """A key press by the way the window system delivers it: shortcuts, filters, focus."""
    QTest.keyPress(window.windowHandle(), key)


def release(window: QWidget, key: Qt.Key) -> None:
    QTest.keyRelease(window.windowHandle(), key)


def press_until_painted(window: QWidget, key: Qt.Key, painted: Painted) -> float:
    """Milliseconds from a key press until the paint it caused is flushed to the window system."""
    seen = painted.count
    start = time.perf_counter()
    press(window, key)
    while painted.count == seen:
        spin()
        assert time.perf_counter() < start + 10, "nothing was painted"
    taken = (time.perf_counter() - start) * 1000
    release(window, key)
    rest(0.01)
    return taken


def spin() -> None:
    """Handle what is there, or sleep until the next event.

    To look again and again instead would keep the interpreter from the store thread: a decision
    then took 9 ms where it takes 1.
    """
    QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def rest(seconds: float) -> None:
    """Let the event loop run for a while."""
    loop_end = time.perf_counter() + seconds
    while (left := loop_end - time.perf_counter()) > 0:
        QTest.qWait(max(1, int(left * 1000)))


def questions(app: QApplication, answer: Callable[[Any], object]) -> None:
    """Answer JSON lines from standard input while the event loop runs; return at their end."""
    loop = QEventLoop()
    notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)

    def read() -> None:
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return
        notifier.setEnabled(False)
        try:
            print(json.dumps(answer(json.loads(line))), flush=True)
        except BaseException:  # noqa: BLE001 - told, and the program ends
            # An exception does not leave a slot: without an answer the bench would wait for ever.
            traceback.print_exc()
            os._exit(1)
        notifier.setEnabled(True)

    notifier.activated.connect(read)
    loop.exec()
    notifier.setEnabled(False)
    app.processEvents()
