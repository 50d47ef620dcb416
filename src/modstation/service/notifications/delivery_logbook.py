"""The delivery log over HTTP, under ``/v1_1/<cloud>/modstation/notifications``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets.cursors import Place, read_cursor, write_cursor
from modstation.service.assets.listings import check_value
from modstation.service.assets.representations import instant
from modstation.service.faults import BadRequest, NotFound
from modstation.service.notifications.delivery_log import (
    MOST_REPLAYED,
    STATES,
    LoggedLetter,
    Wanted,
    attempts_of,
    logged_letter,
    logged_letters,
    replay_dead,
    replay_letter,
)
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call

_LISTED = "notifications"


async def listed(call: Call) -> Response:
    """Letters, the latest first: of a ``state``, ``asset_id``, ``url``, ``since`` .. ``until``."""
    return Json(await run_in_threadpool(_list, call))


async def one(call: Call) -> Response:
    """One letter with its body and every attempt."""
    return Json(await run_in_threadpool(_one, call))


async def replay_one(call: Call) -> Response:
    """Send one letter once more."""
    return Json(await run_in_threadpool(_replay_one, call))


async def replay(call: Call) -> Response:
    """Send what was given up once more: of a ``url``, an ``asset_id``, a period, or all of it.

    At most 1,000 letters a call; ``more`` says whether there may be others.
    """
    return Json(await run_in_threadpool(_replay, call))


def _list(call: Call) -> dict[str, Any]:
    wanted = _wanted(call)
    limit = call.parameters.number("max_results", default=50, low=1, high=500)
    cursor, after = call.parameters.text("next_cursor"), None
    if cursor is not None:
        _, *place = read_cursor(cursor, _LISTED, tuple[str, Place, Place])
        after = (place[0], place[1])
    with call.service.ledger.read() as connection:
        found = logged_letters(connection, call.caller.cloud, wanted, limit=limit + 1, after=after)
    page = found[:limit]
    answer: dict[str, Any] = {"notifications": [_document(letter) for letter in page]}
    if len(found) > limit:
        answer["next_cursor"] = write_cursor(_LISTED, page[-1].created_us, page[-1].id)
    return answer


def _one(call: Call) -> dict[str, Any]:
    id_ = _id(call)
    with call.service.ledger.read() as connection:
        found = logged_letter(connection, call.caller.cloud, id_)
        if found is None:
            raise _unknown(id_)
        tried = attempts_of(connection, id_)
    letter, body = found
    log = [
        {
            "at": instant(each.at_us),
            "status": each.status,
            "error": each.error,
            "milliseconds": each.milliseconds,
        }
        for each in tried
    ]
    return _document(letter) | {"log": log, "body": msgspec.Raw(body)}


def _replay_one(call: Call) -> dict[str, Any]:
    id_, cloud = _id(call), call.caller.cloud
    now_us = to_us(call.service.clock.now())
    with call.service.ledger.write() as connection:
        if logged_letter(connection, cloud, id_) is None:
            raise _unknown(id_)
        replayed = replay_letter(connection, cloud, id_, now_us)
    call.service.wake()
    return {"replayed": int(replayed), "more": False}


def _replay(call: Call) -> dict[str, Any]:
    wanted = _wanted(call)
    with call.service.ledger.write() as connection:
        now_us = to_us(call.service.clock.now())
        replayed = replay_dead(connection, call.caller.cloud, wanted, now_us)
    call.service.wake()
    return {"replayed": replayed, "more": replayed == MOST_REPLAYED}


def _wanted(call: Call) -> Wanted:
    parameters = call.parameters
    state = parameters.text("state")
    if state is not None:
        check_value("state", state, STATES)
    return Wanted(
        state,
        parameters.text("asset_id"),
        parameters.text("url"),
        _moment(call, "since"),
        _moment(call, "until"),
    )


def _moment(call: Call, name: str) -> int | None:
    text = call.parameters.text(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"Invalid value {text[:40]} for parameter {name}") from error
    return to_us(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


def _id(call: Call) -> int:
    text = call.path["id"]
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise _unknown(text)
    return int(text)


def _unknown(id_: int | str) -> NotFound:
    return NotFound(f"Notification not found - {str(id_)[:40]}")


def _document(letter: LoggedLetter) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": letter.id,
        "event_type": letter.event,
        "asset_id": letter.asset_id,
        "url": letter.url,
        "state": letter.state,
        "attempts": letter.attempts,
        "last_status": letter.last_status,
        "created_at": instant(letter.created_us),
    }
    if letter.due_us is not None:
        document["due_at"] = instant(letter.due_us)
    return document
