"""Reads the entries that fit a filter: slice by slice, so that no question takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.queue import WINDOW
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from modstation.app.queue_reader import Desk
    from modstation.app.queue_window import QueueWindow
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.queue import Counts, QueueEntry, QueuePosition, QueueView
    from modstation.store.results import Scanned
    from modstation.store.station_store import StationStore

# Rows of the queue that one task looks at: some milliseconds, then a decision may go first.
SLICE = 500
REFILL_BELOW = 32
# Entries that were passed without deciding and are kept in memory.
BEHIND = 200


class FilteredReader:
    """Keeps a ``QueueWindow`` filled with what fits; ``looked`` rows were looked at so far.

    It goes on from where it stopped, so what comes into the queue before that place is found by
    a refresh, not by itself.
    """

    def __init__(self, store: StoreTasks, view: QueueView, window: QueueWindow, desk: Desk) -> None:
        self.loaded = False
        self.at_start = True
        self.at_end = False
        self.looked = 0
        self._store = store
        self._view = view
        self._window = window
        self._desk = desk
        # Where the next slice begins, and how many rows lie before it.
        self._edge: QueuePosition | None = None
        self._before_edge = 0
        self._asking = False
        self._ask_again = False
        self._stopped = False

    def stop(self) -> None:
        """Another view is reviewed: take no answer any more."""
        self._stopped = True

    def begin_anew(self) -> None:
        """Look through the queue from its start: something may have come before this place."""
        self._edge, self._before_edge, self.looked, self.at_end = None, 0, 0, False
        self.read()

    def read(self) -> None:
        """See what has become of the entries in memory, and look for more if they are few."""
        if self._asking:
            self._ask_again = True
            return
        self._asking = True
        view, edge = self._view, self._edge
        keys = [entry.key for entry in self._window.entries]
        wanted = WINDOW - self._window.ahead
        more = wanted > 0 and not self.at_end

        def task(store: StationStore) -> tuple[list[QueueEntry], Scanned | None, Counts]:
            kept = store.still_fit(view, keys)
            found = store.scan(view, after=edge, rows=SLICE) if more else None
            return kept, found, store.counts(view)

        def done(answer: tuple[list[QueueEntry], Scanned | None, Counts]) -> None:
            if not self._stopped:
                self._take(*answer)

        def failed(error: StoreError) -> None:
            if not self._stopped:
                self._asking = False
                self._desk.window_not_read(error)

        self._store.submit(Priority.WINDOW, task, done, failed)

    def refill(self) -> None:
        """Look for more if little is left and there may be more."""
        if self._window.ahead < REFILL_BELOW and not self.at_end:
            self.read()

    def _take(self, kept: list[QueueEntry], found: Scanned | None, counts: Counts) -> None:
        before = self._window.current
        fresh = {entry.key: entry for entry in kept}
        if found is not None:
            fresh |= {entry.key: entry for entry in found.entries}
            # The last slice is looked at again when more may have come behind it.
            self.looked = self._before_edge + found.looked
            self.at_end = found.edge is None
            if found.edge is not None:
                self._edge, self._before_edge = found.edge, self.looked
        entries = sorted(fresh.values(), key=lambda entry: entry.position)
        if before is not None:
            behind = [entry for entry in entries if entry.position < before.position]
            entries = entries[max(0, len(behind) - BEHIND) :]
        self._window.merge(entries)
        # Until something is found an empty stage must not look like an empty queue.
        first = not self.loaded and (bool(entries) or self.at_end)
        self.loaded, self._asking = self.loaded or first, False
        self._desk.window_read(before, counts, first=first)
        again, self._ask_again = self._ask_again, False
        if again or (self._window.ahead < WINDOW and not self.at_end):
            self.read()
