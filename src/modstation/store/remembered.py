"""Small things that outlive the program: values of the sync engine, troubles with pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.clock import from_us, to_us
from modstation.core.language import packed, unpacked
from modstation.store.asset_rows import storable
from modstation.store.results import ItemProblem

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


def put(sql: sqlite3.Connection, name: str, value: str) -> None:
    """Remember a value under a name."""
    sql.execute(
        "INSERT INTO sync_state (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def get(sql: sqlite3.Connection, name: str) -> str | None:
    """The value of a name, if there is one."""
    row = sql.execute("SELECT value FROM sync_state WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def note_problem(sql: sqlite3.Connection, problem: ItemProblem) -> None:
    """Remember why a picture could not be fetched; the last trouble counts."""
    sql.execute(
        "INSERT INTO item_problems (key, rendition, message, permanent, retry_us, at_us, revision)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key, rendition) DO UPDATE SET"
        " message = excluded.message, permanent = excluded.permanent,"
        " retry_us = excluded.retry_us, at_us = excluded.at_us, revision = excluded.revision",
        (
            problem.key,
            problem.rendition,
            storable(packed(problem.message)),
            problem.permanent,
            to_us(problem.retry_at) if problem.retry_at else None,
            to_us(problem.at),
            problem.revision,
        ),
    )


def clear_problem(sql: sqlite3.Connection, key: str, rendition: str) -> None:
    """Forget a trouble that is over."""
    sql.execute("DELETE FROM item_problems WHERE key = ? AND rendition = ?", (key, rendition))


def problems(sql: sqlite3.Connection, keys: Sequence[str]) -> list[ItemProblem]:
    """What is known to be wrong with the pictures of these assets."""
    marks = ", ".join("?" * len(keys))
    rows = sql.execute(
        "SELECT key, rendition, message, permanent, retry_us, at_us, revision"
        f" FROM item_problems WHERE key IN ({marks})",
        tuple(keys),
    )
    return [
        ItemProblem(
            key=row[0],
            rendition=row[1],
            message=unpacked(row[2]),
            permanent=bool(row[3]),
            retry_at=None if row[4] is None else from_us(row[4]),
            at=from_us(row[5]),
            revision=row[6],
        )
        for row in rows
    ]
