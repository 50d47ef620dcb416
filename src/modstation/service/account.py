"""The Admin API about the account itself: ping, usage, config (reference 3.5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.access.cloud_settings import cloud_settings
from modstation.service.assets.representations import instant
from modstation.service.faults import BadRequest
from modstation.service.running.time_limit import time_limit
from modstation.service.running.usage_meter import used
from modstation.service.schema import assets, clouds
from modstation.service.search.searching import SECONDS
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call

# Thirty days before it are still in the calendar, and nobody's asset is older.
_FIRST_DAY = date(1970, 1, 1)


async def ping(call: Call) -> Response:
    """Say that the service is there and takes the caller's key."""
    return Json({"status": "ok"})


async def usage(call: Call) -> Response:
    """Say what is stored, and what was used in the thirty days up to a date."""
    # Summing up a large cloud reads all of it, as a search may.
    answer = await anyio.to_thread.run_sync(_usage, call, limiter=call.service.searchers)
    return Json(answer)


async def config(call: Call) -> Response:
    """Name the cloud and its settings."""
    return Json(await run_in_threadpool(_config, call))


def _usage(call: Call) -> dict[str, Any]:
    service, cloud = call.service, call.caller.cloud
    now = service.clock.now()
    day = _day(call.path.get("date") or call.parameters.text("date"), now.date())
    end_us = to_us(datetime.combine(day + timedelta(days=1), time(), UTC))
    service.meter.write()
    with service.ledger.read() as connection, time_limit(connection, SECONDS):
        # Of days that are over: what there is today of what there was.
        count, size = connection.execute(
            select(func.count(), func.coalesce(func.sum(assets.c.bytes), 0)).where(
                assets.c.cloud == cloud,
                assets.c.deleted_us.is_(None),
                assets.c.created_us < end_us,
            )
        ).one()
        month = used(connection, cloud, day)
        chosen = cloud_settings(connection, cloud)
    most = chosen.upload_bytes or service.settings.upload_bytes
    return {
        "plan": "Self-hosted",
        "last_updated": min(day, now.date()).isoformat(),
        "date_requested": instant(to_us(datetime.combine(day, time(), UTC))),
        "transformations": {"usage": month.transformations},
        "objects": {"usage": count},
        "bandwidth": {"usage": month.bandwidth},
        "storage": {"usage": int(size)},
        "requests": month.requests,
        "resources": count,
        # Renditions are a cache, which no asset counts as its own.
        "derived_resources": 0,
        "media_limits": {
            "image_max_size_bytes": most,
            "video_max_size_bytes": most,
            "raw_max_size_bytes": most,
            "image_max_px": service.settings.rendition_pixels,
            "asset_max_total_px": service.settings.rendition_pixels,
        },
    }


def _day(given: str | None, today: date) -> date:
    """The date a usage is asked for, ``dd-mm-yyyy``; today unless it is named."""
    if given is None:
        return today
    # SDKs write a date of their own language the other way round.
    for form in ("%d-%m-%Y", "%Y-%m-%d"):
        try:
            day = datetime.strptime(given, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        if _FIRST_DAY <= day <= today:
            return day
    raise BadRequest(f"Invalid value {given[:40]} for parameter date")


def _config(call: Call) -> dict[str, Any]:
    with call.service.ledger.read() as connection:
        created_us = connection.scalar(
            select(clouds.c.created_us).where(clouds.c.name == call.caller.cloud)
        )
    document: dict[str, Any] = {
        "cloud_name": call.caller.cloud,
        "created_at": instant(created_us or 0),
    }
    if call.parameters.flag("settings"):
        document["settings"] = {"folder_mode": "fixed"}
    return document
