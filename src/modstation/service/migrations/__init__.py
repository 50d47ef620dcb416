"""How a service's database became what schema.py says, one revision a release (Alembic).

An empty database is made whole from schema.py; one that is there runs the revisions it lacks.
A test holds the two ways against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import inspect, text

from modstation.core.errors import StoreTooNew
from modstation.service.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

# The first release wrote its version into a table of its own.
_BEFORE_ALEMBIC = "service_meta"
_FIRST = "0001"
# Any number will do, as long as nobody else locks it: "modstati" in ASCII.
_ADVISORY_LOCK = 0x6D6F647374617469


def bring_up_to_date(connection: Connection) -> None:
    """Make or migrate the tables, in the transaction that is open.

    On PostgreSQL services that start together wait for each other here; on SQLite the caller's
    ``BEGIN IMMEDIATE`` does that. Raises StoreTooNew for a database of a newer modstation.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    config = _config(connection)
    revisions = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection)
    found = context.get_current_revision()
    if found is None:
        tables = set(inspect(connection).get_table_names())
        if _BEFORE_ALEMBIC not in tables:
            metadata.create_all(connection)
            context.stamp(revisions, "head")
            return
        _check_first(connection)
        context.stamp(revisions, _FIRST)
    elif found == revisions.get_current_head():
        return
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        # Alembic's answer to a revision that none of its files has.
        raise _too_new() from error


def is_current(connection: Connection) -> bool:
    """Whether the database has every revision of this modstation and no other."""
    head = ScriptDirectory.from_config(_config(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _check_first(connection: Connection) -> None:
    version = connection.scalar(text("SELECT value FROM service_meta WHERE key = 'version'"))
    if version != "1":
        raise _too_new()


def _too_new() -> StoreTooNew:
    return StoreTooNew("A newer modstation wrote this service's database.")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "modstation.service:migrations")
    config.attributes["connection"] = connection
    return config
