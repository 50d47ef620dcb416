"""The part of the queue in memory: entries in order, a cursor, and what was just decided."""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from modstation.app.frame_pipeline import AHEAD, BACK, Focus
from modstation.core.language import later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from modstation.core.queue import QueueEntry

TRAIL = 24


# Entries that the filmstrip shows around the current one.
STRIP_BEFORE = 6
STRIP_AFTER = 12


class StripState(StrEnum):
    """What the filmstrip says of an entry, by icon and by word."""

    WAITING = "waiting"
    CURRENT = "current"
    APPROVED = "approved"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    ESCALATED = "escalated"

    @property
    def word(self) -> str:
        """The word for a reader."""
        return str(_STRIP_WORDS[self])


_STRIP_WORDS = {
    StripState.WAITING: later("QueueWindow", "waiting"),
    StripState.CURRENT: later("QueueWindow", "current"),
    StripState.APPROVED: later("QueueWindow", "approved"),
    StripState.REJECTED: later("QueueWindow", "rejected"),
    StripState.SKIPPED: later("QueueWindow", "skipped"),
    StripState.ESCALATED: later("QueueWindow", "escalated"),
}


@dataclass(frozen=True, slots=True)
class StripItem:
    """One picture of the filmstrip."""

    key: str
    state: StripState
    protected: bool


class QueueWindow:
    """Entries around the cursor, kept in queue order without twins.

    An entry that was taken (decided or skipped) stays out, whatever the store still says, until
    it is released: the store's answer may be older than the key press.
    """

    def __init__(self, protects: Callable[[QueueEntry], bool]) -> None:
        self._protects = protects
        self._entries: list[QueueEntry] = []
        self._cursor = 0
        self._trail: deque[tuple[QueueEntry, StripState]] = deque(maxlen=TRAIL)
        self._taken: set[str] = set()

    @property
    def current(self) -> QueueEntry | None:
        """The entry under the cursor."""
        return self._entries[self._cursor] if self._cursor < len(self._entries) else None

    @property
    def current_key(self) -> str | None:
        """The key of the entry under the cursor."""
        entry = self.current
        return entry.key if entry else None

    @property
    def entries(self) -> Sequence[QueueEntry]:
        """What is in memory, in order."""
        return self._entries

    @property
    def ahead(self) -> int:
        """How many entries follow the current one."""
        return max(0, len(self._entries) - self._cursor - 1)

    @property
    def behind(self) -> int:
        """How many entries come before the current one."""
        return min(self._cursor, len(self._entries))

    def merge(self, entries: Iterable[QueueEntry]) -> None:
        """Take what the store read.

        The current entry stays even if it left the queue meanwhile (somebody else settled it):
        a picture must not change under the moderator's key.
        """
        current = self.current
        fresh = [entry for entry in entries if entry.key not in self._taken]
        if current is not None and all(entry.key != current.key for entry in fresh):
            bisect.insort(fresh, current, key=lambda entry: entry.position)
        self._entries = fresh
        self._cursor = self.index_of(current.key) or 0 if current else 0

    def empty(self) -> None:
        """Forget the entries, but not what was taken: the answer about it is still to come."""
        self._entries, self._cursor = [], 0

    def index_of(self, key: str) -> int | None:
        """Where an entry stands, or None."""
        return next((n for n, entry in enumerate(self._entries) if entry.key == key), None)

    def move_to(self, index: int) -> bool:
        """Put the cursor there; False at the edge of the queue."""
        if not 0 <= index < len(self._entries):
            return False
        self._cursor = index
        return True

    def step(self, by: int) -> bool:
        """Move the cursor; False at the edge of the queue."""
        return self.move_to(self._cursor + by)

    def take_current(self, state: StripState) -> QueueEntry:
        """The current entry was decided or skipped: the next one moves up."""
        entry = self._entries.pop(self._cursor)
        self._taken.add(entry.key)
        self._trail.append((entry, state))
        if self._entries:
            self._cursor = min(self._cursor, len(self._entries) - 1)
        return entry

    def take(self, settled: Sequence[tuple[QueueEntry, StripState]]) -> None:
        """Entries were decided, wherever they stand: what is left moves up."""
        gone = dict.fromkeys(entry.key for entry, _ in settled)
        self._trail.extend(settled)
        self._taken |= gone.keys()
        before = sum(entry.key not in gone for entry in self._entries[: self._cursor])
        self._entries = [entry for entry in self._entries if entry.key not in gone]
        self._cursor = max(0, min(before, len(self._entries) - 1))

    def visit(self, entry: QueueEntry) -> None:
        """Put the cursor on an entry that may lie far from those in memory."""
        index = self.index_of(entry.key)
        if index is None:
            bisect.insort(self._entries, entry, key=lambda other: other.position)
            index = self.index_of(entry.key)
        self._cursor = index or 0

    def is_taken(self, key: str) -> bool:
        """Decided or skipped, and the store has not answered for it yet."""
        return key in self._taken

    def release(self, key: str) -> None:
        """The store may bring this entry again."""
        self._taken.discard(key)

    def put_back(self, entry: QueueEntry) -> None:
        """An entry returns to its place and becomes the current one."""
        self._taken.discard(entry.key)
        for item in [item for item in self._trail if item[0].key == entry.key]:
            self._trail.remove(item)
        index = self.index_of(entry.key)
        if index is not None:
            # It was read meanwhile from where a skip had put it.
            del self._entries[index]
        self.visit(entry)

    def restate(self, key: str, state: StripState) -> None:
        """What the trail says of an entry is no longer so."""
        for number, (entry, _) in enumerate(self._trail):
            if entry.key == key:
                self._trail[number] = (entry, state)

    def strip(self, before: int = STRIP_BEFORE, after: int = STRIP_AFTER) -> list[StripItem]:
        """The filmstrip: what was decided last, then the entries around the current one."""
        start = max(0, self._cursor - before)
        shown = [
            StripItem(
                entry.key,
                StripState.CURRENT if number == self._cursor else StripState.WAITING,
                self._protects(entry),
            )
            for number, entry in enumerate(self._entries[start : self._cursor + after + 1], start)
        ]
        room = before - (self._cursor - start)
        # Worked out anew: the reason of a decision may have been changed since.
        trail = [
            StripItem(entry.key, state, self._protects(entry))
            for entry, state in (list(self._trail)[-room:] if room > 0 else [])
        ]
        return [*trail, *shown]

    def revisions(self) -> dict[str, str | None]:
        """Which uploads the listing names around the cursor, by asset key."""
        start = max(0, self._cursor - TRAIL)
        near = self._entries[start : self._cursor + TRAIL]
        return {entry.key: entry.asset.revision for entry in near}

    def focus(self) -> Focus | None:
        """The keys whose pictures are needed, nearest first."""
        entry = self.current
        if entry is None:
            return None
        at = self._cursor
        ahead = tuple(other.key for other in self._entries[at + 1 : at + 1 + AHEAD])
        back = tuple(other.key for other in reversed(self._entries[max(0, at - BACK) : at]))
        return Focus(entry.key, ahead, back)
