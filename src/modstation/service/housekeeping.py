"""Moving blobs after a change has committed: to the backup area, back, or away.

A job names an asset whose original may be in the wrong place, or a blob nobody refers to any
more. It says nothing of what to do: the asset's row does, at the time the job is done, so a
job may be late or done twice without harm. Delivery never waits for it (delivery.py asks the
row whether an asset may be seen).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from modstation.core.clock import to_us
from modstation.service.blobs import (
    BACKUP,
    ORIGINALS,
    RENDITIONS,
    BlobGone,
    beside,
)
from modstation.service.schema import assets, blob_jobs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from modstation.service.blobs import Blobs
    from modstation.service.ledger import Ledger

_PER_STEP = 200


class Housekeeper:
    """Does the blob jobs that are due. One runs per database: two could undo each other's moves."""

    def __init__(self, ledger: Ledger, blobs: Blobs) -> None:
        self._ledger = ledger
        self._blobs = blobs

    def step(self, now: datetime) -> int:
        """Do up to 200 due jobs; the number done.

        Copies first, then one transaction that points the rows at them and forgets the jobs,
        then the removals: whoever dies in between leaves a copy too many and does it again.
        """
        with self._ledger.read() as connection:
            jobs = connection.execute(
                select(blob_jobs)
                .where(blob_jobs.c.due_us <= to_us(now))
                .order_by(blob_jobs.c.due_us, blob_jobs.c.id)
                .limit(_PER_STEP)
            ).all()
            wanted = [job.asset_id for job in jobs if job.asset_id is not None]
            rows = connection.execute(select(assets).where(assets.c.asset_id.in_(wanted))).all()
        if not jobs:
            return 0
        copied = {row: name for row in rows if (name := self._copied(row)) is not None}
        leftover = []
        with self._ledger.write() as connection:
            for row, name in copied.items():
                moved = connection.execute(
                    update(assets)
                    .where(assets.c.asset_id == row.asset_id, assets.c.blob == row.blob)
                    .values(blob=name)
                ).rowcount
                if moved:
                    leftover.append(row.blob)
            connection.execute(
                delete(blob_jobs).where(blob_jobs.c.id.in_([job.id for job in jobs]))
            )
        self._blobs.remove(*leftover)
        for job in jobs:
            if job.blob is not None:
                # It may have been moved between the job's making and now.
                self._blobs.remove(beside(job.blob, ORIGINALS), beside(job.blob, BACKUP))
                self._drop_renditions(job.blob)
        return len(jobs)

    def _copied(self, row: Row[Any]) -> str | None:
        """The new name of an asset's original, copied there; None if it is where it belongs."""
        hidden = row.withdrawn or row.deleted_us is not None
        wanted = beside(row.blob, BACKUP if hidden else ORIGINALS)
        if hidden:
            self._drop_renditions(row.blob)
        if row.blob == wanted:
            return None
        try:
            self._blobs.copy(row.blob, wanted)
        except BlobGone:
            return None
        return wanted

    def _drop_renditions(self, blob: str) -> None:
        self._blobs.remove(*self._blobs.names(beside(blob, RENDITIONS)))
