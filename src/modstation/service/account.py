"""The Admin API about the account itself: ping, usage, config (reference 3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.cloud_settings import cloud_settings
from modstation.service.representations import instant
from modstation.service.schema import assets, clouds
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call


async def ping(call: Call) -> Response:
    """Say that the service is there and takes the caller's key."""
    return Json({"status": "ok"})


async def usage(call: Call) -> Response:
    """Count what is stored."""
    return Json(await run_in_threadpool(_usage, call))


async def config(call: Call) -> Response:
    """Name the cloud and its settings."""
    return Json(await run_in_threadpool(_config, call))


def _usage(call: Call) -> dict[str, Any]:
    with call.service.ledger.read() as connection:
        count, size = connection.execute(
            select(func.count(), func.coalesce(func.sum(assets.c.bytes), 0)).where(
                assets.c.cloud == call.caller.cloud, assets.c.deleted_us.is_(None)
            )
        ).one()
        chosen = cloud_settings(connection, call.caller.cloud)
    now = instant(to_us(call.service.clock.now()))
    settings = call.service.settings
    most = chosen.upload_bytes or settings.upload_bytes
    return {
        "plan": "Self-hosted",
        "last_updated": now[:10],
        "date_requested": now,
        "objects": {"usage": count},
        "storage": {"usage": int(size)},
        "resources": count,
        "derived_resources": 0,
        "media_limits": {
            "image_max_size_bytes": most,
            "raw_max_size_bytes": most,
            "video_max_size_bytes": most,
            "image_max_px": settings.rendition_pixels,
        },
    }


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
