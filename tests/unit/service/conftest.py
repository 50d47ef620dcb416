"""A live service per test or per file, and one without a server whose clock stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService
from modstation.core.clock import CountingIds, ManualClock
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def live(tmp_path: Path, database: str | None) -> Iterator[LiveService]:
    with LiveService(tmp_path, database=database) as service:
        yield service


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """One service for a whole file, for tests that look only at what they made themselves."""
    with LiveService(tmp_path_factory.mktemp("shared")) as service:
        # Its worker thread starts now, so that no test seems to leave it behind.
        assert service.request("GET", "/ping").status_code == 200
        yield service


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def still(tmp_path: Path, clock: ManualClock, database: str | None) -> Iterator[Service]:
    settings = ServiceSettings(
        tmp_path / "still",
        cloud="still",
        notification_timeout=2.0,
        database=database,
        allow_networks=("127.0.0.0/8",),
    )
    service = Service(settings, clock=clock, ids=CountingIds())
    yield service
    service.close()
