"""The service's database: one engine, short transactions, schema made at first start."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from modstation.core.errors import SettingsError, StoreDamaged
from modstation.service.migrations import bring_up_to_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, Connection, Engine, Table

_BUSY_SECONDS = 15
# A machine that vanishes must not keep its rows, nor a database that has vanished its callers.
_PATIENCE = {
    "connect_timeout": "5",
    "tcp_user_timeout": "20000",
    "options": "-c lock_timeout=20s -c idle_in_transaction_session_timeout=120s"
    " -c tcp_keepalives_idle=20 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4",
}


class Ledger:
    """Opens the database and hands out transactions; safe to use from many threads.

    Raises SettingsError for a URL that cannot be used, StoreDamaged for a file that is no
    database, StoreTooNew for one written by a newer modstation.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(_ours(url))
            self._sqlite = parsed.get_backend_name() == "sqlite"
            self._engine = _open(parsed, sqlite=self._sqlite)
        except ModuleNotFoundError as error:
            if error.name != "psycopg":
                raise SettingsError(f"The database address cannot be used: {error}") from error
            raise SettingsError(
                "PostgreSQL needs an extra package: pip install 'modstation[postgres]'"
            ) from error
        except (ImportError, ValueError, ArgumentError, DatabaseError) as error:
            raise SettingsError(f"The database address cannot be used: {error}") from error
        # SQLite has one writer. Waiting here is fair and costs nothing; waiting in SQLite is
        # a sleep-and-retry loop that starves the unlucky.
        self._writer = threading.Lock() if self._sqlite else nullcontext()
        # READ COMMITTED would let two statements of a listing see two moments.
        self._reading = (
            self._engine
            if self._sqlite
            else self._engine.execution_options(isolation_level="REPEATABLE READ")
        )
        try:
            self._prepare()
        except OperationalError as error:
            self.close()
            said = " ".join(str(error.orig).split())
            raise SettingsError(f"The database cannot be reached: {said}") from error
        except DatabaseError as error:
            self.close()
            raise StoreDamaged(f"The service's database cannot be used: {error.orig}") from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment and changes nothing."""
        with self._reading.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that commits when the block ends and rolls back when it raises.

        On PostgreSQL two of them interleave: each statement sees what was committed before it.
        What is read to be changed has to be read ``FOR UPDATE``. One that is not ``durable`` may
        be lost in a power cut, unless a later one was not: it does not wait for the disk.
        """
        after: list[Callable[[], None]] = []
        options = {"write": True, "durable": durable, "after_commit": after}
        with (
            self._writer,
            self._engine.connect() as connection,
            connection.execution_options(**options).begin(),
        ):
            if not durable and not self._sqlite:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            yield connection
        for act in after:
            act()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _prepare(self) -> None:
        with self.write() as connection:
            bring_up_to_date(connection)


def after_commit(connection: Connection, act: Callable[[], None]) -> None:
    """Call ``act`` once the transaction of ``Ledger.write`` has committed, else never."""
    connection.get_execution_options()["after_commit"].append(act)


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that may say what happens ``on_conflict``, which both databases spell alike."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table)


def _ours(url: str) -> str:
    """A PostgreSQL address as people write it, with the driver of the ``postgres`` extra."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg://{rest}"
    return url


def _open(url: URL, *, sqlite: bool) -> Engine:
    if not sqlite:
        # PostgreSQL takes 100 connections unless told otherwise: enough for six processes.
        return create_engine(
            url, pool_size=8, max_overflow=8, connect_args={**_PATIENCE, **url.query}
        )
    engine = create_engine(
        url, pool_size=10, max_overflow=40, connect_args={"timeout": _BUSY_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # sqlite3 must not begin transactions of its own: it would begin them DEFERRED.
        connection.isolation_level = None
        # FULL: a decision that was answered survives a power cut.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE: a deferred read-then-write fails at once with BUSY_SNAPSHOT when another
        # process wrote in between, whatever the timeout.
        options = connection.get_execution_options()
        writing = options.get("write")
        level = "FULL" if options.get("durable", True) else "NORMAL"
        if writing and level != connection.info.get("synchronous", "FULL"):
            # Not possible within a transaction.
            connection.exec_driver_sql(f"PRAGMA synchronous={level}")
            connection.info["synchronous"] = level
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
