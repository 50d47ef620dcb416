"""Deleting: ``destroy`` of the Upload API (reference 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.asset_events import tell_deleted
from modstation.service.assets.backups import delete_asset
from modstation.service.assets.word_lists import checked_resource_type
from modstation.service.faults import BadRequest
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call


async def destroy(call: Call) -> Response:
    """Delete one asset by public ID; an unknown one is no error (reference 3.4)."""
    return Json(await run_in_threadpool(_destroy, call))


async def destroy_by_id(call: Call) -> Response:
    """Delete one asset by its identifier; an unknown one is no error."""
    return Json(await run_in_threadpool(_destroy_by_id, call))


def _destroy(call: Call) -> dict[str, str]:
    public_id = call.parameters.text("public_id")
    if public_id is None:
        raise BadRequest("Missing required parameter - public_id")
    resource_type = checked_resource_type(call)
    delivery_type = call.parameters.text("type") or "upload"
    with call.service.ledger.write() as connection:
        named = (call.caller.cloud, resource_type, delivery_type, public_id)
        answer = _gone(call, connection, stored.find(connection, *named, locked=True))
    call.service.wake()
    return answer


def _destroy_by_id(call: Call) -> dict[str, str]:
    asset_id = call.parameters.text("asset_id")
    if asset_id is None:
        raise BadRequest("Missing required parameter - asset_id")
    with call.service.ledger.write() as connection:
        found = stored.find_by_id(connection, call.caller.cloud, asset_id, locked=True)
        answer = _gone(call, connection, found)
    call.service.wake()
    return answer


def _gone(call: Call, connection: Connection, asset: Asset | None) -> dict[str, str]:
    if asset is None or asset.deleted:
        return {"result": "not found"}
    delete_asset(connection, asset, to_us(call.service.clock.now()))
    tell_deleted(connection, call, [asset])
    return {"result": "ok"}
