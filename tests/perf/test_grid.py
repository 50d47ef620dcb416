"""The contact sheet: one step of scrolling, and a thousand tiles at 60 steps a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.perf_figures import Figures
from helpers.perf_programs import Program

if TYPE_CHECKING:
    from helpers.perf_desks import Desk
    from helpers.perf_figures import Section

pytestmark = pytest.mark.perf

SIZE = ("1600", "1000")
FRAME = 16.7  # milliseconds at 60 Hz
ROUNDS = 2
TILES = 1000


def test_scrolling(section: Section, thousand_desk: Desk) -> None:
    """Contact sheet of 1,000 tiles, photos of 1280 × 960, window of 1600 × 1000."""
    ready, through, busy = [], [], []
    with Program("station_grid.py", *SIZE, env=thousand_desk.env) as program:
        program.hear()
        for _ in range(ROUNDS):
            ready.append(program.ask(scroll=120, by=40)["painted"])
            answer = program.ask(through=TILES, by=30)
            through.append(answer["painted"])
            busy.append(answer["busy"])
    at_rest, on_the_way = Figures.of(ready), Figures.of(through)
    section.row("one step over tiles that are decoded", at_rest)
    section.row("one step on the way through 1,000 tiles, decoding", on_the_way)
    section.row("of that, the window's own processor time", Figures.of(busy))
    section.check("one step, p99", at_rest.p99, FRAME, unit="ms")
    section.check("one step on the way, p99", on_the_way.p99, FRAME, unit="ms")
    section.note(f"{answer['with_picture']} of {answer['seen']} tiles had a picture in passing")
