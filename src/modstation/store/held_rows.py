"""What this station would look at next, and what of it a colleague has in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.clock import from_us, to_us
from modstation.store import queue_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from modstation.core.queue import QueueView


def next_up(sql: sqlite3.Connection, view: QueueView, limit: int) -> list[tuple[str, str | None]]:
    """The first entries of a view: key and asset ID, if that is known."""
    places = queue_rows.ordered_scan(view, "", "ASC", places=True)
    rows = sql.execute(
        f"SELECT n.key, a.asset_id FROM ({places}) AS n CROSS JOIN assets AS a ON a.key = n.key",
        queue_rows.scan_values(view, limit),
    )
    return [(row[0], row[1]) for row in rows]


def hold(sql: sqlite3.Connection, held: Iterable[tuple[str, str, datetime]]) -> None:
    """Take these out of the queue: key, who has it, and until when."""
    sql.executemany(
        "INSERT INTO held_elsewhere (key, name, until_us) VALUES (?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET name = excluded.name, until_us = excluded.until_us",
        [(key, name, to_us(until)) for key, name, until in held],
    )


def held(sql: sqlite3.Connection, limit: int) -> list[tuple[str, str | None]]:
    """What colleagues have in hand, those that come free soonest first: key and asset ID."""
    rows = sql.execute(
        "SELECT h.key, a.asset_id FROM held_elsewhere AS h CROSS JOIN assets AS a ON a.key = h.key"
        " ORDER BY h.until_us LIMIT ?",
        (limit,),
    )
    return [(row[0], row[1]) for row in rows]


def let_go(sql: sqlite3.Connection, keys: Sequence[str]) -> None:
    """These are in no colleague's hand any more."""
    sql.executemany("DELETE FROM held_elsewhere WHERE key = ?", [(key,) for key in keys])


def leave(sql: sqlite3.Connection, keys: Sequence[str], now: datetime) -> None:
    """These were decided by whoever had them: as if a pass had not shown them."""
    sql.executemany(
        "UPDATE assets SET absent_us = ? WHERE key = ?", [(to_us(now), key) for key in keys]
    )
    let_go(sql, keys)


def let_go_due(sql: sqlite3.Connection, now: datetime, limit: int) -> int:
    """Let some go whose lease is over by what was known of it; how many."""
    return sql.execute(
        "DELETE FROM held_elsewhere WHERE key IN"
        " (SELECT key FROM held_elsewhere WHERE until_us <= ? ORDER BY until_us LIMIT ?)",
        (to_us(now), limit),
    ).rowcount


def next_free(sql: sqlite3.Connection) -> datetime | None:
    """When the next lease is over; None: colleagues have nothing in hand."""
    row = sql.execute("SELECT min(until_us) FROM held_elsewhere").fetchone()
    return None if row[0] is None else from_us(row[0])
