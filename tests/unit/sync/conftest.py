"""Desks for the engine's stories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helpers.assets import MANUAL_PENDING
from helpers.sync_desk import Desk
from modstation.sync.settings import SyncSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helpers.scripted_service import ScriptedService
    from modstation.core.queue import QueueView


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes a desk that has pulled its queue; keywords are the engine's settings."""
    made: list[Desk] = []

    def make(
        service: ScriptedService, *, view: QueueView = MANUAL_PENDING, **settings: Any
    ) -> Desk:
        desk = Desk(tmp_path, service, SyncSettings(**settings), view)
        made.append(desk)
        desk.pull()
        return desk

    yield make
    for desk in made:
        desk.close()
