"""The decision log: appended, never changed, each row chained to the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.clock import from_us, to_us
from modstation.core.decisions import (
    GENESIS_HASH,
    Action,
    Decision,
    DecisionDraft,
    Reveal,
    Verdict,
    chain_hash,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

_NAMES = (
    "sequence",
    "decision_id",
    "at_us",
    "resource_type",
    "delivery_type",
    "public_id",
    "asset_id",
    "version",
    "kind",
    "action",
    "verdict",
    "status_seen",
    "expected",
    "actor",
    "reason_code",
    "policy_version",
    "note",
    "reveal",
    "reveal_ms",
    "dwell_ms",
    "decided_offline",
    "batch_id",
    "refers_to",
    "prev_hash",
    "hash",
)
_WIDTH = len(_NAMES)
_COLUMNS = ", ".join(f"d.{name}" for name in _NAMES)
_APPEND = f"INSERT INTO decisions ({', '.join(_NAMES)}) VALUES ({', '.join('?' * _WIDTH)})"
_LAST = "SELECT sequence, hash FROM decisions ORDER BY sequence DESC LIMIT 1"

_STATUSES = {status.value: status for status in ModerationStatus}


def statuses_text(statuses: frozenset[ModerationStatus]) -> str:
    """The form a set of statuses is stored in: sorted, with commas."""
    return ",".join(sorted(statuses))


def statuses_of(text: str) -> frozenset[ModerationStatus]:
    """The set of statuses of a stored text."""
    return frozenset(_STATUSES[word] for word in text.split(",") if word)


def append(
    sql: sqlite3.Connection, draft: DecisionDraft, *, decision_id: str, at: datetime
) -> Decision:
    """Add one row at the end of the chain; inside a write transaction only."""
    last = sql.execute(_LAST).fetchone()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS_HASH)
    digest = chain_hash(previous, decision_id, at, draft)
    sql.execute(
        _APPEND,
        (
            sequence,
            decision_id,
            to_us(at),
            draft.ref.resource_type,
            draft.ref.delivery_type,
            draft.ref.public_id,
            draft.asset_id,
            draft.version,
            draft.kind,
            draft.action.value,
            draft.verdict.value,
            draft.status_seen.value,
            statuses_text(draft.expected),
            draft.actor,
            draft.reason_code,
            draft.policy_version,
            draft.note,
            draft.reveal.value,
            draft.reveal_ms,
            draft.dwell_ms,
            draft.decided_offline,
            draft.batch_id,
            draft.refers_to,
            previous,
            digest,
        ),
    )
    return Decision(decision_id, sequence, at, draft, previous, digest)


def decision_of(row: Sequence[Any]) -> Decision:
    """The decision of a row of ``_COLUMNS``."""
    draft = DecisionDraft(
        ref=AssetRef(row[3], row[4], row[5]),
        asset_id=row[6],
        version=row[7],
        kind=row[8],
        action=Action(row[9]),
        verdict=Verdict(row[10]),
        status_seen=ModerationStatus(row[11]),
        expected=statuses_of(row[12]),
        actor=row[13],
        reason_code=row[14],
        policy_version=row[15],
        note=row[16],
        reveal=Reveal(row[17]),
        reveal_ms=row[18],
        dwell_ms=row[19],
        decided_offline=bool(row[20]),
        batch_id=row[21],
        refers_to=row[22],
    )
    return Decision(
        decision_id=row[1],
        sequence=row[0],
        at=from_us(row[2]),
        draft=draft,
        prev_hash=row[23],
        hash=row[24],
    )


def read(sql: sqlite3.Connection, decision_id: str) -> Decision:
    """One row; ``LookupError`` if there is none (nobody can know its id otherwise)."""
    row = sql.execute(
        f"SELECT {_COLUMNS} FROM decisions AS d WHERE d.decision_id = ?",
        (decision_id,),
    ).fetchone()
    if row is None:
        raise LookupError(f"there is no decision {decision_id}")
    return decision_of(row)


def last_sequence(sql: sqlite3.Connection) -> int:
    """The number of the newest row; 0 if there is none."""
    row = sql.execute(_LAST).fetchone()
    return int(row[0]) if row else 0


def read_after(sql: sqlite3.Connection, sequence: int, limit: int) -> list[Decision]:
    """The rows that follow ``sequence``, oldest first."""
    rows = sql.execute(
        f"SELECT {_COLUMNS} FROM decisions AS d WHERE d.sequence > ? ORDER BY d.sequence LIMIT ?",
        (sequence, limit),
    )
    return [decision_of(row) for row in rows]


def read_last_posting(
    sql: sqlite3.Connection, limit: int, *, actor: str | None, within: int
) -> list[Decision]:
    """The newest rows that are, were or will be posted, newest first; None: whoever decided.

    Only the last ``within`` rows of the log are looked at, so that it never takes longer.
    """
    rows = sql.execute(
        f"SELECT {_COLUMNS} FROM decisions AS d"
        " CROSS JOIN operations AS o ON o.sequence = d.sequence"
        " WHERE d.sequence > (SELECT max(sequence) FROM decisions) - :within"
        " AND (:actor IS NULL OR d.actor = :actor)"
        " ORDER BY d.sequence DESC LIMIT :limit",
        {"limit": limit, "actor": actor, "within": within},
    )
    return [decision_of(row) for row in rows]
