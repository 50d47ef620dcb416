"""The Upload API: ``upload`` and ``destroy`` (reference 2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, replace
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import delete, insert
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service import assets
from modstation.service.announcing import announce
from modstation.service.assets import Asset
from modstation.service.blobs import blob_name
from modstation.service.descriptions import descriptions
from modstation.service.destinations import check_url
from modstation.service.faults import BadRequest
from modstation.service.gif_frames import count_frames
from modstation.service.images import probe, same_format
from modstation.service.moderation import entries_for, overall
from modstation.service.representations import upload_document, upload_notification
from modstation.service.schema import blob_jobs
from modstation.service.unsupported import refuse_other_format, refuse_unsupported_upload
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.calls import Call
    from modstation.service.service import Service

RESOURCE_TYPES = frozenset({"image", "raw", "video"})
DELIVERY_TYPES = frozenset({"upload", "private", "authenticated"})
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*);base64,", re.IGNORECASE)
_REMOTE = re.compile(r"(https?|ftp|s3|gs):", re.IGNORECASE)
_LONGEST_ID = 255
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
# Still pictures in the container that videos use; those that Pillow cannot read here.
_PICTURE_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
)
_VIDEO_MAGIC = (b"\x1a\x45\xdf\xa3", b"OggS", b"FLV\x01")
# Blobs that lost their row are kept a while for readers that have just looked the row up.
_GRACE_US = 60_000_000
# Within this an upload has stored its bytes and committed, or its process is dead.
_UNFINISHED_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class _File:
    """What was uploaded: content open for reading, its name if it had one."""

    content: IO[bytes]
    name: str | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the content itself says."""

    size: int
    etag: str
    resource_type: str
    format: str | None
    width: int | None
    height: int | None
    pages: int = 1


async def upload(call: Call) -> Response:
    """Store a file as an asset and answer its document."""
    return Json(await run_in_threadpool(_upload, call))


async def destroy(call: Call) -> Response:
    """Delete one asset by public ID; an unknown one is no error (reference 3.4)."""
    return Json(await run_in_threadpool(_destroy, call))


def _upload(call: Call) -> dict[str, Any]:
    service, parameters = call.service, call.parameters
    _refuse_parts(call)
    refuse_unsupported_upload(parameters)
    file = _file(call)
    asked = call.path.get("resource_type", "auto")
    facts = _facts(file, asked)
    now_us = to_us(service.clock.now())
    draft = _draft(call, file, facts, now_us)
    file.content.seek(0)
    overwrite = parameters.flag("overwrite", default=True)
    # First the bytes, then the row: whatever dies in between leaves a blob nobody lists, never
    # an asset without a file. The blob's removal is noted before it exists and struck out with
    # the row, so what a kill leaves behind is known and need not be searched for.
    removal = note_unfinished(service, draft.blob)
    service.blobs.put(draft.blob, file.content)
    with service.ledger.write() as connection:
        struck = connection.execute(delete(blob_jobs).where(blob_jobs.c.id == removal)).rowcount
        if not struck:
            raise BadRequest("The upload took too long")
        asset, mark = _store(connection, draft, overwrite=overwrite)
        if mark == "existing":
            _drop_blob(connection, draft.blob, now_us)
        # Of one that was there before, only the same bytes are known to have as many.
        pages = facts.pages if asset.etag == facts.etag else None
        document = upload_document(asset, base=call.base, secret=call.caller.secret, pages=pages)
        if mark:
            document[mark] = True
        url = check_url(parameters.text("notification_url"))
        if mark != "existing":
            announce(
                connection,
                cloud=asset.cloud,
                api_key=asset.api_key,
                event="upload",
                document=upload_notification(document, now_us=now_us, request_id=call.request_id),
                asset_id=asset.asset_id,
                now_us=now_us,
                urls=[url] if url else (),
            )
    service.wake()
    return document


def note_unfinished(service: Service, blob: str) -> int:
    """Have a blob that is about to be stored removed in an hour; the number to strike it out by."""
    with service.ledger.write() as connection:
        return _drop_blob(connection, blob, to_us(service.clock.now()), _UNFINISHED_US)


def _refuse_parts(call: Call) -> None:
    """A part of a file must not be taken for the file; one part that is all of it may be."""
    headers = call.request.headers
    given = headers.get("content-range")
    part = re.fullmatch(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})", given or "bytes 0-0/1")
    whole = part is not None and part[1] == "0" and int(part[2]) + 1 == int(part[3])
    if not whole or headers.get("x-upload-total-parts", "1") != "1":
        raise BadRequest("Uploading in parts is not supported by this service")


def _file(call: Call) -> _File:
    upload = call.parameters.file
    text: object
    if upload is None:
        text = call.parameters.raw("file")
    elif upload.filename is not None:
        if not upload.size:
            raise BadRequest("Empty file")
        return _File(upload.file, upload.filename)
    else:
        most = call.service.settings.text_bytes
        if (upload.size or 0) > most:
            raise BadRequest(f"File size too large. Got {upload.size}. Maximum is {most}.")
        text = upload.file.read().decode("utf-8", "replace")
    if text is None or text == "":
        raise BadRequest("Missing required parameter - file")
    if not isinstance(text, str):
        raise BadRequest("Invalid value for parameter file")
    if _REMOTE.match(text):
        raise BadRequest("Fetching a remote file is not supported by this service")
    match = _DATA_URI.match(text)
    if match is None:
        raise BadRequest("Invalid value for parameter file")
    try:
        content = base64.b64decode(re.sub(r"\s+", "", text[match.end() :]), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("Invalid value for parameter file: not base64") from error
    if not content:
        raise BadRequest("Empty file")
    return _File(BytesIO(content), None)


def _facts(file: _File, asked: str) -> _Facts:
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    file.content.seek(0)
    while chunk := file.content.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
    file.content.seek(0)
    header = probe(file.content) if asked in ("image", "auto") else None
    if header is not None:
        pages = count_frames(file.content) if header.format == "gif" else 1
        file.content.seek(0)
        return _Facts(
            size,
            digest.hexdigest(),
            "image",
            header.format,
            header.width,
            header.height,
            pages,
        )
    if asked == "image" or (asked == "auto" and _is_picture(file.content)):
        raise BadRequest("Invalid image file")
    video = _video_format(file.content)
    if asked == "video" and video is None:
        raise BadRequest("Unsupported video format or file")
    if video is not None and asked != "raw":
        return _Facts(size, digest.hexdigest(), "video", video, None, None)
    return _Facts(size, digest.hexdigest(), "raw", None, None, None)


def _is_picture(content: IO[bytes]) -> bool:
    content.seek(0)
    head = content.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS


def _video_format(content: IO[bytes]) -> str | None:
    if _is_picture(content):
        return None
    content.seek(0)
    head = content.read(12)
    if head[4:8] == b"ftyp":
        return "mov" if head[8:10] == b"qt" else "mp4"
    for magic, name in zip(_VIDEO_MAGIC, ("webm", "ogv", "flv"), strict=True):
        if head.startswith(magic):
            return name
    return None


def _draft(call: Call, file: _File, facts: _Facts, now_us: int) -> Asset:
    service, parameters = call.service, call.parameters
    stem, extension = _stem(parameters.text("filename_override") or file.name or "file")
    allowed = parameters.names("allowed_formats")
    if allowed and (facts.format or extension) not in {same_format(item) for item in allowed}:
        raise BadRequest(f"Image file format {facts.format or extension} not allowed")
    refuse_other_format(parameters, facts.format)
    delivery_type = parameters.text("type") or "upload"
    if delivery_type not in DELIVERY_TYPES:
        raise BadRequest(f"Invalid value {delivery_type} for parameter type")
    requested = parameters.text("moderation")
    kinds = service.settings.moderation_kinds
    entries = entries_for(requested, available=kinds) if requested else ()
    asset_id, version_id = service.ids.new(), service.ids.new()
    public_id = _public_id(call, stem, extension, facts)
    folder, _, name = public_id.rpartition("/")
    words = {
        "tags": (),
        "context": {},
        "metadata": {},
        "display_name": stem if parameters.flag("use_filename_as_display_name") else name,
        "asset_folder": folder,
    } | descriptions(parameters)
    return Asset(
        seq=0,
        asset_id=asset_id,
        cloud=call.caller.cloud,
        resource_type=facts.resource_type,
        type=delivery_type,
        public_id=public_id,
        version=now_us // 1_000_000,
        version_id=version_id,
        format=facts.format,
        width=facts.width,
        height=facts.height,
        bytes=facts.size,
        etag=facts.etag,
        blob=blob_name(asset_id, version_id),
        original_filename=stem,
        **words,
        moderation=entries,
        moderation_kind=entries[0].kind if entries else None,
        moderation_status=overall(entries),
        notification_url=check_url(parameters.text("notification_url")),
        api_key=call.caller.api_key,
        backup=parameters.flag("backup"),
        withdrawn=False,
        created_us=now_us,
        updated_us=now_us,
    )


def _stem(name: str) -> tuple[str, str]:
    """A file name's stem and extension, whichever system's path it came as."""
    base = re.split(r"[/\\]", name)[-1]
    base = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "", base).strip()[:_LONGEST_ID]
    stem, dot, extension = base.rpartition(".")
    if not dot or not stem:
        return base or "file", ""
    return stem, same_format(extension)


def _public_id(call: Call, stem: str, extension: str, facts: _Facts) -> str:
    parameters = call.parameters
    public_id = parameters.text("public_id")
    if public_id is None:
        if parameters.flag("use_filename"):
            public_id = re.sub(r"[?&#%<>\\/\s]+", "_", stem)
            if not public_id.strip("."):
                public_id = "_" * len(public_id)
            if parameters.flag("unique_filename", default=True):
                public_id += "_" + _random_name(call.service, 6)
        else:
            public_id = _random_name(call.service, 20)
        if facts.resource_type == "raw" and extension:
            public_id += f".{extension}"
    folder = parameters.text("folder")
    if folder:
        public_id = f"{folder.strip('/')}/{public_id}"
    return check_public_id(public_id)


def check_public_id(public_id: str) -> str:
    """The public ID; raises BadRequest for one that could not be addressed.

    SDKs write a public ID into a path, and HTTP clients resolve dot segments there (some take
    a backslash for a slash): a decision on ``a/../b`` would reach the asset ``b``.
    """
    if (
        not public_id.strip()
        or public_id.strip() != public_id
        or public_id.startswith("/")
        or public_id.endswith("/")
        or not {".", ".."}.isdisjoint(re.split(r"[/\\]", public_id))
    ):
        raise BadRequest(f"public_id ({public_id[:80]}) is invalid")
    if len(public_id.encode()) > _LONGEST_ID:
        raise BadRequest(f"public_id is too long: more than {_LONGEST_ID} bytes")
    return public_id


def _random_name(service: Service, length: int) -> str:
    digest = int.from_bytes(hashlib.sha256(service.ids.new().encode()).digest(), "big")
    letters = []
    for _ in range(length):
        digest, place = divmod(digest, 36)
        letters.append(_BASE36[place])
    return "".join(letters)


def _store(connection: Connection, draft: Asset, *, overwrite: bool) -> tuple[Asset, str | None]:
    """Insert or overwrite; says ``existing`` or ``overwritten`` if there was one already."""
    old = assets.find(connection, draft.cloud, draft.resource_type, draft.type, draft.public_id)
    if old is None:
        return assets.add(connection, draft), None
    if old.deleted:
        _drop_blob(connection, old.blob, draft.created_us)
        assets.remove(connection, old)
        return assets.add(connection, draft), None
    if not overwrite:
        return old, "existing"
    _drop_blob(connection, old.blob, draft.created_us)
    asset = replace(
        draft,
        seq=old.seq,
        asset_id=old.asset_id,
        version=max(draft.version, old.version + 1),
        created_us=old.created_us,
    )
    assets.save(connection, old, asset)
    return asset, "overwritten"


def _drop_blob(connection: Connection, blob: str, now_us: int, grace_us: int = _GRACE_US) -> int:
    """Have a blob removed after the grace; the job's number."""
    job: int | None = connection.scalar(
        insert(blob_jobs)
        .values(asset_id=None, blob=blob, due_us=now_us + grace_us)
        .returning(blob_jobs.c.id)
    )
    assert job is not None
    return job


def delete_asset(connection: Connection, asset: Asset, now_us: int) -> None:
    """Delete an asset; one with a backup keeps its row and can be restored."""
    if asset.backup or asset.withdrawn:
        assets.save(connection, asset, replace(asset, deleted_us=now_us, updated_us=now_us))
        connection.execute(
            insert(blob_jobs).values(asset_id=asset.asset_id, blob=None, due_us=now_us)
        )
    else:
        assets.remove(connection, asset)
        _drop_blob(connection, asset.blob, now_us)


def _destroy(call: Call) -> dict[str, str]:
    public_id = call.parameters.text("public_id")
    if public_id is None:
        raise BadRequest("Missing required parameter - public_id")
    resource_type = call.path["resource_type"]
    delivery_type = call.parameters.text("type") or "upload"
    now_us = to_us(call.service.clock.now())
    with call.service.ledger.write() as connection:
        asset = assets.find(connection, call.caller.cloud, resource_type, delivery_type, public_id)
        if asset is None or asset.deleted:
            return {"result": "not found"}
        delete_asset(connection, asset, now_us)
    call.service.wake()
    return {"result": "ok"}
