"""What a million pending images change: opening the window, memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.perf_figures import Figures
from helpers.perf_photos import COLOURS
from helpers.perf_programs import PROGRAMS, Program, environment, family, pss_mib
from helpers.perf_screen import Screen

if TYPE_CHECKING:
    from helpers.perf_desks import Desk
    from helpers.perf_figures import Section

# The station's programs, by what stands in their command lines.
PARTS = {
    "network_process": "network process",
    "decode_worker": "decode process",
    "fingerprint_worker": "fingerprint process",
    "station_keys": "station",
}

pytestmark = pytest.mark.perf

STARTS = 6
DECIDED = 2000
SECONDS = 30.0


@pytest.mark.skipif("DISPLAY" not in os.environ, reason="only a screen shows the first image")
def test_start(section: Section, hundred: Desk, million: Desk, small_photos: list[Path]) -> None:
    """Start to first image on the screen, the picture being in the cache."""
    review = [sys.executable, "-m", "modstation", "review"]
    commands = {
        "bare PySide6 window": (
            [sys.executable, str(PROGRAMS / "bare_image.py"), str(small_photos[0])],
            {},
        ),
        "modstation review, 100 pending": (review, hundred.env),
        "modstation review, 1,000,000 pending": (review, million.env),
    }
    times: dict[str, list[list[float]]] = {name: [] for name in commands}
    places: dict[str, tuple[int, int]] = {}
    with Screen() as screen:
        for name, (command, env) in commands.items():
            places[name] = _where(screen, command, env)
        for _ in range(STARTS):
            for name, (command, env) in commands.items():
                times[name].append([_until_seen(screen, command, env, places[name])])
    bare, few, many = (Figures.of(rounds) for rounds in times.values())
    for name, rounds in times.items():
        section.row(name, Figures.of(rounds))
    section.check("against the bare window", few.ratio_to(bare), 2)
    section.check("1,000,000 pending against 100", many.ratio_to(few), 1.2)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells proportional memory")
def test_memory(section: Section, million: Desk) -> None:
    """Memory with 1,000,000 pending images, over all processes of the station."""
    arguments = ("1600", "1000", "online", "0", "10")
    with Program("station_keys.py", *arguments, env=million.env) as station:
        station.hear()
        fresh = sum(_weights(station).values())
        station.ask(pace=DECIDED)
        station.ask(ready=8, rest=1)
        weights = _weights(station)
    section.row("right after the start", Figures.of([[fresh]], "MiB PSS"))
    section.row(f"after {DECIDED} decisions", Figures.of([[sum(weights.values())]], "MiB PSS"))
    section.note(", ".join(f"{name} {weight:.0f} MiB" for name, weight in weights.items()))
    section.check(f"after {DECIDED} decisions", sum(weights.values()), 350, unit="MiB")


def _weights(station: Program) -> dict[str, float]:
    found: dict[str, float] = {}
    for pid, weight in pss_mib(family(station.pid)).items():
        command = Path(f"/proc/{pid}/cmdline").read_text()
        part = next(name for word, name in PARTS.items() if word in command)
        found[part] = found.get(part, 0) + weight
    return found


def _where(screen: Screen, command: list[str], env: dict[str, str]) -> tuple[int, int]:
    """Where on the screen the first picture's mark comes to be."""
    process = _start(command, env)
    try:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            place = screen.find(COLOURS[0])
            if place is not None:
                return place
            time.sleep(0.1)
        pytest.fail(f"{command[-2:]} showed no picture")
    finally:
        _stop(process)


def _until_seen(
    screen: Screen, command: list[str], env: dict[str, str], place: tuple[int, int]
) -> float:
    """Milliseconds until the picture is on the screen, seen from outside."""
    assert not _is_mark(screen.pixel(*place))
    start = time.perf_counter()
    process = _start(command, env)
    try:
        while not _is_mark(screen.pixel(*place)):
            assert time.perf_counter() < start + SECONDS
            time.sleep(0.001)
        return (time.perf_counter() - start) * 1000
    finally:
        _stop(process)


def _is_mark(pixel: bytes) -> bool:
    blue, green, red = pixel
    return all(abs(a - b) < 24 for a, b in zip((red, green, blue), COLOURS[0], strict=True))


def _start(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment(env))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # The window goes with its connection; the next start begins on an empty screen.
    time.sleep(0.5)
