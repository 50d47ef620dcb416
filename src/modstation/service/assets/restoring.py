"""The API's backup half: restore, remove backups, download one (reference 3.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.access.cloud_settings import cloud_settings
from modstation.service.assets import stored
from modstation.service.assets.backups import (
    bring_in,
    drop_versions,
    find_version,
    newest_version,
    next_version,
    place_blob,
    set_aside,
)
from modstation.service.assets.listings import named, not_found
from modstation.service.assets.representations import asset_document
from modstation.service.blobs import BlobGone
from modstation.service.delivery.file_answers import Content, File, respond
from modstation.service.delivery.renditions import content_type
from modstation.service.faults import BadRequest, NotFound
from modstation.service.moderation.consequences import Bench
from modstation.service.moderation.states import PENDING, REJECTED, unattended
from modstation.service.moderation.verdicts import Verdict, apply_verdicts
from modstation.service.notifications.announcing import announce
from modstation.service.schema import decision_history
from modstation.service.wire import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets.backups import Version
    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call

_MOST_RESTORED = 100
_MOST_DROPPED = 500
_FROM_BACKUP = "Restored from the backup"


async def restore(call: Call) -> Response:
    """Bring back assets of one type by public IDs."""
    resource_type, delivery_type = named(call)

    def find(connection: Connection, public_id: str, *, locked: bool) -> Asset | None:
        return stored.find(
            connection, call.caller.cloud, resource_type, delivery_type, public_id, locked=locked
        )

    return Json(await run_in_threadpool(_restore, call, "public_ids", find))


async def restore_by_ids(call: Call) -> Response:
    """Bring back assets by their identifiers."""

    def find(connection: Connection, asset_id: str, *, locked: bool) -> Asset | None:
        return stored.find_by_id(connection, call.caller.cloud, asset_id, locked=locked)

    return Json(await run_in_threadpool(_restore, call, "asset_ids", find))


async def remove_backups(call: Call) -> Response:
    """Remove backups of one asset, named by their version IDs, for good."""
    return Json(await run_in_threadpool(_remove_backups, call))


async def download_backup(call: Call) -> Response:
    """The bytes of one version that has a backup, whatever became of it since."""
    wanted = [call.parameters.text(name) for name in ("asset_id", "version_id")]
    for name, value in zip(("asset_id", "version_id"), wanted, strict=True):
        if value is None:
            raise BadRequest(f"Missing required parameter - {name}")
    asset_id, version_id = (value or "" for value in wanted)
    version = await run_in_threadpool(_backed_up, call, asset_id, version_id)

    async def find() -> Content:
        return Content(version.bytes, partial(call.service.blobs.slice_original, version.blob))

    # A version's number is the second it came in.
    file = File(content_type(version.format), version.etag, version.version * 1_000_000, find)
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": "attachment"}
    try:
        return await respond(call.request, file, headers)
    except BlobGone as gone:
        raise not_found(version_id) from gone


def _restore(call: Call, name: str, find: Callable[..., Asset | None]) -> dict[str, Any]:
    wanted = _wanted(call, name)
    lost, numbers = _looked_up(call, wanted, find)
    answer: dict[str, Any] = {}
    with call.service.ledger.write() as connection:
        stored.lock(connection, numbers)
        restorer = _Restorer(call, connection, to_us(call.service.clock.now()))
        for what, version_id in wanted.items():
            asset = find(connection, what, locked=True)
            answer[what] = (
                {"error": "failed"} if what in lost else restorer.restore(asset, version_id)
            )
    call.service.wake()
    return answer


def _wanted(call: Call, name: str) -> dict[str, str | None]:
    """What is to come back, and which version of each; None: the newest with a backup."""
    ids = call.parameters.names(name, comma=False)
    if not 0 < len(ids) <= _MOST_RESTORED:
        raise BadRequest(f"{name}: 1 to {_MOST_RESTORED} at a time")
    versions = call.parameters.names("versions")
    if not versions:
        return dict.fromkeys(ids)
    if len(versions) != len(ids):
        raise BadRequest("versions count must match ids count")
    return dict(zip(ids, versions, strict=True))


def _looked_up(
    call: Call, wanted: dict[str, str | None], find: Callable[..., Asset | None]
) -> tuple[set[str], list[int]]:
    """Those whose bytes are not in storage any more, and the row numbers of all there are.

    Storage is asked before the transaction: no other caller waits for it.
    """
    blobs: dict[str, str] = {}
    numbers: list[int] = []
    with call.service.ledger.read() as connection:
        for what, version_id in wanted.items():
            asset = find(connection, what, locked=False)
            if asset is None:
                continue
            numbers.append(asset.seq)
            version = _version_of(connection, asset, version_id)
            if version is not None:
                blobs[what] = version.blob
    has = call.service.blobs.has_original
    return {what for what, blob in blobs.items() if not has(blob)}, numbers


def _version_of(
    connection: Connection, asset: Asset, version_id: str | None, *, locked: bool = False
) -> Asset | Version | None:
    """The version of that identifier, if it has a backup; the asset itself is the one it has.

    Without an identifier it is the newest one that has a backup.
    """
    if version_id is not None and version_id != asset.version_id:
        return find_version(connection, asset, version_id, locked=locked)
    if asset.backed_up:
        return asset
    return newest_version(connection, asset, locked=locked) if version_id is None else None


@dataclass(frozen=True, slots=True)
class _Restorer:
    """Brings versions back within one transaction."""

    call: Call
    connection: Connection
    now_us: int

    def restore(self, asset: Asset | None, version_id: str | None) -> dict[str, Any]:
        """The restored asset's document, or why nothing was restored.

        A version comes back with the verdict it had. Of a live asset that is rejected the call
        undoes that: it waits for another decision, because no call but a decision approves.
        """
        version = asset and _version_of(self.connection, asset, version_id, locked=True)
        if asset is None or version is None:
            return {"error": "no_backup"}
        if not isinstance(version, stored.Asset):
            after = self._replace(asset, version)
        elif asset.deleted or not asset.withdrawn:
            changed = replace(asset, version=next_version(asset, self.now_us))
            after = self._save(asset, _unattended(changed) if asset.deleted else changed)
        else:
            after = self._reopen(asset)
        document = asset_document(after, base=self.call.base)
        announce(
            self.connection,
            cloud=after.cloud,
            api_key=self.call.caller.api_key,
            event="restore_asset_version",
            document=document,
            asset_id=after.asset_id,
            now_us=self.now_us,
            batch_id=after.batch_id,
        )
        return document

    def _replace(self, asset: Asset, version: Version) -> Asset:
        set_aside(self.connection, asset, self.now_us)
        changed = bring_in(self.connection, asset, version, self.now_us)
        after = self._save(asset, _unattended(changed))
        self._note(asset, after)
        return after

    def _save(self, asset: Asset, after: Asset) -> Asset:
        settings = cloud_settings(self.connection, asset.cloud)
        after = replace(
            after,
            deleted_us=None,
            withdrawn=after.moderation_status == REJECTED and not settings.deliver_rejected,
            updated_us=self.now_us,
        )
        stored.save(self.connection, asset, after)
        place_blob(self.connection, after, self.now_us)
        return after

    def _reopen(self, asset: Asset) -> Asset:
        call = self.call
        verdict = Verdict(
            PENDING,
            asset.resource_type,
            asset.type,
            asset.public_id,
            asset_id=asset.asset_id,
            note=_FROM_BACKUP,
        )
        bench = Bench(asset.cloud, call.caller.api_key, call.base, self.now_us)
        outcome = apply_verdicts(self.connection, bench, [verdict])[0]
        assert outcome.asset is not None
        return outcome.asset

    def _note(self, before: Asset, after: Asset) -> None:
        """Tell the history that another picture, with another verdict, took the place."""
        if after.moderation_status is None:
            return
        self.connection.execute(
            insert(decision_history).values(
                cloud=after.cloud,
                asset_id=after.asset_id,
                resource_type=after.resource_type,
                type=after.type,
                public_id=after.public_id,
                kind=after.moderation_kind or "manual",
                from_status=before.moderation_status,
                to_status=after.moderation_status,
                changed=before.moderation_status != after.moderation_status,
                note=_FROM_BACKUP,
                version_id=after.version_id,
                decided_us=self.now_us,
                received_us=self.now_us,
            )
        )


def _unattended(asset: Asset) -> Asset:
    # What a machine was asked went with the deletion, or with the picture that took the place.
    return replace(asset, moderation=unattended(asset.moderation))


def _remove_backups(call: Call) -> dict[str, Any]:
    asset_id, version_ids = call.path["asset_id"], call.parameters.names("version_ids")
    if not 0 < len(version_ids) <= _MOST_DROPPED:
        raise BadRequest(f"version_ids: 1 to {_MOST_DROPPED} at a time")
    now_us = to_us(call.service.clock.now())
    with call.service.ledger.write() as connection:
        asset = stored.find_by_id(connection, call.caller.cloud, asset_id, locked=True)
        if asset is None:
            raise not_found(asset_id)
        dropped, failed = drop_versions(connection, asset, version_ids, now_us)
    call.service.wake()
    answer: dict[str, Any] = {"asset_id": asset_id, "deleted_version_ids": dropped}
    if failed:
        answer["failures"] = [
            {"version_id": version_id, "error": error} for version_id, error in failed.items()
        ]
    return answer


def _backed_up(call: Call, asset_id: str, version_id: str) -> Asset | Version:
    with call.service.ledger.read() as connection:
        asset = stored.find_by_id(connection, call.caller.cloud, asset_id)
        version = asset and _version_of(connection, asset, version_id)
    if version is None:
        raise NotFound(f"Resource not found - {version_id}")
    return version
