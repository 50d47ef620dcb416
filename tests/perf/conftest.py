"""The bench: one report for the run, a folder for what it needs, programs of their own to measure.

What is measured runs in processes of its own, so that neither pytest nor the settings of the test
suite (warnings as errors, no screen) are part of the figure.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.perf_figures import Report, Section
from helpers.perf_photos import SMALL, TWELVE_MEGAPIXELS, photos

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


@pytest.fixture(scope="session")
def large_photos(bench_folder: Path) -> list[Path]:
    """A dozen JPEGs of 12 megapixels."""
    return _written(bench_folder / "photos-12mp", photos(TWELVE_MEGAPIXELS))


@pytest.fixture(scope="session")
def small_photos(bench_folder: Path) -> list[Path]:
    """A dozen JPEGs of 1280 by 960 pixels."""
    return _written(bench_folder / "photos-1280", photos(SMALL))


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
