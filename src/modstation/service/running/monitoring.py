"""``/healthz``, ``/readyz`` and ``/metrics``: for load balancers and Prometheus, of no cloud."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from modstation.service.calls import fault_response
from modstation.service.faults import NotAuthenticated
from modstation.service.migrations import is_current
from modstation.service.running.metrics import exposition
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.requests import Request

    from modstation.service.service import Service

# What ``ServiceSettings.metrics`` may be beside a token.
LOCAL, OPEN = "local", "open"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_NOT_KEPT = {"Cache-Control": "no-store"}


async def healthz(_request: Request) -> Response:
    """Say that the process answers; asks nobody else."""
    return Json({"status": "ok"}, headers=_NOT_KEPT)


async def readyz(request: Request) -> Response:
    """Say whether requests can be served: 200, or 503 and what is missing."""
    parts = await run_in_threadpool(_parts, request.app.state.service)
    ready = all(state == "ok" for state in parts.values())
    return Json(
        {"status": "ok" if ready else "not ready", **parts},
        status_code=200 if ready else 503,
        headers=_NOT_KEPT,
    )


async def metrics(request: Request) -> Response:
    """The figures, for those who may see them (ServiceSettings.metrics)."""
    service: Service = request.app.state.service
    if not _may_see(request, service.settings.metrics):
        return fault_response(NotAuthenticated("Invalid credentials"))
    text = await run_in_threadpool(exposition, service.ledger, service.clock)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8", headers=_NOT_KEPT)


def _parts(service: Service) -> dict[str, str]:
    try:
        with service.ledger.read() as connection:
            database = "ok" if is_current(connection) else "of another version"
    except SQLAlchemyError:
        database = "away"
    try:
        service.blobs.reach()
        storage = "ok"
    except (BaseError, OSError):
        storage = "away"
    return {"database": database, "storage": storage}


def _may_see(request: Request, setting: str) -> bool:
    if setting == OPEN:
        return True
    if setting != LOCAL:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode(), setting.encode())
        return scheme.lower() == "bearer" and matches
    # A proxy on this machine comes from here too; what it hands on is not from here.
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
