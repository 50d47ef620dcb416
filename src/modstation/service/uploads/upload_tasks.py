"""Uploads and renditions that were promised, done later by whichever replica is free.

A row is the promise: it is written in the transaction that the answer waits for, and goes in the
one that keeps it. Whoever dies with it in hand is followed by another replica once the claim is
over; of two that do it at once, one finds the row gone and takes everything back.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from obstore.exceptions import BaseError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.asset_names import check_public_id
from modstation.service.assets.backups import drop_blob
from modstation.service.assets.descriptions import descriptions
from modstation.service.assets.representations import instant
from modstation.service.blobs import BlobGone, blob_name
from modstation.service.faults import BadRequest, ServiceFault
from modstation.service.leases import claim_due
from modstation.service.notifications.announcing import announce
from modstation.service.notifications.destinations import check_batch, check_url
from modstation.service.running.retrying import database_away
from modstation.service.schema import upload_tasks
from modstation.service.uploads.drafting import check_type
from modstation.service.uploads.eager import eager_documents, eager_of, make_eager, read_eager
from modstation.service.uploads.incoming_conversion import incoming_transformation
from modstation.service.uploads.incoming_file import IncomingFile, Source, opened
from modstation.service.uploads.promises import EAGER, PromisedEager, PromisedUpload, write_promise
from modstation.service.uploads.remote_file import GivenUp
from modstation.service.uploads.storing import note_unfinished, store_file, strike_out
from modstation.service.uploads.upload_order import Order
from modstation.service.wire import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from modstation.service.outside.address_guard import AddressGuard
    from modstation.service.service import Service
    from modstation.service.uploads.storing import Settle

log = logging.getLogger(__name__)

_WORKERS = 4
_MOST_ATTEMPTS = 10
# An outage costs no attempt; after this long it is taken for something that is wrong with the task.
_LONGEST_OUTAGE_US = timedelta(days=3) // timedelta(microseconds=1)
# Of a request, and of no use once it was answered.
_NOT_KEPT = frozenset({"file", "signature", "timestamp", "api_key", "cloud_name", "async"})


class _Superseded(Exception):
    """Another replica has done it, or is doing it."""


def promise_upload(
    service: Service, order: Order, source: Source, settle: Settle | None = None
) -> dict[str, Any]:
    """Keep what an upload needs, to be done later; the answer that promises it."""
    parameters = order.parameters
    _check_early(service.guard, parameters)
    batch_id = parameters.text("batch_id") or service.ids.new()
    kept = {name: value for name, value in parameters.signed().items() if name not in _NOT_KEPT}
    answer: dict[str, Any] = {
        "status": "pending",
        "batch_id": batch_id,
        "type": parameters.text("type") or "upload",
    }
    if (public_id := parameters.text("public_id")) is not None:
        answer["public_id"] = public_id
    blob, size, removal = None, 0, None
    if source.file is not None:
        content = source.file.content
        size = content.seek(0, 2)
        content.seek(0)
        blob = blob_name(service.ids.new(), service.ids.new())
        removal = note_unfinished(service, blob)
        service.blobs.put(blob, content)
    document = PromisedUpload(
        kept | {"batch_id": batch_id},
        order.resource_type,
        order.base,
        order.request_id,
        order.most_bytes,
        source.file.name if source.file is not None else None,
        size,
        source.remote,
    )
    with service.ledger.write() as connection:
        if removal is not None:
            strike_out(connection, removal)
        write_promise(connection, service, order, document, blob)
        if settle is not None:
            settle(connection, answer)
    service.wake()
    return answer


def _check_early(guard: AddressGuard, parameters: Parameters) -> None:
    """Raise BadRequest for what can be known to be wrong without the file."""
    for name in ("notification_url", "eager_notification_url"):
        check_url(guard, parameters.text(name), name)
    check_batch(parameters.text("batch_id"))
    check_type(parameters)
    descriptions(parameters)
    eager_of(parameters)
    incoming_transformation(parameters)
    if (public_id := parameters.text("public_id")) is not None:
        check_public_id(public_id)


class UploadTasks:
    """Does what is due, a few at a time. ``step`` starts it and returns; ``close`` lets go of it.

    A row in hand is claimed by a word of this replica's and made due later again and again, so
    that the others wait no longer than a lease if this one dies.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lease_us = int(service.settings.task_lease * 1_000_000)
        self._pool = ThreadPoolExecutor(_WORKERS, "uploads")
        self._in_hand: dict[int, _InHand] = {}
        self._closing = threading.Event()

    def step(self, now: datetime) -> int:
        """Take what is due, as far as hands are free; the number taken."""
        now_us = to_us(now)
        for task_id, one in list(self._in_hand.items()):
            if one.work.done():
                if one.work.result():
                    # Raises while the database is away: then it is done at a later step.
                    self._uncount(task_id, now_us)
                del self._in_hand[task_id]
        free = _WORKERS - len(self._in_hand)
        self._renew(now_us)
        rows = self._claim(now_us, free) if free else []
        for row, lease in rows:
            work = self._pool.submit(self._do, row, lease)
            self._in_hand[row.id] = _InHand(lease, now_us + self._lease_us, work)
            work.add_done_callback(lambda _: self._service.wake())
        return len(rows)

    def drain(self) -> None:
        """Wait for what is in hand; a bug in it is raised here."""
        for one in list(self._in_hand.values()):
            one.work.result()

    def close(self) -> None:
        """Finish or give up what is in hand; others may have it at once."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        now_us = to_us(self._service.clock.now())
        try:
            with self._service.ledger.write() as connection:
                for task_id, one in self._in_hand.items():
                    connection.execute(
                        update(upload_tasks).where(*_held(task_id, one.lease)).values(due_us=now_us)
                    )
        except DBAPIError as error:
            # They wait until the claims are over.
            log.warning("upload tasks are not let go of: %s", type(error).__name__)

    def _uncount(self, task_id: int, now_us: int) -> None:
        """Take back the attempt that an outage put off, whoever has the task by now."""
        task = upload_tasks.c
        with self._service.ledger.write() as connection:
            connection.execute(
                update(upload_tasks)
                .where(
                    task.id == task_id,
                    task.attempts > 0,
                    task.created_us > now_us - _LONGEST_OUTAGE_US,
                )
                .values(attempts=task.attempts - 1)
            )

    def _renew(self, now_us: int) -> None:
        old = {
            task_id: one
            for task_id, one in self._in_hand.items()
            if one.until_us - now_us < self._lease_us // 2
        }
        if not old:
            return
        until_us = now_us + self._lease_us
        with self._service.ledger.write() as connection:
            for task_id, one in old.items():
                connection.execute(
                    update(upload_tasks).where(*_held(task_id, one.lease)).values(due_us=until_us)
                )
                self._in_hand[task_id] = _InHand(one.lease, until_us, one.work)

    def _claim(self, now_us: int, limit: int) -> list[tuple[Row[Any], str]]:
        due = select(upload_tasks.c.id).where(upload_tasks.c.due_us <= now_us).limit(1)
        with self._service.ledger.read() as connection:
            if connection.scalar(due) is None:
                return []
        with self._service.ledger.write() as connection:
            rows = claim_due(
                connection, upload_tasks, now_us=now_us, lease_us=self._lease_us, limit=limit
            )
            claimed = [(row, self._service.ids.new()) for row in rows]
            for row, lease in claimed:
                connection.execute(
                    update(upload_tasks)
                    .where(upload_tasks.c.id == row.id)
                    .values(lease=lease, attempts=row.attempts + 1)
                )
        return claimed

    def _do(self, row: Row[Any], lease: str) -> bool:
        """Do it, give it up or put it off; True if only an outage was in the way."""
        task = _Task(self._service, row, lease, self._closing.is_set)
        try:
            if row.attempts >= _MOST_ATTEMPTS:
                task.give_up("It could not be stored, for reasons that are not in the file")
            elif row.kind == EAGER:
                task.make_eager()
            else:
                task.upload()
        except _Superseded:
            log.info("upload task %s was done by another replica", row.id)
        except (DBAPIError, PoolTimeout, BaseError, OSError) as error:
            # It is due again when the claim is over.
            log.warning("upload task %s is put off: %s", row.id, type(error).__name__)
            return not isinstance(error, DBAPIError) or database_away(error)
        return False


@dataclass(frozen=True, slots=True)
class _InHand:
    lease: str
    until_us: int
    work: Future[bool]


@dataclass(frozen=True, slots=True)
class _Task:
    """One row in hand."""

    service: Service
    row: Row[Any]
    lease: str
    stopping: Callable[[], bool]

    def upload(self) -> None:
        """Store the file that was promised, or tell why it cannot be."""
        kept = msgspec.json.decode(self.row.document, type=PromisedUpload)
        order = self._order(Parameters(kept.parameters), kept.resource_type, kept)

        def settle(connection: Connection, _answer: dict[str, Any]) -> None:
            self._finish(connection)

        try:
            if kept.remote is not None:
                source = Source(remote=kept.remote)
                with opened(self.service, source, kept.most_bytes, self.stopping) as file:
                    store_file(self.service, order, file, settle)
            else:
                with self.service.blobs.open_original(self.row.blob, kept.bytes) as content:
                    store_file(self.service, order, IncomingFile(content, kept.name), settle)
        except GivenUp:
            return
        except BlobGone as error:
            raise _Superseded(self.row.id) from error
        except ServiceFault as fault:
            self.give_up(str(fault))

    def make_eager(self) -> None:
        """Make the renditions that were promised, unless the file has been replaced since."""
        kept = msgspec.json.decode(self.row.document, type=PromisedEager)
        with self.service.ledger.read() as connection:
            asset = stored.find_by_id(connection, self.row.cloud, kept.asset_id)
        if asset is None or asset.deleted or asset.version_id != kept.version_id:
            with self.service.ledger.write() as connection:
                self._finish(connection)
            return
        wanted = read_eager(kept.text)
        try:
            made = make_eager(self.service, asset, wanted)
        except BlobGone:
            made = []
        except ServiceFault as fault:
            self.give_up(str(fault))
            return
        document = {
            "eager": eager_documents(asset, wanted, made, kept.base) if made else [],
            "batch_id": kept.batch_id,
            "asset_id": asset.asset_id,
            "public_id": asset.public_id,
            "version": asset.version,
            "resource_type": asset.resource_type,
            "type": asset.type,
        }
        with self.service.ledger.write() as connection:
            self._finish(connection)
            self._tell(connection, "eager", document, kept.url, kept)

    def give_up(self, why: str) -> None:
        """Take the promise back, and tell whoever was to be told of it."""
        kept: PromisedUpload | PromisedEager
        if self.row.kind == EAGER:
            kept = msgspec.json.decode(self.row.document, type=PromisedEager)
            said: dict[str, Any] = {"asset_id": kept.asset_id, "batch_id": kept.batch_id}
            url = kept.url
        else:
            kept = msgspec.json.decode(self.row.document, type=PromisedUpload)
            given = Parameters(kept.parameters)
            names = ("batch_id", "public_id", "type")
            said = {name: text for name in names if (text := given.text(name)) is not None}
            url = given.text("notification_url")
        with self.service.ledger.write() as connection:
            self._finish(connection)
            self._tell(connection, "error", said | {"error": {"message": why}}, url, kept)
        log.info("upload task %s is given up", self.row.id)

    def _order(self, parameters: Parameters, resource_type: str, kept: PromisedUpload) -> Order:
        caller = self.service.credentials.signing_key(self.row.cloud)
        if caller is None:
            raise BadRequest("The cloud has no active API key")
        return Order(parameters, caller, resource_type, kept.base, kept.request_id, kept.most_bytes)

    def _finish(self, connection: Connection) -> None:
        """Strike the row out; raises _Superseded if it is another replica's by now."""
        done = connection.execute(delete(upload_tasks).where(*_held(self.row.id, self.lease)))
        if not done.rowcount:
            raise _Superseded(self.row.id)
        if self.row.blob is not None:
            drop_blob(connection, self.row.blob, to_us(self.service.clock.now()))

    def _tell(
        self,
        connection: Connection,
        event: str,
        document: dict[str, Any],
        url: str | None,
        kept: PromisedUpload | PromisedEager,
    ) -> None:
        now_us = to_us(self.service.clock.now())
        key = self.service.credentials.signing_key(self.row.cloud)
        if key is None:
            return
        announce(
            connection,
            cloud=self.row.cloud,
            api_key=key.api_key,
            event=event,
            document=document | {"timestamp": instant(now_us), "request_id": kept.request_id},
            asset_id=document.get("asset_id"),
            now_us=now_us,
            urls=[url] if url else (),
            batch_id=document.get("batch_id"),
        )


def _held(task_id: int, lease: str) -> tuple[Any, Any]:
    return upload_tasks.c.id == task_id, upload_tasks.c.lease == lease
