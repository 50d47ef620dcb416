"""The outbox as a person works through it: page by page, with the row in hand kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from modstation.app.outbox_verbs import NEEDS_A_PERSON, UNSENT
from modstation.app.session_events import ConnectionMoved, CountsChanged
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import Action
from modstation.core.outbox import REPLACED, OperationState, can_undo_silently

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from modstation.app.session_events import SessionEvent
    from modstation.app.station import Station
    from modstation.core.errors import StoreError
    from modstation.core.outbox import Operation
    from modstation.store.station_store import StationStore

PAGE = 50


class Offer(Enum):
    """What a person may do with a row."""

    RETRY = "retry"
    POST_NOW = "post_now"
    DROP = "drop"
    KEEP_MINE = "keep_mine"
    ACCEPT_THEIRS = "accept_theirs"
    LOOK_AGAIN = "look_again"


_ACTIONS = {
    Offer.KEEP_MINE: Action.KEEP_MINE,
    Offer.ACCEPT_THEIRS: Action.ACCEPT_THEIRS,
    Offer.LOOK_AGAIN: Action.LOOK_AGAIN,
}


@dataclass(frozen=True, slots=True)
class TrayRow:
    """One unsent decision; ``theirs_at`` is when the service says the other one was made."""

    operation: Operation
    theirs_at: datetime | None = None

    @property
    def row_id(self) -> str:
        """What names the row."""
        return self.operation.operation_id


@dataclass(frozen=True, slots=True)
class TrayPlace:
    """Where a page begins: among the rows that need a person or the ``others``, after a row."""

    others: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class TrayPage:
    """Rows, those that need a person first, each kind oldest first; ``next``: where more are."""

    rows: tuple[TrayRow, ...]
    next: TrayPlace | None


def read_page(store: StationStore, place: TrayPlace, limit: int = PAGE) -> TrayPage:
    """Read one page by keyset, however long the outbox is; ``StoreError`` if that fails."""
    found: list[Operation] = []
    after = place.after
    if not place.others:
        found = store.operations(NEEDS_A_PERSON, limit=limit + 1, after=after)
        after = None
        if len(found) > limit:
            rows = tuple(_row(store, operation) for operation in found[:limit])
            return TrayPage(rows, TrayPlace(after=rows[-1].row_id))
    room = limit - len(found)
    others = store.operations(UNSENT - NEEDS_A_PERSON, limit=room + 1, after=after)
    rows = tuple(_row(store, operation) for operation in (*found, *others[:room]))
    if len(others) <= room:
        return TrayPage(rows, None)
    last = others[room - 1].operation_id if room else None
    return TrayPage(rows, TrayPlace(others=True, after=last))


def _row(store: StationStore, operation: Operation) -> TrayRow:
    if operation.state is not OperationState.CONFLICTED:
        return TrayRow(operation)
    entry = store.entry(operation.ref.key)
    moments = [
        link.updated_at
        for link in (entry.asset.moderation if entry else ())
        if link.updated_at is not None and link.status is operation.theirs
    ]
    return TrayRow(operation, max(moments, default=None))


def offers(operation: Operation) -> frozenset[Offer]:
    """What may be done with a row in its state."""
    match operation.state:
        case OperationState.HELD | OperationState.READY:
            # What may have arrived already can be reversed, not dropped.
            drop = {Offer.DROP} if can_undo_silently(operation) else set()
            return frozenset({Offer.POST_NOW} | drop)
        case OperationState.PARKED:
            return frozenset({Offer.RETRY, Offer.DROP})
        case OperationState.CONFLICTED:
            found = {Offer.LOOK_AGAIN}
            approves = operation.target is ModerationStatus.APPROVED
            # Nobody has seen the picture that an approval would let through.
            if not (approves and operation.error_code == REPLACED):
                found.add(Offer.KEEP_MINE)
            if operation.theirs in {ModerationStatus.APPROVED, ModerationStatus.REJECTED}:
                found.add(Offer.ACCEPT_THEIRS)
            return frozenset(found)
        case _:
            return frozenset()


class OutboxTray:
    """One page of the outbox and the row in hand; ``changed`` is called after every reading.

    It reads again when the counters move, and keeps the row in hand by its name; when that row is
    gone, the one that took its place is in hand.
    """

    def __init__(self, station: Station, changed: Callable[[], None]) -> None:
        self.rows: tuple[TrayRow, ...] = ()
        self.loaded = False
        self.problem = ""
        self._station = station
        self._changed = changed
        self._places = [TrayPlace()]
        self._next: TrayPlace | None = None
        self._in_hand: str | None = None
        self._index = 0
        self._to_last = False
        self._reading = False
        self._again = False
        self._open = True
        station.session.listen(self._heard)
        self.read()

    def close(self) -> None:
        """What is still to come is not for us."""
        self._open = False
        self._station.session.stop_listening(self._heard)

    # -- looking

    @property
    def index(self) -> int:
        """The place of the row in hand on the page; -1 if there is none."""
        return self._index if self.rows else -1

    @property
    def in_hand(self) -> TrayRow | None:
        """The row in hand."""
        return self.rows[self._index] if self.rows else None

    @property
    def offers(self) -> frozenset[Offer]:
        """What may be done with the row in hand."""
        row = self.in_hand
        return offers(row.operation) if row else frozenset()

    @property
    def page(self) -> int:
        """The number of the page, from 1."""
        return len(self._places)

    @property
    def more(self) -> bool:
        """There is a page after this one."""
        return self._next is not None

    def choose(self, index: int) -> None:
        """Take the row at that place of the page in hand."""
        if 0 <= index < len(self.rows):
            self._index, self._in_hand = index, self.rows[index].row_id

    def next_page(self) -> None:
        """Go on to the next page, if there is one."""
        if self._next is not None:
            self._places.append(self._next)
            self._index, self._in_hand = 0, None
            self.read()

    def previous_page(self) -> None:
        """Go back a page, to its last row."""
        if len(self._places) > 1:
            self._places.pop()
            self._in_hand, self._to_last = None, True
            self.read()

    def read(self) -> None:
        """Read the page again; asked for while a reading is under way, once more after it."""
        if self._reading:
            self._again = True
            return
        self._reading, place = True, self._places[-1]
        self._station.outbox.page(lambda store: read_page(store, place), self._take, self._failed)

    # -- acting

    def act(self, offer: Offer, *, note: str | None = None) -> None:
        """Do with the row in hand what it offers; nothing if it offers that no more."""
        row = self.in_hand
        if row is None or offer not in self.offers:
            return
        outbox, operation = self._station.outbox, row.operation
        match offer:
            case Offer.RETRY:
                outbox.retry(row.row_id, self.read, self._failed)
            case Offer.POST_NOW:
                outbox.post_one(row.row_id, self.read, self._failed)
            case Offer.DROP:
                outbox.give_up(operation, self.read, self._failed, note=note)
            case _:
                outbox.resolve_conflict(operation, _ACTIONS[offer], self.read, self._failed)

    # -- inside

    def _heard(self, event: SessionEvent) -> None:
        if isinstance(event, CountsChanged):
            self.read()
        elif isinstance(event, ConnectionMoved):
            self._changed()

    def _take(self, page: TrayPage) -> None:
        self._reading = False
        if not self._open:
            return
        if not page.rows and len(self._places) > 1:
            # The last rows of the outbox were posted: there is nothing on this page any more.
            self.previous_page()
            return
        self.rows, self._next, self.loaded, self.problem = page.rows, page.next, True, ""
        names = [row.row_id for row in self.rows]
        if self._to_last:
            self._index, self._to_last = len(names) - 1, False
        elif self._in_hand in names:
            self._index = names.index(self._in_hand)
        self._index = max(0, min(self._index, len(names) - 1))
        self._in_hand = names[self._index] if names else None
        self._read_once_more()
        self._changed()

    def _failed(self, error: StoreError) -> None:
        self._reading = False
        if self._open:
            self.problem = f"{error.title}: {error.message}"
            self._read_once_more()
            self._changed()

    def _read_once_more(self) -> None:
        if self._again:
            self._again = False
            self.read()
