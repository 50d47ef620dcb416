"""Versions of an asset that are kept although another one took their place (reference 3.4).

A version is the bytes of one upload, under one ``version_id`` for ever; its number is new every
time it becomes what the asset is. An asset's own row is the version it has now, deleted or not,
and rows here are those before it that have a backup: uploaded with ``backup``, rejected, or
restored. The verdict on a picture goes with it: what was rejected comes back rejected.

A deleted asset keeps its row as long as there is a version that can be restored, and the row is
that version.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from modstation.service.assets import stored
from modstation.service.assets.stored import entries_text, read_entries
from modstation.service.moderation.states import REJECTED
from modstation.service.schema import backup_versions, blob_jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

    from modstation.service.assets.stored import Asset
    from modstation.service.moderation.states import Entry

#: Of one asset in an answer: the newest.
MOST_LISTED = 500
# Blobs that lost their row are kept a while for readers that have just looked the row up.
_GRACE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Version:
    """One version that has a backup; fields mean what they mean in ``Asset``."""

    version_id: str
    version: int
    format: str | None
    width: int | None
    height: int | None
    bytes: int
    etag: str
    blob: str
    original_filename: str
    moderation: tuple[Entry, ...]
    moderation_kind: str | None
    moderation_status: str | None

    def within(self, asset: Asset) -> Asset:
        """The asset with this version in it; its number, its words and its place stay."""
        carried = {name: getattr(self, name) for name in _CARRIED if name != "version"}
        withdrawn = self.moderation_status == REJECTED
        return replace(asset, **carried, backup=True, withdrawn=withdrawn)


_CARRIED = tuple(Version.__dataclass_fields__)


def versions_of(connection: Connection, asset: Asset) -> list[Version]:
    """The backups of an asset's earlier versions, oldest first; the newest 500 of them."""
    newest = _of(asset).order_by(backup_versions.c.version.desc()).limit(MOST_LISTED)
    return [_version(row) for row in connection.execute(newest)][::-1]


def find_version(
    connection: Connection, asset: Asset, version_id: str, *, locked: bool = False
) -> Version | None:
    """The backup of one earlier version of an asset; ``locked`` to be changed or brought in."""
    query = _of(asset).where(backup_versions.c.version_id == version_id)
    # The housekeeper may be moving its bytes: where they are must stay true until the commit.
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    return None if row is None else _version(row)


def newest_version(connection: Connection, asset: Asset, *, locked: bool = False) -> Version | None:
    """The latest of an asset's earlier versions that has a backup; ``locked`` to be brought in."""
    query = _of(asset).order_by(backup_versions.c.version.desc()).limit(1)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    return None if row is None else _version(row)


def set_aside(connection: Connection, old: Asset, now_us: int) -> None:
    """Make room for another version: keep the one the asset has if it has a backup."""
    if not old.backed_up:
        drop_blob(connection, old.blob, now_us)
        return
    row: dict[str, Any] = {name: getattr(old, name) for name in _CARRIED}
    row |= {"asset_id": old.asset_id, "moderation": entries_text(old.moderation)}
    connection.execute(insert(backup_versions).values(row))
    connection.execute(
        insert(blob_jobs).values(asset_id=old.asset_id, version_id=old.version_id, due_us=now_us)
    )


def supersede(connection: Connection, old: Asset, draft: Asset) -> Asset:
    """Put an upload in the place of what is stored under its name; the identifier stays.

    The new picture is judged by itself: nothing of the moderation of the one before stays, which
    goes to the backups with its own verdict if it has a backup or was rejected. Over a deleted
    asset the upload is a new one, with the old backups.
    """
    set_aside(connection, old, draft.updated_us)
    asset = replace(
        draft,
        seq=old.seq,
        asset_id=old.asset_id,
        version=next_version(old, draft.updated_us),
        created_us=draft.created_us if old.deleted else old.created_us,
    )
    stored.save(connection, old, asset)
    return asset


def bring_in(connection: Connection, asset: Asset, version: Version, now_us: int) -> Asset:
    """The asset with a version that was a backup until now; the caller saves it."""
    connection.execute(
        delete(backup_versions).where(backup_versions.c.version_id == version.version_id)
    )
    place_blob(connection, asset, now_us)
    return replace(version.within(asset), version=next_version(asset, now_us))


def next_version(asset: Asset, now_us: int) -> int:
    """The number of the version that takes the place of the one the asset has."""
    return max(now_us // 1_000_000, asset.version + 1)


def delete_asset(connection: Connection, asset: Asset, now_us: int) -> None:
    """Delete an asset; its row stays while there is a version that can be restored."""
    if asset.backed_up:
        place_blob(connection, asset, now_us)
        stored.save(connection, asset, replace(asset, deleted_us=now_us, updated_us=now_us))
    else:
        _drop_current(connection, asset, now_us)


def erase(connection: Connection, asset: Asset, now_us: int) -> None:
    """Remove an asset with all its backups, so that another one can have its name."""
    blobs = connection.scalars(
        select(backup_versions.c.blob)
        .where(backup_versions.c.asset_id == asset.asset_id)
        .with_for_update()
    ).all()
    connection.execute(delete(backup_versions).where(backup_versions.c.asset_id == asset.asset_id))
    stored.remove(connection, asset, now_us)
    connection.execute(
        insert(blob_jobs),
        [{"blob": blob, "due_us": now_us + _GRACE_US} for blob in (asset.blob, *blobs)],
    )


def drop_versions(
    connection: Connection, asset: Asset, version_ids: Sequence[str], now_us: int
) -> tuple[list[str], dict[str, str]]:
    """Remove backups of an asset; says which are gone, and why others are not.

    Of the version a live asset has, only the backup goes. A rejected one has nothing else, so
    its asset has to be deleted first.
    """
    dropped: list[str] = []
    failed: dict[str, str] = {}
    # The asset's own last: of a deleted one the newest of what is left takes the place.
    for version_id in sorted(dict.fromkeys(version_ids), key=lambda v: v == asset.version_id):
        if version_id != asset.version_id:
            version = find_version(connection, asset, version_id, locked=True)
            if version is None:
                failed[version_id] = "no_backup"
                continue
            connection.execute(
                delete(backup_versions).where(backup_versions.c.version_id == version_id)
            )
            drop_blob(connection, version.blob, now_us)
        elif asset.deleted:
            _drop_current(connection, asset, now_us)
        elif asset.withdrawn or not asset.backup:
            failed[version_id] = "failed" if asset.withdrawn else "no_backup"
            continue
        else:
            stored.save(connection, asset, replace(asset, backup=False, updated_us=now_us))
        dropped.append(version_id)
    return dropped, failed


def drop_blob(connection: Connection, blob: str, now_us: int, grace_us: int = _GRACE_US) -> int:
    """Have a blob removed after the grace; the job's number."""
    job: int | None = connection.scalar(
        insert(blob_jobs).values(blob=blob, due_us=now_us + grace_us).returning(blob_jobs.c.id)
    )
    assert job is not None
    return job


def place_blob(connection: Connection, asset: Asset, now_us: int) -> None:
    """Have an asset's original brought to where it belongs."""
    connection.execute(insert(blob_jobs).values(asset_id=asset.asset_id, due_us=now_us))


def _drop_current(connection: Connection, asset: Asset, now_us: int) -> None:
    """Let go of the version an asset has, for good; the newest backup stands in its place."""
    drop_blob(connection, asset.blob, now_us)
    newest = _of(asset).order_by(backup_versions.c.version.desc()).limit(1)
    row = connection.execute(newest.with_for_update()).one_or_none()
    if row is None:
        stored.remove(connection, asset, now_us)
        return
    after = bring_in(connection, asset, _version(row), now_us)
    deleted_us = asset.deleted_us or now_us
    stored.save(connection, asset, replace(after, deleted_us=deleted_us, updated_us=now_us))


def _of(asset: Asset) -> Select[Any]:
    # All columns, by name: the table has one that a version has not.
    columns = [backup_versions.c[name] for name in _CARRIED]
    return select(*columns).where(backup_versions.c.asset_id == asset.asset_id)


def _version(row: Row[Any]) -> Version:
    values = row._asdict()
    return Version(**values | {"moderation": read_entries(values["moderation"])})
