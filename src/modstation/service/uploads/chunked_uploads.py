"""Files that arrive in parts, in any order, at any replica (reference 1.8).

A part is a blob and a row. The call whose part completes the file puts it together and stores it
like any other upload; its answer is kept for a day, so that whoever sends a part again because
the answer got lost hears it. Parts of a file that is never completed go after a day too.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import msgspec
from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from modstation.core.clock import to_us
from modstation.service.assets.backups import drop_blob
from modstation.service.blobs import BlobGone, blob_name
from modstation.service.faults import BadRequest
from modstation.service.schema import chunked_uploads, upload_parts
from modstation.service.uploads.storing import note_unfinished, strike_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row
    from starlette.datastructures import Headers

    from modstation.service.ledger import Ledger
    from modstation.service.service import Service
    from modstation.service.uploads.incoming_file import IncomingFile
    from modstation.service.uploads.upload_order import Order

# As SDKs count it; only the part that ends the file may be smaller.
_LEAST_BYTES = 5_000_000
_MOST_PARTS = 10_000
_LONGEST_ID = 255
_KEPT_US = 86_400_000_000
_PER_FORGETTING = 100
_CHUNK = 4 << 20
_COUNT = re.compile(r"[0-9]{1,5}")
_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|-1|\*)")


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part belongs: from ``start`` to before ``stop``, of ``total`` if that is known.

    Counted in bytes, or in parts if they are ``numbered``.
    """

    upload_id: str
    start: int
    stop: int
    total: int | None
    numbered: bool

    @property
    def last(self) -> bool:
        """This part ends the file."""
        return self.stop == self.total


@dataclass(frozen=True, slots=True)
class Progress:
    """What has arrived of a file; ``answer`` is what its upload was answered, once it was."""

    bytes: int
    complete: bool
    answer: dict[str, Any] | None = None


class AlreadyStored(Exception):
    """Another call has put the same parts together meanwhile."""


def part_of(headers: Headers) -> Part | None:
    """The part a request carries; None if it carries a whole file. Raises BadRequest."""
    part = _numbered(headers) or _ranged(headers)
    if part is None or (part.start == 0 and part.last):
        return None
    if not part.upload_id:
        raise BadRequest("Missing required header - X-Unique-Upload-Id")
    if len(part.upload_id) > _LONGEST_ID or not part.upload_id.isprintable():
        raise BadRequest("Invalid value for header X-Unique-Upload-Id")
    return part


def _ranged(headers: Headers) -> Part | None:
    given = headers.get("content-range")
    if given is None:
        return None
    match = _RANGE.fullmatch(given.strip())
    start, stop = (int(match[1]), int(match[2]) + 1) if match else (0, 0)
    total = int(match[3]) if match and match[3].isdigit() else None
    if start >= stop or (total is not None and stop > total):
        raise BadRequest(f"Invalid value {given[:60]} for header Content-Range")
    return Part(headers.get("x-unique-upload-id", ""), start, stop, total, numbered=False)


def _numbered(headers: Headers) -> Part | None:
    number, total = headers.get("x-upload-part-number"), headers.get("x-upload-total-parts")
    if number is None and total in (None, "1"):
        return None
    if not (_COUNT.fullmatch(number or "") and _COUNT.fullmatch(total or "")):
        raise BadRequest("Invalid value for headers X-Upload-Part-Number, X-Upload-Total-Parts")
    place, count = int(number or ""), int(total or "")
    if not 1 <= place <= count <= _MOST_PARTS:
        raise BadRequest("Invalid value for headers X-Upload-Part-Number, X-Upload-Total-Parts")
    upload_id = headers.get("x-unique-upload-id", "")
    return Part(upload_id, place - 1, place, count, numbered=True)


def take_part(service: Service, order: Order, part: Part, file: IncomingFile) -> Progress:
    """Keep a part; raises BadRequest for one that does not fit what is there."""
    size = file.content.seek(0, 2)
    file.content.seek(0)
    if not part.numbered and size != part.stop - part.start:
        raise BadRequest(f"Content-Range tells of {part.stop - part.start} bytes, {size} came")
    if size < _LEAST_BYTES and not part.last:
        raise BadRequest("All parts except EOF-chunk must be larger than 5mb")
    known = size if part.numbered else max(part.total or 0, part.stop)
    _check_size(known, order.most_bytes)
    blob = blob_name(service.ids.new(), service.ids.new())
    removal = note_unfinished(service, blob)
    service.blobs.put(blob, file.content)
    now_us = to_us(service.clock.now())
    with service.ledger.write() as connection:
        strike_out(connection, removal)
        whole = _whole(connection, order.caller.cloud, part, now_us)
        if whole.answer is not None:
            drop_blob(connection, blob, now_us)
            return Progress(size, complete=True, answer=msgspec.json.decode(whole.answer))
        total = _agreed_total(whole, part)
        _add(connection, order.caller.cloud, part, blob, size, now_us)
        connection.execute(
            update(chunked_uploads)
            .where(*_named(chunked_uploads, order.caller.cloud, part.upload_id))
            .values(total=total, updated_us=now_us)
        )
        parts = _parts(connection, order.caller.cloud, part.upload_id)
        received = sum(row.bytes for row in parts)
        if len(parts) > _MOST_PARTS:
            raise BadRequest(f"A file may have {_MOST_PARTS} parts")
        # Overlapping parts count twice, and are not worth more room than that.
        _check_size(received, order.most_bytes * (1 if part.numbered else 2))
    return Progress(received, complete=_covered(parts, total))


@contextmanager
def put_together(service: Service, cloud: str, upload_id: str) -> Iterator[IO[bytes]]:
    """The file whose parts have all come, on disk for the block."""
    with service.ledger.read() as connection:
        parts = _parts(connection, cloud, upload_id)
        numbered = connection.scalar(
            select(chunked_uploads.c.numbered).where(*_named(chunked_uploads, cloud, upload_id))
        )
    with tempfile.TemporaryFile() as content:
        try:
            for row in parts:
                skipped = 0 if numbered else content.tell() - row.start
                for at in range(skipped, row.bytes, _CHUNK):
                    end = min(at + _CHUNK, row.bytes)
                    content.write(service.blobs.slice_original(row.blob, at, end))
        except BlobGone as error:
            raise BadRequest("The upload took too long") from error
        content.seek(0)
        yield content


def settle_parts(
    connection: Connection, cloud: str, upload_id: str, answer: dict[str, Any], now_us: int
) -> None:
    """Let go of the parts and remember the answer, in the transaction that stores the file.

    Raises AlreadyStored if another call came first.
    """
    settled = connection.execute(
        update(chunked_uploads)
        .where(*_named(chunked_uploads, cloud, upload_id), chunked_uploads.c.answer.is_(None))
        .values(answer=msgspec.json.encode(answer).decode(), updated_us=now_us)
    ).rowcount
    if not settled:
        raise AlreadyStored(upload_id)
    _drop_parts(connection, _parts(connection, cloud, upload_id), now_us)


def stored_answer(service: Service, cloud: str, upload_id: str) -> dict[str, Any]:
    """What the upload of these parts was answered."""
    with service.ledger.read() as connection:
        answer = connection.scalar(
            select(chunked_uploads.c.answer).where(*_named(chunked_uploads, cloud, upload_id))
        )
    if answer is None:
        raise BadRequest("The upload took too long")
    return dict(msgspec.json.decode(answer))


def forget_parts(ledger: Ledger, now_us: int) -> int:
    """Forget files in parts that nothing was added to for a day; the number forgotten."""
    whole = chunked_uploads.c
    oldest = (
        select(whole.cloud, whole.upload_id)
        .where(whole.updated_us < now_us - _KEPT_US)
        .order_by(whole.updated_us)
        .limit(_PER_FORGETTING)
    )
    with ledger.read() as connection:
        if connection.execute(oldest).first() is None:
            return 0
    with ledger.write() as connection:
        old = connection.execute(oldest.with_for_update(skip_locked=True)).all()
        for cloud, upload_id in old:
            _drop_parts(connection, _parts(connection, cloud, upload_id), now_us)
            connection.execute(
                delete(chunked_uploads).where(*_named(chunked_uploads, cloud, upload_id))
            )
    return len(old)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise BadRequest(f"File size too large. Got {size}. Maximum is {most}.")


def _whole(connection: Connection, cloud: str, part: Part, now_us: int) -> Row[Any]:
    """The row of the file a part belongs to, locked: its parts are looked at one by one."""
    found = select(chunked_uploads).where(*_named(chunked_uploads, cloud, part.upload_id))
    row = connection.execute(found.with_for_update()).first()
    if row is None:
        try:
            with connection.begin_nested():
                connection.execute(
                    insert(chunked_uploads).values(
                        cloud=cloud,
                        upload_id=part.upload_id,
                        numbered=part.numbered,
                        total=part.total,
                        updated_us=now_us,
                    )
                )
        except IntegrityError:
            # On PostgreSQL the first parts may come together; the other one's row serves both.
            pass
        row = connection.execute(found.with_for_update()).one()
    return row


def _agreed_total(whole: Row[Any], part: Part) -> int | None:
    if whole.numbered != part.numbered:
        raise BadRequest("The parts of one upload are numbered, or told by their bytes")
    if None not in (whole.total, part.total) and whole.total != part.total:
        raise BadRequest(f"The parts of one upload have one total: {whole.total}, {part.total}")
    total: int | None = part.total if whole.total is None else whole.total
    if total is not None and part.stop > total:
        raise BadRequest(f"This upload ends at {total}")
    return total


def _add(connection: Connection, cloud: str, part: Part, blob: str, size: int, now_us: int) -> None:
    """Write a part's row; the same part sent before gives way."""
    same = and_(
        *_named(upload_parts, cloud, part.upload_id),
        upload_parts.c.start == part.start,
        upload_parts.c.stop == part.stop,
    )
    _drop_parts(connection, connection.execute(select(upload_parts).where(same)).all(), now_us)
    connection.execute(
        insert(upload_parts).values(
            cloud=cloud,
            upload_id=part.upload_id,
            start=part.start,
            stop=part.stop,
            bytes=size,
            blob=blob,
        )
    )


def _drop_parts(connection: Connection, parts: Sequence[Row[Any]], now_us: int) -> None:
    for row in parts:
        drop_blob(connection, row.blob, now_us)
    connection.execute(delete(upload_parts).where(upload_parts.c.id.in_([row.id for row in parts])))


def _parts(connection: Connection, cloud: str, upload_id: str) -> Sequence[Row[Any]]:
    column = upload_parts.c
    return connection.execute(
        select(upload_parts)
        .where(*_named(upload_parts, cloud, upload_id))
        .order_by(column.start, column.stop)
    ).all()


def _covered(parts: Sequence[Row[Any]], total: int | None) -> bool:
    if total is None or not parts or parts[0].start:
        return False
    reached = 0
    for row in parts:
        if row.start > reached:
            return False
        reached = max(reached, row.stop)
    return reached == total


def _named(table: Any, cloud: str, upload_id: str) -> tuple[Any, Any]:
    return table.c.cloud == cloud, table.c.upload_id == upload_id
