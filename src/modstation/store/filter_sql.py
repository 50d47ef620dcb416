"""A filter as SQL over a row of ``assets`` (alias ``a``); values are bound, never written in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modstation.core.filtering import Field
from modstation.store.operation_rows import LAST_DONE
from modstation.store.reason_notes import REASON

if TYPE_CHECKING:
    from modstation.core.filtering import Filter, Term

_SIGNS = {">": ">", ">=": ">=", "<": "<", "<=": "<="}
_LABELS = (
    "EXISTS (SELECT 1 FROM json_each(a.described, '$.moderation') AS e,"
    " json_each(e.value, '$.labels') AS l WHERE (lower(json_extract(l.value, '$.name')) = {name}"
    " OR lower(json_extract(l.value, '$.parent')) = {name}){score})"
)
# What our own service tells counts, whoever decided; else what was posted from here, as long as it
# is what the service says; else what another station wrote into the context.
_REASON = (
    "lower(CASE WHEN json_extract(a.described, '$.reason') IS NOT NULL"
    " THEN json_extract(a.described, '$.reason')"
    f" WHEN a.status = (SELECT o.target {LAST_DONE})"
    f" THEN (SELECT d.reason_code {LAST_DONE})"
    " WHEN a.status = 'rejected' AND json_valid(a.raw)"
    f" THEN coalesce(json_extract(a.raw, '$.context.custom.{REASON}'),"
    f" json_extract(a.raw, '$.context.{REASON}')) END)"
    " IN (SELECT value FROM json_each({codes}))"
)


def condition(filter_: Filter, *, now_us: int) -> tuple[str, dict[str, object]]:
    """The condition of a filter and the values of its parameters."""
    parts: list[str] = []
    values: dict[str, object] = {}
    for number, term in enumerate(filter_.terms):
        name, limit = f"name{number}", f"limit{number}"
        codes = json.dumps([code.lower() for code in term.codes])
        values[name] = codes if term.field is Field.REASON else term.name
        values[limit] = now_us - term.limit * 1e6 if term.field is Field.AGE else term.limit
        part = f"coalesce({_part(term, f':{name}', f':{limit}')}, 0)"
        parts.append(f"NOT {part}" if term.negated else part)
    return " AND ".join(parts), values


def _part(term: Term, name: str, limit: str) -> str:
    sign = _SIGNS.get(term.sign, "")
    match term.field:
        case Field.TEXT:
            return f"instr(lower(a.public_id), {name}) > 0"
        case Field.KIND:
            return (
                f"(a.list_kind = {name} OR EXISTS (SELECT 1 FROM json_each(a.described,"
                f" '$.moderation') AS e WHERE lower(json_extract(e.value, '$.kind')) = {name}))"
            )
        case Field.TAG:
            return (
                "EXISTS (SELECT 1 FROM json_each(a.described, '$.tags') AS t"
                f" WHERE lower(t.value) = {name})"
            )
        case Field.REASON:
            return _REASON.format(codes=name)
        case Field.FORMAT:
            return f"lower(json_extract(a.described, '$.format')) = {name}"
        case Field.LABEL:
            score = f" AND json_extract(l.value, '$.confidence') {sign} {limit}" if sign else ""
            return _LABELS.format(name=name, score=score)
        case Field.AGE:
            # Older is an earlier moment.
            return f"{limit} {sign} a.position_us"
        case Field.SIZE:
            return f"json_extract(a.described, '$.bytes') {sign} {limit}"
        case Field.PIXELS:
            area = "json_extract(a.described, '$.width') * json_extract(a.described, '$.height')"
            return f"{area} {sign} {limit}"
