"""Deleting: ``destroy`` of the Upload API (reference 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service import assets
from modstation.service.asset_events import tell_deleted
from modstation.service.backups import delete_asset
from modstation.service.faults import BadRequest
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call


async def destroy(call: Call) -> Response:
    """Delete one asset by public ID; an unknown one is no error (reference 3.4)."""
    return Json(await run_in_threadpool(_destroy, call))


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
