"""The upload's transaction: first the bytes, then the row.

Whatever dies in between leaves a blob nobody lists, never an asset without a file. The blob's
removal is noted before it exists and struck out with the row, so what a kill leaves behind is
known and need not be searched for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import delete

from modstation.core.clock import to_us
from modstation.service import assets
from modstation.service.faults import BadRequest
from modstation.service.removals import drop_blob
from modstation.service.schema import blob_jobs

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstation.service.assets import Asset
    from modstation.service.service import Service

# Within this an upload has stored its bytes and committed, or its process is dead.
_UNFINISHED_US = 3_600_000_000


def note_unfinished(service: Service, blob: str) -> int:
    """Have a blob that is about to be stored removed in an hour; the number to strike it out by."""
    with service.ledger.write() as connection:
        return drop_blob(connection, blob, to_us(service.clock.now()), _UNFINISHED_US)


def strike_out(connection: Connection, removal: int) -> None:
    """Keep a blob after all; raises BadRequest if its removal has begun."""
    if not connection.execute(delete(blob_jobs).where(blob_jobs.c.id == removal)).rowcount:
        raise BadRequest("The upload took too long")


def store(connection: Connection, draft: Asset, *, overwrite: bool) -> tuple[Asset, str | None]:
    """Insert or overwrite; says ``existing`` or ``overwritten`` if there was one already."""
    named = (draft.cloud, draft.resource_type, draft.type, draft.public_id)
    old = assets.find(connection, *named, locked=True)
    if old is None:
        return assets.add(connection, draft), None
    if old.deleted:
        drop_blob(connection, old.blob, draft.created_us)
        assets.remove(connection, old)
        return assets.add(connection, draft), None
    if not overwrite:
        return old, "existing"
    drop_blob(connection, old.blob, draft.created_us)
    asset = replace(
        draft,
        seq=old.seq,
        asset_id=old.asset_id,
        version=max(draft.version, old.version + 1),
        created_us=old.created_us,
    )
    assets.save(connection, old, asset)
    return asset, "overwritten"
