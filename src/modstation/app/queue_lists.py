"""The lists beside the queue, as a view shows them: one at a time, a page more when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.queue import Kept, KeptEntry
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.queue_verbs import QueueVerbs
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.store.station_store import StationStore

PAGE = 50


class QueueLists:
    """What was skipped, flagged or escalated; ``changed`` is called after every answer."""

    def __init__(
        self,
        store: StoreTasks,
        verbs: QueueVerbs,
        changed: Callable[[], None],
        *,
        kept: Kept = Kept.SKIPPED,
    ) -> None:
        self.kept = kept
        self.rows: list[KeptEntry] = []
        self.counts: dict[Kept, int] = {}
        self.loaded = False
        self.at_end = False
        self.problem = ""
        self._store = store
        self._verbs = verbs
        self._changed = changed
        # Of the list that is shown: an answer about another one is dropped.
        self._generation = 0
        self._asking = False

    def show(self, kept: Kept) -> None:
        """Show this list from its beginning."""
        self.kept, self.rows = kept, []
        self.loaded = self.at_end = self._asking = False
        self._generation += 1
        self.more()

    def more(self) -> None:
        """Read the next page, unless all of the list is here."""
        if self._asking or self.at_end:
            return
        self._asking = True
        kept, generation = self.kept, self._generation
        after = self.rows[-1] if self.rows else None

        def task(store: StationStore) -> tuple[list[KeptEntry], dict[Kept, int]]:
            return store.kept(kept, after=after, limit=PAGE), store.kept_counts()

        def done(answer: tuple[list[KeptEntry], dict[Kept, int]]) -> None:
            if generation != self._generation:
                return
            rows, self.counts = answer
            self.rows += rows
            self.loaded, self._asking, self.problem = True, False, ""
            self.at_end = len(rows) < PAGE
            self._changed()

        def failed(error: StoreError) -> None:
            if generation == self._generation:
                self._asking = False
                self.problem = f"{error.title}: {error.message}"
                self._changed()

        self._store.submit(Priority.REST, task, done, failed)

    def bring_back(self, number: int, done: Callable[[], None]) -> None:
        """Bring the image of a row back into the queue and on the stage."""
        self._verbs.bring_back(self.kept, self.rows[number], done)

    def unflag(self, number: int) -> None:
        """Remove the flag of a row."""
        self._verbs.unflag(self.rows[number], lambda: self.show(self.kept))

    def close(self) -> None:
        """Take no answer any more."""
        self._generation += 1
