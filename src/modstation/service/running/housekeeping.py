"""Tidying up after a change has committed, and forgetting what has grown old.

Blobs move to the backup area, back, or away. A job names an asset whose original may be in the
wrong place, one of its versions that became a backup, or a blob nobody refers to. It says nothing
of what to do: the row does, at the time the job is done, so a job may be late or done twice
without harm. Delivery never waits for it: it asks the row whether an asset may be seen.

Letters that were delivered or given up are forgotten after 30 days, those nobody came for after
7, receipts of batch decisions after 90, files in parts after one (chunked_uploads.py). The history
of decisions is kept for ever.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from obstore.exceptions import BaseError
from sqlalchemy import delete, exists, select, update

from modstation.core.clock import to_us
from modstation.service.blobs import (
    BACKUP,
    ORIGINALS,
    RENDITIONS,
    BlobGone,
    beside,
)
from modstation.service.leases import take_lease
from modstation.service.moderation.claims import prune_claims
from modstation.service.notifications.delivery_log import forget_letters, forget_messages
from modstation.service.notifications.lanes import WAITING
from modstation.service.schema import (
    applied_decisions,
    assets,
    backup_versions,
    blob_jobs,
    decision_history,
    notifications,
)
from modstation.service.uploads.chunked_uploads import forget_parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

    from modstation.service.blobs import Blobs
    from modstation.service.ledger import Ledger

# One transaction's worth, so that no request waits long for the writer. Storage that is slow
# makes it less: PostgreSQL ends a transaction that says nothing for two minutes.
_PER_STEP = 25
_SECONDS_PER_STEP = 5.0
# Each attempt may wait for storage as long as obstore does, and letters wait with it.
_AFTER_STORAGE_ERROR = timedelta(seconds=30)
_PER_PRUNING = 500
_BETWEEN_PRUNINGS = timedelta(days=1)
_ONE_PRUNING = timedelta(minutes=10)
_LETTERS_KEPT = timedelta(days=30)
_MESSAGES_KEPT = timedelta(days=7)
# A station sends a decision again after an outage; nobody's outage lasts this long.
_RECEIPTS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class _Original:
    """Bytes that a row refers to: which row, where they were, and where they belong.

    ``name`` is what jobs call it; ``busy``: somebody is changing the row, so its job is left.
    """

    name: str
    table: Table
    row: ColumnElement[bool]
    blob: str
    hidden: bool
    busy: bool

    @property
    def wanted(self) -> str:
        return beside(self.blob, BACKUP if self.hidden else ORIGINALS)


class Housekeeper:
    """Does the blob jobs that are due, on as many replicas as there are.

    A job and the rows that it moves bytes of are kept for the transaction it is done in, so that
    nobody else moves the same bytes, and whoever dies leaves the job to the next.
    """

    def __init__(self, ledger: Ledger, blobs: Blobs) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._name = secrets.token_hex(8)
        self._jobs_at: datetime | None = None
        self._prune_at: datetime | None = None
        self._letters_after = 0

    def step(self, now: datetime) -> int:
        """Do some due jobs, and once a day forget what is old; the number of things done."""
        done = forget_parts(self._ledger, to_us(now)) + self._prune(now)
        if self._jobs_at is not None and now < self._jobs_at:
            return done
        try:
            return done + self._do_jobs(to_us(now))
        except (BaseError, OSError):
            self._jobs_at = now + _AFTER_STORAGE_ERROR
            raise

    def _do_jobs(self, now_us: int) -> int:
        """Copies first, then the rows that point at them, then the removals, and last the jobs.

        If the transaction fails after that, a row points at bytes that were moved: the job that
        is still there finds them at their new place.
        """
        due = select(blob_jobs).where(blob_jobs.c.due_us <= now_us)
        with self._ledger.read() as connection:
            # Looking must not make SQLite's one writer wait.
            if connection.execute(due.limit(1)).first() is None:
                return 0
        with self._ledger.write() as connection:
            jobs = connection.execute(
                due.order_by(blob_jobs.c.due_us, blob_jobs.c.id)
                .limit(_PER_STEP)
                .with_for_update(skip_locked=True)
            ).all()
            found = [*_of_assets(connection, jobs), *_of_versions(connection, jobs)]
            busy = {original.name for original in found if original.busy}
            places = {original.name: original for original in found if not original.busy}
            done: list[int] = []
            until = time.monotonic() + _SECONDS_PER_STEP
            for job in jobs:
                if done and time.monotonic() > until:
                    break
                name = job.version_id or job.asset_id
                if name in busy:
                    continue
                # Of several jobs for one original the first has done it for all.
                if (original := places.pop(name, None)) is not None:
                    self._place(connection, original)
                if job.blob is not None:
                    # It may have been moved between the job's making and now.
                    self._blobs.remove(beside(job.blob, ORIGINALS), beside(job.blob, BACKUP))
                    self._drop_renditions(job.blob)
                done.append(job.id)
            connection.execute(delete(blob_jobs).where(blob_jobs.c.id.in_(done)))
        return len(done)

    def _place(self, connection: Connection, original: _Original) -> None:
        """Bring the bytes to where they belong, and clear the other place."""
        if original.hidden:
            self._drop_renditions(original.blob)
        wanted = original.wanted
        # Where the row says, or where an attempt left them whose transaction failed.
        if original.blob != wanted or not self._blobs.has(wanted):
            try:
                self._blobs.copy(_other_place(wanted), wanted)
            except BlobGone:
                if not self._blobs.has(wanted):
                    return
        if original.blob != wanted:
            connection.execute(update(original.table).where(original.row).values(blob=wanted))
        self._blobs.remove(_other_place(wanted))

    def _prune(self, now: datetime) -> int:
        if self._prune_at is not None and now < self._prune_at:
            return 0
        if not self._may_prune(now, _ONE_PRUNING):
            self._prune_at = now + _ONE_PRUNING
            return 0
        forgotten = self._prune_letters(to_us(now - _LETTERS_KEPT))
        forgotten += self._prune_receipts(to_us(now - _RECEIPTS_KEPT))
        forgotten += self._prune_claims(to_us(now))
        forgotten += self._prune_messages(now)
        if not forgotten:
            self._prune_at = now + _BETWEEN_PRUNINGS
            self._may_prune(now, _BETWEEN_PRUNINGS)
            self._letters_after = 0
        return forgotten

    def _may_prune(self, now: datetime, until: timedelta) -> bool:
        """Whether no other replica forgets what is old, or has done so within the day."""
        with self._ledger.write() as connection:
            return take_lease(
                connection,
                "pruning",
                self._name,
                now_us=to_us(now),
                lease_us=until // timedelta(microseconds=1),
            )

    def _prune_letters(self, before_us: int) -> int:
        """Forget some letters; they are read in the order they were written, up to a young one."""
        letter = notifications.c
        while True:
            with self._ledger.read() as connection:
                rows = connection.execute(
                    select(letter.id, letter.state, letter.created_us)
                    .where(letter.id > self._letters_after)
                    .order_by(letter.id)
                    .limit(_PER_PRUNING)
                ).all()
            old = [row for row in rows if row.created_us < before_us]
            if not old:
                return 0
            self._letters_after = old[-1].id
            done = [row.id for row in old if row.state != WAITING]
            if done:
                with self._ledger.write() as connection:
                    forget_letters(connection, done)
                return len(done)

    def _prune_messages(self, now: datetime) -> int:
        with self._ledger.write() as connection:
            return forget_messages(connection, to_us(now - _MESSAGES_KEPT), _PER_PRUNING)

    def _prune_claims(self, before_us: int) -> int:
        with self._ledger.write() as connection:
            return prune_claims(connection, before_us, _PER_PRUNING)

    def _prune_receipts(self, before_us: int) -> int:
        receipt, decision = applied_decisions.c, decision_history.c
        # A receipt's own time is that of the asset's last change, which may be older than the
        # decision: one that changed nothing. The history knows when it came.
        recent = exists().where(
            decision.asset_id == receipt.asset_id,
            decision.decision_id == receipt.decision_id,
            decision.cloud == receipt.cloud,
            decision.received_us >= before_us,
        )
        with self._ledger.read() as connection:
            old = connection.execute(
                select(receipt.cloud, receipt.decision_id)
                .where(receipt.updated_us < before_us, ~recent)
                .limit(_PER_PRUNING)
            ).all()
        if not old:
            return 0
        with self._ledger.write() as connection:
            for cloud in {row.cloud for row in old}:
                ids = [row.decision_id for row in old if row.cloud == cloud]
                connection.execute(
                    delete(applied_decisions).where(
                        receipt.cloud == cloud, receipt.decision_id.in_(ids)
                    )
                )
        return len(old)

    def _drop_renditions(self, blob: str) -> None:
        self._blobs.remove_under(beside(blob, RENDITIONS))


def _other_place(name: str) -> str:
    area = ORIGINALS if name.startswith(f"{BACKUP}/") else BACKUP
    return beside(name, area)


def _of_assets(connection: Connection, jobs: Sequence[Row[Any]]) -> list[_Original]:
    column = assets.c
    named = {job.asset_id for job in jobs if job.asset_id is not None and job.version_id is None}
    query = select(
        column.seq, column.asset_id, column.blob, column.withdrawn, column.deleted_us
    ).where(column.asset_id.in_(named))
    rows, kept = _kept(connection, query, column.seq)
    return [
        _Original(
            row.asset_id,
            assets,
            column.seq == row.seq,
            row.blob,
            hidden=row.withdrawn or row.deleted_us is not None,
            busy=row.seq not in kept,
        )
        for row in rows
    ]


def _of_versions(connection: Connection, jobs: Sequence[Row[Any]]) -> list[_Original]:
    column = backup_versions.c
    named = {job.version_id for job in jobs if job.version_id is not None}
    query = select(column.version_id, column.blob).where(column.version_id.in_(named))
    rows, kept = _kept(connection, query, column.version_id)
    return [
        _Original(
            row.version_id,
            backup_versions,
            column.version_id == row.version_id,
            row.blob,
            hidden=True,
            busy=row.version_id not in kept,
        )
        for row in rows
    ]


def _kept(
    connection: Connection, query: Select[Any], key: ColumnElement[Any]
) -> tuple[list[Row[Any]], set[Any]]:
    """The rows, and the keys of those that this transaction could keep for itself.

    Nobody is waited for: whoever changes an asset may be waiting for another one that is kept
    here. What a kept row says is read after it was kept.
    """
    free = query.with_only_columns(key).with_for_update(skip_locked=True)
    kept = set(connection.scalars(free))
    return list(connection.execute(query)), kept
