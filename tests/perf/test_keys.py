"""From a key to the next image: on the screen, on the disk, under load, at speed."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from helpers.perf_figures import Figures
from helpers.perf_programs import Program
from helpers.perf_screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.perf_desks import Desk
    from helpers.perf_figures import Section

pytestmark = pytest.mark.perf

SIZE = ("1600", "1000")
ROUNDS = 3
# Short ones in turn: other work on the machine comes and goes.
LOAD_ROUNDS, LOAD_KEYS = 6, 20
PACED, READY = 21, 8
FRAME = 16.7  # milliseconds at 60 Hz
LONG_HOLD = "300"  # seconds; nothing becomes due during a measurement


def test_small_photos(section: Section, small_desk: Desk, small_photos: list[Path]) -> None:
    """Key to next image, photos of 1280 × 960, window of 1600 × 1000."""
    _keys(section, small_desk, small_photos, keys=60)


def test_large_photos(section: Section, large_desk: Desk, large_photos: list[Path]) -> None:
    """Key to next image, photos of 12 megapixels, window of 1600 × 1000."""
    _keys(section, large_desk, large_photos, keys=25)


def _keys(section: Section, desk: Desk, photos: list[Path], *, keys: int) -> None:
    told, bare_told, bare_pixels, viewer_pixels, pixels = [], [], [], [], []
    with (
        _station(desk, "offline", "0") as (station, info),
        _bare(desk, info, photos) as (bare, bare_info),
        _viewer(info, photos) as (viewer, viewer_info),
    ):
        for _ in range(ROUNDS):
            bare_told.append(bare.ask(keys=keys))
            told.append(station.ask(keys=keys))
        if "DISPLAY" in os.environ:
            with Screen() as screen:
                for _ in range(ROUNDS):
                    bare_pixels.append(_pixels(screen, bare, bare_info, keys // 4))
                    viewer_pixels.append(_pixels(screen, viewer, viewer_info, keys // 4))
                    pixels.append(_pixels(screen, station, info, keys // 4))
    painted = Figures.of([answer["painted"] for answer in told])
    bare_painted = Figures.of([answer["painted"] for answer in bare_told])
    durable = Figures.of([answer["durable"] for answer in told])
    section.row("key → painted", painted)
    section.row("bare widget of the stage's size swapping pixmaps", bare_painted)
    if pixels:
        section.row("key → pixels, seen from outside", Figures.of(pixels))
        section.row("the same for the bare widget", Figures.of(bare_pixels))
        section.row("the same for a label with one picture read ahead", Figures.of(viewer_pixels))
    section.row("key → event loop free again", Figures.of([a["handled"] for a in told]))
    section.row("key → durable (FULL)", durable)
    commits = Figures.of([answer["committed"] for answer in bare_told])
    section.row("a bare FULL commit of one row", commits)
    section.row("key → DecisionSaved told to the window", Figures.of([a["told"] for a in told]))
    section.check("key → painted, p99", painted.p99, FRAME, unit="ms")
    section.check("key → painted, p50 against the bare widget", painted.ratio_to(bare_painted), 1.5)
    section.check("key → durable, p99", durable.p99, 25, unit="ms")
    if pixels:
        against = Figures.of(pixels).ratio_to(Figures.of(viewer_pixels))
        section.check("key → pixels, p50 against the label with one read ahead", against, 1)


def test_under_load(section: Section, busy_desk: Desk) -> None:
    """Key to next image while a million rows are pulled and the outbox drains."""
    idle, busy, pulled, posted = [], [], 0, 0
    with _station(busy_desk, "offline", "0", hold="0") as (station, _):
        station.ask(keys=5)
        for _ in range(LOAD_ROUNDS):
            idle.append(station.ask(keys=LOAD_KEYS)["painted"])
            station.ask(offline=False, rest=1)
            before = station.ask()["counts"]
            busy.append(station.ask(keys=LOAD_KEYS)["painted"])
            answer = station.ask()
            assert answer["connection"] == "online", answer
            pulled += answer["counts"]["waiting"] - before["waiting"] + LOAD_KEYS
            posted += answer["counts"]["done"] - before["done"]
            station.ask(offline=True, rest=1)
    assert pulled > 0
    assert posted > 0
    at_rest, at_work = Figures.of(idle), Figures.of(busy)
    section.row("key → painted, network idle", at_rest)
    section.row("key → painted, pulling and posting", at_work)
    section.check("p50 against idle", at_work.ratio_to(at_rest), 2)
    section.check("p99 against idle", at_work.p99 / at_rest.p99, 3)
    section.note(f"meanwhile {pulled:,} rows of the million were pulled, {posted} decisions posted")


def test_pace(section: Section, large_desk: Desk, large_photos: list[Path]) -> None:
    """Pace: the next key as soon as an image is painted, 12 megapixels, no least time on screen."""
    ours, bare = [], []
    files = [str(path) for path in large_photos]
    with _station(large_desk, "offline", "0") as (station, info):
        box = [str(length) for length in info["stage"]]
        with (
            Program("bare_decode.py", *box, *files) as first,
            Program("bare_decode.py", *box, *files) as second,
        ):
            for _ in range(ROUNDS):
                # Those that were decoded ahead at the start do not count.
                painted = station.ask(pace=PACED)["painted_at"][READY:]
                ours.append([(len(painted) - 1) / (painted[-1] - painted[0])])
                first.say(count=PACED // 3)
                second.say(count=PACED // 3)
                answers = [first.hear(), second.hear()]
                end, start = max(a["end"] for a in answers), min(a["start"] for a in answers)
                bare.append([PACED // 3 * 2 / (end - start)])
    pace, decoding = Figures.of(ours, "images/s"), Figures.of(bare, "images/s")
    section.row("images decided", pace)
    section.row("two bare Pillow loops: draft() and resize", decoding)
    section.check("against what two cores can decode", pace.ratio_to(decoding), 1, least=True)


def test_mashed(section: Section, large_desk: Desk) -> None:
    """Keys mashed at 30 a second over 40 photos of 12 megapixels, settings as shipped."""
    with _station(large_desk, "offline", "default") as (station, _):
        answer = station.ask(mash=40, rate=30)
    section.row("images decided", Figures.of([[answer["decided"] / answer["seconds"]]], "images/s"))
    section.check("photos shown", answer["shown"], 40, least=True, unit="of 40")
    section.check("grey frames", answer["grey"], 0, unit="frames")
    assert answer["in_order"]
    assert answer["decided"] == 40
    section.note(f"{answer['keys']} keys in {answer['seconds']:.1f} s; the others were refused")


@contextmanager
def _station(
    desk: Desk, connection: str, painted: str, *, hold: str = LONG_HOLD
) -> Iterator[tuple[Program, dict[str, list[int]]]]:
    with Program("station_keys.py", *SIZE, connection, painted, hold, env=desk.env) as program:
        yield program, program.hear()


@contextmanager
def _bare(
    desk: Desk, info: dict[str, list[int]], photos: list[Path]
) -> Iterator[tuple[Program, dict[str, list[int]]]]:
    size = [str(length) for length in info["stage"]]
    with Program("bare_swap.py", str(desk.home), *size, *size, *map(str, photos)) as program:
        yield program, program.hear()


@contextmanager
def _viewer(
    info: dict[str, list[int]], photos: list[Path]
) -> Iterator[tuple[Program, dict[str, list[int]]]]:
    size = [str(length) for length in info["stage"]]
    with Program("minimal_viewer.py", *size, *size, *map(str, photos)) as program:
        yield program, program.hear()


def _pixels(
    screen: Screen, program: Program, info: dict[str, list[int]], count: int
) -> list[float]:
    times = []
    key = screen.keycode(ord("a"))
    for _ in range(count):
        program.ask(ready=8)
        screen.raise_and_focus(info["window"])
        time.sleep(0.03)
        look = screen.press_and_look(key, *info["centre"])
        assert look is not None, "the picture on the screen did not change"
        times.append(look.milliseconds)
    return times
