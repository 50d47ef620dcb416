"""Leases of pending assets: what modstation's own service offers, discovered, never assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.errors import Unknown
from modstation.core.language import later
from modstation.remote.parsing import Json, one_line, parse_object, parse_time

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class HeldByOther:
    """Who has an asset in hand, and until when; a name of no letters is empty."""

    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """By asset ID: what this station has now, what others have, and what waits for nobody."""

    mine: frozenset[str]
    others: dict[str, HeldByOther]
    gone: frozenset[str]


def parse_claimed(body: bytes) -> Claimed:
    """Read the answer to a claim; ``Unknown`` if it is none."""
    document = parse_object(body)
    mine, held, gone = (document.get(name) for name in ("asset_ids", "held", "gone"))
    if not (isinstance(mine, list) and isinstance(held, list) and isinstance(gone, list)):
        raise Unknown(later("Claims", "The answer does not say which images were leased."))
    others = {}
    for row in held:
        asset_id = row.get("asset_id") if isinstance(row, dict) else None
        until = parse_time(row.get("expires_at")) if isinstance(row, dict) else None
        if isinstance(asset_id, str) and isinstance(row, dict) and until is not None:
            others[asset_id] = HeldByOther(one_line(row.get("name")) or "", until)
    return Claimed(_texts(mine), others, _texts(gone))


def _texts(values: list[Json]) -> frozenset[str]:
    return frozenset(value for value in values if isinstance(value, str))
