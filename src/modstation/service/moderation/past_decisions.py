"""Who decided on an asset, when and why: its history, newest first, read a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from modstation.service.assets import stored
from modstation.service.assets.asset_names import DELIVERY_TYPES, RESOURCE_TYPES
from modstation.service.assets.cursors import Place, read_cursor, write_cursor
from modstation.service.assets.listings import check_value, not_found
from modstation.service.assets.representations import instant
from modstation.service.schema import decision_history
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Row
    from starlette.responses import Response

    from modstation.service.calls import Call

MOST_LISTED = 100
_USUALLY = 20


async def past_decisions(call: Call) -> Response:
    """The decisions on one asset, also those that changed nothing."""
    return Json(await run_in_threadpool(_past_decisions, call))


def _past_decisions(call: Call) -> dict[str, Any]:
    resource_type, delivery_type = call.path["resource_type"], call.path["type"]
    check_value("resource_type", resource_type, RESOURCE_TYPES)
    check_value("type", delivery_type, DELIVERY_TYPES)
    public_id, parameters = call.path["public_id"], call.parameters
    limit = parameters.number("max_results", default=_USUALLY, low=1, high=MOST_LISTED)
    cursor = parameters.text("next_cursor")
    column = decision_history.c
    with call.service.ledger.read() as connection:
        asset = stored.find(connection, call.caller.cloud, resource_type, delivery_type, public_id)
        if asset is None or asset.deleted:
            raise not_found(public_id)
        listed = f"decisions/{asset.asset_id}"
        query = select(decision_history).where(column.asset_id == asset.asset_id)
        if cursor:
            _, last = read_cursor(cursor, listed, tuple[str, Place])
            query = query.where(column.id < last)
        found = connection.execute(query.order_by(column.id.desc()).limit(limit + 1)).all()
    answer: dict[str, Any] = {"decisions": [_document(row) for row in found[:limit]]}
    if len(found) > limit:
        answer["next_cursor"] = write_cursor(listed, found[limit - 1].id)
    return answer


def _document(row: Row[Any]) -> dict[str, Any]:
    document = {
        "moderation_kind": row.kind,
        "from_status": row.from_status,
        "to_status": row.to_status,
        "changed": row.changed,
        "decision_id": row.decision_id,
        "actor": row.actor,
        "reason": row.reason,
        "note": row.note,
        "version_id": row.version_id,
        "decided_at": instant(row.decided_us),
        "received_at": instant(row.received_us),
    }
    if row.version_id is not None:
        document["version_id"] = row.version_id
    if row.automatic:
        document["automatic"] = True
    return document
