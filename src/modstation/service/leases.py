"""Sharing work between replicas: due rows and named leases, each with one holder at a time.

A row of work is claimed by making it due later: whoever dies with it in hand loses nothing, the
next one finds it due again. A claim is over when its time is: do not rely on holding it, settle
with ``still_claimed`` and make the work such that doing it twice does no harm. Times are the
replicas' own clocks, so leases are long beside what those may differ by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, or_, select, update

from modstation.service.ledger import upsert
from modstation.service.schema import leases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Table


def claim_due(
    connection: Connection,
    table: Table,
    *,
    now_us: int,
    lease_us: int,
    limit: int,
    where: Sequence[ColumnElement[bool]] = (),
) -> list[Row[Any]]:
    """Take up to ``limit`` rows of a table with ``id`` and ``due_us`` that are due, oldest first.

    They become due again at ``now_us + lease_us``. Rows that another replica is claiming at this
    moment are passed over; the rows returned are as they were before the claim.
    """
    rows = connection.execute(
        select(table)
        .where(table.c.due_us <= now_us, *where)
        .order_by(table.c.due_us, table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        connection.execute(
            update(table)
            .where(table.c.id.in_([row.id for row in rows]))
            .values(due_us=now_us + lease_us)
        )
    return list(rows)


def still_claimed(table: Table, ids: Sequence[int], until_us: int) -> ColumnElement[bool]:
    """The rows that are in hand since a claim until ``until_us`` and in nobody else's since."""
    return and_(table.c.id.in_(ids), table.c.due_us == until_us)


def take_lease(
    connection: Connection, name: str, holder: str, *, now_us: int, lease_us: int
) -> bool:
    """Take or renew a named lease; False while someone else has it."""
    mine = leases.c.holder == holder
    return _take(connection, name, holder, now_us + lease_us, or_(_over(now_us), mine))


def release_lease(connection: Connection, name: str, holder: str) -> None:
    """Give a lease back before its time; nothing if it is not this holder's any more."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def once_every(
    connection: Connection, name: str, holder: str, *, now_us: int, every_us: int
) -> bool:
    """True for one caller, then for nobody until ``every_us`` have passed."""
    return _take(connection, name, holder, now_us + every_us, _over(now_us))


def _over(now_us: int) -> ColumnElement[bool]:
    return leases.c.until_us <= now_us


def _take(
    connection: Connection, name: str, holder: str, until_us: int, free: ColumnElement[bool]
) -> bool:
    values = {"holder": holder, "until_us": until_us}
    taken = connection.scalar(
        upsert(connection, leases)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=[leases.c.name], set_=values, where=free)
        .returning(leases.c.name)
    )
    return taken is not None
