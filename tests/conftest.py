"""What holds for every test: a home of its own, nothing left running, no surprise in the log."""

from __future__ import annotations

import gc
import logging
import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from helpers import leftovers, object_storage, postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Sentences are compared in English, whatever the desktop speaks.
os.environ["LC_ALL"] = "C.UTF-8"
# Before anything imports Qt: no screen is needed, unless someone wants to look on.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# No test, nor a process it starts, sees the person's keyring; helpers.keyrings has some to choose.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

# Examples stay random, in CI too: a failure prints the blob that repeats it.
settings.register_profile("modstation", deadline=None, print_blob=True)
settings.load_profile("modstation")

GRACE_SECONDS = 3.0


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later search for timers: 80 ms for each test of Qt."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """One PostgreSQL server for the run; a test takes a database of it."""
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.Cluster() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[object_storage.ObjectStorage]:
    """One S3 endpoint for the run; a test takes a bucket of it."""
    if reason := object_storage.missing():
        pytest.skip(reason)
    with object_storage.ObjectStorage() as endpoint:
        yield endpoint


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a database of the test's own; None: a file in the data folder."""
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("cluster").database() as url:
        yield url


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder this test's modstation lives in; nothing of the person's own is seen."""
    home = tmp_path / "home"
    monkeypatch.setenv("MODSTATION_HOME", str(home))
    monkeypatch.delenv("CLOUDINARY_URL", raising=False)
    return home


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process, or a timer or thread of Qt's."""
    uses_qt = "qapp" in request.fixturenames
    threads, processes = leftovers.threads(), leftovers.processes()
    timers = leftovers.qt_objects() if uses_qt else {}
    yield
    left = leftovers.wait_until_gone(threads, processes, GRACE_SECONDS)
    if left:
        pytest.fail(f"left running: {left}", pytrace=False)
    if uses_qt:
        new = {key: what for key, what in leftovers.qt_objects().items() if key not in timers}
        if new:
            pytest.fail(f"left running: {', '.join(sorted(new.values()))}", pytrace=False)


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture
def _allowed_logs() -> list[re.Pattern[str]]:
    return []


@pytest.fixture
def allow_log(_allowed_logs: list[re.Pattern[str]]) -> Callable[[str], None]:
    """``allow_log(pattern)``: a warning whose ``logger: message`` the pattern finds is expected."""
    return lambda pattern: _allowed_logs.append(re.compile(pattern))


@pytest.fixture(autouse=True)
def no_unexpected_warning_in_the_log(_allowed_logs: list[re.Pattern[str]]) -> Iterator[None]:
    """Fail a test that logs a WARNING or worse which it did not allow."""
    handler = _Warnings()
    root = logging.getLogger()
    root.addHandler(handler)
    yield
    root.removeHandler(handler)
    odd = [line for line in handler.lines if not any(p.search(line) for p in _allowed_logs)]
    if odd:
        pytest.fail("unexpected in the log:\n" + "\n".join(odd), pytrace=False)
