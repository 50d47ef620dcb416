"""What an asset is handed out as: its original, or a rendition, made once and kept."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.concurrency import run_in_threadpool

from modstation.service.blobs import RENDITIONS, BlobGone, beside
from modstation.service.delivery.file_answers import DOWNLOAD, Content, File
from modstation.service.delivery.images import CONTENT_TYPES, RENDERER, WRITABLE
from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from modstation.service.assets.stored import Asset
    from modstation.service.delivery.transformations import Transformation
    from modstation.service.service import Service

_VIDEO_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "flv": "video/x-flv",
}


def file_of(
    service: Service, asset: Asset, transformation: Transformation, to_format: str | None
) -> File:
    """The asset's original, or the rendition asked for.

    Raises BadRequest for what this asset cannot be had as; so does opening a rendition.
    """
    if asset.resource_type != "image":
        if transformation.asked:
            raise BadRequest("Transformations are available for images only")
        if asset.resource_type == "video" and to_format not in (None, asset.format):
            raise BadRequest(f"Invalid extension in transformation: {to_format}")
        return original(service, asset)
    if to_format in (None, asset.format) and not transformation.asked:
        return original(service, asset)
    to_format = _written(asset, to_format)
    recipe = _recipe(transformation, to_format)
    # Known before the bytes are: a client that has them already costs no look into storage.
    etag = hashlib.md5(f"{asset.etag}/{recipe}".encode(), usedforsecurity=False).hexdigest()
    name = _kept_as(asset, recipe)

    async def find() -> Content:
        try:
            size = await run_in_threadpool(service.blobs.size, name)
        except BlobGone:
            content = await anyio.to_thread.run_sync(
                _render, service, asset, transformation, to_format, name, limiter=service.renderers
            )
            return Content(len(content), lambda start, end: content[start:end])
        return Content(size, partial(service.blobs.slice, name))

    return File(CONTENT_TYPES[to_format], etag, asset.updated_us, find)


def make_now(
    service: Service, asset: Asset, transformation: Transformation, to_format: str | None
) -> tuple[str, bytes]:
    """Make an image's rendition and keep it for those who will ask; its format and bytes.

    Raises BadRequest if it cannot be made.
    """
    to_format = _written(asset, to_format)
    name = _kept_as(asset, _recipe(transformation, to_format))
    return to_format, _render(service, asset, transformation, to_format, name)


def original(service: Service, asset: Asset) -> File:
    """The bytes of an asset as they were uploaded."""

    async def find() -> Content:
        return Content(asset.bytes, partial(service.blobs.slice_original, asset.blob))

    return File(content_type(asset.format), asset.etag, asset.updated_us, find)


def content_type(file_format: str | None) -> str:
    """The media type of bytes whose own format is known; a download for all others."""
    known = file_format or ""
    return CONTENT_TYPES.get(known) or _VIDEO_TYPES.get(known, DOWNLOAD)


def _written(asset: Asset, to_format: str | None) -> str:
    """The format a rendition is written in; raises BadRequest if none can be."""
    own = to_format in (None, asset.format)
    to_format = to_format or asset.format or "jpg"
    if own and to_format not in WRITABLE:
        # A rendition of a BMP, TIFF or HEIC is asked for by a browser, which shows none of them.
        to_format = "jpg"
    if to_format not in WRITABLE:
        raise BadRequest(f"Invalid extension in transformation: {to_format}")
    return to_format


def _recipe(transformation: Transformation, to_format: str) -> str:
    return f"{transformation.canonical}.{to_format}/{RENDERER}"


def _kept_as(asset: Asset, recipe: str) -> str:
    return f"{beside(asset.blob, RENDITIONS)}/{hashlib.sha256(recipe.encode()).hexdigest()}"


def _render(
    service: Service, asset: Asset, transformation: Transformation, to_format: str, name: str
) -> bytes:
    with service.blobs.open_original(asset.blob, asset.bytes) as file:
        content = service.decoder.render(file, transformation, to_format)
    service.meter.add(asset.cloud, transformations=1)
    # Nothing is kept of what is not public. The cap keeps a stranger who counts up w_ from
    # filling the disk.
    kept = len(service.blobs.names(beside(asset.blob, RENDITIONS)))
    if not asset.withdrawn and kept < service.settings.renditions_per_version:
        service.blobs.put(name, content)
    return content
