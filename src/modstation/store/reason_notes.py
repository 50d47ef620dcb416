"""Reasons still to be written into the context of their assets, in the order of the decisions.

They are rows of ``sync_state``, made in the transaction that settles a decision and removed once
the service has them: a kill in between loses none, and nothing stays behind.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modstation.core.assets import AssetRef, ModerationStatus

if TYPE_CHECKING:
    import sqlite3

    from modstation.core.outbox import Operation

REASON = "moderation_reason"
POLICY = "moderation_policy"
# What stands there after an image that was rejected for a reason was approved all the same.
WITHDRAWN = "withdrawn"
_PREFIX = "reason-note/"
# The sign after the slash: the end of the range of names.
_END = "reason-note0"


@dataclass(frozen=True, slots=True)
class ReasonNote:
    """What an asset's context is to say; ``attempts`` counts those that came to nothing clear."""

    name: str
    ref: AssetRef
    asset_id: str | None
    context: dict[str, str]
    attempts: int = 0


def note(
    sql: sqlite3.Connection, operation: Operation, *, before: str | None, answer: str | None
) -> None:
    """A decision was posted: have its reason written, or the one before it withdrawn.

    ``before`` and ``answer`` are the asset's JSON as it was known and as the service answered:
    what else stands in the context is sent along, for an update may replace it as a whole.
    """
    context = _context(answer) or _context(before) or {}
    if operation.target is ModerationStatus.REJECTED and operation.reason_code:
        row = sql.execute(
            "SELECT policy_version FROM decisions WHERE decision_id = ?", (operation.decision_id,)
        ).fetchone()
        context |= {REASON: operation.reason_code}
        if row is not None and row[0]:
            context |= {POLICY: row[0]}
    elif context.get(REASON, WITHDRAWN) != WITHDRAWN:
        context |= {REASON: WITHDRAWN}
    else:
        return
    put(
        sql,
        ReasonNote(f"{_PREFIX}{operation.decision_id}", operation.ref, operation.asset_id, context),
    )


def put(sql: sqlite3.Connection, waiting: ReasonNote) -> None:
    """Keep a note, or what has changed about it."""
    value = {
        "key": waiting.ref.key,
        "asset_id": waiting.asset_id,
        "context": waiting.context,
        "attempts": waiting.attempts,
    }
    sql.execute(
        "INSERT INTO sync_state (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (waiting.name, json.dumps(value)),
    )


def waiting(sql: sqlite3.Connection, limit: int) -> list[ReasonNote]:
    """The oldest notes, at most one for an asset."""
    rows = sql.execute(
        "SELECT name, value FROM sync_state WHERE name > ? AND name < ? ORDER BY name LIMIT ?",
        (_PREFIX, _END, limit),
    )
    found: dict[str, ReasonNote] = {}
    for name, text in rows:
        value = json.loads(text)
        read = ReasonNote(
            name,
            AssetRef.from_key(value["key"]),
            value["asset_id"],
            value["context"],
            value["attempts"],
        )
        # A newer note on the same asset waits for the older one, or they might change places.
        found.setdefault(value["key"], read)
    return list(found.values())


def remove(sql: sqlite3.Connection, name: str) -> None:
    """The service has it, or never will."""
    sql.execute("DELETE FROM sync_state WHERE name = ?", (name,))


def failed(waiting: ReasonNote) -> ReasonNote:
    """The note after one more attempt."""
    return replace(waiting, attempts=waiting.attempts + 1)


def _context(raw: str | None) -> dict[str, str] | None:
    document = json.loads(raw or "{}")
    context = document.get("context") if isinstance(document, dict) else None
    values = context.get("custom", context) if isinstance(context, dict) else None
    if not isinstance(values, dict):
        return None
    return {name: value for name, value in values.items() if isinstance(value, str)}
