"""What only this service can do, under ``/v1_1/<cloud>/modstation/``.

A client asks ``capabilities`` first and never assumes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from starlette.concurrency import run_in_threadpool

from modstation.service.assets import stored
from modstation.service.assets.amendments import bench
from modstation.service.assets.asset_names import DELIVERY_TYPES, RESOURCE_TYPES
from modstation.service.assets.listings import check_value, not_found
from modstation.service.assets.representations import instant
from modstation.service.delivery.file_answers import respond
from modstation.service.delivery.renditions import file_of
from modstation.service.delivery.transformations import Box, Transformation
from modstation.service.faults import BadRequest
from modstation.service.moderation.claiming import LEAST_SECONDS, MOST_CLAIMED, MOST_SECONDS
from modstation.service.moderation.decision_details import Details, Short
from modstation.service.moderation.past_decisions import MOST_LISTED
from modstation.service.moderation.verdicts import Outcome, Verdict, apply_verdicts
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call

MOST_DECISIONS = 500
_MAX_SIDE = 10_000


class _Item(Details, kw_only=True):
    """One decision as it is sent."""

    status: Literal["approved", "rejected"]
    asset_id: Short | None = None
    resource_type: Short = "image"
    type: Short = "upload"
    public_id: Short | None = None
    expected: list[Short] | None = None
    version: int | None = None


async def capabilities(call: Call) -> Response:
    """Say what this service offers beyond the Admin API."""
    batch = {"max": MOST_DECISIONS, "checks_version": True}
    return Json(
        {
            "batch_decisions": batch,
            "claims": {"max": MOST_CLAIMED, "seconds": [LEAST_SECONDS, MOST_SECONDS]},
            "decision_history": {"max": MOST_LISTED},
            "delivery_log": True,
            "listed_reasons": True,
            "rejected_pixels": True,
            "update_details": True,
            "version": 1,
        }
    )


async def decisions(call: Call) -> Response:
    """Apply up to 500 decisions, each at most once, and say what became of each."""
    return Json(await run_in_threadpool(_decisions, call))


async def pixels(call: Call) -> Response:
    """The bytes of an asset in any state, or a rendition within ``w`` and ``h``."""
    resource_type, delivery_type = call.path["resource_type"], call.path["type"]
    check_value("resource_type", resource_type, RESOURCE_TYPES)
    check_value("type", delivery_type, DELIVERY_TYPES)
    public_id, parameters = call.path["public_id"], call.parameters
    width = parameters.number("w", default=0, low=1, high=_MAX_SIDE) or None
    height = parameters.number("h", default=0, low=1, high=_MAX_SIDE) or None
    boxes = (Box("limit", width, height),) if width or height else ()
    transformation = Transformation(boxes, asked=bool(boxes))

    def look_up() -> Asset:
        with call.service.ledger.read() as connection:
            asset = stored.find(
                connection, call.caller.cloud, resource_type, delivery_type, public_id
            )
        if asset is None or asset.deleted:
            raise not_found(public_id)
        return asset

    asset = await run_in_threadpool(look_up)
    file = file_of(call.service, asset, transformation, None)
    return await respond(call.request, file, {"Cache-Control": "private, no-store"})


def _decisions(call: Call) -> dict[str, Any]:
    sent = call.parameters.raw("decisions")
    if not isinstance(sent, list):
        raise BadRequest("Missing required parameter - decisions")
    if len(sent) > MOST_DECISIONS:
        raise BadRequest(f"decisions: at most {MOST_DECISIONS} at a time")
    try:
        items = msgspec.convert(sent, list[_Item])
    except msgspec.ValidationError as error:
        raise BadRequest(f"Invalid value for parameter decisions: {error}") from error
    verdicts = [_verdict(item) for item in items]
    with call.service.ledger.write() as connection:
        outcomes = apply_verdicts(connection, bench(call), verdicts)
    call.service.wake()
    return {
        "results": [_result(item, outcome) for item, outcome in zip(items, outcomes, strict=True)]
    }


def _verdict(item: _Item) -> Verdict:
    if not (item.asset_id or item.public_id):
        raise BadRequest("Invalid value for parameter decisions: asset_id or public_id is needed")
    return Verdict(
        item.status,
        item.resource_type,
        item.type,
        item.public_id or "",
        asset_id=item.asset_id,
        expected=None if item.expected is None else frozenset(item.expected),
        version=item.version,
        **item.for_verdict("decisions"),
    )


def _result(item: _Item, outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {
        "decision_id": item.decision_id,
        "outcome": outcome.result,
        "moderation_status": outcome.status,
        "updated_at": None if outcome.updated_us is None else instant(outcome.updated_us),
    }
    if outcome.actor is not None:
        result["actor"] = outcome.actor
    return result
