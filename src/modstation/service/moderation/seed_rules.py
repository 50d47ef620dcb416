"""What WebPurify rejects without a look (reference 7): by the address, or the submitted name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.service.assets.representations import delivery_path
from modstation.service.delivery.images import FORMATS, same_format

if TYPE_CHECKING:
    from modstation.service.assets.stored import Asset

_IMAGES = frozenset(FORMATS.values())


def rule_against(asset: Asset, file_name: str | None) -> str | None:
    """Which rule rejects the asset, in words for the log and the history; None if none does."""
    in_address, in_name = _extension(delivery_path(asset)), _extension(file_name or "")
    if "pdf" in (in_address.lower(), in_name.lower()):
        return "a PDF"
    if same_format(in_address) not in _IMAGES:
        return "no image extension in its address"
    # Our addresses end in the format, in small letters; what was meant shows in the name.
    for extension in (in_address, in_name):
        if extension.isupper() and same_format(extension) in _IMAGES:
            return f"an extension in capitals (.{extension})"
    return None


def _extension(name: str) -> str:
    _, dot, extension = name.rpartition("/")[2].rpartition(".")
    return extension[:10] if dot else ""
