"""Questions about texts, most of which SQLite and PostgreSQL ask in different words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean, Float, Text


class holds(FunctionElement[bool]):  # noqa: N801 - it reads as the function it is
    """Whether a text has another in it, to the letter."""

    type = Boolean()
    inherit_cache = True


def begins(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether a text begins with another, to the letter.

    A range, which an index can answer: text is ordered by its bytes (schema.py).
    """
    return and_(column >= text, column < text + "\U0010ffff")


class value_of(FunctionElement[str]):  # noqa: N801 - it reads as the function it is
    """The value of a key in a JSON object of texts; NULL if it has not that key."""

    type = Text()
    inherit_cache = True


class number_of(FunctionElement[float]):  # noqa: N801 - it reads as the function it is
    """The value of a key in a JSON object if it is a number; else NULL."""

    type = Float()
    inherit_cache = True


class has_member(FunctionElement[bool]):  # noqa: N801 - it reads as the function it is
    """Whether the value of a key in a JSON object is a list with this text in it."""

    type = Boolean()
    inherit_cache = True


_SPELLED = {
    (holds, "sqlite"): "(instr({0}, {1}) > 0)",
    (holds, "postgresql"): "(strpos({0}, {1}) > 0)",
    (value_of, "sqlite"): "(SELECT CAST(value AS TEXT) FROM json_each({0}) WHERE key = {1})",
    (value_of, "postgresql"): "(CAST({0} AS jsonb) ->> {1})",
    (number_of, "sqlite"): "(SELECT value FROM json_each({0}) WHERE key = {1} "
    "AND type IN ('integer', 'real'))",
    (number_of, "postgresql"): "(CASE jsonb_typeof(CAST({0} AS jsonb) -> {1}) WHEN 'number' "
    "THEN CAST(CAST({0} AS jsonb) ->> {1} AS double precision) END)",
    (has_member, "sqlite"): "(EXISTS (SELECT 1 FROM json_each({0}) AS pair, "
    "json_each(CASE pair.type WHEN 'array' THEN pair.value ELSE '[]' END) AS member "
    "WHERE pair.key = {1} AND member.value = {2}))",
    (has_member, "postgresql"): "jsonb_exists(CASE jsonb_typeof(CAST({0} AS jsonb) -> {1}) "
    "WHEN 'array' THEN CAST({0} AS jsonb) -> {1} ELSE CAST('[]' AS jsonb) END, {2})",
}


def _spelled(element: FunctionElement[Any], compiler: Any, **options: Any) -> str:
    arguments = [compiler.process(clause, **options) for clause in element.clauses]
    return _SPELLED[type(element), compiler.dialect.name].format(*arguments)


for _function in (holds, value_of, number_of, has_member):
    for _dialect in ("sqlite", "postgresql"):
        compiles(_function, _dialect)(_spelled)
