"""An offline session: take images along, work without a network, come back and sum up."""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING

from modstation.app.session_events import ConnectionMoved, CountsChanged, TripMoved
from modstation.core.events import Connection, TripProgress
from modstation.core.language import translate
from modstation.core.outbox import OperationState
from modstation.core.trip import MOST, Estimate, TripSummary, rendition_bytes
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.review_session import ReviewSession
    from modstation.app.session_events import SessionEvent
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.queue import QueueEntry, QueuePosition
    from modstation.store.station_store import StationStore

STATE = "offline_trip"
_SLICE = 200


class TripStage(Enum):
    """Where a trip stands."""

    NONE = "none"
    TAKING = "taking"
    READY = "ready"
    AWAY = "away"
    BACK = "back"


class OfflineTrip:
    """Takes the first images of the queue along; all methods run on the window's thread.

    The pictures are kept until the trip's decisions are posted, or it is released. It is written
    into the database, so that it outlives the program. ``changed`` is called when it moves,
    ``summed_up`` once when all that was decided on it is settled.
    """

    def __init__(
        self,
        store: StoreTasks,
        session: ReviewSession,
        *,
        take: Callable[[Sequence[str]], None],
        set_offline: Callable[[bool], None],
        free_bytes: Callable[[], int],
        cache_bytes: Callable[[], int],
    ) -> None:
        self.stage = TripStage.NONE
        self.progress = TripProgress(0, 0, 0)
        self.summary: TripSummary | None = None
        self.problem = ""
        self.leaves = True
        """It goes offline by itself once everything is here."""
        self.changed: Callable[[], None] = lambda: None
        self.summed_up: Callable[[TripSummary], None] = lambda _: None
        self._store = store
        self._session = session
        self._take = take
        self._set_offline = set_offline
        self._free_bytes = free_bytes
        self._cache_bytes = cache_bytes
        self._since = 0
        self._asked = 0
        self._counting = self._count_again = False
        session.listen(self._heard)

    def start(self) -> None:
        """Go on with a trip that an earlier run of the program began."""
        self._store.submit(
            Priority.REST, lambda store: store.get_state(STATE), self._resume, self._failed
        )

    # -- before

    def estimate(self, images: int, done: Callable[[Estimate], None]) -> None:
        """Say what taking the first ``images`` along needs; only the last question is answered."""
        self._asked += 1
        asked = self._asked

        def measured(found: list[tuple[str, int]]) -> None:
            if asked == self._asked:
                done(self._estimate_of(found))

        self._collect(min(images, MOST), [], None, measured)

    def begin(self, images: int, *, leaves: bool) -> None:
        """Fetch and keep the first ``images``, then go offline if it ``leaves``."""
        self._asked += 1
        self.leaves = leaves
        self.stage, self.summary, self.problem = TripStage.TAKING, None, ""
        self.progress = TripProgress(images, 0, 0)
        self._collect(min(images, MOST), [], None, self._go)

    def release(self) -> None:
        """Keep the pictures no longer than any others; decisions are not touched."""
        self.stage = TripStage.NONE
        self._write([])
        self._take([])
        self.changed()

    # -- inside: collecting

    def _collect(
        self,
        left: int,
        found: list[tuple[str, int]],
        last: QueuePosition | None,
        done: Callable[[list[tuple[str, int]]], None],
    ) -> None:
        view, step = self._session.view, min(left, _SLICE)

        def read(store: StationStore) -> list[QueueEntry]:
            # The entry at the place itself is among them, unless it has left the queue.
            after = step if last is None else step + 1
            return store.window(view, around=last, before=0, after=after)

        def taken(entries: list[QueueEntry]) -> None:
            new = [entry for entry in entries if entry.position != last][:step]
            found.extend((entry.key, rendition_bytes(entry.asset.bytes)) for entry in new)
            if new and len(new) == step and left > step:
                self._collect(left - step, found, new[-1].position, done)
            else:
                done(found)

        self._store.submit(Priority.REST, read, taken, self._failed)

    def _estimate_of(self, found: list[tuple[str, int]]) -> Estimate:
        needs = sum(size for _, size in found)
        return Estimate(len(found), needs, self._free_bytes(), self._cache_bytes())

    def _go(self, found: list[tuple[str, int]]) -> None:
        if self.stage is not TripStage.TAKING:
            return
        estimate = self._estimate_of(found)
        if not estimate.possible:
            self.stage = TripStage.NONE
            self.problem = translate("OfflineTrip", "There is no room for so many any more.")
            self.changed()
            return
        keys = [key for key, _ in found]

        def begun(since: int) -> None:
            self._since = since
            self._write(keys)
            self._take(keys)

        self.progress = TripProgress(len(keys), 0, 0)
        self._store.submit(Priority.REST, lambda store: store.log_end(), begun, self._failed)
        self.changed()

    def _write(self, keys: Sequence[str]) -> None:
        text = json.dumps({"keys": list(keys), "since": self._since}) if keys else ""
        self._store.submit(
            Priority.REST, lambda store: store.put_state(STATE, text), lambda _: None, self._failed
        )

    def _resume(self, text: str | None) -> None:
        if text and self.stage is TripStage.NONE:
            kept = json.loads(text)
            self._since = kept["since"]
            self.stage = TripStage.AWAY
            self.progress = TripProgress(len(kept["keys"]), 0, 0)
            self._take(kept["keys"])
            # It may have been heard before the database answered.
            self._connected(self._session.connection.connection)
            self.changed()

    # -- inside: what is heard

    def _heard(self, event: SessionEvent) -> None:
        match event:
            case TripMoved(progress=progress):
                self._moved(progress)
            case ConnectionMoved(change=change):
                self._connected(change.connection)
            case CountsChanged() if self.stage is TripStage.BACK:
                self._sum_up()

    def _moved(self, progress: TripProgress) -> None:
        if self.stage is TripStage.NONE or progress.wanted == 0:
            return
        self.progress = progress
        if self.stage is TripStage.TAKING and progress.complete:
            self.stage = TripStage.READY
            if self.leaves:
                self._set_offline(True)
        self.changed()

    def _connected(self, connection: Connection) -> None:
        if connection is Connection.OFFLINE_CHOSEN and self.stage in {
            TripStage.READY,
            TripStage.BACK,
        }:
            self.stage = TripStage.AWAY
            self.changed()
        elif connection is Connection.ONLINE and self.stage is TripStage.AWAY:
            self.stage = TripStage.BACK
            self._sum_up()

    def _sum_up(self) -> None:
        if self._counting:
            self._count_again = True
        else:
            self._counting = True
            self._count(self._since, TripSummary())

    def _count(self, after: int, so_far: TripSummary) -> None:
        def read(store: StationStore) -> tuple[int, int, TripSummary]:
            rows = store.operations_after(after, _SLICE)
            last = rows[-1][0] if rows else after
            summary = add_to(so_far, [(state, code) for _, state, code in rows])
            return last, len(rows), summary

        def counted(answer: tuple[int, int, TripSummary]) -> None:
            last, length, summary = answer
            if length == _SLICE:
                self._count(last, summary)
            else:
                self._counted(summary)

        self._store.submit(Priority.REST, read, counted, self._failed)

    def _counted(self, summary: TripSummary) -> None:
        again, self._counting, self._count_again = self._count_again, False, False
        if self.stage is not TripStage.BACK:
            return
        if again:
            self._sum_up()
            return
        self.summary = summary
        if summary.decided and not summary.waiting:
            # Posted, or lying in a tray: the pictures are kept no more.
            self.release()
            self.summed_up(summary)
        else:
            self.changed()

    def _failed(self, error: StoreError) -> None:
        self._counting = self._count_again = False
        self.problem = f"{error.title}: {error.message}"
        self.changed()


def add_to(summary: TripSummary, rows: Sequence[tuple[OperationState, str | None]]) -> TripSummary:
    """Count more rows of the outbox, given as state and error code."""
    posted, conflicts = summary.posted, summary.conflicts
    gone, stuck, waiting = summary.gone, summary.stuck, summary.waiting
    for state, code in rows:
        posted += state is OperationState.DONE
        conflicts += state is OperationState.CONFLICTED
        gone += state is OperationState.PARKED and code == "gone"
        stuck += state is OperationState.PARKED and code != "gone"
        waiting += state.live
    return TripSummary(posted, conflicts, gone, stuck, waiting)
