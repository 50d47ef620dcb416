"""What a search asks for, read from its parameters (reference 3.5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from modstation.service.faults import BadRequest
from modstation.service.search.language import LONGEST
from modstation.service.search.order import SORTABLE
from modstation.service.wire import clean

if TYPE_CHECKING:
    from modstation.service.search.order import Order
    from modstation.service.wire import Parameters

_MOST_KEYS = 5
_MOST_RANGES = 50
_WITH_FIELD = frozenset({"tags", "context", "metadata", "moderation"})
# What Cloudinary adds from analyses and embedded data; this service makes neither.
_NOT_HERE = frozenset({"image_metadata", "image_analysis", "quality_analysis"})
_COUNTABLE = frozenset({"resource_type", "type", "format", "moderation_status", "moderation_kind"})
_MEASURED = frozenset({"bytes", "width", "height", "pixels"})


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What to count: each value of a field, or each of its named ranges [low, high)."""

    field: str
    ranges: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One search as it was asked for, checked."""

    expression: str
    sort: Order
    limit: int
    cursor: str | None
    aggregates: tuple[Aggregate, ...]
    wanted: frozenset[str]
    fields: tuple[str, ...]

    @property
    def name(self) -> str:
        """What its cursors are good for: this expression in this order."""
        told = msgspec.json.encode((self.expression, self.sort))
        return f"search/{hashlib.sha256(told).hexdigest()[:24]}"


def read_query(parameters: Parameters) -> Query:
    """The search a call asks for; raises BadRequest that names what cannot be honoured."""
    expression = parameters.raw("expression")
    if expression is None:
        expression = ""
    if not isinstance(expression, str) or len(expression) > LONGEST:
        raise BadRequest(f"Invalid value for parameter expression: up to {LONGEST} characters")
    wanted = frozenset(parameters.names("with_field"))
    for name in sorted(wanted - _WITH_FIELD - _NOT_HERE):
        raise BadRequest(f"Invalid value {name[:80]} for parameter with_field")
    fields = tuple(parameters.names("fields"))
    # Naming a field asks for it.
    wanted |= {name for name in fields if name in _WITH_FIELD}
    return Query(
        clean(expression, "expression", lines=True).strip(),
        _sort(parameters.raw("sort_by")),
        parameters.number("max_results", default=50, low=1, high=500),
        parameters.text("next_cursor"),
        _aggregates(parameters.raw("aggregate")),
        wanted,
        fields,
    )


def _sort(given: object) -> Order:
    """The order as field and whether ascending; newest first unless asked otherwise."""
    if given is None or given in ("", []):
        return (("created_at", False),)
    items = given if isinstance(given, list) else [given]
    keys: list[tuple[str, bool]] = []
    for item in items:
        # A string comes from query parameters; objects are the documented form.
        pairs = item.items() if isinstance(item, dict) else [(item, "desc")]
        for name, direction in pairs:
            if not isinstance(name, str) or name not in SORTABLE:
                raise BadRequest(f"Invalid value {str(name)[:80]} for parameter sort_by")
            if not isinstance(direction, str) or direction.lower() not in ("asc", "desc"):
                raise BadRequest(f"Invalid value {str(direction)[:80]} for parameter sort_by")
            keys.append((name, direction.lower() == "asc"))
    if len(keys) > _MOST_KEYS:
        raise BadRequest(f"sort_by: at most {_MOST_KEYS} fields")
    return tuple(keys) or (("created_at", False),)


def _aggregates(given: object) -> tuple[Aggregate, ...]:
    if given is None or given in ("", []):
        return ()
    items = given if isinstance(given, list) else [given]
    found = {one.field: one for one in map(_aggregate, items)}
    return tuple(found.values())


def _aggregate(item: object) -> Aggregate:
    field = item.get("type") if isinstance(item, dict) else item
    if not isinstance(field, str) or field not in _COUNTABLE | _MEASURED:
        raise BadRequest(f"Invalid value {str(field)[:80]} for parameter aggregate")
    if field in _COUNTABLE:
        return Aggregate(field)
    ranges = item.get("ranges") if isinstance(item, dict) else None
    if not isinstance(ranges, list) or not 0 < len(ranges) <= _MOST_RANGES:
        raise BadRequest(f"aggregate: {field} needs 1 to {_MOST_RANGES} ranges")
    return Aggregate(field, tuple(_range(field, one) for one in ranges))


def _range(field: str, item: object) -> tuple[str, int, int]:
    if not isinstance(item, dict):
        raise BadRequest(f"aggregate: a range of {field} is an object with key, from and to")
    key, low, high = item.get("key"), item.get("from", 0), item.get("to", (1 << 62) - 1)
    whole = all(
        isinstance(end, int) and not isinstance(end, bool) and 0 <= end < 1 << 62
        for end in (low, high)
    )
    if not isinstance(key, str) or not whole:
        raise BadRequest(f"aggregate: a range of {field} is an object with key, from and to")
    return clean(key, "aggregate")[:255], low, high
