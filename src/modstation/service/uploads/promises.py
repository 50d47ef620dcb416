"""What an upload's answer promises: rows for upload_tasks.py, written before it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import insert

from modstation.core.clock import to_us
from modstation.service.faults import BadRequest
from modstation.service.notifications.destinations import check_url
from modstation.service.schema import upload_tasks

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call
    from modstation.service.service import Service
    from modstation.service.uploads.eager import Eager
    from modstation.service.uploads.upload_order import Order

UPLOAD = "upload"
EAGER = "eager"


class PromisedUpload(msgspec.Struct, frozen=True):
    """What is kept of an upload's order; the file is a blob, or still at ``remote``."""

    parameters: dict[str, Any]
    resource_type: str
    base: str
    request_id: str
    most_bytes: int
    name: str | None
    bytes: int
    remote: str | None


class PromisedEager(msgspec.Struct, frozen=True):
    """What is kept of renditions that were promised."""

    asset_id: str
    version_id: str
    text: str
    base: str
    request_id: str
    url: str | None
    batch_id: str


def promise_eager(
    connection: Connection,
    service: Service,
    order: Order | Call,
    asset: Asset,
    wanted: tuple[Eager, ...],
) -> str:
    """Keep what renditions of an asset need, to be made later; their batch."""
    parameters = order.parameters
    batch_id = parameters.text("batch_id") or service.ids.new()
    told = parameters.text("eager_notification_url") or parameters.text("notification_url")
    document = PromisedEager(
        asset.asset_id,
        asset.version_id,
        "|".join(each.written for each in wanted),
        order.base,
        order.request_id,
        check_url(service.guard, told),
        batch_id,
    )
    write_promise(connection, service, order, document, None)
    return batch_id


def write_promise(
    connection: Connection,
    service: Service,
    order: Order | Call,
    document: PromisedUpload | PromisedEager,
    blob: str | None,
) -> None:
    """Write a promise down; with ``blob``, the file that came with it. Raises BadRequest."""
    now_us = to_us(service.clock.now())
    try:
        text = msgspec.json.encode(document).decode()
    except UnicodeEncodeError as error:
        raise BadRequest("A value in the request is no text") from error
    connection.execute(
        insert(upload_tasks).values(
            cloud=order.caller.cloud,
            kind=EAGER if isinstance(document, PromisedEager) else UPLOAD,
            document=text,
            blob=blob,
            attempts=0,
            due_us=now_us,
            created_us=now_us,
        )
    )
