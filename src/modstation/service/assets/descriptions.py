"""What callers write on an asset – tags, context, metadata, names – and how much of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modstation.service.assets.folders import folder_path
from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modstation.service.wire import Parameters

# Every list shows these words and every decision writes the row they stand in.
_MOST_TAGS = 1000
_LONGEST_NAME = 255
_MOST_PAIRS = 1000
_LONGEST_DOCUMENT = 64 * 1024


def descriptions(parameters: Parameters) -> dict[str, Any]:
    """Those of an asset's descriptive fields that a call sets, as ``Asset`` keeps them.

    Raises BadRequest for malformed and for oversized ones.
    """
    found: dict[str, Any] = {}
    if "tags" in parameters:
        found["tags"] = checked_tags(parameters.names("tags"))
    for name in ("context", "metadata"):
        if name in parameters:
            found[name] = checked_pairs(parameters.pairs(name), name)
    for name in ("display_name", "asset_folder"):
        value = parameters.text(name)
        if value is not None:
            found[name] = _short(folder_path(value) if name == "asset_folder" else value, name)
    return found


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """These tags, each once; raises BadRequest for too many and for too long ones."""
    once = tuple(dict.fromkeys(tags))
    if len(once) > _MOST_TAGS:
        raise BadRequest(f"tags: at most {_MOST_TAGS} per asset")
    return tuple(_short(tag, "tags") for tag in once)


def checked_pairs(pairs: dict[str, str], name: str) -> dict[str, str]:
    """The context or metadata of an asset; raises BadRequest for too much of it."""
    if len(pairs) > _MOST_PAIRS:
        raise BadRequest(f"{name}: at most {_MOST_PAIRS} keys per asset")
    if sum(len(key.encode()) + len(value.encode()) for key, value in pairs.items()) > (
        _LONGEST_DOCUMENT
    ):
        raise BadRequest(f"{name} is too large: more than {_LONGEST_DOCUMENT} bytes")
    for key in pairs:
        _short(key, name)
    return pairs


def _short(text: str, name: str) -> str:
    if len(text) > _LONGEST_NAME:
        raise BadRequest(f"{name} is too long: more than {_LONGEST_NAME} characters")
    return text
