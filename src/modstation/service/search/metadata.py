"""Structured metadata in searches: numbers and dates have an order, sets have members."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, func, or_

from modstation.service.schema import assets
from modstation.service.search.language import Between, Compared, refuse
from modstation.service.search.sql import has_member, number_of, value_of
from modstation.service.search.values import number

if TYPE_CHECKING:
    from modstation.service.search.language import Value

_FAMILY = "metadata."
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_metadata(field: str) -> bool:
    """Whether a field of an expression is one of structured metadata."""
    return field.startswith(_FAMILY) and field != _FAMILY


def equals(field: str, text: str) -> ColumnElement[bool]:
    """Whether the value is this one, or has it as a member."""
    column, key = assets.c.metadata, field.removeprefix(_FAMILY)
    value = value_of(column, key)
    return or_(and_(value.is_not(None), value == text), has_member(column, key, text))


def compared(test: Compared) -> ColumnElement[bool]:
    """Whether the value is on that side of a number or date."""
    assert test.field is not None
    mine, asked = _sides(test.field, test.value)
    order = {">": mine > asked, ">=": mine >= asked, "<": mine < asked, "<=": mine <= asked}
    return and_(mine.is_not(None), order[test.operator])


def between(test: Between) -> ColumnElement[bool]:
    """Whether the value is in that range of numbers or dates."""
    above, below = ">" if test.low_out else ">=", "<" if test.high_out else "<="
    both = ((above, test.low), (below, test.high))
    tests = [Compared(test.field, sign, value, test.at) for sign, value in both if value]
    if not tests:
        refuse(f"{test.field[:80]} in a range without an end", test.at)
    return and_(*(compared(one) for one in tests))


def _sides(field: str, value: Value) -> tuple[ColumnElement[Any], float | str]:
    column, key = assets.c.metadata, field.removeprefix(_FAMILY)
    exact = None if value.prefix else number(value.text)
    if exact is not None:
        return number_of(column, key), float(exact)
    if value.prefix or not _DATE.fullmatch(value.text):
        refuse(f"{value.text[:40]} is neither a number nor a date", value.at)
    text = value_of(column, key)
    # Any text has an order; only dates are meant.
    dated = and_(func.length(text) == len("2026-01-01"), func.substr(text, 5, 1) == "-")
    return case((dated, text), else_=None), value.text
