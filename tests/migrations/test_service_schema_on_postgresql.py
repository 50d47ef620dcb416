"""The same on PostgreSQL, where services on several machines start together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BigInteger, MetaData, create_engine, event, insert, select, text

from modstation.service.ledger import Ledger
from modstation.service.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from helpers.postgres import Cluster

NUMBERED = ("seq", "id")
FIRST_RELEASE = Path(__file__).parent / "frozen" / "service-1.sqlite3"


@contextmanager
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    yield made
    made.dispose()


def differences(url: str) -> list[object]:
    with engine(url) as opened, opened.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def ordered_by_locale(cluster: Cluster, url: str) -> list[tuple[object, ...]]:
    """The columns whose text is not compared by its bytes."""
    return cluster.sql(
        "SELECT attrelid::regclass, attname FROM pg_attribute "
        "JOIN pg_class ON pg_class.oid = attrelid "
        "JOIN pg_collation ON pg_collation.oid = attcollation "
        "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 "
        "AND collname <> 'C' AND relname <> 'alembic_version'",
        url,
    )


def fill_as_the_first_release_did(url: str) -> None:
    """Its tables and rows, read from the frozen database."""
    tables = MetaData()

    @event.listens_for(tables, "column_reflect")
    def genericize(_inspector: object, _table: str, column: dict[str, Any]) -> None:
        column["type"] = column["type"].as_generic()
        if column["name"] in NUMBERED:
            column["type"] = BigInteger()

    with engine(f"sqlite:///{FIRST_RELEASE}") as old, engine(url) as new:
        tables.reflect(old)
        tables.create_all(new)
        with old.connect() as source, new.begin() as target:
            for table in tables.sorted_tables:
                rows = [dict(row) for row in source.execute(select(table)).mappings()]
                if rows:
                    target.execute(insert(table), rows)
                for name in NUMBERED:
                    if name in table.c:
                        target.execute(
                            text(
                                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{name}'),"
                                f" (SELECT max({name}) FROM {table.name}))"
                            )
                        )


def started_together(url: str, count: int = 3) -> None:
    """Open the database as many services at once would; raises what any of them raises."""
    barrier = threading.Barrier(count)

    def start(_number: int) -> None:
        barrier.wait(20)
        Ledger(url).close()

    with ThreadPoolExecutor(count) as services:
        list(services.map(start, range(count)))


def test_services_that_start_together_make_one_new_database(cluster: Cluster) -> None:
    with cluster.database(empty=True) as url:
        started_together(url)
        assert differences(url) == []
        assert ordered_by_locale(cluster, url) == []


def test_services_that_start_together_migrate_an_old_database_once(cluster: Cluster) -> None:
    with cluster.database(empty=True) as url:
        fill_as_the_first_release_did(url)
        started_together(url)
        assert differences(url) == []
        assert ordered_by_locale(cluster, url) == []
        assert cluster.sql("SELECT version_num FROM alembic_version", url) == [("0002",)]
        statuses = dict(cluster.sql("SELECT public_id, moderation_status FROM assets", url))
    assert statuses["holidays/approved"] == "approved"
    assert len(statuses) == 5
