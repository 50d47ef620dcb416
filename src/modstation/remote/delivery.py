"""Delivery addresses: the review rendition of an asset, small enough to fetch, sharp enough."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modstation.core.assets import Asset

QUALITY = 90
# Originals that the decoder does not read; the service is asked for a JPEG of them.
NEEDS_CONVERSION = frozenset(
    {"ai", "cr2", "dng", "eps", "heic", "heif", "jxl", "jxr", "nef", "pdf", "psd", "svg", "wdp"}
)
# Those that may hold several frames or pages and that the decoder reads whole.
SEVERAL_FRAMES = frozenset({"apng", "avif", "gif", "png", "tif", "tiff", "webp"})
# Larger originals are not fetched at all (``media.formats.MAX_BYTES``).
_LARGEST = 64 * 1024 * 1024


def review_url(asset: Asset, box_edge: int) -> tuple[str | None, bool]:
    """Where to fetch ``asset`` so that it fits a square of ``box_edge`` pixels.

    The second value is true when that is the original: it fits already, its URL has no place
    for a transformation (signed, or not of the delivery form), or it may have several frames.
    None when the asset has no URL.
    """
    if asset.url is None:
        return None, True
    convert = (asset.format or "").lower() in NEEDS_CONVERSION
    if not convert and (fits(asset, box_edge) or may_move(asset)):
        return asset.url, True
    step = f"c_limit,w_{box_edge},h_{box_edge},q_{QUALITY}"
    url = with_transformation(asset, f"{step},f_jpg" if convert else step)
    return (asset.url, True) if url is None else (url, False)


def may_move(asset: Asset) -> bool:
    """The original may hold frames that a rendition of it would lose.

    Cloudinary cuts a GIF that it transforms down to 100 frames (its documentation, "Animated
    images", length limitations) and keeps further frames of other formats only if a flag asks for
    it; our own service renders the first one. By the listing's ``format``; its ``pages``, where it
    has them, say that there is but one. What is too large to fetch is reviewed as a rendition.
    """
    if (asset.format or "").lower() not in SEVERAL_FRAMES or (asset.bytes or 0) > _LARGEST:
        return False
    return _pages(asset) != 1


def _pages(asset: Asset) -> object:
    try:
        described = json.loads(asset.raw)
    except ValueError:
        return None
    return described.get("pages") if isinstance(described, dict) else None


def fits(asset: Asset, box_edge: int) -> bool:
    """The original's sides are known and not longer than ``box_edge``."""
    if asset.width is None or asset.height is None:
        return False
    return 0 < asset.width <= box_edge and 0 < asset.height <= box_edge


def with_transformation(asset: Asset, transformation: str) -> str | None:
    """The asset's URL with ``transformation`` put in, or None if it cannot be.

    The version stays in the URL: it is what a cache between us and the service goes by.
    """
    if asset.url is None:
        return None
    place = re.match(
        rf"(https?://[^/]+(?:/[^/]+)?/{re.escape(asset.ref.resource_type)}"
        rf"/{re.escape(asset.ref.delivery_type)}/)(?!s--)(.+)",
        asset.url,
    )
    return f"{place[1]}{transformation}/{place[2]}" if place else None
