"""What becomes of an asset's moderation entries: one table of states and events.

An asset carries one entry per moderation asked for (reference 2.2, 3.6). At most one is being
decided; those behind it wait. Machines answer for the entry they were asked about, people decide
on any. ``TABLE`` says what an event makes of the entry that is meant and of each other one; the
rest of this module only applies it, and lets the next entry begin when nothing stands before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

APPROVED = "approved"
REJECTED = "rejected"
PENDING = "pending"
QUEUED = "queued"
ABORTED = "aborted"

STATUSES = frozenset({APPROVED, REJECTED, PENDING, QUEUED, ABORTED})
#: What a person may set (``pending`` puts an asset back into its queue).
SETTABLE = frozenset({APPROVED, REJECTED, PENDING})
WAITING = frozenset({PENDING, QUEUED})


class State(Enum):
    """Where an entry stands; ``HELD`` is the pending of an entry that a person put back."""

    PENDING = auto()
    HELD = auto()
    QUEUED = auto()
    APPROVED = auto()
    REJECTED = auto()
    ABORTED = auto()


class Event(Enum):
    """What happens to an asset that is moderated."""

    MACHINE_APPROVES = auto()
    MACHINE_REJECTS = auto()
    PERSON_APPROVES = auto()
    PERSON_REJECTS = auto()
    PERSON_REOPENS = auto()


class After(NamedTuple):
    """What an event makes of an entry: if the event is about it, and if it is about another."""

    meant: State
    other: State


_ = State
TABLE: dict[tuple[State, Event], After] = {
    # A machine's answer counts for the entry that waits for it, and nowhere else: it changes
    # nothing once a person has spoken, or another answer has come.
    (_.PENDING, Event.MACHINE_APPROVES): After(_.APPROVED, _.PENDING),
    (_.HELD, Event.MACHINE_APPROVES): After(_.HELD, _.HELD),
    (_.QUEUED, Event.MACHINE_APPROVES): After(_.QUEUED, _.QUEUED),
    (_.APPROVED, Event.MACHINE_APPROVES): After(_.APPROVED, _.APPROVED),
    (_.REJECTED, Event.MACHINE_APPROVES): After(_.REJECTED, _.REJECTED),
    (_.ABORTED, Event.MACHINE_APPROVES): After(_.ABORTED, _.ABORTED),
    # One rejection is enough: what has not run is not run any more.
    (_.PENDING, Event.MACHINE_REJECTS): After(_.REJECTED, _.ABORTED),
    (_.HELD, Event.MACHINE_REJECTS): After(_.HELD, _.HELD),
    (_.QUEUED, Event.MACHINE_REJECTS): After(_.QUEUED, _.ABORTED),
    (_.APPROVED, Event.MACHINE_REJECTS): After(_.APPROVED, _.APPROVED),
    (_.REJECTED, Event.MACHINE_REJECTS): After(_.REJECTED, _.REJECTED),
    (_.ABORTED, Event.MACHINE_REJECTS): After(_.ABORTED, _.ABORTED),
    # A person outranks all: what waits is not asked for, what was rejected does not stand beside
    # the approval.
    (_.PENDING, Event.PERSON_APPROVES): After(_.APPROVED, _.ABORTED),
    (_.HELD, Event.PERSON_APPROVES): After(_.APPROVED, _.ABORTED),
    (_.QUEUED, Event.PERSON_APPROVES): After(_.APPROVED, _.ABORTED),
    (_.APPROVED, Event.PERSON_APPROVES): After(_.APPROVED, _.APPROVED),
    (_.REJECTED, Event.PERSON_APPROVES): After(_.APPROVED, _.ABORTED),
    (_.ABORTED, Event.PERSON_APPROVES): After(_.APPROVED, _.ABORTED),
    (_.PENDING, Event.PERSON_REJECTS): After(_.REJECTED, _.ABORTED),
    (_.HELD, Event.PERSON_REJECTS): After(_.REJECTED, _.ABORTED),
    (_.QUEUED, Event.PERSON_REJECTS): After(_.REJECTED, _.ABORTED),
    (_.APPROVED, Event.PERSON_REJECTS): After(_.REJECTED, _.APPROVED),
    (_.REJECTED, Event.PERSON_REJECTS): After(_.REJECTED, _.REJECTED),
    (_.ABORTED, Event.PERSON_REJECTS): After(_.REJECTED, _.ABORTED),
    # Put back into the queue: the asset waits for people, so no other entry may settle it.
    (_.PENDING, Event.PERSON_REOPENS): After(_.PENDING, _.QUEUED),
    (_.HELD, Event.PERSON_REOPENS): After(_.HELD, _.QUEUED),
    (_.QUEUED, Event.PERSON_REOPENS): After(_.HELD, _.QUEUED),
    (_.APPROVED, Event.PERSON_REOPENS): After(_.HELD, _.APPROVED),
    (_.REJECTED, Event.PERSON_REOPENS): After(_.HELD, _.ABORTED),
    (_.ABORTED, Event.PERSON_REOPENS): After(_.HELD, _.ABORTED),
}
del _

_EVENT_OF = {
    APPROVED: Event.PERSON_APPROVES,
    REJECTED: Event.PERSON_REJECTS,
    PENDING: Event.PERSON_REOPENS,
}
_ANSWER_OF = {APPROVED: Event.MACHINE_APPROVES, REJECTED: Event.MACHINE_REJECTS}


@dataclass(frozen=True, slots=True)
class Entry:
    """One moderation of one asset; ``updated_us`` is None until it was decided.

    ``held``: a person put it back into its queue, so that a machine's answer no longer counts.
    """

    kind: str
    status: str
    updated_us: int | None = None
    response: object = None
    held: bool = False

    @property
    def state(self) -> State:
        """Its row of the table."""
        return State.HELD if self.held else State[self.status.upper()]


def begin(kinds: Sequence[str]) -> tuple[Entry, ...]:
    """The entries of a new run: the first is being decided, the rest wait in their order."""
    return tuple(Entry(kind, QUEUED if place else PENDING) for place, kind in enumerate(kinds))


def overall(entries: Sequence[Entry]) -> str | None:
    """The status of the asset as a whole; None if it was never moderated."""
    statuses = {entry.status for entry in entries}
    if not statuses:
        return None
    if REJECTED in statuses:
        return REJECTED
    return PENDING if statuses & WAITING else APPROVED


def leading_kind(entries: Sequence[Entry], decided: str) -> str:
    """The kind that stands for the asset: the one being decided, else the one just decided."""
    return next((entry.kind for entry in entries if entry.status == PENDING), decided)


def deciding(entries: Sequence[Entry]) -> int | None:
    """The place of the entry a person's decision goes to.

    The pending one; else the rejection that is being overridden; else the latest decided one.
    """
    for status in (PENDING, REJECTED):
        for place, entry in enumerate(entries):
            if entry.status == status:
                return place
    decided = [place for place, entry in enumerate(entries) if entry.status == APPROVED]
    return decided[-1] if decided else None


def decide(
    entries: Sequence[Entry], status: str, *, now_us: int, kind: str | None = None
) -> tuple[tuple[Entry, ...], str]:
    """The entries after a person set ``status``, and the kind of the entry that took it.

    The entry keeps its kind and its machine's response. An asset that was never moderated gets
    a ``manual`` entry. Raises BadRequest for a ``kind`` it has not.
    """
    place = deciding(entries)
    if kind is not None:
        place = next((i for i, entry in enumerate(entries) if entry.kind == kind), None)
        if place is None and entries:
            raise BadRequest(f"Resource has no {kind} moderation")
    if place is None:
        fresh = Entry(kind or "manual", status, now_us)
        return (*entries, replace(fresh, held=status == PENDING)), fresh.kind
    return _apply(entries, place, _EVENT_OF[status], now_us), entries[place].kind


def answered(
    entries: Sequence[Entry], kind: str, status: str, *, response: object, now_us: int
) -> tuple[Entry, ...]:
    """The entries after a machine answered ``status`` for its ``kind``.

    They are the same ones if the answer came too late or is not waited for.
    """
    place = next((i for i, entry in enumerate(entries) if entry.kind == kind), None)
    if place is None or entries[place].state is not State.PENDING:
        return tuple(entries)
    after = list(_apply(entries, place, _ANSWER_OF[status], now_us))
    after[place] = replace(after[place], response=response)
    return _advanced(after)


def unattended(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries of a picture that no machine is looking at any more: a person decides."""
    return tuple(
        replace(entry, held=True) if entry.status == PENDING and entry.kind != "manual" else entry
        for entry in entries
    )


def _apply(entries: Sequence[Entry], place: int, event: Event, now_us: int) -> tuple[Entry, ...]:
    after = []
    for at, entry in enumerate(entries):
        row = TABLE[entry.state, event]
        state = row.meant if at == place else row.other
        after.append(entry if state is entry.state else _moved(entry, state, now_us))
    return tuple(after)


def _moved(entry: Entry, state: State, now_us: int) -> Entry:
    held = state is State.HELD
    status = PENDING if held else state.name.lower()
    # An entry that goes back to waiting was not decided by that.
    updated_us = None if status == QUEUED else now_us
    return replace(entry, status=status, updated_us=updated_us, held=held)


def _advanced(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The next in the queue begins, if nothing is being decided and nothing was rejected."""
    statuses = [entry.status for entry in entries]
    if PENDING in statuses or REJECTED in statuses or QUEUED not in statuses:
        return tuple(entries)
    following = statuses.index(QUEUED)
    return tuple(
        replace(entry, status=PENDING) if at == following else entry
        for at, entry in enumerate(entries)
    )
