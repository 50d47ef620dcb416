"""Whether a service's data is whole: every picture is there, every row agrees with its asset.

Works beside a running service, so what looks wrong is read again before it is called so: an
asset may have been replaced, decided or deleted between two reads.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select

from modstation.service.assets.stored import read_entries
from modstation.service.blobs import BlobGone
from modstation.service.moderation.states import overall
from modstation.service.schema import (
    api_keys,
    api_tokens,
    asset_context,
    asset_tags,
    assets,
    backup_versions,
    claims,
    clouds,
    moderation_entries,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Row, Select

    from modstation.service.blobs import Blobs
    from modstation.service.running.administration import Administration

_PAGE = 200
_PIECE = 4 << 20
_MOST_ORPHANS = 100
_OF_LIVE_ASSETS = (moderation_entries, asset_tags, asset_context, claims)
_OF_CLOUDS = (api_keys, api_tokens, assets)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not whole: which table's row, and in words what is wrong with it."""

    where: str
    subject: str
    says: str


def count_checks(place: Administration) -> int:
    """How many steps ``check_integrity`` will report."""
    with place.ledger.read() as connection:
        return sum(
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (assets, backup_versions)
        )


def check_integrity(
    place: Administration, *, read_bytes: bool, done: Callable[[int], None]
) -> Iterator[Finding]:
    """Everything that is not whole. ``done`` is told of so many further assets and versions.

    ``read_bytes``: pictures are read and their digests compared, not only their sizes.
    """
    yield from _orphans(place)
    after = 0
    while True:
        query = select(assets.c.seq).where(assets.c.seq > after).order_by(assets.c.seq)
        with place.ledger.read() as connection:
            page = list(connection.scalars(query.limit(_PAGE)))
        if not page:
            break
        for seq in page:
            yield from _asset(place, seq, read_bytes=read_bytes)
            done(1)
        after = page[-1]
    yield from _versions(place, read_bytes=read_bytes, done=done)


def _asset(place: Administration, seq: int, *, read_bytes: bool) -> list[Finding]:
    wrong: list[str] = []
    before: Row[Any] | None = None
    while True:
        with place.ledger.read() as connection:
            row = connection.execute(select(assets).where(assets.c.seq == seq)).first()
            entries = _entries(connection, seq)
        if row is None:
            return []
        if row == before:
            # The same row once more, and what was wrong with it still is.
            subject = f"{row.cloud}/{row.resource_type}/{row.type}/{row.public_id}"
            return [Finding("assets", subject, says) for says in wrong]
        before = row
        wrong = _wrong_row(row, entries)
        wrong += _wrong_bytes(place.blobs, row, read_bytes=read_bytes)
        if not wrong:
            return []


def _entries(connection: Connection, seq: int) -> dict[str, tuple[str, str, str]]:
    entry = moderation_entries.c
    rows = connection.execute(
        select(entry.kind, entry.status, entry.cloud, entry.resource_type).where(
            entry.asset_seq == seq
        )
    )
    return {row.kind: (row.status, row.cloud, row.resource_type) for row in rows}


def _wrong_row(row: Row[Any], found: dict[str, tuple[str, str, str]]) -> list[str]:
    moderation = read_entries(row.moderation)
    queued = moderation if row.deleted_us is None else ()
    meant = {entry.kind: (entry.status, row.cloud, row.resource_type) for entry in queued}
    wrong = []
    if meant != found:
        wrong.append(
            f"its queue rows say {_statuses(found)}, its moderation says {_statuses(meant)}"
        )
    if overall(moderation) != row.moderation_status:
        wrong.append(f"its status is {row.moderation_status}, not {overall(moderation)}")
    return wrong


def _statuses(entries: dict[str, tuple[str, str, str]]) -> str:
    return ", ".join(f"{kind} {entry[0]}" for kind, entry in sorted(entries.items())) or "nothing"


def _wrong_bytes(blobs: Blobs, row: Row[Any], *, read_bytes: bool) -> list[str]:
    try:
        size = blobs.size_original(row.blob)
        if size != row.bytes:
            return [f"its file has {size} bytes, not {row.bytes}"]
        if not read_bytes:
            return []
        digest = hashlib.md5(usedforsecurity=False)
        for start in range(0, size, _PIECE):
            digest.update(blobs.slice_original(row.blob, start, min(size, start + _PIECE)))
    except BlobGone:
        return ["its file is not there"]
    return [] if digest.hexdigest() == row.etag else ["its file is not the one that was uploaded"]


def _versions(
    place: Administration, *, read_bytes: bool, done: Callable[[int], None]
) -> Iterator[Finding]:
    column = backup_versions.c
    after = ""
    while True:
        query = select(backup_versions).where(column.version_id > after)
        with place.ledger.read() as connection:
            rows = connection.execute(query.order_by(column.version_id).limit(_PAGE)).all()
        for row in rows:
            for says in _wrong_bytes(place.blobs, row, read_bytes=read_bytes):
                if _still_there(place, row):
                    yield Finding("backup_versions", f"{row.asset_id} version {row.version}", says)
            done(1)
        if len(rows) < _PAGE:
            return
        after = rows[-1].version_id


def _still_there(place: Administration, version: Row[Any]) -> bool:
    query = select(backup_versions).where(backup_versions.c.version_id == version.version_id)
    with place.ledger.read() as connection:
        return connection.execute(query).first() == version


def _orphans(place: Administration) -> Iterator[Finding]:
    """Rows about something that is not there; a hundred of each kind."""
    for table in _OF_LIVE_ASSETS:
        asset = exists().where(assets.c.seq == table.c.asset_seq, assets.c.deleted_us.is_(None))
        for seq in _some(place, select(table.c.asset_seq).where(~asset)):
            yield Finding(table.name, str(seq), "there is no such asset")
    owner = exists().where(assets.c.asset_id == backup_versions.c.asset_id)
    for asset_id in _some(place, select(backup_versions.c.asset_id).where(~owner)):
        yield Finding("backup_versions", asset_id, "there is no such asset")
    for table in _OF_CLOUDS:
        home = exists().where(clouds.c.name == table.c.cloud)
        for cloud in _some(place, select(table.c.cloud).where(~home).distinct()):
            yield Finding(table.name, cloud, "there is no such cloud")


def _some(place: Administration, query: Select[Any]) -> list[Any]:
    with place.ledger.read() as connection:
        return list(connection.scalars(query.limit(_MOST_ORPHANS)))
