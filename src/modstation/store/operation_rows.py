"""Rows of ``operations``: the outbox. An operation has the id of its decision."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.clock import from_us, to_us
from modstation.core.language import packed, unpacked
from modstation.core.outbox import FORBIDDEN, Operation, OperationState
from modstation.store.decision_log import statuses_of, statuses_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from modstation.core.decisions import Decision
    from modstation.core.language import Sentence
    from modstation.core.outbox import Transition

_COLUMNS = (
    "d.decision_id, o.target, o.state, o.due_us, d.at_us, o.expected, o.attempts, o.verify,"
    " o.sent, o.superseded, o.last_error, o.error_code, o.theirs, o.settled_us,"
    " d.resource_type, d.delivery_type, d.public_id, d.asset_id, d.version, d.decided_offline,"
    " d.reason_code, d.note, d.actor"
)
_SELECT = f"SELECT {_COLUMNS} FROM operations AS o JOIN decisions AS d ON d.sequence = o.sequence"
_THIS = "sequence = (SELECT sequence FROM decisions WHERE decision_id = ?)"
# The words of the partial indexes: SQLite uses one only where the query repeats its condition.
_NOT_SENDING = "state IN ('held', 'ready', 'parked', 'conflicted')"

_READ = f"{_SELECT} WHERE o.{_THIS}"
_OPEN = (
    f"{_SELECT} WHERE o.key = :key AND o.{_NOT_SENDING}"
    f" UNION ALL {_SELECT} WHERE o.key = :key AND o.state = 'in_flight'"
)
_BY_STATE = (
    f"SELECT {_COLUMNS}, o.sequence FROM operations AS o"
    " JOIN decisions AS d ON d.sequence = o.sequence WHERE o.state = ? AND o.sequence >"
    " coalesce((SELECT sequence FROM decisions WHERE decision_id = ?), 0)"
    " ORDER BY o.sequence LIMIT ?"
)
# CROSS JOIN keeps the order of the tables, INDEXED BY the way in: the first rows of the index
# are the answer, however long the outbox is.
_CLAIMABLE = (
    f"SELECT {_COLUMNS} FROM operations AS o INDEXED BY operations_ready"
    " CROSS JOIN decisions AS d ON d.sequence = o.sequence"
    " WHERE o.state = 'ready' AND o.due_us <= ? AND NOT EXISTS ("
    "SELECT 1 FROM operations AS f WHERE f.key = o.key AND f.state = 'in_flight')"
    " ORDER BY o.turn, o.sequence LIMIT ?"
)
# What was posted last for the row ``a`` of ``assets``, with its decision ``d``.
LAST_DONE = (
    "FROM operations AS o INDEXED BY operations_done"
    " CROSS JOIN decisions AS d ON d.sequence = o.sequence"
    " WHERE o.key = a.key AND o.state = 'done'"
    " ORDER BY o.settled_us DESC, o.sequence DESC LIMIT 1"
)
_FORBIDDEN_WAITING = (
    "SELECT sequence FROM operations INDEXED BY operations_due"
    f" WHERE state = 'ready' AND due_us > ? AND error_code = '{FORBIDDEN}'"
)
_STATES = {state.value: state for state in OperationState}
_STATUSES = {status.value: status for status in ModerationStatus}


def _operation(row: Sequence[Any]) -> Operation:
    return Operation(
        operation_id=row[0],
        decision_id=row[0],
        target=_STATUSES[row[1]],
        state=_STATES[row[2]],
        due_at=from_us(row[3]),
        decided_at=from_us(row[4]),
        expected=statuses_of(row[5]),
        attempts=row[6],
        verify=bool(row[7]),
        sent=bool(row[8]),
        superseded=bool(row[9]),
        last_error=None if row[10] is None else str(unpacked(row[10])),
        error_code=row[11],
        theirs=_STATUSES[row[12]] if row[12] else None,
        settled_at=None if row[13] is None else from_us(row[13]),
        ref=AssetRef(row[14], row[15], row[16]),
        asset_id=row[17],
        version=row[18],
        decided_offline=bool(row[19]),
        reason_code=row[20],
        note=row[21],
        actor=row[22],
    )


# -- reading


def find(sql: sqlite3.Connection, operation_id: str) -> Operation | None:
    """One operation, if there is one with that id; notes of the log have none."""
    row = sql.execute(_READ, (operation_id,)).fetchone()
    return None if row is None else _operation(row)


def read(sql: sqlite3.Connection, operation_id: str) -> Operation:
    """One operation; ``LookupError`` if there is none."""
    operation = find(sql, operation_id)
    if operation is None:
        raise LookupError(f"there is no operation {operation_id}")
    return operation


def open_of(sql: sqlite3.Connection, key: str) -> list[Operation]:
    """What is not settled for an asset: at most one in flight and one other."""
    return [_operation(row) for row in sql.execute(_OPEN, {"key": key})]


def in_states(
    sql: sqlite3.Connection, states: Collection[OperationState], *, limit: int, after: str
) -> list[Operation]:
    """Operations in any of the states, in the order of their decisions, after the one named."""
    # State by state: one query over several would sort, or walk past every row that is done.
    found = [
        [(row[-1], _operation(row)) for row in sql.execute(_BY_STATE, (state.value, after, limit))]
        for state in sorted(set(states))
    ]
    merged = heapq.merge(*found, key=lambda pair: pair[0])
    return [operation for _, operation in merged][:limit]


def after(
    sql: sqlite3.Connection, sequence: int, limit: int
) -> list[tuple[int, OperationState, str | None]]:
    """Number, state and error code of the operations after one, in the order of their decisions."""
    rows = sql.execute(
        "SELECT sequence, state, error_code FROM operations WHERE sequence > ?"
        " ORDER BY sequence LIMIT ?",
        (sequence, limit),
    )
    return [(number, _STATES[state], code) for number, state, code in rows]


def claimable(sql: sqlite3.Connection, limit: int, now: datetime) -> list[Operation]:
    """Ready and due, rejections first, oldest first; none for an asset with one in flight."""
    return [_operation(row) for row in sql.execute(_CLAIMABLE, (to_us(now), limit))]


def next_due(sql: sqlite3.Connection) -> datetime | None:
    """When the first held or ready operation is due."""
    row = sql.execute(
        "SELECT min(due_us) FROM ("
        "SELECT min(due_us) AS due_us FROM operations INDEXED BY operations_held"
        " WHERE state = 'held' UNION ALL "
        "SELECT min(due_us) FROM operations INDEXED BY operations_due WHERE state = 'ready')"
    ).fetchone()
    return None if row[0] is None else from_us(row[0])


def some_held_due(sql: sqlite3.Connection, now: datetime) -> bool:
    """An undo window is over."""
    row = sql.execute(
        "SELECT 1 FROM operations INDEXED BY operations_held"
        " WHERE state = 'held' AND due_us <= ? LIMIT 1",
        (to_us(now),),
    ).fetchone()
    return row is not None


def some_forbidden_waiting(sql: sqlite3.Connection, now: datetime) -> bool:
    """A refused operation waits for its next try."""
    row = sql.execute(f"{_FORBIDDEN_WAITING} LIMIT 1", (to_us(now),)).fetchone()
    return row is not None


def last_posted(sql: sqlite3.Connection, key: str) -> ModerationStatus | None:
    """The status that we gave the asset last, if we ever did."""
    row = sql.execute(
        "SELECT target FROM operations INDEXED BY operations_done"
        " WHERE key = ? AND state = 'done' ORDER BY settled_us DESC LIMIT 1",
        (key,),
    ).fetchone()
    return None if row is None else _STATUSES[row[0]]


def last_done(sql: sqlite3.Connection, key: str) -> str | None:
    """The id of what was posted last for an asset."""
    row = sql.execute(
        "SELECT d.decision_id FROM operations AS o INDEXED BY operations_done"
        " CROSS JOIN decisions AS d ON d.sequence = o.sequence"
        " WHERE o.key = ? AND o.state = 'done' ORDER BY o.settled_us DESC LIMIT 1",
        (key,),
    ).fetchone()
    return None if row is None else str(row[0])


# -- writing; inside a write transaction only


def insert(
    sql: sqlite3.Connection,
    decision: Decision,
    *,
    expected: frozenset[ModerationStatus],
    state: OperationState,
    due_at: datetime,
    verify: bool,
) -> Operation:
    """Add the operation of a decision; the trigger takes its asset out of the queue."""
    draft = decision.draft
    target = draft.verdict.status
    sql.execute(
        "INSERT INTO operations (sequence, key, target, state, due_us, expected, verify)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            decision.sequence,
            draft.ref.key,
            target.value,
            state.value,
            to_us(due_at),
            statuses_text(expected),
            verify,
        ),
    )
    return Operation(
        operation_id=decision.decision_id,
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


def set_in_flight(sql: sqlite3.Connection, operation_id: str) -> None:
    """The engine is about to send it."""
    sql.execute(f"UPDATE operations SET state = 'in_flight' WHERE {_THIS}", (operation_id,))


def cancel(sql: sqlite3.Connection, operation_id: str, code: str, why: Sentence) -> None:
    """It will not be posted; the code says who decided so."""
    sql.execute(
        f"UPDATE operations SET state = 'cancelled', error_code = ?, last_error = ? WHERE {_THIS}",
        (code, packed(why), operation_id),
    )


def supersede(sql: sqlite3.Connection, operation: Operation) -> None:
    """A newer choice takes its place: at once if it waits, after its answer if it is in flight."""
    in_flight = operation.state is OperationState.IN_FLIGHT
    state = OperationState.IN_FLIGHT if in_flight else OperationState.CANCELLED
    sql.execute(
        f"UPDATE operations SET state = ?, superseded = 1 WHERE {_THIS}",
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
    """The newer choice was taken back: this one counts again, verified if it was perhaps sent."""
    sql.execute(
        "UPDATE operations SET state = ?, superseded = 0, due_us = ?, expected = ?, verify = ?"
        f" WHERE {_THIS}",
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
        f"SELECT sequence, expected FROM operations WHERE key = ? AND {_NOT_SENDING}",
        (key,),
    ).fetchone()
    if row is not None:
        sql.execute(
            "UPDATE operations SET expected = ? WHERE sequence = ?",
            (statuses_text(statuses_of(row[1]) | statuses), row[0]),
        )


def settle(
    sql: sqlite3.Connection, operation: Operation, transition: Transition, now: datetime
) -> None:
    """Write what one attempt came to."""
    final = transition.state in {OperationState.DONE, OperationState.CANCELLED}
    sql.execute(
        "UPDATE operations SET state = ?, due_us = ?, verify = ?, sent = ?, attempts = ?,"
        " superseded = ?, last_error = ?, error_code = ?, theirs = coalesce(?, theirs),"
        f" settled_us = ? WHERE {_THIS}",
        (
            transition.state.value,
            to_us(transition.due_at or operation.due_at),
            transition.verify,
            transition.sent,
            transition.attempts,
            operation.superseded and final,
            None if transition.error is None else packed(transition.error),
            transition.error_code,
            transition.theirs.value if transition.theirs else None,
            to_us(now) if final else None,
            operation.operation_id,
        ),
    )


def retry(sql: sqlite3.Connection, operation_id: str, now: datetime) -> None:
    """Make a parked operation ready, with its attempts counted anew and the asset read first."""
    sql.execute(
        "UPDATE operations SET state = 'ready', due_us = ?, attempts = 0, verify = 1"
        f" WHERE {_THIS}",
        (to_us(now), operation_id),
    )


def hasten_forbidden(sql: sqlite3.Connection, now: datetime, limit: int) -> int:
    """Make refused operations due now, and say how many."""
    return sql.execute(
        f"UPDATE operations SET due_us = ? WHERE sequence IN ({_FORBIDDEN_WAITING} LIMIT ?)",
        (to_us(now), to_us(now), limit),
    ).rowcount


def post_now(sql: sqlite3.Connection, operation_id: str, now: datetime) -> bool:
    """Make one held or ready operation due now."""
    done = sql.execute(
        "UPDATE operations SET state = 'ready', due_us = min(due_us, ?)"
        f" WHERE {_THIS} AND state IN ('held', 'ready')",
        (to_us(now), operation_id),
    )
    return done.rowcount == 1


def release(sql: sqlite3.Connection, now: datetime, *, all_held: bool, limit: int) -> int:
    """Make held operations ready: those past their undo window, or all."""
    due = "" if all_held else " AND due_us <= :now"
    return sql.execute(
        "UPDATE operations SET state = 'ready', due_us = min(due_us, :now) WHERE sequence IN"
        " (SELECT sequence FROM operations INDEXED BY operations_held"
        f" WHERE state = 'held'{due} LIMIT :limit)",
        {"now": to_us(now), "limit": limit},
    ).rowcount
