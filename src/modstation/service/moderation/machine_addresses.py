"""Where a machine gets a picture and tells that it has decided: addresses with a token in them.

Deliveries will not do: a picture may be private, its delivery may be held back while it waits,
and the format may be one that no machine reads. The token opens one picture until the machine
has answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets.stored import find_by_id
from modstation.service.delivery.file_answers import respond
from modstation.service.delivery.renditions import file_of
from modstation.service.delivery.transformations import Transformation
from modstation.service.faults import NotFound
from modstation.service.moderation import machine_jobs
from modstation.service.providers.asking import Address
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from modstation.service.assets.stored import Asset
    from modstation.service.moderation.machine_jobs import Job
    from modstation.service.service import Service

# What every machine reads; all others are shown to it as JPEG.
_READ = frozenset({"jpg", "png", "gif"})
_HEADERS = {"Cache-Control": "private, no-store"}


def address_of(asset: Asset, job: Job, host: str) -> Address:
    """What a provider is told of a job; ``host`` is how the world reaches this service."""
    start = f"{host.rstrip('/')}/v1_1/{job.cloud}/modstation/moderations/{job.token}"
    return Address(f"{start}/picture.{_shown_as(asset)}", f"{start}/decided", job.reference)


async def picture(request: Request) -> Response:
    """The picture that a machine is asked about; raises NotFound when it no longer is."""
    service: Service = request.app.state.service
    cloud, token = request.path_params["cloud"], request.path_params["token"]
    asset = await run_in_threadpool(_asset, service, cloud, token)
    file = file_of(service, asset, Transformation(), _shown_as(asset))
    return await respond(request, file, _HEADERS)


async def decided(request: Request) -> Response:
    """A machine says that it has decided; what it decided is then read from it."""
    service: Service = request.app.state.service
    cloud, token = request.path_params["cloud"], request.path_params["token"]
    if await run_in_threadpool(_ask_now, service, cloud, token):
        service.wake()
    return Json({"status": "ok"})


def _asset(service: Service, cloud: str, token: str) -> Asset:
    with service.ledger.read() as connection:
        found = machine_jobs.of_token(connection, cloud, token)
        asset = None if found is None else find_by_id(connection, cloud, found[0])
    if found is None or asset is None or asset.version_id != found[1]:
        raise NotFound("Resource not found")
    return asset


def _ask_now(service: Service, cloud: str, token: str) -> bool:
    with service.ledger.read() as connection:
        # Strangers may call; only who knows a token costs the database a write.
        if machine_jobs.of_token(connection, cloud, token) is None:
            return False
    with service.ledger.write() as connection:
        machine_jobs.ask_now(connection, cloud, token, to_us(service.clock.now()))
    return True


def _shown_as(asset: Asset) -> str:
    return asset.format if asset.format in _READ else "jpg"
