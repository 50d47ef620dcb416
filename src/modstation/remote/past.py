"""Reading what our own service tells of the decisions on one asset."""

from __future__ import annotations

from modstation.core.assets import ModerationStatus
from modstation.core.decisions import PastDecision
from modstation.core.errors import Unknown
from modstation.core.language import later
from modstation.remote.parsing import Json, parse_object, parse_time

_STATUSES = {status.value: status for status in ModerationStatus}
# What is shown of a note that somebody else wrote.
_LONGEST = 2000


def parse_past(body: bytes) -> tuple[PastDecision, ...]:
    """The decisions of an answer, newest first; one that names no status is left out.

    ``Unknown`` if the answer holds no decisions.
    """
    rows = parse_object(body).get("decisions")
    if not isinstance(rows, list):
        raise Unknown(later("Past", "The answer holds no decisions."))
    found = []
    for row in rows:
        status = _STATUSES.get(str(row.get("to_status"))) if isinstance(row, dict) else None
        if status is None:
            continue
        found.append(
            PastDecision(
                status=status,
                at=parse_time(row.get("decided_at")),
                actor=_text(row.get("actor")),
                reason_code=_text(row.get("reason")),
                note=_text(row.get("note")),
                changed=row.get("changed") is not False,
            )
        )
    return tuple(found)


def _text(value: Json) -> str | None:
    """Foreign text on one line, without what cannot be shown."""
    if not isinstance(value, str):
        return None
    shown = "".join(char if char.isprintable() else " " for char in value[:_LONGEST])
    return " ".join(shown.split()) or None
