"""Reads the entries around the cursor from the store, one question at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modstation.core.queue import WINDOW, Counts
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from modstation.app.queue_window import QueueWindow
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.queue import QueueEntry, QueuePosition, QueueView
    from modstation.store.station_store import StationStore

# Fewer entries than this ahead of the current one: ask the store for more.
REFILL_BELOW = 32
# Entries kept before the current one, and how few of them are left when more are asked for.
BEHIND = 16
REFILL_BEHIND_BELOW = 6


class Desk(Protocol):
    """Where the answers go: ``ReviewSession``."""

    def window_read(self, before: QueueEntry | None, counts: Counts, *, first: bool) -> None:
        """The window holds what the store said; ``before`` was current until now."""
        ...

    def window_not_read(self, error: StoreError) -> None:
        """The store could not be read; the window is as it was."""
        ...


class QueueReader:
    """Keeps a ``QueueWindow`` filled around its cursor."""

    def __init__(self, store: StoreTasks, view: QueueView, window: QueueWindow, desk: Desk) -> None:
        # The store has answered once: an empty window now means an empty queue.
        self.loaded = False
        # The window reaches to this edge of the queue, as far as is known.
        self.at_start = False
        self.at_end = False
        self._store = store
        self._view = view
        self._window = window
        self._desk = desk
        self._asking = False
        self._ask_again = False
        # Of the view: an answer about another one is dropped.
        self._generation = 0

    def stop(self) -> None:
        """Another view is reviewed: take no answer any more."""
        self._generation += 1

    def begin_anew(self) -> None:
        """Ask the store: it looks everywhere anyway."""
        self.read()

    def read(self) -> None:
        """Ask the store; while it has not answered, ask once more after that."""
        if self._asking:
            self._ask_again = True
            return
        self._asking = True
        current = self._window.current
        around = current.position if current else None
        view, generation = self._view, self._generation

        def read(store: StationStore) -> tuple[list[QueueEntry], Counts]:
            entries = store.window(view, around=around, before=BEHIND, after=WINDOW)
            if not entries and around is not None:
                entries = store.window(view, around=None, before=0, after=WINDOW)
            return entries, store.counts(view)

        def done(answer: tuple[list[QueueEntry], Counts]) -> None:
            if generation == self._generation:
                self._take(answer, around)

        def failed(error: StoreError) -> None:
            if generation == self._generation:
                self._asking = False
                self._desk.window_not_read(error)

        self._store.submit(Priority.WINDOW, read, done, failed)

    def refill(self) -> None:
        """Ask if little is left on either side and there may be more."""
        low_ahead = self._window.ahead < REFILL_BELOW and not self.at_end
        low_behind = self._window.behind < REFILL_BEHIND_BELOW and not self.at_start
        if low_ahead or low_behind:
            self.read()

    def _take(self, answer: tuple[list[QueueEntry], Counts], around: QueuePosition | None) -> None:
        entries, counts = answer
        before = self._window.current
        self._window.merge(entries)
        # Counted from where it was asked: the moderator may have moved on since.
        behind = sum(entry.position < around for entry in entries) if around else 0
        # Read to its edge: no need to ask again before the network process brings something.
        self.at_start = behind < BEHIND
        self.at_end = len(entries) - behind < WINDOW
        first, self._asking, self.loaded = not self.loaded, False, True
        self._desk.window_read(before, counts, first=first)
        if self._ask_again:
            self._ask_again = False
            self.read()
