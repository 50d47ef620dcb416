"""The Upload API's ``upload`` (reference 2): from a request to an answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.concurrency import run_in_threadpool

from modstation.service.incoming_file import opened, refuse_parts, source_of
from modstation.service.storing import store_file
from modstation.service.unsupported import refuse_unsupported_upload
from modstation.service.upload_order import order_of
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call
    from modstation.service.incoming_file import Source
    from modstation.service.service import Service
    from modstation.service.upload_order import Order


async def upload(call: Call) -> Response:
    """Store a file as an asset and answer its document."""
    refuse_parts(call)
    refuse_unsupported_upload(call.parameters)
    source = await run_in_threadpool(source_of, call)
    work = partial(_upload, call.service, order_of(call), source)
    if source.remote:
        # Strangers' servers are slow; the threads that others wait for are not theirs to hold.
        return Json(await anyio.to_thread.run_sync(work, limiter=call.service.fetchers))
    return Json(await run_in_threadpool(work))


def _upload(service: Service, order: Order, source: Source) -> dict[str, Any]:
    with opened(service, source) as file:
        return store_file(service, order, file)
