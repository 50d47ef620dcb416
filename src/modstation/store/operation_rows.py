"""Rows of ``operations``: the outbox."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.clock import from_us, to_us
from modstation.core.outbox import Operation, OperationState
from modstation.store.decision_log import statuses_of, statuses_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from modstation.core.decisions import Decision
    from modstation.core.outbox import Transition

COLUMNS = (
    "o.operation_id, o.decision_id, o.target, o.state, o.due_us, o.decided_us, o.expected,"
    " o.attempts, o.verify, o.sent, o.superseded, o.last_error, o.error_code, o.theirs,"
    " o.settled_us, d.resource_type, d.delivery_type, d.public_id, d.asset_id, d.version,"
    " d.decided_offline, d.reason_code, d.note, d.actor"
)
_FROM = "FROM operations AS o JOIN decisions AS d ON d.decision_id = o.decision_id"

_READ = f"SELECT {COLUMNS} {_FROM} WHERE o.operation_id = ?"
_OPEN = (
    f"SELECT {COLUMNS} {_FROM} WHERE o.key = ?"
    " AND o.state IN ('held', 'ready', 'in_flight', 'parked', 'conflicted')"
)
_BY_STATE = (
    f"SELECT {COLUMNS} {_FROM} WHERE o.state = ? AND o.operation_id > ?"
    " ORDER BY o.operation_id LIMIT ?"
)
# CROSS JOIN keeps the order of the tables, INDEXED BY the way in: the first rows of the index
# are the answer, however long the outbox is.
_CLAIMABLE = (
    f"SELECT {COLUMNS} FROM operations AS o INDEXED BY operations_ready"  # noqa: S608
    " CROSS JOIN decisions AS d ON d.decision_id = o.decision_id"
    " WHERE o.state = 'ready' AND o.due_us <= ? AND NOT EXISTS ("
    "SELECT 1 FROM operations AS f WHERE f.key = o.key AND f.state = 'in_flight')"
    " ORDER BY o.turn, o.decided_us, o.operation_id LIMIT ?"
)
_STATES = {state.value: state for state in OperationState}
_STATUSES = {status.value: status for status in ModerationStatus}


def operation_of(row: Sequence[Any]) -> Operation:
    """The operation of a row of ``COLUMNS``."""
    return Operation(
        operation_id=row[0],
        decision_id=row[1],
        target=_STATUSES[row[2]],
        state=_STATES[row[3]],
        due_at=from_us(row[4]),
        decided_at=from_us(row[5]),
        expected=statuses_of(row[6]),
        attempts=row[7],
        verify=bool(row[8]),
        sent=bool(row[9]),
        superseded=bool(row[10]),
        last_error=row[11],
        error_code=row[12],
        theirs=_STATUSES[row[13]] if row[13] else None,
        settled_at=None if row[14] is None else from_us(row[14]),
        ref=AssetRef(row[15], row[16], row[17]),
        asset_id=row[18],
        version=row[19],
        decided_offline=bool(row[20]),
        reason_code=row[21],
        note=row[22],
        actor=row[23],
    )


def insert(
    sql: sqlite3.Connection,
    decision: Decision,
    *,
    operation_id: str,
    expected: frozenset[ModerationStatus],
    state: OperationState,
    due_at: datetime,
    verify: bool,
) -> Operation:
    """Add the operation of a decision; the trigger takes its asset out of the queue."""
    draft = decision.draft
    target = draft.verdict.status
    sql.execute(
        "INSERT INTO operations (operation_id, decision_id, key, target, state, due_us,"
        " decided_us, expected, verify) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            operation_id,
            decision.decision_id,
            draft.ref.key,
            target.value,
            state.value,
            to_us(due_at),
            to_us(decision.at),
            statuses_text(expected),
            verify,
        ),
    )
    return Operation(
        operation_id=operation_id,
        decision_id=decision.decision_id,
        ref=draft.ref,
        target=target,
        state=state,
        due_at=due_at,
        decided_at=decision.at,
        asset_id=draft.asset_id,
        version=draft.version,
        expected=expected,
        verify=verify,
        decided_offline=draft.decided_offline,
        reason_code=draft.reason_code,
        note=draft.note,
        actor=draft.actor,
    )


def find(sql: sqlite3.Connection, operation_id: str) -> Operation | None:
    """One operation, if there is one with that id."""
    row = sql.execute(_READ, (operation_id,)).fetchone()
    return None if row is None else operation_of(row)


def read(sql: sqlite3.Connection, operation_id: str) -> Operation:
    """One operation; ``LookupError`` if there is none."""
    operation = find(sql, operation_id)
    if operation is None:
        raise LookupError(f"there is no operation {operation_id}")
    return operation


def open_of(sql: sqlite3.Connection, key: str) -> list[Operation]:
    """What is not settled for an asset: at most one in flight and one other."""
    return [operation_of(row) for row in sql.execute(_OPEN, (key,))]


def in_states(
    sql: sqlite3.Connection, states: Collection[OperationState], *, limit: int, after: str
) -> list[Operation]:
    """Operations in any of the states by id, oldest first."""
    # State by state: one query over several would sort, or walk past every row that is done.
    found = [
        [operation_of(row) for row in sql.execute(_BY_STATE, (state.value, after, limit))]
        for state in sorted(set(states))
    ]
    return list(heapq.merge(*found, key=lambda operation: operation.operation_id))[:limit]


def claimable(sql: sqlite3.Connection, limit: int, now: datetime) -> list[Operation]:
    """Ready and due, rejections first, oldest first; none for an asset with one in flight."""
    return [operation_of(row) for row in sql.execute(_CLAIMABLE, (to_us(now), limit))]


def set_state(sql: sqlite3.Connection, operation_id: str, state: OperationState) -> None:
    """Move an operation without changing what else is known of it."""
    sql.execute(
        "UPDATE operations SET state = ? WHERE operation_id = ?", (state.value, operation_id)
    )


def cancel(sql: sqlite3.Connection, operation_id: str, code: str, text: str) -> None:
    """The operation will not be posted; the code says who decided so."""
    sql.execute(
        "UPDATE operations SET state = 'cancelled', error_code = ?, last_error = ?"
        " WHERE operation_id = ?",
        (code, text, operation_id),
    )


def supersede(sql: sqlite3.Connection, operation: Operation) -> None:
    """A newer choice takes its place: at once if it waits, after its answer if it is in flight."""
    state = (
        operation.state if operation.state is OperationState.IN_FLIGHT else OperationState.CANCELLED
    )
    sql.execute(
        "UPDATE operations SET state = ?, superseded = 1 WHERE operation_id = ?",
        (state.value, operation.operation_id),
    )


def reinstate(
    sql: sqlite3.Connection,
    operation: Operation,
    *,
    state: OperationState,
    due_at: datetime,
    expected: frozenset[ModerationStatus],
) -> None:
    """The newer choice was taken back: this one counts again."""
    sql.execute(
        "UPDATE operations SET state = ?, superseded = 0, due_us = ?, expected = ?, verify = ?"
        " WHERE operation_id = ?",
        (
            state.value,
            to_us(due_at),
            statuses_text(expected),
            operation.verify or operation.sent,
            operation.operation_id,
        ),
    )


def widen_waiting(sql: sqlite3.Connection, key: str, statuses: frozenset[ModerationStatus]) -> None:
    """The waiting operation of an asset may also find these statuses: they are our own doing."""
    row = sql.execute(
        "SELECT operation_id, expected FROM operations WHERE key = ?"
        " AND state IN ('held', 'ready', 'parked', 'conflicted')",
        (key,),
    ).fetchone()
    if row is not None:
        sql.execute(
            "UPDATE operations SET expected = ? WHERE operation_id = ?",
            (statuses_text(statuses_of(row[1]) | statuses), row[0]),
        )


def settle(
    sql: sqlite3.Connection, operation: Operation, transition: Transition, now: datetime
) -> None:
    """Write what one attempt came to."""
    due = transition.due_at or operation.due_at
    final = {OperationState.DONE, OperationState.CANCELLED}
    superseded = operation.superseded and transition.state in final
    sql.execute(
        "UPDATE operations SET state = ?, due_us = ?, verify = ?, sent = ?, attempts = ?,"
        " superseded = ?, last_error = ?, error_code = ?, theirs = coalesce(?, theirs),"
        " settled_us = ? WHERE operation_id = ?",
        (
            transition.state.value,
            to_us(due),
            transition.verify,
            transition.sent,
            transition.attempts,
            superseded,
            transition.error,
            transition.error_code,
            transition.theirs.value if transition.theirs else None,
            to_us(now) if transition.state in final else None,
            operation.operation_id,
        ),
    )


def release(sql: sqlite3.Connection, now: datetime, *, all_held: bool, limit: int) -> int:
    """Make held operations ready: those past their undo window, or all."""
    now_us = to_us(now)
    chosen = "1" if all_held else "due_us <= :now"
    return sql.execute(
        "UPDATE operations SET state = 'ready', due_us = min(due_us, :now) WHERE operation_id IN"  # noqa: S608
        f" (SELECT operation_id FROM operations WHERE state = 'held' AND {chosen} LIMIT :limit)",
        {"now": now_us, "limit": limit},
    ).rowcount


def of_decision(sql: sqlite3.Connection, decision_id: str) -> Operation | None:
    """The operation of a decision; notes of the log have none."""
    row = sql.execute(
        f"SELECT {COLUMNS} {_FROM} WHERE o.decision_id = ?",
        (decision_id,),
    ).fetchone()
    return None if row is None else operation_of(row)


def retry(sql: sqlite3.Connection, operation_id: str, now: datetime) -> None:
    """Make a parked operation ready, with its attempts counted anew and the asset read first."""
    sql.execute(
        "UPDATE operations SET state = 'ready', due_us = ?, attempts = 0, verify = 1"
        " WHERE operation_id = ?",
        (to_us(now), operation_id),
    )
