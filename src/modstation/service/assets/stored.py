"""Assets as the service keeps them: rows in and out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from modstation.service.assets.folders import ensure_folders
from modstation.service.assets.word_index import add_words, drop_words
from modstation.service.delivery.stale_copies import note_stale
from modstation.service.moderation.claims import end_claims
from modstation.service.moderation.likeness_index import forget
from modstation.service.moderation.states import Entry
from modstation.service.schema import assets, moderation_entries
from modstation.service.search.words import search_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

_ENTRIES = msgspec.json.Decoder(tuple[Entry, ...])
_COLUMNS = tuple(column.name for column in assets.c)
_DOCUMENTS = frozenset({"tags", "context", "metadata", "moderation"})
# What only the database reads: it follows from the rest.
_FOUND_BY = "search_text"


@dataclass(frozen=True, slots=True)
class Asset:
    """One stored asset; ``seq`` is 0 until it is in the database."""

    seq: int
    asset_id: str
    cloud: str
    resource_type: str
    type: str
    public_id: str
    version: int
    version_id: str
    format: str | None
    width: int | None
    height: int | None
    bytes: int
    etag: str
    blob: str
    original_filename: str
    display_name: str
    asset_folder: str
    tags: tuple[str, ...]
    context: dict[str, str]
    metadata: dict[str, Any]
    moderation: tuple[Entry, ...]
    moderation_kind: str | None
    moderation_status: str | None
    notification_url: str | None
    api_key: str
    backup: bool
    withdrawn: bool
    created_us: int
    updated_us: int
    deleted_us: int | None = None
    batch_id: str | None = None

    @property
    def deleted(self) -> bool:
        """Deleted, and kept only because it has a backup."""
        return self.deleted_us is not None

    @property
    def backed_up(self) -> bool:
        """Whether the version it has now stays restorable when it goes."""
        return self.backup or self.withdrawn or self.deleted


def find(
    connection: Connection,
    cloud: str,
    resource_type: str,
    delivery_type: str,
    public_id: str,
    *,
    locked: bool = False,
) -> Asset | None:
    """The asset of that name, deleted ones included; ``locked`` to be changed."""
    return _one(
        connection,
        select(assets).where(
            assets.c.cloud == cloud,
            assets.c.resource_type == resource_type,
            assets.c.type == delivery_type,
            assets.c.public_id == public_id,
        ),
        locked=locked,
    )


def find_named(
    connection: Connection,
    cloud: str,
    resource_type: str,
    delivery_type: str,
    public_ids: Iterable[str],
) -> dict[str, Asset]:
    """The assets of these names by public ID, deleted ones included."""
    found = read_all(
        connection,
        select(assets).where(
            assets.c.cloud == cloud,
            assets.c.resource_type == resource_type,
            assets.c.type == delivery_type,
            assets.c.public_id.in_(list(public_ids)),
        ),
    )
    return {asset.public_id: asset for asset in found}


def find_whole_names(
    connection: Connection, cloud: str, names: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Asset]:
    """The assets of a few (resource type, type, public ID), to be changed; deleted ones too."""
    query = select(assets).where(
        assets.c.cloud == cloud,
        or_(
            *(
                and_(
                    assets.c.resource_type == resource_type,
                    assets.c.type == delivery_type,
                    assets.c.public_id == public_id,
                )
                for resource_type, delivery_type, public_id in names
            )
        ),
    )
    found = read_all(connection, query, locked=True)
    return {(asset.resource_type, asset.type, asset.public_id): asset for asset in found}


def find_by_id(
    connection: Connection, cloud: str, asset_id: str, *, locked: bool = False
) -> Asset | None:
    """The asset with that identifier, deleted ones included; ``locked`` to be changed."""
    return _one(
        connection,
        select(assets).where(assets.c.asset_id == asset_id, assets.c.cloud == cloud),
        locked=locked,
    )


def find_by_ids(
    connection: Connection, cloud: str, asset_ids: Iterable[str], *, locked: bool = False
) -> list[Asset]:
    """The live assets among these identifiers; ``locked`` to be changed."""
    return read_all(
        connection,
        select(assets).where(
            assets.c.asset_id.in_(list(asset_ids)),
            assets.c.cloud == cloud,
            assets.c.deleted_us.is_(None),
        ),
        locked=locked,
    )


def lock(connection: Connection, numbers: Iterable[int]) -> None:
    """Keep the assets of these row numbers for this transaction, deleted ones included.

    For whoever then reads them one by one, in an order that someone else may not have.
    """
    connection.execute(
        select(assets.c.seq)
        .where(assets.c.seq.in_(list(numbers)))
        .order_by(assets.c.seq)
        .with_for_update()
    )


def find_numbered(
    connection: Connection, numbers: Iterable[int], *, locked: bool = False
) -> list[Asset]:
    """The live assets of these row numbers; ``locked`` to be changed."""
    return read_all(
        connection,
        select(assets).where(assets.c.seq.in_(list(numbers)), assets.c.deleted_us.is_(None)),
        locked=locked,
    )


def find_by_names(
    connection: Connection,
    cloud: str,
    names: Iterable[tuple[str, str, str]],
    *,
    locked: bool = False,
) -> list[Asset]:
    """The live assets among these (resource type, type, public ID); ``locked`` to be changed."""
    return find_live(connection, cloud, names=names, locked=locked)


def find_live(
    connection: Connection,
    cloud: str,
    *,
    asset_ids: Iterable[str] = (),
    names: Iterable[tuple[str, str, str]] = (),
    locked: bool = False,
) -> list[Asset]:
    """The live assets among these identifiers and these names; ``locked`` to be changed."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for resource_type, delivery_type, public_id in names:
        grouped.setdefault((resource_type, delivery_type), []).append(public_id)
    ids = list(asset_ids)
    wanted: list[ColumnElement[bool]] = [assets.c.asset_id.in_(ids)] if ids else []
    # One condition per kind of asset: for a list of whole names SQLite reads every asset of the
    # cloud, for a list of public IDs it uses the index (measured with 300,000 assets).
    wanted += [
        and_(
            assets.c.resource_type == resource_type,
            assets.c.type == delivery_type,
            assets.c.public_id.in_(public_ids),
        )
        for (resource_type, delivery_type), public_ids in grouped.items()
    ]
    alive = (assets.c.cloud == cloud, assets.c.deleted_us.is_(None))
    if len(wanted) == 1:
        return read_all(connection, select(assets).where(*wanted, *alive), locked=locked)
    # Two transactions that locked their assets group by group would wait for each other.
    numbers: set[int] = set()
    for condition in wanted:
        numbers.update(connection.scalars(select(assets.c.seq).where(condition, *alive)))
    return find_numbered(connection, numbers, locked=locked) if numbers else []


def add(connection: Connection, asset: Asset) -> Asset:
    """Insert an asset with its queue entries."""
    seq = connection.scalar(insert(assets).values(_row(asset)).returning(assets.c.seq))
    assert seq is not None
    asset = replace(asset, seq=seq)
    _add_entries(connection, asset, asset.moderation)
    add_words(connection, [asset])
    ensure_folders(connection, asset.cloud, [asset.asset_folder], asset.updated_us)
    return asset


_UPDATE = update(assets).where(assets.c.seq == bindparam("at"))
_UPDATE_ENTRY = update(moderation_entries).where(
    moderation_entries.c.asset_seq == bindparam("at"), moderation_entries.c.kind == bindparam("of")
)
_DELETE_ENTRY = delete(moderation_entries).where(
    moderation_entries.c.asset_seq == bindparam("at"), moderation_entries.c.kind == bindparam("of")
)
_DESCRIBED = (
    "tags",
    "context",
    "metadata",
    "display_name",
    "asset_folder",
    _FOUND_BY,
    "updated_us",
)
_DECIDED = (
    "version",
    "moderation",
    "moderation_kind",
    "moderation_status",
    "withdrawn",
    "updated_us",
)


def save(connection: Connection, before: Asset, after: Asset) -> None:
    """Write a changed asset back, queue entries included."""
    note_stale(connection, [(before, after)], after.updated_us)
    connection.execute(_UPDATE.values(_row(after)), {"at": before.seq})
    connection.execute(
        delete(moderation_entries).where(moderation_entries.c.asset_seq == before.seq)
    )
    drop_words(connection, [before.seq])
    if after.deleted:
        end_claims(connection, [before.seq])
    else:
        _add_entries(connection, after, after.moderation)
        add_words(connection, [after])
        ensure_folders(connection, after.cloud, [after.asset_folder], after.updated_us)


def save_described(connection: Connection, changed: Sequence[Asset]) -> None:
    """Write back live assets of one cloud that differ only in what callers write on them.

    Their moderation is left as it is in the database, whatever these assets say of it.
    """
    if not changed:
        return
    rows = [
        {"at": asset.seq} | {name: _column(asset, name) for name in _DESCRIBED} for asset in changed
    ]
    connection.execute(_UPDATE.values({name: bindparam(name) for name in _DESCRIBED}), rows)
    drop_words(connection, [asset.seq for asset in changed])
    add_words(connection, changed)
    ensure_folders(
        connection,
        changed[0].cloud,
        {asset.asset_folder for asset in changed},
        changed[0].updated_us,
    )


def save_decided(connection: Connection, changes: Sequence[tuple[Asset, Asset]]) -> None:
    """Write many assets back that differ in what a decision changes, in few statements."""
    if not changes:
        return
    note_stale(connection, changes, max(after.updated_us for _, after in changes))
    rows, moved, gone = [], [], []
    for before, after in changes:
        row = {name: _column(after, name) for name in _DECIDED}
        rows.append({"at": before.seq, **row})
        old = {entry.kind: entry.status for entry in before.moderation}
        for entry in after.moderation:
            if entry.kind not in old:
                # One that is deleted gets its entries back with its restoration.
                if not after.deleted:
                    _add_entries(connection, after, (entry,))
            elif old.pop(entry.kind) != entry.status:
                moved.append({"at": before.seq, "of": entry.kind, "status": entry.status})
        # A new run asks for other kinds than the one before.
        gone += [{"at": before.seq, "of": kind} for kind in old]
    connection.execute(
        _UPDATE.values({name: bindparam(name) for name in _DECIDED}),
        rows,
    )
    if moved:
        connection.execute(_UPDATE_ENTRY.values(status=bindparam("status")), moved)
    if gone:
        connection.execute(_DELETE_ENTRY, gone)


def remove(connection: Connection, asset: Asset, now_us: int) -> None:
    """Delete an asset's row and queue entries, and the claim on it."""
    note_stale(connection, [(asset, None)], now_us)
    # SQLite may give the number to the next asset.
    end_claims(connection, [asset.seq])
    connection.execute(
        delete(moderation_entries).where(moderation_entries.c.asset_seq == asset.seq)
    )
    drop_words(connection, [asset.seq])
    forget(connection, asset.asset_id)
    connection.execute(delete(assets).where(assets.c.seq == asset.seq))


def entries_text(entries: tuple[Entry, ...]) -> str:
    """Moderation entries as a row holds them."""
    return msgspec.json.encode(entries).decode()


def read_entries(text: str) -> tuple[Entry, ...]:
    """The moderation entries a row holds."""
    return _ENTRIES.decode(text)


def _one(connection: Connection, query: Select[Any], *, locked: bool = False) -> Asset | None:
    row = connection.execute(query.with_for_update() if locked else query).first()
    return None if row is None else _asset(row)


def read_all(connection: Connection, query: Select[Any], *, locked: bool = False) -> list[Asset]:
    """The assets whose whole rows a query selects; ``locked`` to be changed."""
    if locked:
        # In one order everywhere: two that lock the same rows wait instead of dying together.
        query = query.order_by(assets.c.seq).with_for_update()
    return [_asset(row) for row in connection.execute(query)]


def _asset(row: Row[Any]) -> Asset:
    values = dict(zip(_COLUMNS, row, strict=True))
    del values[_FOUND_BY]
    values["tags"] = tuple(msgspec.json.decode(values["tags"]))
    values["context"] = msgspec.json.decode(values["context"])
    values["metadata"] = msgspec.json.decode(values["metadata"])
    values["moderation"] = read_entries(values["moderation"])
    return Asset(**values)


def _row(asset: Asset) -> dict[str, Any]:
    names = (name for name in _COLUMNS if name != "seq")
    return {name: _column(asset, name) for name in names}


def _column(asset: Asset, name: str) -> Any:
    """What the asset's row holds of it under that name."""
    if name == _FOUND_BY:
        return search_text(asset)
    value = getattr(asset, name)
    return msgspec.json.encode(value).decode() if name in _DOCUMENTS else value


def _add_entries(connection: Connection, asset: Asset, entries: Iterable[Entry]) -> None:
    rows = [
        {
            "asset_seq": asset.seq,
            "kind": entry.kind,
            "cloud": asset.cloud,
            "resource_type": asset.resource_type,
            "status": entry.status,
            "created_us": asset.created_us,
        }
        for entry in entries
    ]
    if rows:
        connection.execute(insert(moderation_entries), rows)
