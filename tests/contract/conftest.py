"""The official SDK, unmodified, pointed at a live service by ``CLOUDINARY_URL`` alone."""

from __future__ import annotations

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
    with LiveService(tmp_path) as live:
        monkeypatch.setenv("CLOUDINARY_URL", live.cloudinary_url)
        cloudinary.reset_config()
        yield live
        # The SDK keeps its connections in module globals.
        call_api._http.clear()
        cloudinary.uploader._http.clear()
    monkeypatch.undo()
    cloudinary.reset_config()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening
