"""Reads the entries of the contact sheet from the store by keyset, one question at a time.

Under a filter a question looks at one slice of the queue, whatever it finds there; the sheet asks
on from where that ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from modstation.app.filtered_reader import SLICE
from modstation.app.session_events import Message, Tone
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from modstation.app.grid_tiles import GridTiles
    from modstation.app.review_session import ReviewSession
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.queue import QueueEntry, QueuePosition, QueueView
    from modstation.store.station_store import StationStore

# Entries read at once.
PAGE = 200
BEHIND = 100


class Desk(Protocol):
    """Where the answers go: ``GridSession``."""

    session: ReviewSession
    tiles: GridTiles

    def taken(
        self, entries: list[QueueEntry], low: QueuePosition | None, high: QueuePosition | None
    ) -> None:
        """The store has told what waits from ``low`` to ``high`` (None: without end)."""
        ...


class GridReader:
    """Asks for what lies around a place or beyond an edge; a question under way is not repeated."""

    def __init__(self, store: StoreTasks, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._asking = False
        self._generation = 0

    def forget(self) -> None:
        """No answer that is still to come is wanted."""
        self._generation += 1
        self._asking = False

    def around(self, place: QueuePosition | None) -> None:
        """Read both sides of a place; None: the start of the queue."""
        self._ask(place, BEHIND if place else 0, PAGE)

    def beyond(self, edge: QueuePosition, *, ahead: bool) -> None:
        """Read what follows the last entry in memory, or comes before the first."""
        self._ask(edge, 0 if ahead else PAGE, PAGE if ahead else 0)

    def _ask(self, place: QueuePosition | None, before: int, after: int) -> None:
        if self._asking:
            return
        self._asking = True
        view, generation = self._desk.session.view, self._generation

        def task(store: StationStore) -> Stretch:
            read = page if view.filter is None else piece
            return read(store, view, place, before=before, after=after)

        def done(stretch: Stretch) -> None:
            if generation == self._generation:
                self._asking = False
                self._take(stretch, before, after)

        def failed(error: StoreError) -> None:
            if generation == self._generation:
                self._asking = False
                text = f"{error.title}: {error.message}"
                self._desk.session.tell(Message(text, Tone.PROBLEM))

        self._store.submit(Priority.WINDOW, task, done, failed)

    def _take(self, stretch: Stretch, before: int, after: int) -> None:
        tiles, low, high = self._desk.tiles, stretch.low, stretch.high
        if stretch.starts:
            tiles.at_start = True
        elif before and (not len(tiles) or low is None or low <= tiles[0].entry.position):
            tiles.at_start = False
        if stretch.ends:
            tiles.at_end = True
        elif after and (not len(tiles) or high is None or high >= tiles[-1].entry.position):
            tiles.at_end = False
        self._desk.taken(stretch.entries, low, high)


@dataclass(frozen=True, slots=True)
class Stretch:
    """All that waits from ``low`` to ``high`` (None: without end), and whether the queue begins or
    ends there.
    """

    entries: list[QueueEntry]
    low: QueuePosition | None
    high: QueuePosition | None
    starts: bool
    ends: bool


def page(
    store: StationStore, view: QueueView, place: QueuePosition | None, *, before: int, after: int
) -> Stretch:
    """So many entries on both sides of a place."""
    entries = store.window(view, around=place, before=before, after=after)
    behind = sum(entry.position < place for entry in entries) if place else 0
    # Fewer than were asked for: the queue begins, or ends, there.
    starts = place is None or behind < before
    ends = len(entries) - behind < after
    low = None if starts else (entries[0].position if before else place)
    high = None if ends else (entries[-1].position if after else place)
    return Stretch(entries, low, high, starts, ends)


def piece(
    store: StationStore, view: QueueView, place: QueuePosition | None, *, before: int, after: int
) -> Stretch:
    """What fits the filter of a view in one slice of the queue on each side that is wanted."""
    entries = store.still_fit(view, [place.key]) if place else []
    low = high = place
    ends = False
    if before:
        found = store.scan(view, after=place, rows=SLICE, backwards=True)
        entries, low = found.entries + entries, found.edge
    if after:
        found = store.scan(view, after=place, rows=SLICE)
        entries, high, ends = entries + found.entries, found.edge, found.edge is None
    return Stretch(entries, low, high, low is None, ends)
