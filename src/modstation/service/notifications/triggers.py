"""The Admin API's ``triggers``: who is told of an account's events (reference 3.5, 4.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete as remove
from sqlalchemy import func, insert, select
from sqlalchemy import update as change
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets.representations import instant
from modstation.service.faults import AlreadyExists, BadRequest, NotFound
from modstation.service.notifications.announcing import EVENT_TYPES
from modstation.service.notifications.destinations import MOST_URLS, POLL, check_url, is_poll
from modstation.service.schema import clouds, triggers
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row
    from starlette.responses import Response

    from modstation.service.calls import Call

_WEBHOOK = "webhook"
_row = triggers.c


async def listed(call: Call) -> Response:
    """Every trigger, or those of one event type."""
    return Json(await run_in_threadpool(_listed, call))


async def create(call: Call) -> Response:
    """Have one receiver told of one type of event; 200 and not 201, which Node cannot read."""
    return Json(await run_in_threadpool(_create, call))


async def update(call: Call) -> Response:
    """Give a trigger another receiver."""
    return Json(await run_in_threadpool(_update, call))


async def delete(call: Call) -> Response:
    """Have a receiver told no more."""
    return Json(await run_in_threadpool(_delete, call))


def _listed(call: Call) -> dict[str, Any]:
    query = select(triggers).where(_row.cloud == call.caller.cloud)
    event = call.parameters.text("event_type")
    if event is not None:
        query = query.where(_row.event_type == _event(event))
    with call.service.ledger.read() as connection:
        # Their number is bounded (_refuse_too_many), so one answer holds them all.
        rows = connection.execute(query.order_by(_row.created_us, _row.id)).all()
    return {"triggers": [_document(row) for row in rows], "total": len(rows)}


def _create(call: Call) -> dict[str, Any]:
    parameters, cloud = call.parameters, call.caller.cloud
    event, uri = parameters.text("event_type"), parameters.text("uri")
    if event is None or uri is None:
        raise BadRequest("missing_attributes")
    uri_type = _uri_type(parameters.text("uri_type"), uri)
    now_us = to_us(call.service.clock.now())
    values = {
        "id": call.service.ids.new(),
        "cloud": cloud,
        "event_type": _event(event),
        "uri": check_url(call.service.guard, uri, "uri"),
        "uri_type": uri_type,
        "created_us": now_us,
        "updated_us": now_us,
    }
    try:
        with call.service.ledger.write() as connection:
            _refuse_too_many(connection, cloud, event)
            row = connection.execute(insert(triggers).values(values).returning(triggers)).one()
    except IntegrityError as error:
        raise AlreadyExists("record_already_exists") from error
    return _document(row)


def _update(call: Call) -> dict[str, Any]:
    uri = call.parameters.text("new_uri") or call.parameters.text("uri")
    if uri is None:
        raise BadRequest("missing_attributes")
    values = {
        "uri": check_url(call.service.guard, uri, "new_uri"),
        "uri_type": POLL if is_poll(uri) else _WEBHOOK,
        "updated_us": to_us(call.service.clock.now()),
    }
    try:
        with call.service.ledger.write() as connection:
            found = connection.execute(
                change(triggers)
                .where(_row.id == _id(call), _row.cloud == call.caller.cloud)
                .values(values)
            ).rowcount
    except IntegrityError as error:
        raise AlreadyExists("record_already_exists") from error
    return _done(found)


def _delete(call: Call) -> dict[str, Any]:
    with call.service.ledger.write() as connection:
        found = connection.execute(
            remove(triggers).where(_row.id == _id(call), _row.cloud == call.caller.cloud)
        ).rowcount
    return _done(found)


def _id(call: Call) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", call.path["id"]):
        raise NotFound("record_not_found")
    return call.path["id"]


def _done(found: int) -> dict[str, Any]:
    if not found:
        raise NotFound("record_not_found")
    return {"message": "ok"}


def _event(event: str) -> str:
    if event not in EVENT_TYPES:
        raise BadRequest(f"Invalid value {event[:80]} for parameter event_type")
    return event


def _uri_type(asked: str | None, uri: str) -> str:
    fits = POLL if is_poll(uri) else _WEBHOOK
    if (asked or fits) != fits:
        raise BadRequest(f"Invalid value {(asked or '')[:80]} for parameter uri_type")
    return fits


def _refuse_too_many(connection: Connection, cloud: str, event: str) -> None:
    # Held, so that two that are created at once are both counted.
    connection.execute(select(clouds.c.name).where(clouds.c.name == cloud).with_for_update())
    count = connection.scalar(
        select(func.count()).where(_row.cloud == cloud, _row.event_type == event)
    )
    if (count or 0) >= MOST_URLS:
        raise BadRequest("limit_reached")


def _document(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "product_environment_id": row.cloud,
        "uri_type": row.uri_type,
        "uri": row.uri,
        "event_type": row.event_type,
        "created_at": instant(row.created_us),
        "updated_at": instant(row.updated_us),
    }
