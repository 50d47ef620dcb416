"""One SQLite connection, its settings, and the only place where SQLite's errors become ours."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from modstation.core.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreTooNew
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlite_utils.db import Database

# The newest schema this program knows. Kept here as well as in the migrations, so that opening a
# current database does not import sqlite-utils (97 ms of the start, design §9).
SCHEMA_VERSION = 10
APPLICATION_ID = 0x6D6F6473

BUSY_TIMEOUT = 5.0  # seconds
BUSY_PAUSE = 0.01  # seconds
# 8 MiB each: two processes hold a connection, and the budget is 350 MiB for everything.
CACHE_KIB = 8192
# Rows one transaction may write: the other writer never waits long (design §3).
SLICE = 200

T = TypeVar("T")


class StoreConnection:
    """A connection in autocommit mode: every transaction is begun and ended here."""

    def __init__(self, sql: sqlite3.Connection, path: Path) -> None:
        self.sql = sql
        self.path = path

    @cached_property
    def database(self) -> Database:
        """The same connection through sqlite-utils, for schema work and cold paths."""
        from sqlite_utils import Database

        return Database(self.sql, recursive_triggers=False, execute_plugins=False)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction; whatever is raised inside takes all of it back.

        ``StoreBusy`` if the other writer holds the database for five seconds.
        """
        sql = self.sql
        try:
            # IMMEDIATE: a deferred read-then-write fails at once with BUSY_SNAPSHOT, whatever
            # the timeout.
            sql.execute("BEGIN IMMEDIATE")
            try:
                yield sql
                sql.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if sql.in_transaction:
                    sql.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise_known(error, self.path)
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One read transaction: every statement inside sees the same state."""
        sql = self.sql
        try:
            sql.execute("BEGIN")
            try:
                yield sql
            finally:
                if sql.in_transaction:
                    sql.execute("COMMIT")
        except sqlite3.Error as error:
            raise_known(error, self.path)
            raise

    @contextmanager
    def translating(self) -> Iterator[sqlite3.Connection]:
        """No transaction of its own: for one statement, or several that need not agree."""
        try:
            yield self.sql
        except sqlite3.Error as error:
            raise_known(error, self.path)
            raise

    def close(self) -> None:
        """Close the connection; the last one to close folds the write-ahead log in."""
        self.sql.close()


def open_connection(path: Path) -> StoreConnection:
    """Open or create the database and bring its schema up to date.

    ``StoreTooNew`` if a newer modstation wrote it, ``StoreDamaged`` if it is corrupt or not one
    of ours, ``StoreFull``, ``StoreBusy``, or ``StoreError`` if the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Created by us and not by SQLite: names of photos are nobody else's business.
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise StoreError(
            translate("Connection", "{path} cannot be opened: {why}.").format(
                path=path, why=error.strerror
            )
        ) from error
    try:
        sql = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT, isolation_level=None, cached_statements=256
        )
    except sqlite3.Error as error:
        raise_known(error, path)
        raise
    connection = StoreConnection(sql, path)
    try:
        _configure(sql)
        _bring_up_to_date(connection)
    except sqlite3.Error as error:
        sql.close()
        raise_known(error, path)
        raise
    except BaseException:
        sql.close()
        raise
    return connection


def _configure(sql: sqlite3.Connection) -> None:
    use_write_ahead_log(sql)
    # FULL: a decision shown as saved survives a power cut.
    sql.execute("PRAGMA synchronous = FULL")
    sql.execute("PRAGMA foreign_keys = ON")
    # FAST overwrites what is deleted wherever that costs no extra write.
    sql.execute("PRAGMA secure_delete = FAST")
    sql.execute("PRAGMA temp_store = MEMORY")
    sql.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def use_write_ahead_log(sql: sqlite3.Connection) -> None:
    """Turn the log on, once in a file's life; ``OperationalError`` if others keep it busy."""
    deadline = time.monotonic() + BUSY_TIMEOUT
    while sql.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            sql.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # SQLite answers "busy" at once here and never waits for its busy timeout: two
            # programs that both hold a read lock and want it for themselves would wait for ever.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_PAUSE)


def _bring_up_to_date(connection: StoreConnection) -> None:
    sql, path = connection.sql, connection.path
    if _version(sql, path) == SCHEMA_VERSION:
        return
    from modstation.store.migrations import station_schema

    # One transaction for all steps, begun before looking what is missing: the network process
    # may be opening the same new file at this moment.
    with connection.writing():
        if _version(sql, path) != SCHEMA_VERSION:
            station_schema.apply(connection.database)


def _version(sql: sqlite3.Connection, path: Path) -> int:
    application = int(sql.execute("PRAGMA application_id").fetchone()[0])
    version = int(sql.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION_ID:
        if application or version or sql.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise StoreDamaged(
                translate("Connection", "{path} is a database of another program.").format(
                    path=path
                )
            )
        return 0
    if version > SCHEMA_VERSION:
        raise StoreTooNew(
            translate(
                "Connection",
                "{path} was written by a newer modstation (schema {version}, this one"
                " knows {known}). Update modstation to open it.",
            ).format(path=path, version=version, known=SCHEMA_VERSION)
        )
    return version


def sliced(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows in runs that one transaction may write."""
    for start in range(0, len(rows), SLICE):
        yield rows[start : start + SLICE]


def raise_known(error: sqlite3.Error, path: Path) -> None:
    """Raise our error for a known trouble; return if it is a bug, for the caller to raise on."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return
    # The low byte is the primary code; the rest says more than we tell apart.
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            raise StoreBusy(
                translate("Connection", "Another program is using {path}.").format(path=path)
            ) from error
        case sqlite3.SQLITE_FULL:
            raise StoreFull(
                translate("Connection", "The disk is full: {path} cannot grow.").format(path=path)
            ) from error
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            raise StoreDamaged(
                translate("Connection", "{path} is damaged ({error}).").format(
                    path=path, error=error
                )
            ) from error
        case (
            sqlite3.SQLITE_CANTOPEN
            | sqlite3.SQLITE_READONLY
            | sqlite3.SQLITE_PERM
            | sqlite3.SQLITE_AUTH
        ):
            raise StoreError(
                translate("Connection", "{path} cannot be opened for writing ({error}).").format(
                    path=path, error=error
                )
            ) from error
        case sqlite3.SQLITE_IOERR:
            raise StoreError(
                translate("Connection", "The disk reported an error on {path} ({error}).").format(
                    path=path, error=error
                )
            ) from error
