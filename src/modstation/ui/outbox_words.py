"""Rows of the outbox in words: what stands where, why, and when it is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.events import Connection
from modstation.core.language import counted, later, translate
from modstation.core.outbox import REPLACED, OperationState
from modstation.ui.wording import moment

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.app.outbox_tray import TrayRow
    from modstation.core.events import ConnectionChanged
    from modstation.core.outbox import Operation
    from modstation.core.policy import Policy
    from modstation.core.queue import Counts

_STATES = {
    OperationState.HELD: later("OutboxWords", "held for undo"),
    OperationState.READY: later("OutboxWords", "to be posted"),
    OperationState.IN_FLIGHT: later("OutboxWords", "being posted"),
    OperationState.PARKED: later("OutboxWords", "stuck"),
    OperationState.CONFLICTED: later("OutboxWords", "conflict"),
}


def row_text(row: TrayRow, policy: Policy, *, now: datetime) -> str:
    """One row in up to three lines: the image, the decision and its state, and why."""
    operation = row.operation
    reason = _reason(operation, policy)
    verdict = operation.target.word + (f" ({reason})" if reason else "")
    state = str(_STATES.get(operation.state, operation.state.value)) + _when(operation, now)
    decided = translate("OutboxWords", "decided {when} by {actor}").format(
        when=moment(operation.decided_at), actor=_actor(operation)
    )
    lines = [operation.ref.public_id, f"{verdict} · {state} · {decided}"]
    why = _why(operation)
    if why:
        lines.append(why)
    return "\n".join(lines)


def _actor(operation: Operation) -> str:
    return operation.actor or translate("OutboxWords", "you")


def _when(operation: Operation, now: datetime) -> str:
    parts = []
    if operation.attempts:
        parts.append(
            counted(operation.attempts, translate("OutboxWords", "tried once|tried {n} times"))
        )
    if operation.state is OperationState.HELD and operation.due_at > now:
        parts.append(
            translate("OutboxWords", "posted in {seconds}").format(seconds=_seconds(operation, now))
        )
    elif operation.state is OperationState.READY and operation.due_at > now:
        parts.append(
            translate("OutboxWords", "next try in {seconds}").format(
                seconds=_seconds(operation, now)
            )
        )
    return "".join(f", {part}" for part in parts)


def _seconds(operation: Operation, now: datetime) -> str:
    seconds = max(1, round((operation.due_at - now).total_seconds()))
    if seconds < 90:
        return translate("OutboxWords", "{count} s").format(count=seconds)
    return translate("OutboxWords", "{count} min").format(count=round(seconds / 60))


def _why(operation: Operation) -> str:
    if operation.state is OperationState.CONFLICTED:
        if operation.error_code == REPLACED:
            return translate(
                "OutboxWords",
                "Another picture was uploaded under this name meanwhile; look at it first.",
            )
        return translate("OutboxWords", "Meanwhile the service says {theirs}.").format(
            theirs=operation.theirs.word if operation.theirs else "?"
        )
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
        (translate("OutboxWords", "Verdict"), operation.target.word),
        (translate("OutboxWords", "When"), moment(operation.decided_at)),
        (translate("OutboxWords", "Who"), _actor(operation)),
        (
            translate("OutboxWords", "Why"),
            _reason(operation, policy) or translate("OutboxWords", "no reason given"),
        ),
        (translate("OutboxWords", "Note"), operation.note or translate("OutboxWords", "none")),
    ]


def theirs_text(row: TrayRow) -> list[tuple[str, str]]:
    """The other side, as far as the service tells."""
    operation = row.operation
    replaced = operation.error_code == REPLACED
    silent = translate("OutboxWords", "the service does not say")
    return [
        (
            translate("OutboxWords", "Verdict"),
            operation.theirs.word if operation.theirs else silent,
        ),
        (translate("OutboxWords", "When"), moment(row.theirs_at) if row.theirs_at else silent),
        (translate("OutboxWords", "Who"), silent),
        (
            translate("OutboxWords", "Why"),
            translate("OutboxWords", "another picture was uploaded") if replaced else silent,
        ),
        (translate("OutboxWords", "Note"), silent),
    ]


def summary(counts: Counts, change: ConnectionChanged, *, retry_key: str) -> str:
    """What the outbox holds in one or two sentences, and what stops all of it, if anything does."""
    if not counts.unsent:
        return translate("OutboxWords", "Everything is posted.")
    stopped = {
        Connection.MAY_NOT_POST,
        Connection.NOT_AUTHORIZED,
        Connection.TROUBLE,
        Connection.OFFLINE,
        Connection.THROTTLED,
    }
    if change.connection is Connection.OFFLINE_CHOSEN:
        return counted(
            counts.unsent,
            translate(
                "OutboxWords",
                "{n} decision waits; nothing is posted while you are offline."
                "|{n} decisions wait; nothing is posted while you are offline.",
            ),
        )
    if counts.on_the_way and change.connection in stopped:
        parts = [change.message]
        if change.until:
            again = translate("OutboxWords", "Tried again at {when}.")
            parts.append(again.format(when=moment(change.until)))
        parts.append(translate("OutboxWords", "{key} tries again now.").format(key=retry_key))
        return " ".join(parts)
    needing = counts.parked + counts.conflicted
    if needing:
        text = counted(
            needing,
            translate(
                "OutboxWords",
                "{n} decision cannot go on without you.|{n} decisions cannot go on without you.",
            ),
        )
        if not counts.on_the_way:
            return text
        return text + " " + translate("OutboxWords", "The others are posted by themselves.")
    return translate("OutboxWords", "These are posted by themselves; nothing is to be done.")
