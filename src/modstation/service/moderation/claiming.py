"""Claims over HTTP: a station leases what its moderator is about to look at.

Under ``/v1_1/<cloud>/modstation/claims``; every call names its ``holder``, the station's own
identifier, and may name the moderator. A claim binds nobody: whoever decides on an asset all the
same has decided on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.asset_names import RESOURCE_TYPES
from modstation.service.assets.listings import check_value
from modstation.service.assets.representations import instant, list_item
from modstation.service.faults import BadRequest
from modstation.service.moderation import claims
from modstation.service.moderation.states import PENDING
from modstation.service.moderation.values import KINDS
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call

MOST_CLAIMED = 500
LEAST_SECONDS, MOST_SECONDS = 10, 86_400
_USUAL_SECONDS = 900
_LONGEST_NAME = 128
_SHOWN = frozenset({"tags", "context", "metadata", "moderations"})


async def take(call: Call) -> Response:
    """Claim assets by identifier, or the oldest ``count`` of a queue."""
    return Json(await run_in_threadpool(_take, call))


async def renew(call: Call) -> Response:
    """Prolong everything the holder has."""
    return Json(await run_in_threadpool(_renew, call))


async def release(call: Call) -> Response:
    """Give some or all of what the holder has back."""
    return Json(await run_in_threadpool(_release, call))


async def held(call: Call) -> Response:
    """Who holds how much, and until when."""
    return Json(await run_in_threadpool(_held, call))


def _take(call: Call) -> dict[str, Any]:
    parameters = call.parameters
    claim = _claim(call)
    if "asset_ids" in parameters:
        asset_ids = list(dict.fromkeys(parameters.names("asset_ids")))
        if not 0 < len(asset_ids) <= MOST_CLAIMED:
            raise BadRequest(f"asset_ids: 1 to {MOST_CLAIMED} at a time")
        with call.service.ledger.write() as connection:
            return _take_these(connection, claim, asset_ids)
    kind = parameters.text("kind") or "manual"
    resource_type = parameters.text("resource_type") or "image"
    check_value("kind", kind, KINDS)
    check_value("resource_type", resource_type, RESOURCE_TYPES)
    count = parameters.number("count", default=10, low=1, high=MOST_CLAIMED)
    with call.service.ledger.write() as connection:
        numbers = claims.take_oldest(
            connection, claim, resource_type=resource_type, kind=kind, count=count
        )
        found = {asset.seq: asset for asset in stored.find_numbered(connection, numbers)}
    taken = [found[number] for number in numbers if number in found]
    return {
        **_taken(claim, taken),
        "resources": [
            list_item(asset, base=call.base, wanted=_SHOWN, kind=kind) for asset in taken
        ],
    }


def _take_these(
    connection: Connection, claim: claims.Claim, asset_ids: list[str]
) -> dict[str, Any]:
    found = {
        asset.seq: asset
        for asset in stored.find_by_ids(connection, claim.cloud, asset_ids)
        if asset.moderation_status == PENDING
    }
    mine, others = claims.take_these(connection, claim, list(found))
    waiting = {asset.asset_id for asset in found.values()}
    return {
        **_taken(claim, [found[number] for number in found if number in mine]),
        "held": [
            {
                "asset_id": found[number].asset_id,
                "name": other.name,
                "expires_at": instant(other.expires_us),
            }
            for number, other in sorted(others.items())
        ],
        "gone": [asset_id for asset_id in asset_ids if asset_id not in waiting],
    }


def _taken(claim: claims.Claim, taken: list[Asset]) -> dict[str, Any]:
    return {
        "asset_ids": [asset.asset_id for asset in taken],
        "expires_at": instant(claim.expires_us),
    }


def _renew(call: Call) -> dict[str, Any]:
    claim = _claim(call)
    with call.service.ledger.write() as connection:
        count = claims.renew(connection, claim)
    return {"renewed": count, "expires_at": instant(claim.expires_us)}


def _release(call: Call) -> dict[str, Any]:
    asset_ids = call.parameters.names("asset_ids") if "asset_ids" in call.parameters else None
    if asset_ids is not None and len(asset_ids) > MOST_CLAIMED:
        raise BadRequest(f"asset_ids: at most {MOST_CLAIMED} at a time")
    with call.service.ledger.write() as connection:
        count = claims.release(connection, call.caller.cloud, _holder(call), asset_ids)
    return {"released": count}


def _held(call: Call) -> dict[str, Any]:
    now_us = to_us(call.service.clock.now())
    with call.service.ledger.read() as connection:
        found = claims.holders(connection, call.caller.cloud, now_us)
    return {
        "holders": [
            {
                "holder": one.holder,
                "name": one.name,
                "count": one.count,
                "expires_at": instant(one.expires_us),
            }
            for one in found
        ]
    }


def _claim(call: Call) -> claims.Claim:
    seconds = call.parameters.number(
        "seconds", default=_USUAL_SECONDS, low=LEAST_SECONDS, high=MOST_SECONDS
    )
    holder, name = _holder(call), call.parameters.text("name") or ""
    if len(name) > _LONGEST_NAME:
        raise BadRequest(f"name is too long: more than {_LONGEST_NAME} characters")
    now_us = to_us(call.service.clock.now())
    expires_us = now_us + seconds * 1_000_000
    return claims.Claim(call.caller.cloud, holder, name or holder, now_us, expires_us)


def _holder(call: Call) -> str:
    holder = call.parameters.text("holder")
    if holder is None:
        raise BadRequest("Missing required parameter - holder")
    if len(holder) > _LONGEST_NAME:
        raise BadRequest(f"holder is too long: more than {_LONGEST_NAME} characters")
    return holder
