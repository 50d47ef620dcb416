"""The official SDK, unmodified, pointed at a live service by ``CLOUDINARY_URL`` alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import cloudinary
import cloudinary.api
import cloudinary.uploader
import pytest
from cloudinary.api_client import call_api

from helpers.live_service import LiveService
from helpers.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live, _sdk_pointed_at(live, monkeypatch):
        yield live


@pytest.fixture(scope="module")
def _lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    with LiveService(tmp_path_factory.mktemp("lasting")) as live:
        # Its worker thread starts now, so that no test seems to leave it behind.
        assert live.request("GET", "/ping").status_code == 200
        yield live


@pytest.fixture
def lasting_service(
    _lasting: LiveService, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LiveService]:
    """One service for a whole file, for tests that look only at what they made themselves."""
    with _sdk_pointed_at(_lasting, monkeypatch):
        yield _lasting


@contextmanager
def _sdk_pointed_at(live: LiveService, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CLOUDINARY_URL", live.cloudinary_url)
    cloudinary.reset_config()
    yield
    # The SDK keeps its connections in module globals.
    call_api._http.clear()
    cloudinary.uploader._http.clear()
    monkeypatch.undo()
    cloudinary.reset_config()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening
