"""The station's database: the reviewer's side, the sync engine's side, one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.decisions import Action, ChainBreak, Decision, first_break
from modstation.core.queue import Counts, QueueView
from modstation.store import (
    decision_log,
    operation_rows,
    queue_rows,
)
from modstation.store.choices import Choices
from modstation.store.connection import StoreConnection, open_connection
from modstation.store.engine_side import EngineSide
from modstation.store.likeness import Likeness
from modstation.store.lists_side import ListsSide
from modstation.store.results import (
    HistoryRow,
    ItemProblem,
    ListState,
    NeedsReversal,
    PageResult,
    Returned,
    Saved,
    Undone,
)
from modstation.store.steps import Steps

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from modstation.core.assets import ModerationStatus
    from modstation.core.clock import Clock, Ids
    from modstation.core.decisions import DecisionDraft
    from modstation.core.outbox import Operation, OperationState
    from modstation.core.queue import QueueEntry, QueuePosition

# So many rows of the log are searched for somebody's last decisions, however long it is.
_HISTORY_REACH = 2000

__all__ = [
    "HistoryRow",
    "ItemProblem",
    "ListState",
    "NeedsReversal",
    "PageResult",
    "Returned",
    "Saved",
    "StationStore",
    "Undone",
]


class StationStore(EngineSide, ListsSide):
    """One connection to the station's database, used by the thread that opened it.

    Every method is one short transaction, or several of at most 200 rows. All may raise
    ``StoreBusy``, ``StoreFull``, ``StoreDamaged`` or ``StoreError``; then nothing of the
    transaction is kept.
    """

    def __init__(self, connection: StoreConnection, *, clock: Clock, ids: Ids) -> None:
        self._connection = connection
        self._clock = clock
        self._choices = Choices(connection.sql, clock=clock, ids=ids)
        self._view = QueueView()
        self._steps = Steps(connection, self._choices, self._counts, ids)
        # Fingerprints of pictures, and who is like whom.
        self.likeness = Likeness(connection, clock)

    @classmethod
    def open(cls, path: Path, *, clock: Clock, ids: Ids) -> StationStore:
        """Open or create the database and bring its schema up to date.

        ``StoreTooNew`` if a newer modstation wrote it; ``StoreDamaged`` if it is none of ours.
        """
        return cls(open_connection(path), clock=clock, ids=ids)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # -- the reviewer's queue

    def window(
        self, view: QueueView, *, around: QueuePosition | None, before: int, after: int
    ) -> list[QueueEntry]:
        """Entries around a place in the queue: up to ``before``, the one there, up to ``after``.

        None: the first ``after`` entries. Takes as long for a million rows as for a hundred.
        """
        self._view = view
        with self._connection.reading() as sql:
            return queue_rows.window(sql, view, around=around, before=before, after=after)

    def entry(self, key: str) -> QueueEntry | None:
        """An asset and the place it has, or would have, in its queue; None if it is not known."""
        with self._connection.reading() as sql:
            return queue_rows.entry(sql, key)

    def skip(self, key: str, view: QueueView) -> QueuePosition:
        """Put an asset at the back of its queue and say where that is."""
        self._view = view
        with self._connection.writing() as sql:
            return queue_rows.skip(sql, key)

    def counts(self, view: QueueView | None = None) -> Counts:
        """The kept counters; None: of the view that was last asked for.

        A share (``split``) is counted once, the first time anybody asks for it.
        """
        self._view = view = view or self._view
        with self._connection.reading() as sql:
            counts = queue_rows.counts(sql, view)
        if counts is None:
            with self._connection.writing() as sql:
                queue_rows.start_counting(sql, view)
                counts = queue_rows.counts(sql, view)
        return counts or Counts()

    def queues(self) -> dict[tuple[str, ModerationStatus], int]:
        """How many entries are stored of every kind and status; kept, never counted."""
        with self._connection.reading() as sql:
            return queue_rows.kept_counts(sql)

    # -- the reviewer's choices

    def decide(self, draft: DecisionDraft, *, hold: timedelta) -> Saved:
        """Store a decision: out of the queue, into log, outbox and undo stack, all or nothing.

        It is due after ``hold``. An older choice for the asset that is not settled is replaced.
        """
        with self._connection.writing() as sql:
            decision, operation = self._choices.choose(draft, hold=hold)
            counts = self._counts(sql)
        return Saved(decision, operation, counts)

    def decide_many(self, drafts: Sequence[DecisionDraft], *, hold: timedelta) -> list[Saved]:
        """Store many decisions, at most 200 in one transaction.

        Those in a row that share a batch id are one step: one undo takes them all back.
        """
        return self._steps.decide(drafts, hold=hold)

    def undo(self, *, actor: str) -> Undone | NeedsReversal | None:
        """Take the last step back; ``NeedsReversal`` if it was, or may have been, posted.

        Of a step of many, what is not posted is taken back, at most 200 in one transaction. An
        earlier choice for the same asset that one had replaced counts again.
        """
        return self._steps.undo(actor=actor)

    def undo_one(self, decision_id: str, *, actor: str) -> Undone | NeedsReversal | None:
        """Take back one decision, also one in the middle of a step.

        None if it is not among those that can be undone, or does not stand any more.
        """
        return self._steps.undo_one(decision_id, actor=actor)

    def undo_image(self, key: str, *, actor: str) -> Undone | NeedsReversal | None:
        """Take back the last decision on one asset; None if there is none to take back."""
        return self._steps.undo_image(key, actor=actor)

    def amend(self, decision_id: str, draft: DecisionDraft, *, hold: timedelta) -> Saved | None:
        """Put another verdict or reason in the place of a decision that is not posted.

        It is held anew. None if the decision is, or may be, posted by now, or counts no more.
        """
        with self._connection.writing() as sql:
            chosen = self._choices.amend(decision_id, draft, hold=hold)
            counts = self._counts(sql)
        return None if chosen is None else Saved(*chosen, counts)

    def redo(self, *, actor: str, hold: timedelta) -> list[Saved]:
        """Make the step again that was undone last; empty if there is none."""
        return self._steps.redo(actor=actor, hold=hold)

    def reverse(
        self,
        decision_id: str,
        *,
        actor: str,
        hold: timedelta,
        look: DecisionDraft | None = None,
    ) -> Saved:
        """Decide the other way after posting: a new decision that expects the posted status.

        ``look``: what was seen and said with it, if the image was looked at again.
        """
        with self._connection.writing() as sql:
            chosen = self._choices.reverse(decision_id, actor=actor, hold=hold, look=look)
            counts = self._counts(sql)
        return Saved(*chosen, counts)

    def reverse_many(
        self, decision_ids: Sequence[str], *, actor: str, hold: timedelta
    ) -> list[Saved]:
        """Decide many the other way after posting, as one step; at most 200 in one transaction."""
        return self._steps.reverse(decision_ids, actor=actor, hold=hold)

    def release_held(self) -> int:
        """Make every held operation ready now and say how many there were."""
        return self._release(self._clock.now(), all_held=True)

    # -- the trays

    def operations(
        self, states: Collection[OperationState], *, limit: int = 200, after: str | None = None
    ) -> list[Operation]:
        """Operations in any of the states, oldest first, after the one with that id."""
        with self._connection.reading() as sql:
            return operation_rows.in_states(sql, states, limit=limit, after=after or "")

    def post_now(self, operation_id: str) -> bool:
        """Make one held or ready operation due now; false if it is neither."""
        with self._connection.writing() as sql:
            return operation_rows.post_now(sql, operation_id, self._clock.now())

    def retry_parked(self, operation_id: str) -> bool:
        """Post a parked operation again, after reading the asset; false if it is not parked."""
        with self._connection.writing():
            return self._choices.retry(operation_id)

    def drop(self, operation_id: str, *, actor: str, note: str | None = None) -> bool:
        """Give up a choice that is not posted; false if it is being posted or is settled."""
        with self._connection.writing():
            return self._choices.drop(operation_id, actor=actor, note=note)

    def resolve_conflict(
        self, operation_id: str, action: Action, *, actor: str, hold: timedelta
    ) -> Decision | None:
        """Settle a conflict (keep mine, accept theirs, look again) and say how the log tells it.

        None if there is no conflict any more, or if an approval would be kept for a picture that
        has replaced the one it was given to.
        """
        with self._connection.writing():
            chosen = self._choices.resolve(operation_id, action, actor=actor, hold=hold)
        return chosen[0] if chosen else None

    # -- the log

    def recent_decisions(self, limit: int = 50, *, actor: str | None = None) -> list[HistoryRow]:
        """The last decisions of somebody (None: of anybody), newest first, and what became of them.

        What the log only notes (an undo, a conflict that was settled by theirs) is not among them.
        """
        with self._connection.reading() as sql:
            rows = []
            for decision in decision_log.read_last_posting(
                sql, limit, actor=actor, within=_HISTORY_REACH
            ):
                entry = queue_rows.entry(sql, decision.draft.ref.key)
                assert entry is not None  # the schema has no operation without its asset
                operation = operation_rows.read(sql, decision.decision_id)
                rows.append(HistoryRow(decision, operation, entry))
        return rows

    def last_posted(self, key: str) -> Decision | None:
        """The decision of this machine that was posted last for an asset, if there is one."""
        with self._connection.reading() as sql:
            decision_id = operation_rows.last_done(sql, key)
            return None if decision_id is None else decision_log.read(sql, decision_id)

    def iterate_decisions(self) -> Iterator[Decision]:
        """The whole log, oldest first, without holding a transaction open."""
        sequence = 0
        while True:
            with self._connection.reading() as sql:
                decisions = decision_log.read_after(sql, sequence, 500)
            if not decisions:
                return
            yield from decisions
            sequence = decisions[-1].sequence

    def log_end(self) -> int:
        """The number of the newest row of the log; 0 if it is empty."""
        with self._connection.reading() as sql:
            return decision_log.last_sequence(sql)

    def decisions_after(self, sequence: int, limit: int) -> list[Decision]:
        """The rows of the log that follow ``sequence``, oldest first, at most ``limit``."""
        with self._connection.reading() as sql:
            return decision_log.read_after(sql, sequence, limit)

    def operations_after(
        self, sequence: int, limit: int
    ) -> list[tuple[int, OperationState, str | None]]:
        """Number, state and error code of the operations that follow ``sequence``."""
        with self._connection.reading() as sql:
            return operation_rows.after(sql, sequence, limit)

    def verify_chain(self) -> ChainBreak | None:
        """Find the first row of the log that was changed or follows a missing one."""
        return first_break(self.iterate_decisions())

    def data_version(self) -> int:
        """A number that changes whenever another connection has written."""
        with self._connection.translating() as sql:
            return int(sql.execute("PRAGMA data_version").fetchone()[0])

    # -- for the doctor

    def drift(self) -> list[str]:
        """Every way in which queue and counters differ from what they are kept from."""
        with self._connection.reading() as sql:
            return queue_rows.drift(sql)

    def rebuild_queue(self) -> None:
        """Make the queue anew from assets, marks and operations."""
        with self._connection.writing() as sql:
            queue_rows.rebuild(sql)

    # -- inside

    def _counts(self, sql: sqlite3.Connection) -> Counts:
        counts = queue_rows.counts(sql, self._view)
        if counts is None:
            queue_rows.start_counting(sql, self._view)
            counts = queue_rows.counts(sql, self._view)
        return counts or Counts()
