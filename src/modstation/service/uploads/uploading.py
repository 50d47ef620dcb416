"""The Upload API's ``upload`` (reference 2): from a request to an answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.faults import BadRequest
from modstation.service.uploads.chunked_uploads import (
    AlreadyStored,
    part_of,
    put_together,
    settle_parts,
    stored_answer,
    take_part,
)
from modstation.service.uploads.incoming_file import IncomingFile, Source, opened, source_of
from modstation.service.uploads.storing import store_file
from modstation.service.uploads.upload_order import order_of
from modstation.service.uploads.upload_tasks import promise_upload
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.calls import Call
    from modstation.service.service import Service
    from modstation.service.uploads.chunked_uploads import Part
    from modstation.service.uploads.upload_order import Order


async def upload(call: Call) -> Response:
    """Store a file as an asset and answer its document."""
    part = part_of(call.request.headers)
    order, source = await run_in_threadpool(_read, call)
    if part is not None:
        return Json(await run_in_threadpool(_upload_part, call.service, order, part, source))
    if order.parameters.flag("async"):
        later = partial(promise_upload, call.service, order, source)
        return Json(await run_in_threadpool(later))
    work = partial(_upload, call.service, order, source)
    if source.remote:
        # Strangers' servers are slow; the threads that others wait for are not theirs to hold.
        return Json(await anyio.to_thread.run_sync(work, limiter=call.service.fetchers))
    return Json(await run_in_threadpool(work))


def _read(call: Call) -> tuple[Order, Source]:
    return order_of(call), source_of(call)


def _upload(service: Service, order: Order, source: Source) -> dict[str, Any]:
    with opened(service, source, order.most_bytes) as file:
        return store_file(service, order, file)


def _upload_part(service: Service, order: Order, part: Part, source: Source) -> dict[str, Any]:
    """Keep a part, and the whole file if it was the one that was missing."""
    if source.file is None:
        raise BadRequest("A remote file cannot be uploaded in parts")
    cloud = order.caller.cloud
    progress = take_part(service, order, part, source.file)
    if progress.answer is not None:
        return progress.answer
    if not progress.complete:
        # SDKs send a public ID they are answered with the next part: as it was given, or none.
        given = order.parameters.text("public_id")
        answer = {"done": False, "bytes": progress.bytes, "kind": "upload"}
        return answer | ({} if given is None else {"public_id": given})

    def settle(connection: Connection, document: dict[str, Any]) -> None:
        now_us = to_us(service.clock.now())
        settle_parts(connection, cloud, part.upload_id, document, now_us)

    try:
        with put_together(service, cloud, part.upload_id) as content:
            file = IncomingFile(content, source.file.name)
            if order.parameters.flag("async"):
                return promise_upload(service, order, Source(file), settle)
            return store_file(service, order, file, settle)
    except AlreadyStored:
        return stored_answer(service, cloud, part.upload_id)
