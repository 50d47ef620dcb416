"""A network process on a data folder, and patience with a limit."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from modstation.app.network_link import NetworkLink
from modstation.app.network_messages import NetworkSpec
from modstation.app.paths import AccountFolder, make_private_folder
from modstation.app.settings import Settings
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.events import Connection, ConnectionChanged, Event, ImageCached
from modstation.core.queue import QueueView
from modstation.store.station_store import StationStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.live_service import LiveService

PATIENCE = 30.0


def eventually(condition: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
    """Wait until it is so; the test fails after ``PATIENCE`` seconds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"it never came to be so: {what()}"
        threading.Event().wait(0.01)


class NetworkDesk:
    """A link to a real network process, and the station's own connection to the database."""

    def __init__(self, home: Path, service: LiveService, **changes: Any) -> None:
        self.home = home
        self.folder = AccountFolder(home / "account")
        make_private_folder(self.folder.path)
        self.credentials = parse_cloudinary_url(service.cloudinary_url)
        self.spec = replace(
            NetworkSpec.of(
                credentials=self.credentials,
                folder=self.folder,
                log=home / "log",
                view=QueueView(),
                settings=Settings(refresh_seconds=5),
            ),
            **changes,
        )
        self.events: list[Event] = []
        self.crashes: list[BaseException] = []
        self.link = NetworkLink(self.spec, on_event=self.events.append, crashed=self.crashes.append)

    def open_store(self) -> StationStore:
        return StationStore.open(self.folder.station_db, clock=SystemClock(), ids=TimeOrderedIds())

    def __enter__(self) -> Self:
        self.store = self.open_store()
        self.link.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.link.close()
        self.store.close()
        assert not self.crashes, self.crashes

    def connections(self) -> list[Connection]:
        return [e.connection for e in list(self.events) if isinstance(e, ConnectionChanged)]

    def cached(self) -> set[str]:
        return {e.key for e in list(self.events) if isinstance(e, ImageCached)}

    def fetched(self) -> set[tuple[str, str]]:
        return {(e.key, e.rendition) for e in list(self.events) if isinstance(e, ImageCached)}

    def online(self) -> None:
        eventually(lambda: self.connections()[-1:] == [Connection.ONLINE], self.connections)

    def waiting(self) -> int:
        return self.store.counts(QueueView()).waiting
