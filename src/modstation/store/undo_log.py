"""The undo stack: named steps, fifty deep, on the disk like everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modstation.core.clock import from_us
from modstation.core.outbox import OperationState
from modstation.core.queue import UndoStep

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from modstation.core.decisions import Decision
    from modstation.core.outbox import Operation

DEPTH = 50
_SELECT = (
    "SELECT u.entry_id, d.decision_id, u.key, u.label, d.at_us, r.decision_id, u.replaced_state"
    " FROM undo_entries AS u JOIN decisions AS d ON d.sequence = u.sequence"
    " LEFT JOIN decisions AS r ON r.sequence = u.replaced_sequence"
)


@dataclass(frozen=True, slots=True)
class UndoEntry:
    """A step and what it took the place of."""

    entry_id: int
    step: UndoStep
    replaced_operation_id: str | None
    replaced_state: OperationState | None


def label_of(decision: Decision) -> str:
    """What a step is called: “Reject cats/1 (nudity)”."""
    draft = decision.draft
    reason = f" ({draft.reason_code})" if draft.reason_code else ""
    return f"{draft.verdict.value.capitalize()} {draft.ref.public_id}{reason}"


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
        label_of(decision),
        replaced.operation_id if replaced else None,
        replaced.state.value if replaced else None,
    )
    if entry_id is not None:
        sql.execute(
            "UPDATE undo_entries SET sequence = ?, key = ?, label = ?, replaced_sequence ="
            " (SELECT sequence FROM decisions WHERE decision_id = ?), replaced_state = ?,"
            " undone = 0 WHERE entry_id = ?",
            (*values, entry_id),
        )
        return
    sql.execute("DELETE FROM undo_entries WHERE undone = 1")
    sql.execute(
        "INSERT INTO undo_entries (sequence, key, label, replaced_sequence, replaced_state)"
        " VALUES (?, ?, ?, (SELECT sequence FROM decisions WHERE decision_id = ?), ?)",
        values,
    )
    sql.execute(
        "DELETE FROM undo_entries WHERE entry_id <= (SELECT entry_id FROM undo_entries"
        " ORDER BY entry_id DESC LIMIT 1 OFFSET ?)",
        (DEPTH,),
    )


def top(sql: sqlite3.Connection) -> UndoEntry | None:
    """The step that undo would take back."""
    row = sql.execute(f"{_SELECT} WHERE u.undone = 0 ORDER BY u.entry_id DESC LIMIT 1").fetchone()
    return None if row is None else _entry(row)


def redo_top(sql: sqlite3.Connection) -> UndoEntry | None:
    """The step that redo would make again: the one undone last."""
    row = sql.execute(f"{_SELECT} WHERE u.undone = 1 ORDER BY u.entry_id LIMIT 1").fetchone()
    return None if row is None else _entry(row)


def mark_undone(sql: sqlite3.Connection, entry_id: int) -> None:
    """The step was taken back and can be redone."""
    sql.execute("UPDATE undo_entries SET undone = 1 WHERE entry_id = ?", (entry_id,))


def forget(sql: sqlite3.Connection, key: str) -> None:
    """Drop the steps of an asset whose choice was given up in another way."""
    sql.execute("DELETE FROM undo_entries WHERE key = ?", (key,))


def _entry(row: Sequence[Any]) -> UndoEntry:
    return UndoEntry(
        entry_id=row[0],
        step=UndoStep(
            decision_id=row[1], operation_id=row[1], key=row[2], label=row[3], at=from_us(row[4])
        ),
        replaced_operation_id=row[5],
        replaced_state=OperationState(row[6]) if row[6] else None,
    )
