"""The outbox as the sync engine uses it: release, claim (commit) → send → settle (commit).

Every function here runs inside one write transaction of the caller, unless it says that it reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core import settling
from modstation.core.clock import to_us
from modstation.core.outbox import OperationState
from modstation.store import asset_rows, operation_rows, queue_rows, reason_notes

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from modstation.core.assets import Asset
    from modstation.core.outbox import Operation, Transition


def something_claimable(sql: sqlite3.Connection, now: datetime) -> bool:
    """Reads: there is an operation to claim, so that an idle engine never writes."""
    return bool(operation_rows.claimable(sql, 1, now))


def claim(sql: sqlite3.Connection, limit: int, now: datetime) -> list[Operation]:
    """Put the next operations in flight, rejections first, oldest first."""
    chosen = operation_rows.claimable(sql, limit, now)
    for operation in chosen:
        operation_rows.set_in_flight(sql, operation.operation_id)
    return [operation_rows.read(sql, operation.operation_id) for operation in chosen]


def settle(
    sql: sqlite3.Connection,
    operation_id: str,
    transition: Transition,
    *,
    now: datetime,
    asset: Asset | None,
    note_reason: bool = False,
) -> Operation:
    """Write what an attempt came to, with the service's answer about the asset.

    ``note_reason``: the reason of a rejection is to be written into the asset's context next.

    ``ValueError`` if the operation is not in flight: only the engine that claimed it settles it.
    """
    operation = operation_rows.read(sql, operation_id)
    if operation.state is not OperationState.IN_FLIGHT:
        raise ValueError(f"operation {operation_id} is {operation.state}, not in flight")
    transition = settling.respect_newer(operation, transition)
    done = transition.state is OperationState.DONE
    key = operation.ref.key
    if done and note_reason:
        # Before the answer takes the place of what was known.
        answer = asset.raw if asset is not None and asset.key == key else None
        reason_notes.note(sql, operation, before=asset_rows.raw(sql, key), answer=answer)
    # The asset before the operation: while it is open the asset is in no queue, so nothing is put
    # into one queue only to be moved to another.
    if asset is not None and asset_rows.is_storable(asset) and asset.key == key:
        asset_rows.upsert(sql, asset, list_kind=None, now_us=to_us(now))
    elif done:
        asset_rows.set_status(sql, key, operation.target)
    elif transition.theirs is not None:
        asset_rows.set_status(sql, key, transition.theirs)
    elif transition.error_code == "gone":
        asset_rows.set_absent(sql, key, to_us(now))
    if done:
        queue_rows.clear_marks(sql, key)
    operation_rows.settle(sql, operation, transition, now)
    if operation.superseded:
        effect = frozenset({operation.target}) if done or transition.widen_newer else frozenset()
        operation_rows.widen_waiting(sql, key, operation.expected | effect)
    return operation_rows.read(sql, operation_id)


def recover(sql: sqlite3.Connection, now: datetime, limit: int) -> list[Operation]:
    """Take up to ``limit`` operations that were in flight when the program ended."""
    rows = operation_rows.in_states(sql, {OperationState.IN_FLIGHT}, limit=limit, after="")
    return [
        settle(sql, row.operation_id, settling.recover(row, now=now), now=now, asset=None)
        for row in rows
    ]
