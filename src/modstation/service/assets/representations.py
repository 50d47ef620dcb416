"""Assets as documents: answers, list items, notifications (reference 2.4, 3, 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modstation.core.clock import from_us
from modstation.service.access.signatures import answer_signature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modstation.service.assets.backups import Version
    from modstation.service.assets.stored import Asset
    from modstation.service.moderation.states import Entry

# In fixed-folder mode, which this service has, the folder stays too (reference 3.1).
_ALWAYS = ("asset_id", "public_id", "folder")


def instant(microseconds: int) -> str:
    """A time as the wire writes it: whole seconds, UTC."""
    return from_us(microseconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def delivery_path(asset: Asset) -> str:
    """Where the asset is delivered, from the host's root; every segment escaped."""
    return _path(asset, "", asset.format)


def derived_urls(
    asset: Asset, base: str, transformation: str, to_format: str | None
) -> dict[str, str]:
    """The addresses of a rendition; its transformation as it is written in one."""
    url = base + _path(asset, transformation and f"/{transformation}", to_format)
    return {"url": url, "secure_url": url}


def _path(asset: Asset, transformation: str, to_format: str | None) -> str:
    # A dot segment would be resolved away by every URL parser; with its slashes escaped it is
    # no segment of its own.
    dotted = {".", ".."} & set(asset.public_id.split("/"))
    name = quote(asset.public_id, safe="" if dotted else "/")
    extension = f".{to_format}" if to_format and asset.resource_type != "raw" else ""
    kind = f"/{asset.cloud}/{asset.resource_type}/{asset.type}"
    return f"{kind}{transformation}/v{asset.version}/{name}{extension}"


def entry_document(entry: Entry) -> dict[str, Any]:
    """One moderation entry; ``updated_at`` and ``response`` only once there are any."""
    document: dict[str, Any] = {"kind": entry.kind, "status": entry.status}
    if entry.response is not None:
        document["response"] = entry.response
    if entry.updated_us is not None:
        document["updated_at"] = instant(entry.updated_us)
    return document


def upload_document(
    asset: Asset, *, base: str, secret: str, pages: int | None = 1
) -> dict[str, Any]:
    """The answer to an upload; ``pages`` or frames of an image, None if they are not known."""
    document = _common(asset, base)
    document |= {
        "version_id": asset.version_id,
        "signature": answer_signature(asset.public_id, asset.version, secret),
        "tags": list(asset.tags),
        "etag": asset.etag,
        "placeholder": False,
        "api_key": asset.api_key,
    }
    if asset.original_filename:
        document["original_filename"] = asset.original_filename
    if asset.resource_type == "image" and pages is not None:
        document["pages"] = pages
    if asset.context:
        document["context"] = {"custom": asset.context}
    if asset.metadata:
        document["metadata"] = asset.metadata
    if asset.moderation:
        document["moderation"] = [entry_document(entry) for entry in asset.moderation]
    return document


def asset_document(
    asset: Asset, *, base: str, versions: Sequence[Version] | None = None
) -> dict[str, Any]:
    """The Admin API's answer about one asset; ``versions`` are those before the one it has."""
    document = _common(asset, base)
    document |= {"version_id": asset.version_id, "etag": asset.etag, "derived": []}
    if asset.deleted:
        document |= {"bytes": 0, "placeholder": True}
    if asset.tags:
        document["tags"] = sorted(asset.tags)
    if asset.context:
        document["context"] = {"custom": asset.context}
    document["metadata"] = asset.metadata
    if asset.moderation:
        document |= _verdict(asset)
        document["moderation"] = [entry_document(entry) for entry in asset.moderation]
    if versions is not None:
        kept = [_version_document(version, restorable=True) for version in versions]
        document["versions"] = [*kept, _version_document(asset, restorable=asset.backed_up)]
    return document


def list_item(
    asset: Asset, *, base: str, wanted: frozenset[str], kind: str | None = None
) -> dict[str, Any]:
    """One item of a list; ``wanted`` are the optional parts asked for.

    In a moderation queue ``kind`` names it, and the item tells that queue's entry.
    """
    document = _common(asset, base)
    if asset.moderation:
        document |= _verdict(asset)
        for entry in asset.moderation:
            if entry.kind == kind:
                document |= {"moderation_kind": kind, "moderation_status": entry.status}
    if asset.backup or asset.withdrawn:
        document["backup"] = True
    if "tags" in wanted:
        document["tags"] = sorted(asset.tags)
    if "context" in wanted and asset.context:
        document["context"] = {"custom": asset.context}
    if "metadata" in wanted:
        document["metadata"] = asset.metadata
    if "moderations" in wanted and asset.moderation:
        document["moderation"] = [entry_document(entry) for entry in asset.moderation]
    return document


def search_item(asset: Asset, *, base: str, wanted: frozenset[str]) -> dict[str, Any]:
    """One item of a search's answer; context is flat here (reference 3.5)."""
    document = _common(asset, base) | {
        "filename": asset.public_id.rpartition("/")[2],
        "uploaded_at": instant(asset.created_us),
        "last_updated": {"updated_at": instant(asset.updated_us)},
        "status": "active",
        "etag": asset.etag,
        "backup_bytes": asset.bytes if asset.backup or asset.withdrawn else 0,
        "created_by": {"type": "uploader", "access_key": asset.api_key},
    }
    if asset.width is not None and asset.height:
        document |= {
            "aspect_ratio": round(asset.width / asset.height, 5),
            "pixels": asset.width * asset.height,
        }
    if asset.moderation:
        document |= _verdict(asset)
        if "moderation" in wanted:
            document["moderation"] = [entry_document(entry) for entry in asset.moderation]
    if "tags" in wanted:
        document["tags"] = sorted(asset.tags)
    if "context" in wanted:
        document["context"] = asset.context
    if "metadata" in wanted:
        document["metadata"] = asset.metadata
    return document


def only_fields(document: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    """The document cut down to ``fields``; the identifiers always stay."""
    if not fields:
        return document
    return {name: value for name, value in document.items() if name in (*_ALWAYS, *fields)}


def upload_notification(
    document: dict[str, Any], *, now_us: int, request_id: str
) -> dict[str, Any]:
    """What an upload's receiver is told: the upload's answer and when."""
    return document | {"timestamp": instant(now_us), "request_id": request_id}


def moderation_notification(asset: Asset, entry: Entry, *, base: str) -> dict[str, Any]:
    """What a receiver is told of one decision."""
    urls = _urls(asset, base)
    return {
        "moderation_response": entry.status if entry.response is None else entry.response,
        "moderation_status": entry.status,
        "moderation_kind": entry.kind,
        "moderation_updated_at": instant(entry.updated_us or asset.updated_us),
        "public_id": asset.public_id,
        "asset_id": asset.asset_id,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "uploaded_at": instant(asset.created_us),
        "version": asset.version,
        "url": urls["url"],
        "secure_url": urls["secure_url"],
        "etag": asset.etag,
    }


def moderation_summary(asset: Asset, *, base: str) -> dict[str, Any]:
    """What a receiver is told once the last of several moderations has finished."""
    return {
        "moderation_status": asset.moderation_status,
        "moderation": [entry_document(entry) for entry in asset.moderation],
        "public_id": asset.public_id,
        "asset_id": asset.asset_id,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "version": asset.version,
        **_urls(asset, base),
    }


def _version_document(version: Version | Asset, *, restorable: bool) -> dict[str, Any]:
    return {
        "version_id": version.version_id,
        "version": version.version,
        "format": version.format,
        "size": version.bytes,
        # A version's number is the second it came in.
        "time": instant(version.version * 1_000_000),
        "restorable": restorable,
    }


def _common(asset: Asset, base: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "asset_id": asset.asset_id,
        "public_id": asset.public_id,
        "version": asset.version,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "created_at": instant(asset.created_us),
        "bytes": asset.bytes,
        "asset_folder": asset.asset_folder,
        "display_name": asset.display_name,
        "access_mode": "public",
        **_urls(asset, base),
    }
    if asset.format:
        document["format"] = asset.format
    if asset.width is not None:
        document |= {"width": asset.width, "height": asset.height}
    folder, slash, _ = asset.public_id.rpartition("/")
    if slash:
        document["folder"] = folder
    return document


def _urls(asset: Asset, base: str) -> dict[str, str]:
    # The service speaks plain http unless it stands behind something that speaks https for it;
    # both addresses are those the caller can reach it by.
    url = base + delivery_path(asset)
    return {"url": url, "secure_url": url}


def _verdict(asset: Asset) -> dict[str, Any]:
    return {
        "moderation_kind": asset.moderation_kind,
        "moderation_status": asset.moderation_status,
    }
