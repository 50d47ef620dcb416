"""One exchange with the service without a station: pull or push in this process, then end."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from random import SystemRandom
from typing import TYPE_CHECKING

from modstation.app.network_lock import NetworkLock
from modstation.app.unattended import opened_store
from modstation.core.clock import SystemClock
from modstation.core.errors import (
    MayNotPost,
    NotAuthorized,
    RemoteError,
    ReviewError,
    Throttled,
    Unknown,
    Unreachable,
)
from modstation.core.events import Connection, ConnectionChanged
from modstation.core.queue import QueueView
from modstation.remote.client import AdminClient
from modstation.sync.engine import SyncEngine
from modstation.sync.settings import SyncSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from modstation.app.paths import Home
    from modstation.app.settings import Settings
    from modstation.core.accounts import Credentials
    from modstation.core.clock import Clock
    from modstation.core.events import Event
    from modstation.core.queue import Counts
    from modstation.store.station_store import StationStore

STATION_OPEN = "station_open"
# A service in trouble is asked again this long; a person at a prompt does not wait for more.
PATIENCE = timedelta(seconds=20)

_ERRORS: dict[Connection, type[RemoteError]] = {
    Connection.OFFLINE: Unreachable,
    Connection.NOT_AUTHORIZED: NotAuthorized,
    Connection.MAY_NOT_POST: MayNotPost,
    Connection.THROTTLED: Throttled,
    Connection.TROUBLE: Unknown,
}


def _ignore(_steps: int) -> None:
    """Nobody wants to see the progress."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did; ``trouble`` says why it ended early, or is empty."""

    posted: int
    trouble: str


class Exchange:
    """The engine of one account, stepped until it has nothing more to do now."""

    def __init__(
        self,
        store: StationStore,
        client: AdminClient,
        *,
        view: QueueView,
        settings: SyncSettings,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self._store = store
        self._client = client
        self._view = view
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._last: ConnectionChanged | None = None

    def counts(self) -> Counts:
        """The counters as they are now."""
        return self._store.counts(self._view)

    def pull(self, *, limit: int | None = None, progress: Callable[[int], None] = _ignore) -> int:
        """List the queue to its end, or until about ``limit`` assets came; say how many.

        ``RemoteError`` if the service could not be listed to its end.
        """
        pulled = 0
        deadline = self._clock.now() + PATIENCE
        with self._engine(page=min(limit or self._settings.page, self._settings.page)) as engine:
            engine.refresh()
            while True:
                stepped = self._clock.now()
                report = engine.pull_once()
                if report.worked:
                    pulled += report.pulled
                    progress(report.pulled)
                    deadline = self._clock.now() + PATIENCE
                    if engine.listed():
                        return pulled
                    if limit is not None and pulled >= limit:
                        return pulled
                elif report.next_at is None:
                    # The backlog on this machine is full.
                    return pulled
                elif not self._wait(report.next_at, deadline, stepped):
                    raise self._trouble()

    def push(self, *, progress: Callable[[int], None] = _ignore) -> Pushed:
        """Post what is unsent, held decisions included, and say why if something is left."""
        self._store.release_held()
        posted, left = 0, self.counts().unsent
        if not left:
            return Pushed(0, "")
        deadline = self._clock.now() + PATIENCE
        with self._engine(page=self._settings.page) as engine:
            while True:
                stepped = self._clock.now()
                report = engine.push_once()
                posted += report.posted
                counts = self.counts()
                progress(max(0, left - counts.unsent))
                left = min(left, counts.unsent)
                if not counts.ready + counts.in_flight + counts.held:
                    return Pushed(posted, "")
                if report.worked:
                    deadline = self._clock.now() + PATIENCE
                    continue
                until = self._last.until if self._last else None
                again = max(filter(None, (until, self._store.next_due())), default=None)
                if again is None or not self._wait(again, deadline, stepped):
                    return Pushed(posted, self._why_left())

    @contextmanager
    def _engine(self, *, page: int) -> Iterator[SyncEngine]:
        self._last = None
        engine = SyncEngine(
            self._store,
            self._client,
            view=self._view,
            clock=self._clock,
            random=SystemRandom(),
            settings=replace(self._settings, page=page),
            notify=self._notice,
        )
        try:
            yield engine
        finally:
            engine.close()

    def _notice(self, event: Event) -> None:
        if isinstance(event, ConnectionChanged):
            self._last = event

    def _wait(self, moment: datetime, deadline: datetime, stepped: datetime) -> bool:
        """Wait for a moment to come; false if it is too far away, or was there at the last step.

        Then the engine, which stepped at ``stepped``, had its chance and declined (quota pacing).
        """
        if moment <= stepped or moment > deadline:
            return False
        if self._last is not None and self._last.connection is Connection.OFFLINE:
            return False
        self._sleep(max(0.0, (moment - self._clock.now()).total_seconds()))
        return True

    def _trouble(self) -> RemoteError:
        last = self._last
        if last is not None and last.connection in _ERRORS:
            return _ERRORS[last.connection](last.message, retry_at=last.until)
        quota = self._client.quota
        if quota is not None and quota.remaining <= 0:
            return Throttled(
                f"No call is left in this hour; the next begins at {quota.reset_at:%H:%M} UTC.",
                retry_at=quota.reset_at,
            )
        refused = f" {last.message}" if last is not None and last.message else ""
        return Unknown(f"The queue could not be listed to its end.{refused}")

    def _why_left(self) -> str:
        last = self._last
        if last is not None and last.connection in _ERRORS:
            kind = _ERRORS[last.connection]
            return f"{kind.title}: {last.message}"
        quota = self._client.quota
        if quota is not None:
            return f"The rest waits for calls of the next hour ({quota.reset_at:%H:%M} UTC)."
        return "The rest was tried and is tried again later; “modstation status” says why."


@contextmanager
def exchange(
    home: Home,
    credentials: Credentials,
    settings: Settings,
    *,
    view: QueueView | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Exchange]:
    """Open an account for one exchange.

    ``ReviewError`` "station_open" if a station has the account open: it pulls and posts by itself,
    and two programs at once would post twice. ``StoreError`` if the database cannot be used.
    """
    folder = home.account(credentials.account.name)
    clock = SystemClock()
    with ExitStack() as closing:
        store = closing.enter_context(opened_store(folder))
        lock = NetworkLock(folder.network_lock)
        if not lock.acquire():
            raise ReviewError(
                f"A station has “{credentials.account.name}” open; it pulls and posts by itself.",
                code=STATION_OPEN,
            )
        closing.callback(lock.release)
        client = AdminClient(credentials, clock=clock)
        closing.callback(client.close)
        yield Exchange(
            store,
            client,
            view=view or QueueView(),
            settings=SyncSettings(
                backlog_limit=settings.backlog_limit, write_reasons=settings.write_reasons
            ),
            clock=clock,
            sleep=sleep,
        )
