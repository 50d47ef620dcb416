"""Long queues of a service for the bench: filled in the database, and its own statements.

A queue is made of one uploaded asset that is copied by SQL, so that whatever columns an asset
has, every row looks like one the service wrote. What the service says to the database for an
upload and for a decision is recorded once and then said straight to the database, for other
assets: what is left of the difference is the service's own work.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text

from helpers.live_service import LiveService, picture
from modstation.service.assets.cursors import write_cursor
from modstation.service.schema import assets, moderation_entries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

CLOUD = "bench"
LISTED = "image/manual/pending"
_STEP_US = 1000


@dataclass(slots=True)
class Statement:
    """One statement as the driver got it; ``many`` has a list of parameters."""

    sql: str
    parameters: Any
    many: bool


@dataclass(slots=True)
class Said:
    """What was said to the database for one request, transaction by transaction."""

    transactions: list[list[Statement]]
    seq: int
    words: tuple[str, ...]


@dataclass(slots=True)
class Queue:
    """A service's data with ``count`` pending assets, oldest first by number."""

    data: Path
    database: str | None
    count: int
    seconds: float = 0.0
    uploading: Said | None = None
    deciding: Said | None = None
    _first: int = field(default=0)

    def name(self, number: int) -> str:
        return f"bench-{number:07}"

    def cursor(self, number: int) -> str:
        """The cursor of the page, oldest first, that begins behind this asset."""
        return write_cursor(LISTED, self._first + number * _STEP_US, self.seqs([number])[number])

    def seqs(self, numbers: list[int]) -> dict[int, int]:
        """The row numbers of these assets."""
        names = {self.name(number): number for number in numbers}
        listed = ",".join(f"'{name}'" for name in names)
        with engine(self) as connection:
            rows = connection.execute(
                text(f"SELECT public_id, seq FROM assets WHERE public_id IN ({listed})")
            )
            return {names[row.public_id]: row.seq for row in rows}


class engine:  # noqa: N801 - a context manager
    """A connection beside the service's."""

    def __init__(self, queue: Queue) -> None:
        url = queue.database or f"sqlite:///{queue.data / 'service.sqlite3'}"
        self._engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

    def __enter__(self) -> Connection:
        self._connection = self._engine.connect()
        return self._connection

    def __exit__(self, *_exc: object) -> None:
        self._connection.close()
        self._engine.dispose()


def make_queue(folder: Path, database: str | None, count: int) -> Queue:
    """A queue of that length, and what its service says to the database."""
    queue = Queue(folder / "service", database, count)
    with LiveService(folder, cloud=CLOUD, database=database) as live:
        assert live.service is not None
        for number in range(4):
            live.upload(picture(number, (8, 8)), public_id=f"warm-{number}", moderation="manual")
        with recorded(live) as transactions:
            live.upload(picture(9, (8, 8)), public_id="template", moderation="manual")
        uploaded = list(transactions)
        live.decide("warm-0", "approved")
        with recorded(live) as transactions:
            live.decide("warm-1", "approved")
        decided = list(transactions)
        documents = {name: live.asset(name) for name in ("template", "warm-1")}
    began = time.monotonic()
    with engine(queue) as connection:
        numbers = {
            name: connection.execute(
                text("SELECT seq, created_us, version_id FROM assets WHERE public_id = :name"),
                {"name": name},
            ).one()
            for name in documents
        }
        queue._first = numbers["template"].created_us + _STEP_US
        queue.uploading = Said(
            uploaded,
            numbers["template"].seq,
            ("template", documents["template"]["asset_id"], numbers["template"].version_id),
        )
        queue.deciding = Said(
            decided, numbers["warm-1"].seq, ("warm-1", documents["warm-1"]["asset_id"])
        )
        _fill(connection, queue)
        connection.commit()
        if database is not None:
            # What autovacuum does a minute later.
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
    queue.seconds = time.monotonic() - began
    return queue


class recorded:  # noqa: N801 - a context manager
    """The statements that a service says while this is open, without its background's."""

    def __init__(self, live: LiveService) -> None:
        assert live.service is not None
        self._engine = live.service.ledger._engine
        self._open: dict[int, list[Statement]] = {}
        self.transactions: list[list[Statement]] = []

    def __enter__(self) -> list[list[Statement]]:
        event.listen(self._engine, "before_cursor_execute", self._say)
        event.listen(self._engine, "commit", self._commit)
        return self.transactions

    def __exit__(self, *_exc: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._say)
        event.remove(self._engine, "commit", self._commit)

    def _say(
        self,
        _connection: Connection,
        _cursor: object,
        statement: str,
        parameters: Any,
        _context: object,
        executemany: bool,
    ) -> None:
        if not _background() and not statement.startswith("BEGIN"):
            said = Statement(statement, parameters, executemany)
            self._open.setdefault(threading.get_ident(), []).append(said)

    def _commit(self, _connection: Connection) -> None:
        said = self._open.pop(threading.get_ident(), None)
        if said:
            self.transactions.append(said)


def _background() -> bool:
    return not threading.current_thread().name.startswith("AnyIO")


def _fill(connection: Connection, queue: Queue) -> None:
    lite = queue.database is None
    number = "n.i"
    padded = f"printf('%07d', {number})" if lite else f"lpad({number}::text, 7, '0')"
    hexed = f"printf('%032x', {number})" if lite else f"lpad(to_hex({number}), 32, '0')"
    series = (
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count) "
        if lite
        else "WITH n AS (SELECT i::bigint FROM generate_series(0, :count - 1) AS g(i)) "
    )
    own = {
        "asset_id": hexed,
        "version_id": hexed,
        "public_id": f"'bench-' || {padded}",
        "display_name": f"'bench-' || {padded}",
        "created_us": f":first + {number} * {_STEP_US}",
        "updated_us": f":first + {number} * {_STEP_US}",
    }
    names = [column.name for column in assets.c if column.name != "seq"]
    values = ", ".join(own.get(name, f"t.{name}") for name in names)
    where = {"count": queue.count, "first": queue._first}
    connection.execute(
        text(
            f"INSERT INTO assets ({', '.join(names)}) {series}"
            f"SELECT {values} FROM n, assets t WHERE t.public_id = 'template' ORDER BY n.i"
        ),
        where,
    )
    names = [column.name for column in moderation_entries.c]
    own = {"asset_seq": "a.seq", "created_us": "a.created_us"}
    values = ", ".join(own.get(name, f"t.{name}") for name in names)
    connection.execute(
        text(
            f"INSERT INTO moderation_entries ({', '.join(names)}) SELECT {values} "
            "FROM assets a, moderation_entries t WHERE a.public_id LIKE 'bench-%' AND "
            "t.asset_seq = (SELECT seq FROM assets WHERE public_id = 'template')"
        )
    )


class Straight:
    """Says recorded statements for other assets; each caller has a connection of its own."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def upload(self, numbers: range, callers: int) -> float:
        """Upload that many fresh assets; how many a second."""
        said = self._queue.uploading
        assert said is not None
        # No asset of the queue has such an identifier.
        ids = {n: f"f{n:031x}" for n in numbers}
        words = {n: (f"straight-{n}", ids[n], ids[n]) for n in numbers}
        return self._rate(said, callers, [(None, words[n]) for n in numbers])

    def decide(self, numbers: range, callers: int) -> float:
        """Decide those assets of the queue; how many a second."""
        said = self._queue.deciding
        assert said is not None
        seqs = self._queue.seqs(list(numbers))
        work = [(seqs[n], (self._queue.name(n), f"{n:032x}")) for n in numbers]
        return self._rate(said, callers, work)

    def _rate(
        self, said: Said, callers: int, work: list[tuple[int | None, tuple[str, ...]]]
    ) -> float:
        parts = [work[caller::callers] for caller in range(callers)]
        with ThreadPoolExecutor(callers) as threads:
            sessions = list(threads.map(lambda _: _Session(self._queue), parts))
            began = time.monotonic()
            for finished in [
                threads.submit(session.say_all, said, part)
                for session, part in zip(sessions, parts, strict=True)
            ]:
                finished.result()
            seconds = time.monotonic() - began
        for session in sessions:
            session.close()
        return len(work) / seconds


class _Session:
    def __init__(self, queue: Queue) -> None:
        self._lite = queue.database is None
        self._connection: Any
        if queue.database is None:
            self._connection = sqlite3.connect(
                queue.data / "service.sqlite3",
                isolation_level=None,
                timeout=60,
                check_same_thread=False,
            )
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16000"):
                self._connection.execute(f"PRAGMA {pragma}")
        else:
            import psycopg

            self._connection = psycopg.connect(queue.database)

    def close(self) -> None:
        self._connection.close()

    def say_all(self, said: Said, work: list[tuple[int | None, tuple[str, ...]]]) -> None:
        for seq, words in work:
            self._say(said, seq, words)

    def _say(self, said: Said, seq: int | None, words: tuple[str, ...]) -> None:
        job: int | None = None
        for transaction in said.transactions:
            writes = any(not s.sql.lstrip().startswith(("SELECT", "PRAGMA")) for s in transaction)
            # As the service does: how long to wait for the disk cannot be said in a transaction.
            settings = [s for s in transaction if s.sql.startswith("PRAGMA")]
            for setting in settings:
                self._connection.execute(setting.sql)
            if self._lite:
                self._connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            for statement in transaction:
                if statement in settings:
                    continue
                # An upload's job is struck out by the number it was given.
                struck = statement.sql.startswith("DELETE FROM blob_jobs")
                change = _renamed(said, seq, words, job if struck else None)
                cursor = self._connection.cursor()
                if statement.many:
                    cursor.executemany(
                        statement.sql, [_each(p, change) for p in statement.parameters]
                    )
                    continue
                cursor.execute(statement.sql, _each(statement.parameters, change))
                if cursor.description is None:
                    continue
                rows = cursor.fetchall()
                if statement.sql.startswith("INSERT INTO assets"):
                    seq = rows[0][0]
                elif statement.sql.startswith("INSERT INTO blob_jobs"):
                    job = rows[0][0]
            if self._lite:
                self._connection.execute("COMMIT")
            else:
                self._connection.commit()


def _renamed(
    said: Said, seq: int | None, words: tuple[str, ...], job: int | None
) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        if isinstance(value, str):
            for old, new in zip(said.words, words, strict=True):
                value = value.replace(old, new)
        elif isinstance(value, int) and not isinstance(value, bool):
            if job is not None:
                return job
            if value == said.seq and seq is not None:
                return seq
        return value

    return change


def _each(parameters: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(parameters, dict):
        return {name: change(value) for name, value in parameters.items()}
    return tuple(change(value) for value in parameters)
