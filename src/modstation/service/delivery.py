"""Handing out files: originals and renditions, cached by moderation state (reference 6)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from modstation.core.clock import from_us
from modstation.service import assets
from modstation.service.blobs import RENDITIONS, BlobGone, beside
from modstation.service.calls import fault_response
from modstation.service.cloud_settings import cloud_settings
from modstation.service.faults import BadRequest, NotAuthenticated, NotFound, ServiceFault
from modstation.service.images import CONTENT_TYPES, WRITABLE, render, same_format
from modstation.service.moderation import APPROVED
from modstation.service.signatures import delivery_signature_matches
from modstation.service.transformations import (
    MAX_STEPS,
    Transformation,
    looks_like_transformation,
    parse_transformation,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from modstation.service.assets import Asset
    from modstation.service.cloud_settings import CloudSettings
    from modstation.service.service import Service

_CHUNK = 1 << 20
_LONG_TERM = "public, no-transform, immutable, max-age=2592000"
_REPLACEABLE = "public, no-transform, max-age=600, must-revalidate"
_UNDECIDED = "max-age=600"
_GONE = "max-age=60"
_SIGNATURE = re.compile(r"s--([A-Za-z0-9_-]{8}|[A-Za-z0-9_-]{32})--")
_VERSION = re.compile(r"v([0-9]{1,15})")
_RAW = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One way to read a delivery path."""

    segments: tuple[str, ...]
    public_id: str
    extension: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class File:
    """What is delivered. ``content`` is None for an original, which is streamed from its blob."""

    asset: Asset
    content_type: str
    etag: str
    size: int
    content: bytes | None = None
    vary: bool = False


async def deliver(request: Request) -> Response:
    """Answer GET and HEAD of a delivery address."""
    service: Service = request.app.state.service
    try:
        file, cache = await _find(request, service)
    except NotFound as fault:
        return fault_response(fault, {"Cache-Control": _GONE})
    except ServiceFault as fault:
        return fault_response(fault)
    return await respond(request, service, file, cache)


async def respond(request: Request, service: Service, file: File, cache: str) -> Response:
    """The file as an HTTP answer: whole, in part, or 304."""
    headers = {
        "ETag": f'"{file.etag}"',
        "Last-Modified": format_datetime(from_us(file.asset.updated_us), usegmt=True),
        "Cache-Control": cache,
        "Accept-Ranges": "bytes",
        # The content decides what a browser makes of it, and it may make nothing active of it.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if file.vary:
        headers["Vary"] = "Accept"
    if file.content_type == _RAW:
        headers["Content-Disposition"] = "attachment"
    if _unchanged(request, file):
        return Response(status_code=304, headers=headers)
    part = _range(request, file)
    if part == (0, 0):
        headers["Content-Range"] = f"bytes */{file.size}"
        return Response(status_code=416, headers=headers)
    start, end = part or (0, file.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    headers["Content-Length"] = str(end - start)
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.content_type)
    if file.content is not None:
        content = file.content[start:end]
        return Response(content, status, headers, media_type=file.content_type)
    first = await run_in_threadpool(
        service.blobs.slice_original, file.asset.blob, start, min(end, start + _CHUNK)
    )
    body = _stream(service, file.asset.blob, first, start + len(first), end)
    return StreamingResponse(body, status, headers, media_type=file.content_type)


async def read_file(
    service: Service, asset: Asset, transformation: Transformation, to_format: str | None
) -> File:
    """The asset's original, or the rendition asked for; raises BadRequest."""
    original = CONTENT_TYPES.get(asset.format or "", _RAW)
    if asset.resource_type != "image":
        if transformation.asked:
            raise BadRequest("Transformations are available for images only")
        return File(asset, original, asset.etag, asset.bytes)
    own = to_format in (None, asset.format)
    to_format = to_format or asset.format or "jpg"
    if own and not transformation.asked:
        return File(asset, original, asset.etag, asset.bytes)
    if own and to_format not in WRITABLE:
        # A rendition of a BMP or TIFF is asked for by a browser, which shows neither.
        to_format = "jpg"
    content = await anyio.to_thread.run_sync(
        _rendition, service, asset, transformation, to_format, limiter=service.renderers
    )
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return File(asset, CONTENT_TYPES[to_format], etag, len(content), content)


async def _find(request: Request, service: Service) -> tuple[File, str]:
    path = request.path_params
    found = await run_in_threadpool(_look_up, service, path, path["rest"])
    if found is None:
        raise NotFound(f"Resource not found - {_last(path['rest'])}")
    asset, wanted, settings = found
    if asset.type != "upload":
        await run_in_threadpool(_check_signature, service, request, asset, wanted)
    if asset.withdrawn or asset.deleted:
        raise NotFound(f"Resource not found - {asset.public_id}")
    if not settings.delivers(asset.moderation_status):
        raise NotFound(f"Resource not found - {asset.public_id}")
    transformation = parse_transformation(list(wanted.segments))
    to_format = transformation.format or wanted.extension
    automatic = to_format == "auto"
    if automatic:
        to_format = "webp" if "image/webp" in request.headers.get("accept", "") else None
    file = await read_file(service, asset, transformation, to_format)
    cache = _cache(asset, wanted.version)
    return (replace(file, vary=True) if automatic else file), cache


def _cache(asset: Asset, version: int | None) -> str:
    """How long a delivery may be kept by whoever gets it.

    What is settled is kept long-term (reference 6), but only under an address that names its
    current version: an upload over it, or its return after a rejection, makes a new version and
    so a new address. An address without a version, or with an old one (SDKs write ``v1`` before
    a public ID with a folder), will show the next picture too, and ``immutable`` would hide that
    for a month from everyone who has seen this one; it is asked about again after ten minutes.
    """
    if asset.moderation_status not in (None, APPROVED):
        return _UNDECIDED
    return _LONG_TERM if version == asset.version else _REPLACEABLE


def _look_up(
    service: Service, path: dict[str, str], rest: str
) -> tuple[Asset, _Wanted, CloudSettings] | None:
    cloud, resource_type, delivery_type = path["cloud"], path["resource_type"], path["type"]
    readings = _readings(rest, resource_type)
    names = {wanted.public_id for wanted in readings}
    with service.ledger.read() as connection:
        # One query whatever the path: a stranger chooses how many ways there are to read it.
        found = assets.find_named(connection, cloud, resource_type, delivery_type, names)
        settings = cloud_settings(connection, cloud)
    for wanted in readings:
        if wanted.public_id in found:
            return found[wanted.public_id], wanted, settings
    return None


def _readings(rest: str, resource_type: str) -> list[_Wanted]:
    """Every way to read the path after the type, the likeliest first.

    A folder may be called ``w_5`` or ``v1`` and a public ID may end in ``.jpg``; which reading
    is meant is known only once an asset of that name is found.
    """
    segments = rest.split("/")
    if len(segments) > 1 and _SIGNATURE.fullmatch(segments[0]):
        del segments[0]
    most = 0
    # One step more than there may be, so that too many are named and not taken for a folder.
    highest = min(len(segments) - 1, MAX_STEPS + 1)
    while most < highest and looks_like_transformation(segments[most]):
        most += 1
    readings = []
    for count in range(most, -1, -1):
        names = segments[count:]
        version = _VERSION.fullmatch(names[0]) if len(names) > 1 else None
        if version is not None:
            readings += _named(segments[:count], names[1:], resource_type, int(version[1]))
        readings += _named(segments[:count], names, resource_type, None)
    return readings


def _named(
    steps: list[str], names: list[str], resource_type: str, version: int | None
) -> list[_Wanted]:
    public_id = "/".join(names)
    whole = _Wanted(tuple(steps), public_id, None, version)
    stem, dot, extension = public_id.rpartition(".")
    if resource_type == "raw" or not dot or not stem or "/" in extension:
        return [whole]
    return [_Wanted(tuple(steps), stem, same_format(extension), version), whole]


def _check_signature(service: Service, request: Request, asset: Asset, wanted: _Wanted) -> None:
    """Private and authenticated assets are delivered to signed addresses only."""
    raw = request.scope["raw_path"].decode("ascii", "replace").split("/")[4:]
    signature = _SIGNATURE.fullmatch(raw[0]) if raw else None
    caller = service.credentials.of_key(asset.api_key)
    if signature is None or caller is None:
        raise NotAuthenticated("Missing URL signature")
    signed = raw[1:]
    if wanted.version is not None:
        del signed[len(wanted.segments)]
    if not delivery_signature_matches(signature[1], "/".join(signed), caller.secret):
        raise NotAuthenticated("Invalid URL signature")


def _rendition(
    service: Service, asset: Asset, transformation: Transformation, to_format: str
) -> bytes:
    recipe = hashlib.sha256(f"{transformation.canonical}.{to_format}".encode()).hexdigest()
    folder = beside(asset.blob, RENDITIONS)
    name = f"{folder}/{recipe}"
    try:
        return service.blobs.get(name)
    except BlobGone:
        pass
    content = render(
        service.blobs.get_original(asset.blob),
        transformation,
        to_format,
        max_pixels=service.settings.rendition_pixels,
    )
    # Nothing is kept of what is not public. The cap keeps a stranger who counts up w_ from
    # filling the disk.
    kept = service.settings.renditions_per_version
    if not asset.withdrawn and len(service.blobs.names(folder)) < kept:
        service.blobs.put(name, content)
    return content


async def _stream(
    service: Service, blob: str, first: bytes, start: int, end: int
) -> AsyncIterator[bytes]:
    yield first
    while start < end:
        chunk = await run_in_threadpool(
            service.blobs.slice_original, blob, start, min(end, start + _CHUNK)
        )
        yield chunk
        start += len(chunk)


def _unchanged(request: Request, file: File) -> bool:
    given = request.headers.get("if-none-match")
    if given is not None:
        tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
        return "*" in tags or f'"{file.etag}"' in tags
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return file.asset.updated_us // 1_000_000 <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False


def _range(request: Request, file: File) -> tuple[int, int] | None:
    """The part asked for, end excluded; None for the whole, (0, 0) for one that is not there."""
    given = request.headers.get("range", "")
    if not given.startswith("bytes=") or "," in given or "if-range" in request.headers:
        return None
    first, dash, last = given.removeprefix("bytes=").strip().partition("-")
    if not dash or any(part and not (part.isascii() and part.isdigit()) for part in (first, last)):
        return None
    if len(first) > 15 or len(last) > 15 or not (first or last):
        return None
    if not first:
        start, end = max(0, file.size - int(last)), file.size
    else:
        start, end = int(first), min(file.size, int(last) + 1 if last else file.size)
    return (start, end) if start < end else (0, 0)


def _last(rest: str) -> str:
    return rest.rpartition("/")[2]
