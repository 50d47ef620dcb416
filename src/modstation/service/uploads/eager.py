"""``eager``: renditions that are made with the upload, before anyone asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from modstation.service.assets.representations import derived_urls
from modstation.service.delivery.images import WRITABLE, probe, same_format
from modstation.service.delivery.renditions import make_now
from modstation.service.delivery.transformations import (
    in_letters,
    looks_like_transformation,
    parse_transformation,
)
from modstation.service.faults import BadRequest
from modstation.service.wire import Parameters

if TYPE_CHECKING:
    from modstation.service.assets.stored import Asset
    from modstation.service.delivery.transformations import Transformation
    from modstation.service.service import Service

_MOST = 16
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Eager:
    """One rendition asked for, as it was ``written``: a transformation, or a format, or both."""

    written: str
    text: str
    transformation: Transformation
    format: str | None


def eager_of(parameters: Parameters) -> tuple[Eager, ...]:
    """The renditions an upload asks for; raises BadRequest for one that cannot be made."""
    asked = parameters.raw("eager")
    if isinstance(asked, str) and asked.lstrip().startswith("["):
        asked = _listed(asked)
    if not isinstance(asked, list):
        return read_eager("|".join(parameters.names("eager", comma=False)))
    steps = [_spelled(each) if isinstance(each, dict) else each for each in asked]
    return read_eager("|".join(Parameters({"eager": steps}).names("eager", comma=False)))


def read_eager(text: str) -> tuple[Eager, ...]:
    """Renditions as they are written: joined by ``|``, each with ``/format`` behind it or not."""
    found = [_one(part.strip()) for part in text.split("|") if part.strip()]
    if len(found) > _MOST:
        raise BadRequest(f"eager: at most {_MOST} transformations")
    return tuple(found)


def check_eager(asset: Asset, wanted: tuple[Eager, ...]) -> None:
    """Raise BadRequest if renditions are wanted of what has none."""
    if wanted and asset.resource_type != "image":
        raise BadRequest("Transformations are available for images only (eager)")


def make_eager(service: Service, asset: Asset, wanted: tuple[Eager, ...]) -> list[dict[str, Any]]:
    """Make and keep renditions of an image; what is said of each but where it is.

    Raises BadRequest if one cannot be made.
    """
    made = []
    for each in wanted:
        to_format, content = make_now(service, asset, each.transformation, _format(each, asset))
        header = probe(BytesIO(content))
        document: dict[str, Any] = {
            "transformation": each.text,
            "bytes": len(content),
            "format": to_format,
        }
        if header is not None:
            document |= {"width": header.width, "height": header.height}
        made.append(document)
    return made


def eager_documents(
    asset: Asset, wanted: tuple[Eager, ...], said: list[dict[str, Any]], base: str
) -> list[dict[str, Any]]:
    """What an answer says of renditions, with the addresses they have in this version."""
    return [
        known | derived_urls(asset, base, each.text, _format(each, asset) or asset.format)
        for each, known in zip(wanted, said, strict=True)
    ]


def _listed(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise BadRequest(f"Invalid JSON in parameter eager: {error}") from error


def _spelled(step: dict[str, object]) -> str:
    """A rendition given as an object, as SDKs would have written it: ``c_scale,w_5/png``."""
    components = {name: value for name, value in step.items() if name != "format"}
    to_format = step.get("format")
    return "/".join(filter(None, (in_letters(components), str(to_format) if to_format else "")))


def _one(text: str) -> Eager:
    if len(text) > _LONGEST:
        raise BadRequest("Invalid transformation: too long")
    segments = text.split("/")
    to_format = None
    if not looks_like_transformation(segments[-1]):
        to_format = same_format(segments.pop()) or None
        if to_format is not None and to_format not in WRITABLE:
            raise BadRequest(f"Invalid extension in transformation: {to_format[:40]}")
    transformation = parse_transformation(segments)
    if transformation.default is not None or not (segments or to_format):
        raise BadRequest(f"Invalid transformation: {text[:80]}")
    return Eager(text, "/".join(segments), transformation, to_format)


def _format(each: Eager, asset: Asset) -> str | None:
    """The format the rendition's address asks for; ``f_auto`` leaves it to whoever asks."""
    written = each.transformation.format
    return (written if written != "auto" else None) or each.format or asset.format
