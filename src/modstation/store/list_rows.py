"""The reviewer's lists beside the queue: what was skipped, flagged or escalated.

Every function that writes runs inside one write transaction of the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.clock import from_us, to_us
from modstation.core.queue import Kept, KeptEntry, QueuePosition
from modstation.store import queue_rows

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

# Oldest first, from a place on: a keyset over an index that holds nothing else.
_SKIPPED = (
    f"SELECT q.lane, q.created_us, q.key, {queue_rows.ENTRY}, NULL, NULL, NULL"
    " FROM review_queue AS q INDEXED BY queue_skipped"
    " CROSS JOIN assets AS a ON a.key = q.key"
    " WHERE q.lane > 0 AND (q.lane, q.created_us, q.key) > (?, ?, ?)"
    " ORDER BY q.lane, q.created_us, q.key LIMIT ?"
)
_NOTED = (
    f"SELECT coalesce(m.lane, 0), a.position_us, n.key, {queue_rows.ENTRY},"
    " n.actor, n.at_us, n.note FROM {table} AS n INDEXED BY {table}_by_time"
    " CROSS JOIN assets AS a ON a.key = n.key LEFT JOIN review_marks AS m ON m.key = n.key"
    " WHERE (n.at_us, n.key) > (?, ?) ORDER BY n.at_us, n.key LIMIT ?"
)
_FLAGGED = _NOTED.format(table="flags")
_ESCALATED = _NOTED.format(table="escalations")


def read(
    sql: sqlite3.Connection, kept: Kept, *, after: KeptEntry | None, limit: int
) -> list[KeptEntry]:
    """Rows of a list, the first one first, after the one that was read last."""
    if kept is Kept.SKIPPED:
        place = after.entry.position if after else QueuePosition(0, 0, "")
        rows = sql.execute(_SKIPPED, (place.lane, place.rank, place.key, limit))
    else:
        query = _FLAGGED if kept is Kept.FLAGGED else _ESCALATED
        at_us = to_us(after.at) if after and after.at else 0
        rows = sql.execute(query, (at_us, after.entry.key if after else "", limit))
    return [
        KeptEntry(
            queue_rows.entry_of(row[:-3]),
            row[-3],
            None if row[-2] is None else from_us(row[-2]),
            row[-1],
        )
        for row in rows
    ]


def counts(sql: sqlite3.Connection) -> dict[Kept, int]:
    """How long each list is: kept, never counted."""
    rows = sql.execute("SELECT name, value FROM list_counts").fetchall()
    return {Kept(name): value for name, value in rows}


def flag(sql: sqlite3.Connection, key: str, *, actor: str, note: str | None, at: datetime) -> None:
    """Bookmark an asset, or change the note of its bookmark."""
    sql.execute(
        "INSERT INTO flags (key, note, actor, at_us) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET note = excluded.note, actor = excluded.actor",
        (key, note, actor, to_us(at)),
    )


def unflag(sql: sqlite3.Connection, key: str) -> bool:
    """Remove a bookmark; false if there is none."""
    return bool(sql.execute("DELETE FROM flags WHERE key = ?", (key,)).rowcount)


def flag_of(sql: sqlite3.Connection, key: str) -> tuple[bool, str | None]:
    """Whether an asset is bookmarked, and with which note."""
    row = sql.execute("SELECT note FROM flags WHERE key = ?", (key,)).fetchone()
    return (False, None) if row is None else (True, row[0])


def escalate(
    sql: sqlite3.Connection, key: str, *, actor: str, note: str | None, at: datetime
) -> bool:
    """Have an asset wait for a second opinion; false if it does already."""
    return bool(
        sql.execute(
            "INSERT INTO escalations (key, note, actor, at_us) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (key, note, actor, to_us(at)),
        ).rowcount
    )


def remember_who_left(sql: sqlite3.Connection, key: str) -> None:
    """An asset comes back to its queue: who had left it is still not the one to decide it."""
    sql.execute(
        "INSERT INTO left_before (key, actor) SELECT key, actor FROM escalations WHERE key = ?"
        " ON CONFLICT DO NOTHING",
        (key,),
    )


def left_by(sql: sqlite3.Connection, key: str) -> tuple[str, ...]:
    """Who has left an asset to somebody else, whether it is back in its queue or not."""
    rows = sql.execute(
        "SELECT actor FROM left_before WHERE key = ?1"
        " UNION SELECT actor FROM escalations WHERE key = ?1",
        (key,),
    )
    return tuple(row[0] for row in rows)


def answered(sql: sqlite3.Connection, key: str) -> bool:
    """The second opinion was given, or is not wanted any more; false if none was asked for."""
    return bool(sql.execute("DELETE FROM escalations WHERE key = ?", (key,)).rowcount)
