"""The store as the sync engine uses it: outbox, listings, and the small things it remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.clock import to_us
from modstation.store import (
    asset_rows,
    held_rows,
    listings,
    operation_rows,
    reason_notes,
    remembered,
    settlement,
)
from modstation.store.connection import SLICE, StoreConnection, sliced
from modstation.store.results import ItemProblem, ListState, PageResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from modstation.core.assets import Asset
    from modstation.core.clock import Clock
    from modstation.core.language import Sentence
    from modstation.core.outbox import Operation, Transition
    from modstation.core.queue import Listing, QueueView
    from modstation.store.reason_notes import ReasonNote


class EngineSide:
    """Part of ``StationStore``, whose promises hold here too."""

    _connection: StoreConnection
    _clock: Clock

    # -- the outbox, for the sync engine

    def recover_in_flight(self, now: datetime) -> list[Operation]:
        """Take back what was in flight when the program ended; it is verified before it is sent.

        Only for the holder of the network lock: nobody else may have anything in flight.
        """
        recovered: list[Operation] = []
        while True:
            with self._connection.writing() as sql:
                slice_ = settlement.recover(sql, now, SLICE)
            recovered += slice_
            if len(slice_) < SLICE:
                return recovered

    def release_due(self, now: datetime) -> int:
        """Make held operations ready whose undo window is over."""
        with self._connection.reading() as sql:
            due = operation_rows.some_held_due(sql, now)
        return self._release(now, all_held=False) if due else 0

    def claim(self, limit: int, now: datetime) -> list[Operation]:
        """Put the next operations in flight, rejections first, oldest first, one per asset."""
        with self._connection.reading() as sql:
            if not settlement.something_claimable(sql, now):
                return []
        claimed: list[Operation] = []
        while len(claimed) < limit:
            wanted = min(SLICE, limit - len(claimed))
            with self._connection.writing() as sql:
                slice_ = settlement.claim(sql, wanted, now)
            claimed += slice_
            if len(slice_) < wanted:
                break
        return claimed

    def apply(
        self,
        operation_id: str,
        transition: Transition,
        *,
        now: datetime,
        asset: Asset | None = None,
    ) -> Operation:
        """Settle an operation in flight; ``asset`` is what the service answered about its asset.

        The transition gives way to a newer choice that was made since it was worked out.
        """
        with self._connection.writing() as sql:
            return settlement.settle(sql, operation_id, transition, now=now, asset=asset)

    def apply_many(
        self,
        settled: Sequence[tuple[str, Transition, Asset | None]],
        *,
        now: datetime,
        note_reasons: bool = False,
    ) -> list[Operation]:
        """Settle many operations, at most 200 in one transaction.

        ``note_reasons``: keep what is to be written into the context of the assets.
        """
        operations: list[Operation] = []
        for slice_ in sliced(settled):
            with self._connection.writing() as sql:
                operations += [
                    settlement.settle(
                        sql,
                        operation_id,
                        transition,
                        now=now,
                        asset=asset,
                        note_reason=note_reasons,
                    )
                    for operation_id, transition, asset in slice_
                ]
        return operations

    def hasten_forbidden(self, now: datetime) -> None:
        """Make due what waits because the service refused it as by a key that may not post."""
        with self._connection.reading() as sql:
            waiting = operation_rows.some_forbidden_waiting(sql, now)
        while waiting:
            with self._connection.writing() as sql:
                waiting = operation_rows.hasten_forbidden(sql, now, SLICE) == SLICE

    def next_due(self) -> datetime | None:
        """When the first held or ready operation is due."""
        with self._connection.reading() as sql:
            return operation_rows.next_due(sql)

    def reason_notes(self, limit: int) -> list[ReasonNote]:
        """Reasons still to be written into the context of their assets, the oldest first."""
        with self._connection.reading() as sql:
            return reason_notes.waiting(sql, limit)

    def reason_written(self, name: str) -> None:
        """The service has a reason, or never will."""
        with self._connection.writing() as sql:
            reason_notes.remove(sql, name)

    def reason_not_written(self, waiting: ReasonNote) -> None:
        """An attempt to write a reason came to nothing clear."""
        with self._connection.writing() as sql:
            reason_notes.put(sql, reason_notes.failed(waiting))

    # -- listings, for the sync engine

    def list_state(self, listing: Listing) -> ListState:
        """How far a listing has got."""
        with self._connection.reading() as sql:
            return listings.state(sql, listing)

    def apply_page(
        self,
        listing: Listing,
        assets: Sequence[Asset],
        *,
        cursor: str | None,
        pass_id: str,
        listed_at: datetime,
        first: bool,
        last: bool,
    ) -> PageResult:
        """Store a page of a listing; the cursor is saved with its last slice.

        ``first`` begins a pass. On ``last``, entries that the pass did not show leave the queue
        (settled elsewhere), unless they were created after its last asset. ``ValueError`` if the
        pass was never begun. Storing the same page again changes nothing.
        """
        page = listings.Page(cursor, pass_id, listed_at, first, last)
        return listings.apply_page(self._connection, listing, assets, page, now=self._clock.now())

    def upsert_asset(self, asset: Asset) -> None:
        """Store one asset that was read by itself; names that are no text are left out."""
        if not asset_rows.is_storable(asset):
            return
        with self._connection.writing() as sql:
            asset_rows.upsert(sql, asset, list_kind=None, now_us=to_us(self._clock.now()))
            asset_rows.doubt_waiting(sql, asset)

    # -- what colleagues have in hand

    def next_up(self, view: QueueView, limit: int) -> list[tuple[str, str | None]]:
        """The first entries of a view: key and asset ID, if that is known."""
        with self._connection.reading() as sql:
            return held_rows.next_up(sql, view, limit)

    def held_elsewhere(self, limit: int) -> list[tuple[str, str | None]]:
        """What colleagues have in hand, those that come free soonest first: key and asset ID."""
        with self._connection.reading() as sql:
            return held_rows.held(sql, limit)

    def hold_elsewhere(self, held: Sequence[tuple[str, str, datetime]]) -> None:
        """Take entries out of the queue: key, who has it in hand, until when."""
        for slice_ in sliced(held):
            with self._connection.writing() as sql:
                held_rows.hold(sql, slice_)

    def let_go(self, keys: Sequence[str]) -> None:
        """Let entries back into the queue that no colleague has in hand."""
        for slice_ in sliced(keys):
            with self._connection.writing() as sql:
                held_rows.let_go(sql, slice_)

    def leave_queue(self, keys: Sequence[str]) -> None:
        """Entries that a colleague had do not wait any more, as the service says."""
        for slice_ in sliced(keys):
            with self._connection.writing() as sql:
                held_rows.leave(sql, slice_, self._clock.now())

    def let_go_due(self, now: datetime) -> int:
        """Let entries back into the queue whose lease is over; how many."""
        due, freed = self.next_free(), 0
        while due is not None and due <= now:
            with self._connection.writing() as sql:
                freed += held_rows.let_go_due(sql, now, SLICE)
            due = self.next_free()
        return freed

    def next_free(self) -> datetime | None:
        """When the next lease of a colleague is over, as far as it is known."""
        with self._connection.reading() as sql:
            return held_rows.next_free(sql)

    # -- small things the sync engine remembers

    def put_state(self, name: str, value: str) -> None:
        """Remember a small value: quota, pause, capabilities."""
        with self._connection.writing() as sql:
            remembered.put(sql, name, value)

    def get_state(self, name: str) -> str | None:
        """A value that was remembered."""
        with self._connection.reading() as sql:
            return remembered.get(sql, name)

    def note_problem(
        self,
        key: str,
        rendition: str,
        message: Sentence,
        *,
        permanent: bool,
        retry_at: datetime | None,
        revision: str | None = None,
    ) -> None:
        """Remember why a picture could not be fetched and when to try again."""
        now = self._clock.now()
        problem = ItemProblem(key, rendition, message, permanent, retry_at, now, revision)
        with self._connection.writing() as sql:
            remembered.note_problem(sql, problem)

    def clear_problem(self, key: str, rendition: str) -> None:
        """The picture is here now."""
        with self._connection.writing() as sql:
            remembered.clear_problem(sql, key, rendition)

    def problems(self, keys: Iterable[str]) -> dict[tuple[str, str], ItemProblem]:
        """What is known to be wrong with the pictures of these assets, by key and rendition."""
        with self._connection.reading() as sql:
            return {
                (problem.key, problem.rendition): problem
                for slice_ in sliced(list(keys))
                for problem in remembered.problems(sql, slice_)
            }

    # -- inside

    def _release(self, now: datetime, *, all_held: bool) -> int:
        released = 0
        while True:
            with self._connection.writing() as sql:
                count = operation_rows.release(sql, now, all_held=all_held, limit=SLICE)
            released += count
            if count < SLICE:
                return released
