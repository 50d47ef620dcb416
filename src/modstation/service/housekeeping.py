"""Moving blobs after a change has committed: to the backup area, back, or away.

A job names an asset whose original may be in the wrong place, or a blob nobody refers to any
more. It says nothing of what to do: the asset's row does, at the time the job is done, so a
job may be late or done twice without harm. Delivery never waits for it (delivery.py asks the
row whether an asset may be seen).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    from modstation.service.blobs import Blobs
    from modstation.service.ledger import Ledger

_PER_STEP = 200


class Housekeeper:
    """Does the blob jobs that are due."""

    def __init__(self, ledger: Ledger, blobs: Blobs) -> None:
        self._ledger = ledger
        self._blobs = blobs

    def step(self, now: datetime) -> int:
        """Do up to 200 due jobs; the number done."""
        with self._ledger.read() as connection:
            jobs = connection.execute(
                select(blob_jobs)
                .where(blob_jobs.c.due_us <= to_us(now))
                .order_by(blob_jobs.c.due_us, blob_jobs.c.id)
                .limit(_PER_STEP)
            ).all()
        for job in jobs:
            if job.blob is not None:
                self._drop(job.blob)
            if job.asset_id is not None:
                self._place(job.asset_id)
        if jobs:
            with self._ledger.write() as connection:
                connection.execute(
                    delete(blob_jobs).where(blob_jobs.c.id.in_([job.id for job in jobs]))
                )
        return len(jobs)

    def _drop(self, blob: str) -> None:
        # It may have been moved between the job's making and now.
        self._blobs.remove(beside(blob, ORIGINALS), beside(blob, BACKUP))
        self._drop_renditions(blob)

    def _drop_renditions(self, blob: str) -> None:
        self._blobs.remove(*self._blobs.names(beside(blob, RENDITIONS)))

    def _place(self, asset_id: str) -> None:
        """Bring an asset's original where its state says; copy, point the row at it, remove."""
        with self._ledger.read() as connection:
            row = connection.execute(select(assets).where(assets.c.asset_id == asset_id)).first()
        if row is None:
            return
        hidden = row.withdrawn or row.deleted_us is not None
        wanted = beside(row.blob, BACKUP if hidden else ORIGINALS)
        if hidden:
            self._drop_renditions(row.blob)
        if row.blob == wanted:
            return
        try:
            self._blobs.copy(row.blob, wanted)
        except BlobGone:
            return
        with self._ledger.write() as connection:
            moved = connection.execute(
                update(assets)
                .where(assets.c.asset_id == asset_id, assets.c.blob == row.blob)
                .values(blob=wanted)
            ).rowcount
        self._blobs.remove(row.blob if moved else wanted)
