"""Statements that are given up when they take too long."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

# Between two looks at the clock SQLite takes so many of its steps: about a millisecond.
_STEPS = 20_000
_CANCELLED = "57014"


@contextmanager
def time_limit(connection: Connection, seconds: float) -> Iterator[None]:
    """Give up statements of this transaction after ``seconds``; raises BadRequest then.

    On SQLite the seconds are the block's, on PostgreSQL each statement's.
    """
    try:
        if connection.dialect.name == "sqlite":
            with _interrupted(connection.connection.driver_connection, seconds):
                yield
        else:
            milliseconds = str(int(seconds * 1000))
            connection.execute(select(func.set_config("statement_timeout", milliseconds, True)))
            yield
    except OperationalError as error:
        if not _gave_up(error.orig):
            raise
        raise BadRequest("The search took too long: narrow its expression") from error


@contextmanager
def _interrupted(driver: Any, seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _gave_up(error: object) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
    return getattr(error, "sqlstate", None) == _CANCELLED
