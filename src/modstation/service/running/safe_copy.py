"""A copy of a service's data folder, made while it serves: what ``serve --data`` can start on.

Blobs never change under their names, so they are copied first, then the database as it is at one
moment, and then the blobs that came meanwhile. What the database at that moment speaks of is in
the copy. A copy into the same folder takes only what is new.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.errors import SettingsError
from modstation.service.blobs import BACKUP, ORIGINALS, BlobGone, Blobs, beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from modstation.service.running.administration import Administration

_DATABASE = "service.sqlite3"
_KEY = "service.key"
_BLOBS = "blobs"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied; ``missing`` are blobs that were not there to be copied."""

    blobs: int
    missing: tuple[str, ...]


def copy_service(
    place: Administration, folder: Path, *, done: Callable[[int], None] = lambda _: None
) -> Copied:
    """Copy database, key and blobs into a folder, which is made for its owner only.

    ``done`` is told of every blob that is copied or was before. Raises SettingsError for a
    service whose data is not a folder's: its database server and its storage have better ways.
    """
    source = _database(place)
    if folder.resolve() == place.settings.data.resolve():
        raise SettingsError("A copy into the service's own folder is none.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copies = Blobs(None, folder / _BLOBS)
    copied = 0
    for prefix in (f"{area}/{part:02x}" for area in (ORIGINALS, BACKUP) for part in range(256)):
        for name in place.blobs.names(prefix):
            copied += _copy_blob(place.blobs, copies, name) or 0
            done(1)
    _copy_database(source, folder / _DATABASE)
    missing = []
    for name in _spoken_of(folder / _DATABASE):
        if copies.has_original(name):
            continue
        new = _copy_blob(place.blobs, copies, name)
        if new is None:
            missing.append(name)
        else:
            copied += new
    _copy_key(place.settings.sealing_key, folder / _KEY)
    return Copied(copied, tuple(missing))


def _database(place: Administration) -> Path:
    if place.settings.storage is not None:
        raise SettingsError(
            "This service keeps its images in a storage of its own: copy the database first, then"
            " the storage with its own tool or versioning, and keep a copy of service.key."
        )
    if place.settings.database is not None:
        raise SettingsError(
            "This service has a database of its own: copy it with its own tool (pg_dump for"
            " PostgreSQL), then the images, and keep a copy of service.key."
        )
    return place.settings.data / _DATABASE


def _copy_blob(blobs: Blobs, copies: Blobs, name: str) -> int | None:
    """1 for a blob that was copied, 0 for one that was there before, None for one that is gone."""
    places = [beside(name, area) for area in (ORIGINALS, BACKUP)]
    # Looked for again: it may have moved between the two.
    for at in [*places, *places]:
        try:
            size = blobs.size(at)
            if copies.has(at) and copies.size(at) == size:
                return 0
            with blobs.open_original(at, size) as content:
                copies.put(at, content)
        except BlobGone:
            continue
        return 1
    return None


def _copy_database(source: Path, target: Path) -> None:
    fresh = target.with_name(f"{target.name}.new")
    fresh.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(fresh)) as copy,
    ):
        # All pages in one step, so that it is one moment; writers go on meanwhile (WAL).
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    fresh.chmod(0o600)
    fresh.replace(target)
    for rest in ("-wal", "-shm"):
        target.with_name(target.name + rest).unlink(missing_ok=True)


def _spoken_of(database: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as copy:
        for table in ("assets", "backup_versions", "upload_parts", "upload_tasks"):
            kept = f"SELECT blob FROM {table} WHERE blob IS NOT NULL"  # noqa: S608 - our own words
            for (name,) in copy.execute(kept):
                yield name


def _copy_key(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out, source.open("rb") as key:
        shutil.copyfileobj(key, out)
