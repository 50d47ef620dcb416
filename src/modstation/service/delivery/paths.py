"""Delivery addresses: every way one can be read (reference 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from modstation.service.delivery.images import same_format
from modstation.service.delivery.transformations import MAX_STEPS, looks_like_transformation

_SIGNATURE = re.compile(r"s--([A-Za-z0-9_-]{8}|[A-Za-z0-9_-]{32})--")
_VERSION = re.compile(r"v([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One way to read a delivery path."""

    segments: tuple[str, ...]
    public_id: str
    extension: str | None
    version: int | None


def readings(rest: str, resource_type: str) -> list[Wanted]:
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
    found = []
    for count in range(most, -1, -1):
        names = segments[count:]
        version = _VERSION.fullmatch(names[0]) if len(names) > 1 else None
        if version is not None:
            found += _named(segments[:count], names[1:], resource_type, int(version[1]))
        found += _named(segments[:count], names, resource_type, None)
    return found


def default_image(value: str) -> list[Wanted]:
    """The readings of what ``d_`` names, in which a colon stands for a slash."""
    return _named([], value.split(":"), "image", None)


def signed_part(raw_path: str, wanted: Wanted) -> tuple[str | None, str | None]:
    """What stands between ``s--`` and ``--``, and what it signs: all after it but the version.

    ``raw_path`` is the whole path as it came, still escaped. The first is None for an unsigned
    one, the second if nothing can sign it: ``wanted`` names a version that does not stand there
    as a segment of its own.
    """
    segments = raw_path.split("/")[4:]
    signature = _SIGNATURE.fullmatch(segments[0]) if len(segments) > 1 else None
    if signature is None:
        return None, "/".join(segments)
    del segments[0]
    if wanted.version is not None:
        place = len(wanted.segments)
        # ``v1%2Fsecret`` is read as a version and a name, but left out as a whole it would let
        # one signature of a file's name open that name in every folder.
        version = _VERSION.fullmatch(segments[place]) if place < len(segments) else None
        steps = tuple(unquote(segment) for segment in segments[:place])
        if version is None or int(version[1]) != wanted.version or steps != wanted.segments:
            return signature[1], None
        del segments[place]
    return signature[1], "/".join(segments)


def _named(
    steps: list[str], names: list[str], resource_type: str, version: int | None
) -> list[Wanted]:
    public_id = "/".join(names)
    whole = Wanted(tuple(steps), public_id, None, version)
    stem, dot, extension = public_id.rpartition(".")
    if resource_type == "raw" or not dot or not stem or "/" in extension:
        return [whole]
    return [Wanted(tuple(steps), stem, same_format(extension), version), whole]
