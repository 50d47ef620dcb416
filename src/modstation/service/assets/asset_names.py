"""What assets are called: resource and delivery types, and public IDs (reference 2.3)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from modstation.service.delivery.images import same_format
from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from modstation.core.clock import Ids
    from modstation.service.wire import Parameters

RESOURCE_TYPES = frozenset({"image", "raw", "video"})
DELIVERY_TYPES = frozenset({"upload", "private", "authenticated"})
_LONGEST_ID = 255
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def split_name(name: str) -> tuple[str, str]:
    """A file name's stem and extension, whichever system's path it came as."""
    base = re.split(r"[/\\]", name)[-1]
    base = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "", base).strip()[:_LONGEST_ID]
    stem, dot, extension = base.rpartition(".")
    if not dot or not stem:
        return base or "file", ""
    return stem, same_format(extension)


def public_id_for(
    parameters: Parameters, stem: str, extension: str, resource_type: str, ids: Ids
) -> str:
    """The public ID an upload gets, its own or a fresh one; raises BadRequest."""
    public_id = parameters.text("public_id")
    if public_id is None:
        if parameters.flag("use_filename"):
            public_id = re.sub(r"[?&#%<>\\/\s]+", "_", stem)
            if not public_id.strip("."):
                public_id = "_" * len(public_id)
            if parameters.flag("unique_filename", default=True):
                public_id += "_" + random_name(ids, 6)
        else:
            public_id = random_name(ids, 20)
        if resource_type == "raw" and extension:
            public_id += f".{extension}"
    prefixes = [parameters.text("folder"), parameters.text("public_id_prefix")]
    if parameters.flag("use_asset_folder_as_public_id_prefix"):
        prefixes.append(parameters.text("asset_folder"))
    named = [prefix.strip("/") for prefix in prefixes if prefix is not None]
    return check_public_id("/".join([*filter(None, named), public_id]))


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


def random_name(ids: Ids, length: int) -> str:
    """Lower-case letters and digits that nobody has had before."""
    digest = int.from_bytes(hashlib.sha256(ids.new().encode()).digest(), "big")
    letters = []
    for _ in range(length):
        digest, place = divmod(digest, 36)
        letters.append(_BASE36[place])
    return "".join(letters)
