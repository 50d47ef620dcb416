"""Structured metadata: the fields a cloud defines, and which values they take (reference 3.5)."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import select

from modstation.service.faults import BadRequest
from modstation.service.schema import metadata_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

FieldType = Literal["string", "integer", "date", "enum", "set"]
#: The types whose values are entries of a list.
LISTED = frozenset({"enum", "set"})
MOST_ENTRIES = 3000
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DEEPEST = 5
_SHOWN = 80


class Entry(msgspec.Struct, frozen=True):
    """One value that a field of type enum or set may have; inactive: deleted, can come back."""

    external_id: str
    value: str
    active: bool = True


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """The definition of one field, as its row keeps it."""

    external_id: str
    type: FieldType
    label: str
    mandatory: bool = False
    default_value: Any = None
    validation: dict[str, Any] | None = None
    restrictions: dict[str, bool] = msgspec.field(default_factory=dict)
    default_disabled: bool = False
    entries: tuple[Entry, ...] = ()

    def value_of(self, text: str) -> Any:
        """A value as it is kept on an asset; None for one that is blank.

        Raises BadRequest for one that the field does not take.
        """
        if text == "":
            return None
        value = self._read(text)
        if not _holds(self.validation, value):
            raise self._refusal(text)
        return value

    def _read(self, text: str) -> Any:
        if self.type == "integer":
            if not _NUMBER.fullmatch(text):
                raise self._refusal(text)
            return int(text)
        if self.type == "date":
            if _as_date(text) is None:
                raise self._refusal(text)
            return text
        if self.type == "string":
            return text
        chosen = [text] if self.type == "enum" else self._list(text)
        active = {entry.external_id for entry in self.entries if entry.active}
        if not active.issuperset(chosen):
            raise self._refusal(text)
        return text if self.type == "enum" else chosen or None

    def _list(self, text: str) -> list[str]:
        if not text.startswith("["):
            return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
        # Some SDKs escape the quotation marks of the list once more.
        for spelled in (text, text.replace('\\"', '"')):
            try:
                return list(dict.fromkeys(msgspec.json.decode(spelled, type=list[str])))
            except msgspec.MsgspecError:
                continue
        raise self._refusal(text)

    def _refusal(self, text: str) -> BadRequest:
        return BadRequest(f"Value {text[:_SHOWN]} is invalid for metadata field {self.external_id}")


def fields_of(connection: Connection, cloud: str, *, locked: bool = False) -> dict[str, Field]:
    """The fields of a cloud by external ID, in their order; ``locked`` to be changed."""
    column = metadata_fields.c
    query = (
        select(column.definition)
        .where(column.cloud == cloud)
        .order_by(column.position, column.external_id)
    )
    rows = connection.scalars(query.with_for_update() if locked else query)
    found = (msgspec.json.decode(row, type=Field) for row in rows)
    return {field.external_id: field for field in found}


def values_after(
    fields: Mapping[str, Field],
    before: Mapping[str, Any],
    given: Mapping[str, str],
    *,
    fresh: bool = False,
) -> dict[str, Any]:
    """The metadata of an asset after these values were given; a blank one clears its field.

    What is not mentioned stays; a ``fresh`` asset gets defaults. Raises BadRequest for a field
    there is not, a value it does not take, and a mandatory one that is cleared.
    """
    unknown = [name for name in given if name not in fields]
    if unknown:
        listed = msgspec.json.encode(unknown).decode()[:500]
        raise BadRequest(f"The following metadata fields do not exist: {listed}")
    after = dict(before)
    if fresh:
        after |= {
            name: field.default_value
            for name, field in fields.items()
            if field.default_value is not None
        }
    for name, text in given.items():
        value = fields[name].value_of(text)
        if value is not None:
            after[name] = value
        elif fields[name].mandatory:
            raise BadRequest(f"Metadata field {name} is mandatory")
        else:
            after.pop(name, None)
    return after


def checked_validation(rule: object, of: FieldType, *, depth: int = 0) -> dict[str, Any]:
    """A field's validation; raises BadRequest for what is no rule for this type."""
    if not isinstance(rule, dict) or depth > _DEEPEST:
        raise _no_rule()
    kind = rule.get("type")
    if kind == "and":
        rules = rule.get("rules")
        if not isinstance(rules, list) or not 0 < len(rules) <= 10:
            raise _no_rule()
        return {
            "type": "and",
            "rules": [checked_validation(each, of, depth=depth + 1) for each in rules],
        }
    if kind in ("greater_than", "less_than") and of in ("integer", "date"):
        value = rule.get("value")
        comparable = (
            isinstance(value, int) and not isinstance(value, bool)
            if of == "integer"
            else isinstance(value, str) and _as_date(value) is not None
        )
        if not comparable:
            raise _no_rule()
        return {"type": kind, "equals": rule.get("equals") is True, "value": value}
    if kind == "strlen" and of == "string":
        ends = {name: rule[name] for name in ("min", "max") if rule.get(name) is not None}
        if not ends or not all(type(end) is int and end >= 0 for end in ends.values()):
            raise _no_rule()
        return {"type": "strlen", **ends}
    raise _no_rule()


def _holds(rule: Mapping[str, Any] | None, value: Any) -> bool:
    if rule is None:
        return True
    if rule["type"] == "and":
        return all(_holds(each, value) for each in rule["rules"])
    if rule["type"] == "strlen":
        return bool(rule.get("min", 0) <= len(value) <= rule.get("max", len(value)))
    # Dates are compared as text: theirs is year, month, day.
    if rule["equals"] and value == rule["value"]:
        return True
    return bool(value > rule["value"] if rule["type"] == "greater_than" else value < rule["value"])


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _no_rule() -> BadRequest:
    return BadRequest("Invalid value for parameter validation")
