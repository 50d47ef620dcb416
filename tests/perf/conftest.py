"""The bench: one report for the run, a folder for what it needs, programs of their own to measure.

What is measured runs in processes of its own, so that neither pytest nor the settings of the test
suite (warnings as errors, no screen) are part of the figure.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.perf_backlog import KINDS, fingerprint, leave_unfinished
from helpers.perf_desks import Desk, make_desk
from helpers.perf_figures import Report, Section
from helpers.perf_photos import SMALL, TWELVE_MEGAPIXELS, photos
from helpers.perf_programs import COMPILED
from helpers.perf_services import scripted
from modstation.store.likeness import KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where the figures go as JSON, for the README.
JSON_VARIABLE = "MODSTATION_BENCH_JSON"

_report = Report()


@pytest.fixture
def section(request: pytest.FixtureRequest) -> Iterator[Section]:
    """The section named by the test's first docstring line; a missed budget fails the test."""
    documented = (request.function.__doc__ or request.node.name).strip()
    part = Section(_report, documented.splitlines()[0].rstrip("."))
    yield part
    missed = _report.missed(part.name)
    if missed:
        pytest.fail("\n".join(missed), pytrace=False)


@pytest.fixture(scope="session")
def bench_folder() -> Iterator[Path]:
    """A folder that is gone after the run: pytest would keep gigabytes of three runs."""
    with tempfile.TemporaryDirectory(prefix="modstation-bench-") as folder:
        yield Path(folder)
    shutil.rmtree(COMPILED, ignore_errors=True)


@pytest.fixture(scope="session")
def large_photos(bench_folder: Path) -> list[Path]:
    """A dozen JPEGs of 12 megapixels."""
    return _written(bench_folder / "photos-12mp", photos(TWELVE_MEGAPIXELS))


@pytest.fixture(scope="session")
def small_photos(bench_folder: Path) -> list[Path]:
    """A dozen JPEGs of 1280 by 960 pixels."""
    return _written(bench_folder / "photos-1280", photos(SMALL))


@pytest.fixture(scope="session")
def service_url(small_photos: list[Path]) -> Iterator[str]:
    """The CLOUDINARY_URL of a scripted service with a million pending images."""
    with scripted(1_000_000, 50, small_photos[0]) as (_, url):
        yield url


@pytest.fixture(scope="session")
def hundred(bench_folder: Path, service_url: str, small_photos: list[Path]) -> Desk:
    """A station's home with a hundred pending images."""
    return make_desk(bench_folder / "hundred", service_url, 100, small_photos, cached=12)


@pytest.fixture(scope="session")
def million(bench_folder: Path, service_url: str, small_photos: list[Path]) -> Desk:
    """A station's home with a million pending images."""
    return make_desk(bench_folder / "million", service_url, 1_000_000, small_photos, cached=12)


@pytest.fixture(scope="session")
def hundred_mixed(bench_folder: Path, service_url: str, small_photos: list[Path]) -> Desk:
    """A hundred pending images of two kinds, all fingerprinted."""
    return _mixed(bench_folder / "hundred-mixed", service_url, 100, small_photos)


@pytest.fixture(scope="session")
def million_mixed(bench_folder: Path, service_url: str, small_photos: list[Path]) -> Desk:
    """A million pending images of two kinds, as many of them fingerprinted as are kept."""
    return _mixed(bench_folder / "million-mixed", service_url, 1_000_000, small_photos)


def _mixed(home: Path, url: str, count: int, pictures: list[Path]) -> Desk:
    desk = make_desk(home, url, count, pictures, cached=0, kinds=KINDS)
    fingerprint(desk.database, min(count, KEPT))
    return desk


@pytest.fixture(scope="session")
def small_desk(bench_folder: Path, service_url: str, small_photos: list[Path]) -> Desk:
    """A home with 500 images of 1280 by 960 pixels, all of them cached."""
    return make_desk(bench_folder / "small", service_url, 500, small_photos, cached=500)


@pytest.fixture(scope="session")
def thousand_desk(bench_folder: Path, service_url: str, small_photos: list[Path]) -> Desk:
    """A home with 1,200 images of 1280 by 960 pixels, all of them cached."""
    return make_desk(bench_folder / "thousand", service_url, 1_200, small_photos, cached=1_200)


@pytest.fixture(scope="session")
def large_desk(bench_folder: Path, service_url: str, large_photos: list[Path]) -> Desk:
    """A home with 220 images of 12 megapixels, all of them cached as they were uploaded."""
    return make_desk(bench_folder / "large", service_url, 220, large_photos, cached=220)


@pytest.fixture(scope="session")
def busy_desk(bench_folder: Path, service_url: str, small_photos: list[Path]) -> Desk:
    """A home whose queue is only begun to be pulled: 999,500 more images are listed."""
    desk = make_desk(bench_folder / "busy", service_url, 500, small_photos, cached=500)
    leave_unfinished(desk.database, "500")
    return desk


def _written(folder: Path, bodies: list[bytes]) -> list[Path]:
    folder.mkdir()
    paths = []
    for number, body in enumerate(bodies):
        path = folder / f"{number:02}.jpg"
        path.write_bytes(body)
        paths.append(path)
    return paths


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the report, whatever became of the tests."""
    if not _report.rows and not _report.checks:
        return
    terminalreporter.section("bench")
    terminalreporter.write_line(_report.text())
    target = os.environ.get(JSON_VARIABLE)
    if target:
        _report.write_json(Path(target))
        terminalreporter.write_line(f"written to {target}")
