"""Rows of ``assets``: what the service last said, whole, and what the station reads from it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from modstation.core.assets import Asset, AssetRef, MachineLabel, ModerationEntry, ModerationStatus
from modstation.core.clock import from_us, to_us
from modstation.core.queue import doubt, public_since_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from modstation.core.decisions import DecisionDraft

COLUMNS = "a.resource_type, a.delivery_type, a.public_id, a.raw, a.described"


class _Label(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    confidence: float
    parent: str = ""
    threshold: float | None = None


class _Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: str
    status: ModerationStatus
    updated_us: int | None = None
    labels: tuple[_Label, ...] = ()


class _Described(msgspec.Struct, frozen=True, omit_defaults=True):
    """The JSON of the column ``described``; the schema's generated columns name its fields."""

    status: ModerationStatus
    kind: str | None = None
    asset_id: str | None = None
    version: int | None = None
    format: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    created_us: int | None = None
    etag: str | None = None
    url: str | None = None
    tags: tuple[str, ...] = ()
    moderation: tuple[_Entry, ...] = ()
    # Ranks in the orders of the queue; None: that of an asset of which nothing special is told.
    public_us: int | None = None
    doubt: int | None = None
    reasons: tuple[str, ...] = ()
    reason: str | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Described).decode


def storable(text: str) -> str:
    """The text with lone surrogates replaced: no file and no UTF-8 can hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_storable(asset: Asset) -> bool:
    """Say whether the names of the asset are text that a UTF-8 file can hold."""
    try:
        asset.key.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def share_of(key: str) -> int:
    """The number that shares of the queue are picked by (the same as ``core.queue.Split``)."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass"))


def describe(asset: Asset) -> str:
    """The JSON of the column ``described``."""
    created_us = to_us(asset.created_at) if asset.created_at else None
    public_us = public_since_us(asset)
    described = _Described(
        status=asset.status,
        kind=asset.kind,
        asset_id=asset.asset_id,
        version=asset.version,
        format=asset.format,
        bytes=asset.bytes,
        width=asset.width,
        height=asset.height,
        created_us=created_us,
        public_us=None if public_us == created_us else public_us,
        doubt=doubt(asset),
        etag=asset.etag,
        url=asset.url,
        tags=asset.tags,
        moderation=tuple(
            _Entry(
                kind=entry.kind,
                status=entry.status,
                updated_us=to_us(entry.updated_at) if entry.updated_at else None,
                labels=tuple(
                    _Label(label.name, label.confidence, label.parent, label.threshold)
                    for label in entry.labels
                ),
            )
            for entry in asset.moderation
        ),
        reasons=asset.reasons,
        reason=asset.reason,
    )
    try:
        return _encode(described).decode()
    except UnicodeEncodeError:
        # Some field of a hostile answer; the names were checked by ``is_storable``.
        plain = msgspec.to_builtins(described)
        return _encode(_cleaned(plain)).decode()


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {name: _cleaned(item) for name, item in value.items()}
    return value


def asset_of(row: Sequence[str]) -> Asset:
    """The asset of a row of ``COLUMNS``."""
    resource_type, delivery_type, public_id, raw, text = row
    described = _decode(text)
    return Asset(
        ref=AssetRef(resource_type, delivery_type, public_id),
        status=described.status,
        kind=described.kind,
        asset_id=described.asset_id,
        version=described.version,
        format=described.format,
        bytes=described.bytes,
        width=described.width,
        height=described.height,
        created_at=None if described.created_us is None else from_us(described.created_us),
        etag=described.etag,
        url=described.url,
        tags=described.tags,
        moderation=tuple(
            ModerationEntry(
                kind=entry.kind,
                status=entry.status,
                updated_at=None if entry.updated_us is None else from_us(entry.updated_us),
                labels=tuple(
                    MachineLabel(label.name, label.confidence, label.parent, label.threshold)
                    for label in entry.labels
                ),
            )
            for entry in described.moderation
        ),
        reasons=described.reasons,
        reason=described.reason,
        raw=raw,
    )


def insert(
    sql: sqlite3.Connection, asset: Asset, described: str, *, list_kind: str, now_us: int
) -> None:
    """Add an asset that is not known yet; the triggers put it into its queue."""
    ref, key = asset.ref, asset.key
    sql.execute(
        "INSERT INTO assets (key, resource_type, delivery_type, public_id, raw, described,"
        " list_kind, first_seen_us, share) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key,
            ref.resource_type,
            ref.delivery_type,
            ref.public_id,
            storable(asset.raw),
            described,
            list_kind,
            now_us,
            share_of(key),
        ),
    )
    _keep_reasons(sql, asset)


def _keep_reasons(sql: sqlite3.Connection, asset: Asset) -> None:
    """A reason that covers goes on covering, whoever gave it."""
    sql.executemany(
        "INSERT INTO given_reasons (key, reason_code) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(asset.key, storable(code)) for code in asset.reasons],
    )


def upsert(sql: sqlite3.Connection, asset: Asset, *, list_kind: str | None, now_us: int) -> None:
    """Store what the service says of one asset now.

    ``list_kind`` None: it stays in the list it was in; a new one goes to its own kind's.
    """
    described = describe(asset)
    changed = sql.execute(
        "UPDATE assets SET raw = ?, described = ?, list_kind = coalesce(?, list_kind),"
        " absent_us = NULL WHERE key = ?",
        (storable(asset.raw), described, list_kind, asset.key),
    ).rowcount
    if changed:
        _keep_reasons(sql, asset)
    else:
        insert(sql, asset, described, list_kind=list_kind or asset.kind or "manual", now_us=now_us)


def raw(sql: sqlite3.Connection, key: str) -> str | None:
    """The service's JSON of an asset as it was last told, if the asset is known."""
    row = sql.execute("SELECT raw FROM assets WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def set_status(sql: sqlite3.Connection, key: str, status: ModerationStatus) -> None:
    """Note the status the service has now, where an answer says no more than that.

    The reason that was told with the status before is none of this one's.
    """
    sql.execute(
        "UPDATE assets SET described = json_remove(json_set(described, '$.status', ?), '$.reason')"
        " WHERE key = ?",
        (status.value, key),
    )


def set_absent(sql: sqlite3.Connection, key: str, now_us: int) -> None:
    """Note that the service does not list the asset, or has it no more."""
    sql.execute("UPDATE assets SET absent_us = ? WHERE key = ?", (now_us, key))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an asset at this moment: its status, and which picture it is."""

    status: ModerationStatus
    asset_id: str | None
    version: int | None

    def is_another_picture(self, draft: DecisionDraft) -> bool:
        """The moderator saw another picture than the one that is stored by now."""
        return (
            None not in {draft.asset_id, self.asset_id} and draft.asset_id != self.asset_id
        ) or (None not in {draft.version, self.version} and draft.version != self.version)


def standing(sql: sqlite3.Connection, key: str) -> Standing:
    """How an asset stands; ``LookupError`` if it is not stored at all."""
    row = sql.execute(
        "SELECT status, asset_id, version FROM assets WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        raise LookupError(f"there is no asset {key}")
    return Standing(ModerationStatus(row[0]), row[1], row[2])


def doubt_waiting(sql: sqlite3.Connection, asset: Asset) -> None:
    """Have a waiting decision on this asset compared before it is posted, if it changed since.

    The status is not an expected one, or the public ID holds another picture.
    """
    sql.execute(
        "UPDATE operations SET verify = 1 WHERE key = ?"
        " AND state IN ('held', 'ready', 'parked', 'conflicted') AND verify = 0"
        " AND (instr(',' || expected || ',', ',' || ? || ',') = 0"
        " OR EXISTS (SELECT 1 FROM decisions AS d WHERE d.sequence = operations.sequence"
        " AND (d.asset_id <> ? OR d.version <> ?)))",
        (asset.key, asset.status.value, asset.asset_id, asset.version),
    )
