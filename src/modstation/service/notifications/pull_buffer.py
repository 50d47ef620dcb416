"""Notifications that their reader comes for: a desktop behind NAT cannot be called (reference 4.3).

A message is bound for a channel (``poll://orders``) or, at ``poll://*``, for the batch that the
upload named. Reading hides it for a while; only acknowledging removes it: at least once.
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
from sqlalchemy import and_, delete, exists, false, or_, select, update
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.faults import BadRequest
from modstation.service.notifications.destinations import address_of_batch, address_of_channel
from modstation.service.notifications.letter_signing import signer_of
from modstation.service.schema import buffered_messages
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call

_MOST_ACKNOWLEDGED = 100
# Between two looks while nothing comes; every waiting reader costs one short query each time.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0

_row = buffered_messages.c


async def messages(call: Call) -> Response:
    """Up to ``max_messages`` of one channel or batch, as soon as there are any.

    Waits ``wait_seconds`` at most, meanwhile holding neither a thread nor a connection of the
    database. The key is absent if nothing came.
    """
    parameters = call.parameters
    address = _address(call)
    limit = parameters.number("max_messages", default=10, low=1, high=100)
    wait = parameters.number("wait_seconds", default=20, low=0, high=60)
    hidden = parameters.number("visibility_timeout", default=30, low=1, high=600)
    until, pause = time.monotonic() + wait, _FIRST_PAUSE
    while True:
        found = await run_in_threadpool(_take, call, address, limit, hidden)
        left = until - time.monotonic()
        if found or left <= 0 or await call.request.is_disconnected():
            return Json({"messages": found} if found else {})
        await anyio.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def acknowledge(call: Call) -> Response:
    """Remove messages that were read; one that was handed out again since is not."""
    return Json(await run_in_threadpool(_acknowledge, call))


def _address(call: Call) -> str:
    channel, batch = call.parameters.text("channel"), call.parameters.text("batch_id")
    if (channel is None) == (batch is None):
        raise BadRequest("Supply exactly one of channel and batch_id")
    return address_of_batch(batch) if batch is not None else address_of_channel(channel or "")


def _take(call: Call, address: str, limit: int, hidden: int) -> list[dict[str, Any]]:
    service, cloud = call.service, call.caller.cloud
    now = service.clock.now()
    now_us = to_us(now)
    here = and_(_row.cloud == cloud, _row.address == address, _row.visible_us <= now_us)
    with service.ledger.read() as connection:
        if not connection.scalar(select(exists().where(here))):
            return []
    visible_us = now_us + hidden * 1_000_000
    with service.ledger.write() as connection:
        rows = connection.execute(
            select(_row.id, _row.body)
            .where(here)
            .order_by(_row.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        connection.execute(
            update(buffered_messages)
            .where(_row.id.in_([row.id for row in rows]))
            .values(visible_us=visible_us)
        )
    sign = signer_of(service.credentials, cloud)
    timestamp = int(now.timestamp())
    return [
        {
            "payload": msgspec.Raw(row.body),
            "signed_payload": base64.urlsafe_b64encode(row.body).decode().rstrip("="),
            "timestamp": str(timestamp),
            "signature": sign(row.body, timestamp),
            "receipt_handle": _handle(row.id, visible_us),
        }
        for row in rows
    ]


def _acknowledge(call: Call) -> dict[str, Any]:
    handles = call.parameters.names("receipt_handles", comma=False)
    if not 0 < len(handles) <= _MOST_ACKNOWLEDGED:
        raise BadRequest(f"receipt_handles: 1 to {_MOST_ACKNOWLEDGED} at a time")
    places = {handle: _read_handle(handle) for handle in handles}
    read = [
        and_(_row.id == place[0], _row.visible_us == place[1])
        for place in places.values()
        if place is not None
    ]
    with call.service.ledger.write() as connection:
        gone = set(
            connection.scalars(
                delete(buffered_messages)
                .where(_row.cloud == call.caller.cloud, or_(false(), *read))
                .returning(_row.id)
            )
        )
    return {
        "results": [
            {
                "receipt_handle": handle,
                "status": "acked" if place is not None and place[0] in gone else "not_found",
            }
            for handle, place in places.items()
        ]
    }


def _handle(id_: int, visible_us: int) -> str:
    """What names a message as it was handed out this time."""
    return base64.urlsafe_b64encode(msgspec.json.encode((id_, visible_us))).decode().rstrip("=")


def _read_handle(handle: str) -> tuple[int, int] | None:
    """The message a handle names, and when it was handed out; None for what is no handle."""
    try:
        text = base64.urlsafe_b64decode(handle + "=" * (-len(handle) % 4))
        id_, visible_us = msgspec.json.decode(text, type=tuple[int, int])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
    return (id_, visible_us) if 0 <= id_ < 1 << 62 and 0 <= visible_us < 1 << 62 else None
