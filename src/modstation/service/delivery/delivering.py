"""Handing out files: originals and renditions, cached by moderation state (reference 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from modstation.service.access.cloud_settings import cloud_settings
from modstation.service.assets import stored
from modstation.service.blobs import BlobGone
from modstation.service.calls import fault_response, header_text
from modstation.service.delivery.file_answers import respond
from modstation.service.delivery.paths import Wanted, default_image, readings, signed_part
from modstation.service.delivery.renditions import file_of
from modstation.service.delivery.stale_copies import TAG
from modstation.service.delivery.transformations import parse_transformation
from modstation.service.faults import BadRequest, NotAuthenticated, NotFound, ServiceFault
from modstation.service.moderation.states import APPROVED

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from modstation.service.access.cloud_settings import CloudSettings
    from modstation.service.assets.stored import Asset
    from modstation.service.delivery.transformations import Transformation
    from modstation.service.service import Service

_LONG_TERM = "public, no-transform, immutable, max-age=2592000"
_REPLACEABLE = "public, no-transform, max-age=600, must-revalidate"
_UNDECIDED = "max-age=600"
# Of every 40x, and of what stands in for a missing image. That Cloudinary's CDN doubles it up to
# a day is left to whatever stands in front.
_REFUSED = "max-age=60"
# Cloudinary's other delivery types bring in files of elsewhere or make new ones.
_NOT_OFFERED = frozenset(
    {"animoto", "asset", "dailymotion", "facebook", "fetch", "gravatar", "hulu", "instagram_name",
     "list", "multi", "sprite", "text", "twitter", "twitter_name", "url2png", "vimeo",
     "worldstarhiphop", "youtube"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """The asset an address names, if there is one; ``wanted`` is then the reading that does."""

    asset: Asset | None
    wanted: Wanted
    settings: CloudSettings

    @property
    def delivered(self) -> bool:
        """Whether it may be handed out now. Where the bytes lie does not matter."""
        asset = self.asset
        return (
            asset is not None
            and not asset.deleted
            and self.settings.delivers(asset.moderation_status)
        )


async def deliver(request: Request) -> Response:
    """Answer GET and HEAD of a delivery address."""
    service: Service = request.app.state.service
    headers = {"Cache-Control": _REFUSED, "X-Content-Type-Options": "nosniff"}
    try:
        return await _deliver(request, service, headers)
    except ServiceFault as fault:
        response = fault_response(fault, headers)
        # A browser would ask whoever looks at the page for a password.
        del response.headers["WWW-Authenticate"]
        return response


async def _deliver(request: Request, service: Service, headers: dict[str, str]) -> Response:
    """The answer; ``headers`` are those of a refusal, with what is known of it added."""
    path = request.path_params
    if path["type"] in _NOT_OFFERED:
        raise BadRequest(f"Delivery type {path['type']} is not supported by this service")
    found = await run_in_threadpool(_look_up, service, path)
    asset, wanted = found.asset, found.wanted
    _tag(service, headers, asset)
    await run_in_threadpool(_check_signature, service, request, asset, wanted)
    missing = NotFound(f"Resource not found - {wanted.public_id}")
    if asset is None and not any("d_" in segment for segment in wanted.segments):
        # It may have been a path and no transformation at all; what it misspells is no matter.
        raise missing
    transformation = parse_transformation(list(wanted.segments))
    cache = _REFUSED
    if asset is None or not found.delivered:
        asset = await run_in_threadpool(_default, service, path["cloud"], transformation)
        if asset is None:
            raise missing
        headers["X-Cld-Error"] = header_text(str(missing))
        _tag(service, headers, asset)
    else:
        cache = _cache(asset, wanted.version)
    told = headers | {"Cache-Control": cache}
    to_format = transformation.format or wanted.extension
    if to_format == "auto":
        told["Vary"] = "Accept"
        to_format = "webp" if "image/webp" in request.headers.get("accept", "") else None
    try:
        answer = await respond(request, file_of(service, asset, transformation, to_format), told)
    except BlobGone as gone:
        # Deleted since its row was read.
        raise missing from gone
    if request.method == "GET":
        service.meter.add(asset.cloud, bandwidth=int(answer.headers.get("content-length", 0)))
    return answer


def _tag(service: Service, headers: dict[str, str], asset: Asset | None) -> None:
    """Name an asset that the answer, be it a refusal, is made of, for caches that are told."""
    if asset is not None and service.settings.purge_nodes:
        headers[TAG] = " ".join(filter(None, (headers.get(TAG), asset.asset_id)))


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


def _look_up(service: Service, path: dict[str, str]) -> _Found:
    cloud, resource_type, delivery_type = path["cloud"], path["resource_type"], path["type"]
    ways = readings(path["rest"], resource_type)
    names = {wanted.public_id for wanted in ways}
    with service.ledger.read() as connection:
        # One query whatever the path: a stranger chooses how many ways there are to read it.
        named = stored.find_named(connection, cloud, resource_type, delivery_type, names)
        settings = cloud_settings(connection, cloud)
    for wanted in ways:
        if wanted.public_id in named:
            return _Found(named[wanted.public_id], wanted, settings)
    return _Found(None, ways[0], settings)


def _default(service: Service, cloud: str, transformation: Transformation) -> Asset | None:
    """The image that stands in for a missing one, if one is named and may be shown."""
    if transformation.default is None:
        return None
    ways = default_image(transformation.default)
    names = {wanted.public_id for wanted in ways}
    with service.ledger.read() as connection:
        named = stored.find_named(connection, cloud, "image", "upload", names)
        settings = cloud_settings(connection, cloud)
    for wanted in ways:
        found = _Found(named.get(wanted.public_id), wanted, settings)
        if found.delivered:
            return found.asset
    return None


def _check_signature(
    service: Service, request: Request, asset: Asset | None, wanted: Wanted
) -> None:
    """Private and authenticated assets are delivered to signed addresses only.

    A signature that need not be there must be right all the same.
    """
    if asset is None:
        return
    raw = request.scope["raw_path"].decode("ascii", "replace")
    signature, signed = signed_part(raw, wanted)
    if signature is None:
        if asset.type != "upload":
            raise NotAuthenticated("Missing URL signature")
        return
    if signed is None or not service.credentials.signs_address(asset.cloud, signature, signed):
        raise NotAuthenticated("Invalid URL signature")
