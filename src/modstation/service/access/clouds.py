"""Clouds: each a name space of its own, with its keys and settings, in one service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from modstation.core.errors import SettingsError
from modstation.service.access.api_keys import add_key, keys_of
from modstation.service.access.cloud_settings import CloudSettings, read_settings, stored_settings
from modstation.service.schema import clouds

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstation.service.access.api_keys import ApiKey
    from modstation.service.access.sealing import Seal

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# What addresses that belong to no cloud begin with (app.py).
_TAKEN = frozenset({"v1_1", "v2", "healthz", "readyz", "metrics"})


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud as it is listed."""

    name: str
    created_us: int
    settings: CloudSettings


def check_cloud_name(name: str) -> str:
    """The name; raises SettingsError for one that could not stand in an address."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"“{name}” cannot be a cloud name: letters, digits, - and _ only.")
    if name in _TAKEN:
        raise SettingsError(f"“{name}” cannot be a cloud name: addresses of the service begin so.")
    return name


def create_cloud(
    connection: Connection, seal: Seal, name: str, settings: CloudSettings, now_us: int
) -> ApiKey:
    """Make a cloud and its first key; raises SettingsError if there is one of that name."""
    check_cloud_name(name)
    if not _insert(connection, name, settings, now_us):
        raise SettingsError(f"There is a cloud “{name}” already.")
    return add_key(connection, seal, name, now_us=now_us)


def ensure_cloud(
    connection: Connection, seal: Seal, name: str, settings: CloudSettings, now_us: int
) -> ApiKey:
    """The cloud's oldest active key; makes the cloud and the key if there are none.

    ``settings`` are those of a cloud that has none of its own yet.
    """
    _insert(connection, name, settings, now_us)
    # Services that start together wait here for the first, and find its key.
    connection.execute(select(clouds.c.name).where(clouds.c.name == name).with_for_update())
    connection.execute(
        update(clouds)
        .where(clouds.c.name == name, clouds.c.settings.is_(None))
        .values(settings=stored_settings(settings))
    )
    active = [key for key in keys_of(connection, name) if key.active(now_us)]
    return active[0].opened(seal) if active else add_key(connection, seal, name, now_us=now_us)


def hold_cloud(connection: Connection, name: str) -> None:
    """Have others who hold the same cloud wait until this transaction ends.

    To be called before any asset is locked, so that no two wait for each other.
    """
    row = select(clouds.c.name).where(clouds.c.name == name)
    connection.execute(row.with_for_update(key_share=True))


def all_clouds(connection: Connection) -> list[Cloud]:
    """Every cloud, by name."""
    rows = connection.execute(select(clouds).order_by(clouds.c.name))
    return [Cloud(row.name, row.created_us, read_settings(row.settings)) for row in rows]


def _insert(connection: Connection, name: str, settings: CloudSettings, now_us: int) -> bool:
    if connection.scalar(select(clouds.c.name).where(clouds.c.name == name)) is not None:
        return False
    values = {"name": name, "created_us": now_us, "settings": stored_settings(settings)}
    try:
        with connection.begin_nested():
            connection.execute(insert(clouds).values(values))
    except IntegrityError:
        # Another service made it between the two statements.
        return False
    return True
