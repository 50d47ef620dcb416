"""Reading the service's JSON, leniently where the world is untidy, never where it would mislead.

Real answers hold impossible times, one-slash URLs, missing ``moderation_status`` and a
``response`` of any JSON type (reference, Cloudinary §2.4 and §3.1).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from modstation.core.assets import (
    Asset,
    AssetRef,
    MachineLabel,
    ModerationEntry,
    ModerationStatus,
)
from modstation.core.errors import Unknown
from modstation.core.language import later
from modstation.remote.addresses import is_addressable_type, is_asset_id

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = Any
JsonObject: TypeAlias = "Mapping[str, Json]"

DEEPEST = 64
# SQLite's integers end at 2**63, JSON's safe ones here.
_LARGEST = 2**53
_MOST_REASONS = 20
_LONGEST_REASON = 255
# What is shown of a text that somebody else wrote.
_LONGEST_TEXT = 2000
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_SLASH = re.compile(r"^(https?):/+(?=[^/])", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# google_video_moderation answers in words; a position for sorting, not a measurement.
_LIKELIHOODS = {
    "VERY_UNLIKELY": 5.0,
    "UNLIKELY": 25.0,
    "POSSIBLE": 50.0,
    "LIKELY": 75.0,
    "VERY_LIKELY": 95.0,
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing, oldest first; ``malformed`` items could not be understood."""

    assets: tuple[Asset, ...]
    next_cursor: str | None
    malformed: int = 0


def parse_object(body: bytes) -> dict[str, Json]:
    """The JSON object an answer consists of; ``Unknown`` if it is anything else."""
    if too_deep(body):
        raise Unknown(later("Parsing", "The answer is nested too deeply."))
    try:
        document = json.loads(body, parse_float=_finite, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unknown(later("Parsing", "The answer is not JSON.")) from error
    if not isinstance(document, dict):
        raise Unknown(later("Parsing", "The answer is not a JSON object."))
    return document


def too_deep(body: bytes, deepest: int = DEEPEST) -> bool:
    """Say whether brackets nest deeper than ``deepest``, without building anything."""
    if body.count(b"{") + body.count(b"[") <= deepest:
        return False
    depth = 0
    for char in _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS):
        depth += 1 if char in b"[{" else -1
        if depth > deepest:
            return True
    return False


def parse_page(body: bytes, *, kind: str, status: ModerationStatus) -> Page:
    """A page of the list of ``kind`` and ``status``, which items need not repeat.

    One item that cannot be understood is counted, not fatal: it must not hide the others.
    """
    document = parse_object(body)
    items = document.get("resources")
    if not isinstance(items, list):
        raise Unknown(later("Parsing", "The answer is not a list of images."))
    cursor = document.get("next_cursor")
    assets: list[Asset] = []
    for item in items:
        asset = parse_asset(item, kind=kind, status=status) if isinstance(item, dict) else None
        if asset is not None:
            assets.append(asset)
    return Page(
        tuple(assets),
        cursor if isinstance(cursor, str) and cursor else None,
        len(items) - len(assets),
    )


def parse_asset(
    item: JsonObject,
    *,
    ref: AssetRef | None = None,
    kind: str | None = None,
    status: ModerationStatus | None = None,
) -> Asset | None:
    """The asset that ``item`` describes, or None if it does not say which or how it stands.

    ``ref``, ``kind`` and ``status`` stand in for what the item leaves out.
    """
    public_id = item.get("public_id", ref.public_id if ref else None)
    resource_type = item.get("resource_type", ref.resource_type if ref else "image")
    delivery_type = item.get("type", ref.delivery_type if ref else "upload")
    if not (isinstance(public_id, str) and public_id and _is_text(public_id)):
        return None
    if not (isinstance(resource_type, str) and isinstance(delivery_type, str)):
        return None
    if not is_addressable_type(resource_type, delivery_type):
        return None
    chain = _chain(item.get("moderation"))
    overall = _status(item.get("moderation_status")) or overall_status(chain) or status
    if overall is None:
        return None
    asset_id = item.get("asset_id")
    return Asset(
        ref=AssetRef(resource_type, delivery_type, public_id),
        status=overall,
        kind=_text(item.get("moderation_kind")) or (chain[0].kind if chain else kind),
        asset_id=asset_id if is_asset_id(asset_id) else None,
        version=_whole(item.get("version")),
        format=_text(item.get("format")),
        bytes=_whole(item.get("bytes")),
        width=_whole(item.get("width")),
        height=_whole(item.get("height")),
        created_at=parse_time(item.get("created_at")),
        etag=_text(item.get("etag")),
        url=parse_url(item.get("secure_url")) or parse_url(item.get("url")),
        tags=_tags(item.get("tags")),
        moderation=chain,
        reasons=_reasons(item.get("modstation")),
        reason=_reason(item.get("modstation")),
        raw=json.dumps(item, separators=(",", ":")),
    )


def overall_status(chain: tuple[ModerationEntry, ...]) -> ModerationStatus | None:
    """The status of an asset whose answer has only its moderation chain (reference §3.6)."""
    found = {entry.status for entry in chain}
    for status in (
        ModerationStatus.REJECTED,
        ModerationStatus.PENDING,
        ModerationStatus.QUEUED,
        ModerationStatus.APPROVED,
        ModerationStatus.OVERRIDDEN,
    ):
        if status in found:
            return status
    return None


def parse_time(value: Json) -> datetime | None:
    """An ISO 8601 time in UTC; of an impossible hour the day is kept, of nonsense nothing."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        day = _DAY.match(value)
        if day is None:
            return None
        try:
            moment = datetime.fromisoformat(day[0])
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def parse_url(value: Json) -> str | None:
    """An http or https URL, its missing slash put back; None if it is neither."""
    if not isinstance(value, str):
        return None
    url = _ONE_SLASH.sub(lambda match: f"{match[1].lower()}://", value.strip())
    return url if url.startswith(("http://", "https://")) and _is_text(url) else None


def _chain(value: Json) -> tuple[ModerationEntry, ...]:
    if not isinstance(value, list):
        return ()
    entries: list[ModerationEntry] = []
    for entry in value:
        if not isinstance(entry, dict):
            continue
        status = _status(entry.get("status"))
        if status is None:
            continue
        entries.append(
            ModerationEntry(
                kind=_text(entry.get("kind")) or "manual",
                status=status,
                updated_at=parse_time(entry.get("updated_at")),
                labels=_labels(entry.get("response")),
            )
        )
    return tuple(entries)


def _labels(response: Json) -> tuple[MachineLabel, ...]:
    if isinstance(response, list):
        # duplicate: [{public_id, confidence 0..1}]
        found = [
            _label(
                {**item, "name": f"Duplicate of {item.get('public_id')}"},
                scale=100 if _is_fraction(item.get("confidence")) else 1,
            )
            for item in response
            if isinstance(item, dict)
        ]
        return tuple(label for label in found if label is not None)
    if not isinstance(response, dict):
        return ()
    labels: list[MachineLabel | None] = []
    listed = response.get("moderation_labels")
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict):
            inner = item.get("moderation_label")
            labels.append(_label(inner if isinstance(inner, dict) else item))
    likelihood = response.get("moderation_confidence")
    if isinstance(likelihood, str) and likelihood in _LIKELIHOODS:
        words = likelihood.replace("_", " ").lower()
        labels.append(MachineLabel(f"Pornography {words}", _LIKELIHOODS[likelihood]))
    return tuple(label for label in labels if label is not None)


def _label(item: JsonObject, *, scale: float = 1) -> MachineLabel | None:
    name = _text(item.get("name"))
    confidence = item.get("confidence")
    if not name or isinstance(confidence, bool) or not isinstance(confidence, int | float):
        return None
    threshold = item.get("threshold")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        threshold = None
    return MachineLabel(
        name=name,
        confidence=min(100.0, max(0.0, float(confidence) * scale)),
        parent=_text(item.get("parent_name")) or "",
        threshold=None if threshold is None else min(100.0, max(0.0, float(threshold))),
    )


def _status(value: Json) -> ModerationStatus | None:
    try:
        return ModerationStatus(value)
    except ValueError:
        return None


def _tags(value: Json) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [tag.strip() for tag in value.split(",")]
    if not isinstance(value, list):
        return ()
    return tuple(tag for tag in value if isinstance(tag, str) and tag and _is_text(tag))


def _reasons(ours: Json) -> tuple[str, ...]:
    """What our own service tells of reasons, of which a policy has about a dozen."""
    given = ours.get("reasons") if isinstance(ours, dict) else None
    if not isinstance(given, list):
        return ()
    return tuple(dict.fromkeys(code for code in given[:_MOST_REASONS] if _is_code(code)))


def _reason(ours: Json) -> str | None:
    code = ours.get("reason") if isinstance(ours, dict) else None
    return code if _is_code(code) else None


def _is_code(value: Json) -> bool:
    return _text(value) is not None and len(value) <= _LONGEST_REASON and value.isprintable()


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value and _is_text(value) else None


def _is_text(value: str) -> bool:
    """Lone surrogates can be neither stored nor sent."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole(value: Json) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        return None
    return value


def _is_fraction(value: Json) -> bool:
    return isinstance(value, int | float) and value <= 1


def _finite(text: str) -> float | None:
    number = float(text)
    # SQLite refuses the JSON that an infinite number would be written as.
    return number if math.isfinite(number) else None


def _no_number(_text: str) -> None:
    return None


def one_line(value: Json) -> str | None:
    """Foreign text on one line, cut and without what cannot be shown; None if it is none."""
    if not isinstance(value, str):
        return None
    shown = "".join(char if char.isprintable() else " " for char in value[:_LONGEST_TEXT])
    return " ".join(shown.split()) or None
