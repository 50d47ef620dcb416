"""Reading what our own service tells of the decisions on one asset."""

from __future__ import annotations

from modstation.core.assets import ModerationStatus
from modstation.core.decisions import PastDecision
from modstation.core.errors import Unknown
from modstation.core.language import later
from modstation.remote.parsing import one_line, parse_object, parse_time

_STATUSES = {status.value: status for status in ModerationStatus}


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
                actor=one_line(row.get("actor")),
                reason_code=one_line(row.get("reason")),
                note=one_line(row.get("note")),
                changed=row.get("changed") is not False,
            )
        )
    return tuple(found)
