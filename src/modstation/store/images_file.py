"""The image cache's database file: opened, followed when it is replaced, emptied for good."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from modstation.core.errors import StoreTooNew
from modstation.core.language import translate
from modstation.store.connection import BUSY_TIMEOUT, raise_known, use_write_ahead_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VERSION: Final = 2
_SALT_BYTES: Final = 32

_LASTING: Final = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE never_kept (asset_key TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
# Made anew for every version: what was in it can be fetched again.
_IMAGES: Final = """
CREATE TABLE images (
  id INTEGER PRIMARY KEY,
  asset_key TEXT NOT NULL,
  rendition TEXT NOT NULL CHECK (rendition IN ('review', 'original')),
  length INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL,
  content_etag TEXT,
  source_length INTEGER,
  source_revision TEXT,
  mismatch TEXT,
  fetched_at INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  sealed BLOB NOT NULL,
  UNIQUE (asset_key, rendition)
) STRICT;
-- Everything the bound needs, so that no page of image bytes is read to find what to drop.
CREATE INDEX images_by_use ON images (last_used, id, stored_bytes, asset_key);
"""


class ImagesFile:
    """One connection to the file, for several threads one at a time; made anew with the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._identity: tuple[int, int] | None = None
        with self._translated():
            self._connect()

    @contextmanager
    def using(self) -> Iterator[None]:
        """The connection is this thread's, and that of the file that is there now."""
        with self._lock, self._translated():
            if self._identity is None or self._identity != _identity(self.path):
                self.sql.close()
                self._connect()
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One write transaction; whatever is raised inside takes all of it back."""
        # IMMEDIATE: a deferred read-then-write fails at once with BUSY_SNAPSHOT, whatever the
        # time-out.
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.sql.execute("ROLLBACK")
            raise
        self.sql.execute("COMMIT")

    def shred(self) -> None:
        """Leave nothing of what was deleted in the file or its log."""
        # secure_delete overwrites the pages, but the write-ahead log still has them (and their
        # wrapped keys) until it is emptied. While another process reads, the next purge does it.
        self.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        # executescript, because it takes a step for each page; execute stops at the first.
        self.sql.executescript("PRAGMA incremental_vacuum")
        self.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        with self._lock, self._translated():
            self.sql.close()

    def begin_anew(self) -> None:
        """Replace a file that turned out to be damaged by an empty one."""
        with self._lock, self._translated():
            self.sql.close()
            # Should connecting fail, the next use tries it again.
            self._identity = None
            remove_file(self.path)
            self._connect()

    def _connect(self) -> None:
        # The lock above, not SQLite, keeps the threads apart.
        self.sql = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
        )
        try:
            self._open()
        except BaseException:
            self.sql.close()
            raise
        self._identity = _identity(self.path)

    def _open(self) -> None:
        # auto_vacuum can only be chosen before the first table is made.
        self.sql.execute("PRAGMA auto_vacuum = INCREMENTAL")
        use_write_ahead_log(self.sql)
        self.sql.execute("PRAGMA synchronous = NORMAL")
        self.sql.execute("PRAGMA secure_delete = ON")
        with self.transaction():
            (version,) = self.sql.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise StoreTooNew(
                    translate("Connection", "The image cache was written by a newer modstation.")
                )
            if version == _VERSION:
                return
            if version == 0:
                for statement in _statements(_LASTING):
                    self.sql.execute(statement)
                self.sql.execute(
                    "INSERT INTO settings VALUES ('salt', ?)", (os.urandom(_SALT_BYTES),)
                )
            self.sql.execute("DROP TABLE IF EXISTS images")
            for statement in _statements(_IMAGES):
                self.sql.execute(statement)
            self.sql.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise_known(error, self.path)
            raise


def remove_file(path: Path) -> None:
    """Delete the file and its log."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit the transaction it is called in.
    yield from (statement for statement in script.split(";\n") if statement.strip())
