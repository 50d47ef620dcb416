"""Deleting: ``destroy`` of the Upload API, and what becomes of a deleted asset's bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import insert
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service import assets
from modstation.service.asset_events import tell_deleted
from modstation.service.faults import BadRequest
from modstation.service.schema import blob_jobs
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets import Asset
    from modstation.service.calls import Call

# Blobs that lost their row are kept a while for readers that have just looked the row up.
_GRACE_US = 60_000_000


async def destroy(call: Call) -> Response:
    """Delete one asset by public ID; an unknown one is no error (reference 3.4)."""
    return Json(await run_in_threadpool(_destroy, call))


def drop_blob(connection: Connection, blob: str, now_us: int, grace_us: int = _GRACE_US) -> int:
    """Have a blob removed after the grace; the job's number."""
    job: int | None = connection.scalar(
        insert(blob_jobs)
        .values(asset_id=None, blob=blob, due_us=now_us + grace_us)
        .returning(blob_jobs.c.id)
    )
    assert job is not None
    return job


def delete_asset(connection: Connection, asset: Asset, now_us: int) -> None:
    """Delete an asset; one with a backup keeps its row and can be restored."""
    if asset.backup or asset.withdrawn:
        assets.save(connection, asset, replace(asset, deleted_us=now_us, updated_us=now_us))
        connection.execute(
            insert(blob_jobs).values(asset_id=asset.asset_id, blob=None, due_us=now_us)
        )
    else:
        assets.remove(connection, asset)
        drop_blob(connection, asset.blob, now_us)


def _destroy(call: Call) -> dict[str, str]:
    public_id = call.parameters.text("public_id")
    if public_id is None:
        raise BadRequest("Missing required parameter - public_id")
    resource_type = call.path["resource_type"]
    delivery_type = call.parameters.text("type") or "upload"
    now_us = to_us(call.service.clock.now())
    with call.service.ledger.write() as connection:
        named = (call.caller.cloud, resource_type, delivery_type, public_id)
        asset = assets.find(connection, *named, locked=True)
        if asset is None or asset.deleted:
            return {"result": "not found"}
        delete_asset(connection, asset, now_us)
        tell_deleted(connection, call, [asset])
    call.service.wake()
    return {"result": "ok"}
