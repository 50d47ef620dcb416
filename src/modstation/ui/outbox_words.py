"""Rows of the outbox in words: what stands where, why, and when it is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.events import Connection
from modstation.core.outbox import REPLACED, OperationState
from modstation.ui.wording import counted, moment

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.app.outbox_tray import TrayRow
    from modstation.core.events import ConnectionChanged
    from modstation.core.outbox import Operation
    from modstation.core.policy import Policy
    from modstation.core.queue import Counts

_STATES = {
    OperationState.HELD: "held for undo",
    OperationState.READY: "to be posted",
    OperationState.IN_FLIGHT: "being posted",
    OperationState.PARKED: "stuck",
    OperationState.CONFLICTED: "conflict",
}
_SILENT = "the service does not say"


def row_text(row: TrayRow, policy: Policy, *, now: datetime) -> str:
    """One row in up to three lines: the image, the decision and its state, and why."""
    operation = row.operation
    reason = _reason(operation, policy)
    verdict = operation.target.value + (f" ({reason})" if reason else "")
    state = _STATES.get(operation.state, operation.state.value) + _when(operation, now)
    decided = f"decided {moment(operation.decided_at)} by {operation.actor or 'you'}"
    lines = [operation.ref.public_id, f"{verdict} · {state} · {decided}"]
    why = _why(operation)
    if why:
        lines.append(why)
    return "\n".join(lines)


def _when(operation: Operation, now: datetime) -> str:
    parts = []
    if operation.attempts:
        parts.append(f"tried {counted(operation.attempts, 'time')}")
    if operation.state is OperationState.HELD and operation.due_at > now:
        parts.append(f"posted in {_seconds(operation, now)}")
    elif operation.state is OperationState.READY and operation.due_at > now:
        parts.append(f"next try in {_seconds(operation, now)}")
    return "".join(f", {part}" for part in parts)


def _seconds(operation: Operation, now: datetime) -> str:
    seconds = max(1, round((operation.due_at - now).total_seconds()))
    return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _why(operation: Operation) -> str:
    if operation.state is OperationState.CONFLICTED:
        if operation.error_code == REPLACED:
            return "Another picture was uploaded under this name meanwhile; look at it first."
        return f"Meanwhile the service says {operation.theirs.value if operation.theirs else '?'}."
    return operation.last_error or ""


def _reason(operation: Operation, policy: Policy) -> str:
    if operation.reason_code is None:
        return ""
    known = policy.by_code(operation.reason_code)
    return known.title if known else operation.reason_code


def mine_text(row: TrayRow, policy: Policy) -> list[tuple[str, str]]:
    """This side of a conflict: name and value of each thing that counts."""
    operation = row.operation
    return [
        ("Verdict", operation.target.value),
        ("When", moment(operation.decided_at)),
        ("Who", operation.actor or "you"),
        ("Why", _reason(operation, policy) or "no reason given"),
        ("Note", operation.note or "none"),
    ]


def theirs_text(row: TrayRow) -> list[tuple[str, str]]:
    """The other side, as far as the service tells."""
    operation = row.operation
    replaced = operation.error_code == REPLACED
    return [
        ("Verdict", operation.theirs.value if operation.theirs else _SILENT),
        ("When", moment(row.theirs_at) if row.theirs_at else _SILENT),
        ("Who", _SILENT),
        ("Why", "another picture was uploaded" if replaced else _SILENT),
        ("Note", _SILENT),
    ]


def summary(counts: Counts, change: ConnectionChanged, *, retry_key: str) -> str:
    """What the outbox holds in one or two sentences, and what stops all of it, if anything does."""
    if not counts.unsent:
        return "Everything is posted."
    stopped = {
        Connection.MAY_NOT_POST,
        Connection.NOT_AUTHORIZED,
        Connection.TROUBLE,
        Connection.OFFLINE,
        Connection.THROTTLED,
    }
    if change.connection is Connection.OFFLINE_CHOSEN:
        return (
            f"{counted(counts.unsent, 'decision')} wait; nothing is posted while you are offline."
        )
    if counts.on_the_way and change.connection in stopped:
        again = f" Tried again at {moment(change.until)}." if change.until else ""
        return f"{change.message}{again} {retry_key} tries again now."
    needing = counts.parked + counts.conflicted
    if needing:
        text = f"{counted(needing, 'decision')} cannot go on without you."
        return text + (" The others are posted by themselves." if counts.on_the_way else "")
    return "These are posted by themselves; nothing is to be done."
