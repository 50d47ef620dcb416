"""What a search tree means to the database: fields, their operators, and bound values.

    public_id filename display_name tags context.KEY metadata.KEY   ``:`` words, ``=`` to the letter
    folder asset_folder                                             the path; ``a/*`` also below
    resource_type type format moderation_status … etag              the value
    width height pixels bytes aspect_ratio version                  numbers: also > < and ranges
    created_at uploaded_at updated_at last_updated                  instants: the same
    backup                                                          true or false

Metadata that is a number or a date is compared like one. ``field:*`` finds what has any value
there; a term without a field is looked for in every text.
No condition is ever NULL, so NOT finds what has no value at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from modstation.service.assets.asset_names import DELIVERY_TYPES, RESOURCE_TYPES
from modstation.service.assets.word_index import LONGEST_WORD, value_digest
from modstation.service.schema import asset_context, asset_tags, assets
from modstation.service.search import metadata
from modstation.service.search.language import Between, Compared, Every, Not, Some, refuse
from modstation.service.search.metadata import is_metadata
from modstation.service.search.sql import begins, holds, value_of
from modstation.service.search.values import number, ratio, size, span
from modstation.service.search.words import anywhere, ends_in_word, has_key, has_run, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from fractions import Fraction

    from sqlalchemy import Table

    from modstation.service.search.language import Tree, Value

_Condition = ColumnElement[bool]
_asset = assets.c
_MOST = 1 << 62
_END = "\x1f"

_KEYWORDS: dict[str, ColumnElement[str]] = {
    "resource_type": _asset.resource_type,
    "type": _asset.type,
    "format": _asset.format,
    "moderation_status": _asset.moderation_status,
    "moderation_kind": _asset.moderation_kind,
    "asset_id": _asset.asset_id,
    "version_id": _asset.version_id,
    "etag": _asset.etag,
    # Every asset that is listed is active and public.
    "status": literal("active"),
    "access_mode": literal("public"),
}


def _wide(column: ColumnElement[int]) -> ColumnElement[int]:
    # 64 bits for the product, and for a bound number that no column of 32 bits can hold.
    return cast(column, BigInteger)


_NUMBERS: dict[str, tuple[ColumnElement[int], Callable[[str], Fraction | None]]] = {
    "width": (_wide(_asset.width), number),
    "height": (_wide(_asset.height), number),
    "pixels": (_wide(_asset.width) * _wide(_asset.height), number),
    "version": (_wide(_asset.version), number),
    "bytes": (_wide(_asset.bytes), size),
}
_TIMES = {
    "created_at": _asset.created_us,
    "uploaded_at": _asset.created_us,
    "updated_at": _asset.updated_us,
    "last_updated": _asset.updated_us,
}
_TEXTS = frozenset({"public_id", "filename", "display_name", "tags"})
_PAIRS = {"context": _asset.context, "metadata": _asset.metadata}


@dataclass(frozen=True, slots=True)
class _Ends:
    """A range of whole numbers; an end that is None is open."""

    low: int | None = None
    high: int | None = None


def condition(tree: Tree, *, cloud: str, now: datetime) -> _Condition:
    """The condition an asset of that cloud must meet.

    Raises BadRequest that names the place of a fault.
    """
    match tree:
        case Every(terms):
            return and_(true(), *(condition(term, cloud=cloud, now=now) for term in terms))
        case Some(terms):
            return or_(false(), *(condition(term, cloud=cloud, now=now) for term in terms))
        case Not(term):
            return not_(condition(term, cloud=cloud, now=now))
        case Between():
            return _between(tree, now)
        case Compared():
            return _test(tree, cloud, now)


def is_looked_up(tree: Tree) -> bool:
    """Whether an index finds the few assets that can match at all."""
    match tree:
        case Every(terms):
            return any(is_looked_up(term) for term in terms)
        case Some(terms):
            return all(is_looked_up(term) for term in terms)
        case Compared("public_id", operator, value):
            return _is_beginning(value) if value.prefix else operator == "="
        case Compared(field, operator, value) if field and not value.prefix:
            exact = operator == "=" and (field == "tags" or field.startswith("context."))
            return exact or field == "asset_id"
    return False


def _is_beginning(value: Value) -> bool:
    """``pets/cat*`` names a place; ``cat*`` is any word that begins so."""
    return bool(value.text) and not (len(words(value.text)) == 1 and ends_in_word(value.text))


def _test(test: Compared, cloud: str, now: datetime) -> _Condition:
    name, value = test.field, test.value
    if name is None:
        return _anywhere(value)
    family, dot, key = name.partition(".")
    paired = bool(dot and key) and family in _PAIRS
    if name in _NUMBERS or name in _TIMES or name == "aspect_ratio":
        if value.prefix:
            return _any_value(test)
        return _compared(test, now)
    if not (paired or name in _KEYWORDS or name in _TEXTS or name in _PAIRS) and name not in (
        "folder",
        "asset_folder",
        "backup",
    ):
        refuse(f"unknown field {name[:80]}", test.at)
    if test.operator not in (":", "=") and is_metadata(name):
        return metadata.compared(test)
    if test.operator not in (":", "="):
        refuse(f"{name[:80]} has no order and cannot be compared by {test.operator}", test.at)
    if value.prefix and not value.text:
        return _any_value(test)
    if paired:
        return _pair(test, cloud)
    if name in _PAIRS:
        return holds(_asset.search_text, has_key(name, value.text))
    if name in _KEYWORDS:
        return _keyword(_KEYWORDS[name], value)
    if name == "backup":
        return _flag(or_(_asset.backup, _asset.withdrawn), value)
    if name == "folder":
        return _folder(value)
    if name == "asset_folder":
        return _asset_folder(value)
    return _text(test, cloud)


def _anywhere(value: Value) -> _Condition:
    found = words(value.text)
    if not found:
        refuse("a term without letters or digits", value.at)
    open_end = value.prefix and ends_in_word(value.text)
    *whole, last = (anywhere(word) for word in found)
    needles = [*(f"{word} " for word in whole), last if open_end else f"{last} "]
    return and_(*(holds(_asset.search_text, needle) for needle in needles))


def _text(test: Compared, cloud: str) -> _Condition:
    assert test.field is not None
    value = test.value
    if test.operator == "=" and not value.prefix:
        return _exactly(test.field, value.text, cloud)
    found = _run(test.field, value)
    if test.field == "public_id" and value.prefix:
        start = _named(begins(_asset.public_id, value.text))
        return start if _is_beginning(value) or found is None else or_(start, found)
    return _exactly(test.field, value.text, cloud) if found is None else found


def _run(field: str, value: Value) -> _Condition | None:
    run = has_run(field, value.text)
    if run is None:
        return None
    if value.prefix and ends_in_word(value.text):
        run = run.rstrip(" ")
    return holds(_asset.search_text, run)


def _exactly(field: str, text: str, cloud: str) -> _Condition:
    if field == "tags":
        return _listed(asset_tags, cloud, asset_tags.c.tag == text)
    if field == "display_name":
        return _asset.display_name == text
    if field == "public_id":
        return _named(_asset.public_id == text)
    if "/" in text:
        return false()
    return holds(literal("/") + _asset.public_id + literal(_END), f"/{text}{_END}")


def _named(test: _Condition) -> _Condition:
    # Always true, but with these the index of names can be used.
    return and_(
        _asset.resource_type.in_(sorted(RESOURCE_TYPES)),
        _asset.type.in_(sorted(DELIVERY_TYPES)),
        test,
    )


def _listed(table: Table, cloud: str, test: _Condition) -> _Condition:
    """An asset is in an index of words (word_index.py)."""
    rows = select(table.c.asset_seq).where(
        table.c.cloud == cloud, table.c.resource_type.in_(sorted(RESOURCE_TYPES)), test
    )
    return _asset.seq.in_(rows)


def _pair(test: Compared, cloud: str) -> _Condition:
    assert test.field is not None
    family, _, key = test.field.partition(".")
    found = None if test.operator == "=" and not test.value.prefix else _run(test.field, test.value)
    if found is not None:
        return found
    if family == "context" and len(key) <= LONGEST_WORD:
        digest = value_digest(test.value.text)
        same = and_(asset_context.c.key == key, asset_context.c.value_digest == digest)
        return _listed(asset_context, cloud, same)
    there = holds(_asset.search_text, has_key(family, key))
    if family == "metadata":
        return and_(there, metadata.equals(test.field, test.value.text))
    value = value_of(_asset.context, key)
    return and_(there, value.is_not(None), value == test.value.text)


def _keyword(column: ColumnElement[str], value: Value) -> _Condition:
    text = value.text.lower()
    return and_(column.is_not(None), begins(column, text) if value.prefix else column == text)


def _flag(test: _Condition, value: Value) -> _Condition:
    text = value.text.lower()
    if text in ("true", "1", "yes"):
        return test
    if text not in ("false", "0", "no"):
        refuse(f"{value.text[:40]} is neither true nor false", value.at)
    return not_(test)


def _folder(value: Value) -> _Condition:
    text = value.text.strip("/") if not value.prefix else value.text
    name = _asset.public_id
    if value.prefix:
        # Of the folder and of those below it: a slash has to come after what is asked for.
        below = begins(name, text) & holds(func.substr(name, len(text.rstrip("/")) + 1), "/")
        return _named(below)
    if not text:
        return not_(holds(name, "/"))
    inside = begins(name, f"{text}/")
    return _named(and_(inside, not_(holds(func.substr(name, len(text) + 2), "/"))))


def _asset_folder(value: Value) -> _Condition:
    column = _asset.asset_folder
    if not value.prefix:
        return column == value.text.strip("/")
    whole = value.text.removesuffix("/")
    found = begins(column, value.text)
    return or_(column == whole, found) if value.text.endswith("/") else found


def _any_value(test: Compared) -> _Condition:
    name = test.field or ""
    if test.operator not in (":", "=") or test.value.text:
        refuse("a wildcard that stands for no value", test.value.at)
    family, dot, key = name.partition(".")
    if dot:
        return holds(_asset.search_text, has_key(family, key))
    if name in _KEYWORDS:
        return _KEYWORDS[name].is_not(None)
    if name in ("width", "height", "pixels", "aspect_ratio"):
        return _asset.width.is_not(None)
    if name == "tags":
        return _asset.tags != "[]"
    if name in _PAIRS:
        return _PAIRS[name] != "{}"
    if name == "folder":
        return holds(_asset.public_id, "/")
    if name == "asset_folder":
        return _asset.asset_folder != ""
    return true()


def _compared(test: Compared, now: datetime) -> _Condition:
    if test.field == "aspect_ratio":
        return _ratio_compared(test)
    assert test.field is not None
    low, high = _whole_numbers(test.field, test.value, now)
    match test.operator:
        case ">":
            ends = _Ends(low=high)
        case ">=":
            ends = _Ends(low=low)
        case "<":
            ends = _Ends(high=low)
        case "<=":
            ends = _Ends(high=high)
        case _:
            ends = _Ends(low, high)
    return _within(test.field, ends)


def _between(test: Between, now: datetime) -> _Condition:
    if test.field == "aspect_ratio":
        both = [
            (test.low, ">" if test.low_out else ">="),
            (test.high, "<" if test.high_out else "<="),
        ]
        tests = [Compared(test.field, sign, value, test.at) for value, sign in both if value]
        return and_(_asset.width.is_not(None), *(_ratio_compared(one) for one in tests))
    if is_metadata(test.field):
        return metadata.between(test)
    if test.field not in _NUMBERS and test.field not in _TIMES:
        refuse(f"{test.field[:80]} is no field with an order", test.at)
    low = high = None
    if test.low is not None:
        low = _whole_numbers(test.field, test.low, now)[1 if test.low_out else 0]
    if test.high is not None:
        high = _whole_numbers(test.field, test.high, now)[0 if test.high_out else 1]
    return _within(test.field, _Ends(low, high))


def _whole_numbers(field: str, value: Value, now: datetime) -> tuple[int, int]:
    """The whole numbers [first, end) a value stands for; none if it is a fraction."""
    if field in _TIMES:
        found = span(value.text, now)
        if found is None:
            refuse(f"{value.text[:40]} is no point in time", value.at)
        return found
    exact = _NUMBERS[field][1](value.text)
    if exact is None:
        refuse(f"{value.text[:40]} is no number", value.at)
    first, last = ceil(exact), floor(exact)
    return max(min(first, _MOST), -_MOST), max(min(last, _MOST), -_MOST) + 1


def _within(field: str, ends: _Ends) -> _Condition:
    column = _TIMES[field] if field in _TIMES else _NUMBERS[field][0]
    conditions: list[_Condition] = [column.is_not(None)]
    if ends.low is not None:
        conditions.append(column >= ends.low)
    if ends.high is not None:
        conditions.append(column < ends.high)
    return and_(*conditions)


def _ratio_compared(test: Compared) -> _Condition:
    wanted = ratio(test.value.text)
    if wanted is None:
        refuse(f"{test.value.text[:40]} is no aspect ratio", test.value.at)
    # Multiplied out: whole numbers are exact on every database.
    mine = _wide(_asset.width) * wanted.denominator
    asked = _wide(_asset.height) * wanted.numerator
    compared = {
        ">": mine > asked,
        ">=": mine >= asked,
        "<": mine < asked,
        "<=": mine <= asked,
    }.get(test.operator, mine == asked)
    return and_(_asset.width.is_not(None), compared)
