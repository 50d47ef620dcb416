"""The undo stack: named steps, fifty deep, on the disk like everything else.

A step is one decision, or all those that were made at one stroke (they share a batch id).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modstation.core.clock import from_us
from modstation.core.decisions import Verdict
from modstation.core.language import later
from modstation.core.outbox import OperationState
from modstation.core.queue import UndoStep

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from modstation.core.decisions import Decision
    from modstation.core.outbox import Operation

DEPTH = 50
_SELECT = (
    "SELECT u.entry_id, d.decision_id, u.key, d.at_us, r.decision_id, u.replaced_state, u.step,"
    " d.verdict, d.public_id, d.reason_code"
    " FROM undo_entries AS u JOIN decisions AS d ON d.sequence = u.sequence"
    " LEFT JOIN decisions AS r ON r.sequence = u.replaced_sequence"
)


@dataclass(frozen=True, slots=True)
class UndoEntry:
    """A step, or one decision of it, and what that took the place of."""

    entry_id: int
    number: int
    step: UndoStep
    replaced_operation_id: str | None
    replaced_state: OperationState | None


_LABELS = {
    Verdict.APPROVE.value: later("UndoLog", "Approve {name}"),
    Verdict.REJECT.value: later("UndoLog", "Reject {name}"),
}


def push(
    sql: sqlite3.Connection,
    decision: Decision,
    *,
    replaced: Operation | None,
    entry_id: int | None,
) -> None:
    """Add a step on top; a new choice (``entry_id`` None) ends what could be redone.

    A step that is redone takes its own place again, so that the order of the others stays.
    """
    values = (
        decision.sequence,
        decision.draft.ref.key,
        replaced.operation_id if replaced else None,
        replaced.state.value if replaced else None,
    )
    if entry_id is not None:
        sql.execute(
            "UPDATE undo_entries SET sequence = ?, key = ?, replaced_sequence ="
            " (SELECT sequence FROM decisions WHERE decision_id = ?), replaced_state = ?,"
            " undone = 0 WHERE entry_id = ?",
            (*values, entry_id),
        )
        return
    sql.execute("DELETE FROM undo_entries WHERE undone = 1")
    number = _step_of_batch(sql, decision.draft.batch_id)
    if number is None:
        last = sql.execute("SELECT max(step) FROM undo_entries WHERE undone = 0").fetchone()[0]
        number = (last or 0) + 1
        sql.execute("DELETE FROM undo_entries WHERE undone = 0 AND step <= ?", (number - DEPTH,))
    sql.execute(
        "INSERT INTO undo_entries (sequence, key, replaced_sequence, replaced_state, step)"
        " VALUES (?, ?, (SELECT sequence FROM decisions WHERE decision_id = ?), ?, ?)",
        (*values, number),
    )


def top(sql: sqlite3.Connection) -> list[UndoEntry]:
    """The decisions of the step that undo would take back, the last one first."""
    rows = sql.execute(
        f"{_SELECT} WHERE u.undone = 0 AND u.step ="
        " (SELECT max(step) FROM undo_entries WHERE undone = 0) ORDER BY u.entry_id DESC"
    )
    return [_entry(row) for row in rows]


def redo_top(sql: sqlite3.Connection) -> list[UndoEntry]:
    """The decisions that redo would make again, in their order: the step undone last."""
    rows = sql.execute(
        f"{_SELECT} WHERE u.undone = 1 AND u.step ="
        " (SELECT min(step) FROM undo_entries WHERE undone = 1) ORDER BY u.entry_id"
    )
    return [_entry(row) for row in rows]


def standing(sql: sqlite3.Connection, number: int) -> int:
    """How many decisions of a step are not taken back."""
    row = sql.execute(
        "SELECT count(*) FROM undo_entries WHERE undone = 0 AND step = ?", (number,)
    ).fetchone()
    return int(row[0])


def find(sql: sqlite3.Connection, decision_id: str) -> UndoEntry | None:
    """One decision that can still be taken back, whichever step it is of."""
    row = sql.execute(
        f"{_SELECT} WHERE u.undone = 0 AND d.decision_id = ?", (decision_id,)
    ).fetchone()
    return None if row is None else _entry(row)


def last_of(sql: sqlite3.Connection, key: str) -> UndoEntry | None:
    """The last decision on an asset that can still be taken back."""
    row = sql.execute(
        f"{_SELECT} WHERE u.undone = 0 AND u.key = ? ORDER BY u.entry_id DESC LIMIT 1", (key,)
    ).fetchone()
    return None if row is None else _entry(row)


def mark_undone(sql: sqlite3.Connection, entry_id: int) -> None:
    """The decision was taken back and can be made again."""
    sql.execute("UPDATE undo_entries SET undone = 1 WHERE entry_id = ?", (entry_id,))


def forget(sql: sqlite3.Connection, key: str) -> None:
    """Drop the steps of an asset whose choice was given up in another way."""
    sql.execute("DELETE FROM undo_entries WHERE key = ?", (key,))


def _step_of_batch(sql: sqlite3.Connection, batch_id: str | None) -> int | None:
    """The step that the batch has begun; None if the last decision is of no batch or another."""
    if batch_id is None:
        return None
    row = sql.execute(
        "SELECT u.step, d.batch_id FROM undo_entries AS u JOIN decisions AS d"
        " ON d.sequence = u.sequence ORDER BY u.entry_id DESC LIMIT 1"
    ).fetchone()
    return row[0] if row is not None and row[1] == batch_id else None


def _entry(row: Sequence[Any]) -> UndoEntry:
    return UndoEntry(
        entry_id=row[0],
        number=row[6],
        step=UndoStep(
            decision_id=row[1],
            operation_id=row[1],
            key=row[2],
            label=_label(row[7], row[8], row[9]),
            at=from_us(row[3]),
        ),
        replaced_operation_id=row[4],
        replaced_state=OperationState(row[5]) if row[5] else None,
    )


def _label(verdict: str, public_id: str, reason_code: str | None) -> str:
    """What a step is called: “Reject cats/1 (nudity)”."""
    reason = f" ({reason_code})" if reason_code else ""
    return str(_LABELS[verdict].format(name=public_id)) + reason
