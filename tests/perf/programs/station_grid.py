"""The real station with its contact sheet open: what one step of scrolling takes to paint.

Arguments: the window's width and height. MODSTATION_HOME and CLOUDINARY_URL say which station. It
says so once every tile of the first screen is shown, then answers:

{"scroll": N, "by": P}  N steps of P pixels through tiles that are decoded; milliseconds of each
{"through": N, "by": P} the same at 60 steps a second from the start through N tiles, decoding on
                        the way; also how many tiles were seen and how many of them had a picture
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modstation.app.accounts import AccountBook
from modstation.app.bootstrap import StationSpec, open_station
from modstation.app.paths import find_home
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

    from modstation.app.station import Station
    from modstation.ui.grid_panel import GridPanel

DEADLINE = 60.0
RATE = 60


@dataclass(slots=True)
class Driver:
    """Scrolls as the wheel does, and paints within the step."""

    panel: GridPanel

    def answer(self, question: dict[str, Any]) -> object:
        if "scroll" in question:
            return self._scroll(question["scroll"], question["by"])
        return self._through(question["through"], question["by"])

    def _step(self, by: int) -> tuple[float, float]:
        """Milliseconds by the clock, and of this thread's processor time."""
        start, busy = time.perf_counter(), time.thread_time()
        self.panel.grid.scroll(by)
        self.panel.sheet.repaint()
        return (time.perf_counter() - start) * 1000, (time.thread_time() - busy) * 1000

    def _scroll(self, steps: int, by: int) -> object:
        """Down and up again over a screen whose tiles are ready."""
        taken = [self._step(by if step % 2 == 0 else -by) for step in range(steps)]
        return {"painted": [step[0] for step in taken], "busy": [step[1] for step in taken]}

    def _through(self, tiles: int, by: int) -> object:
        from helpers.perf_qt import rest

        grid = self.panel.grid
        grid.scroll_to(0)
        taken: list[tuple[float, float]] = []
        seen, with_picture = set[str](), set[str]()
        start = time.perf_counter()
        while len(seen) < tiles:
            assert time.perf_counter() < start + DEADLINE, f"{len(seen)} tiles"
            late = start + len(taken) / RATE - time.perf_counter()
            if late > 0:
                rest(late)
            taken.append(self._step(by))
            for tile, _, result in grid.seen():
                seen.add(tile.key)
                if isinstance(result, Frame):
                    with_picture.add(tile.key)
        return {
            "painted": [step[0] for step in taken],
            "busy": [step[1] for step in taken],
            "seen": len(seen),
            "with_picture": len(with_picture),
        }


def until(condition: Callable[[], bool], what: str) -> None:
    from helpers.perf_qt import rest

    end = time.perf_counter() + DEADLINE
    while not condition():
        assert time.perf_counter() < end, what
        rest(0.01)


def main() -> None:
    home = find_home(None)
    credentials = AccountBook(home).resolve(None)
    assert credentials is not None
    station = open_station(StationSpec(home=home, credentials=credentials, offline=True))
    from modstation.ui.application import make_application

    app = make_application()
    try:
        _serve(app, station, int(sys.argv[1]), int(sys.argv[2]))
    finally:
        station.close()


def _serve(app: QApplication, station: Station, width: int, height: int) -> None:
    from helpers.perf_qt import questions
    from modstation.ui.bridge import EventBridge
    from modstation.ui.theme import Theme
    from modstation.ui.window import StationWindow

    theme = Theme("dark")
    theme.apply(app)
    bridge = EventBridge(station.mailbox)
    window = StationWindow(station, theme)
    window.resize(width, height)
    window.show()
    station.start()
    until(lambda: station.session.current is not None, "no image came")
    window.run("grid")
    panel = window.grid
    assert panel is not None
    until(lambda: panel.sheet.loaded, "the first tiles never came")
    print(json.dumps({"columns": panel.grid.layout.columns}), flush=True)
    questions(app, Driver(panel).answer)
    window.close()
    bridge.close()


if __name__ == "__main__":
    main()
