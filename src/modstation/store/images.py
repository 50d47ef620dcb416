"""The image cache's file: sealed bytes by asset and rendition, bounded in bytes.

A file of its own beside the database. The network process writes it, the station reads it and
notes what was looked at. Only ciphertext and wrapped keys pass through here.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from modstation.core.clock import from_us, to_us
from modstation.core.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreTooNew

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from modstation.core.clock import Clock

_VERSION: Final = 2
_BUSY_SECONDS: Final = 5.0
_SALT_BYTES: Final = 32
_KEYS_A_STATEMENT: Final = 200

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


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One sealed image.

    ``length`` is that of the image's own bytes, ``content_etag`` came with them. The ``source_``
    ones are what the listing said of the original, ``mismatch`` is the warning to show when the
    bytes are not what was listed.
    """

    asset_key: str
    rendition: str
    sealed: bytes
    wrapped_key: bytes
    length: int
    content_etag: str | None = None
    source_length: int | None = None
    source_revision: str | None = None
    mismatch: str | None = None
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceRevision:
    """Which upload the listing named at the time of a fetch; it may have named none."""

    revision: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a ``put``: whether the image was kept, and which assets had to go for it."""

    kept: bool
    evicted: tuple[str, ...] = ()


def open_image_store(path: Path, *, clock: Clock) -> ImageStore:
    """Open the cache file, beginning anew when what is there cannot be read.

    A cache can be fetched again; a moderator need not hear of it. Other ``StoreError`` pass.
    """
    try:
        return ImageStore(path, clock=clock)
    except (StoreDamaged, StoreTooNew):
        _remove(path)
        return ImageStore(path, clock=clock)


class ImageStore:
    """One connection to the cache file, usable from several threads one at a time.

    When another process has begun the file anew, the next use follows it to the new one.
    Fails with ``StoreError``: ``StoreDamaged`` for a file that is not ours, ``StoreTooNew`` for
    one a newer version wrote, ``StoreBusy`` after five seconds of waiting.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._file: tuple[int, int] | None = None
        with _translated():
            self._connect()

    def _connect(self) -> None:
        # The lock above, not SQLite, keeps the threads apart.
        self._db = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._open()
        except BaseException:
            self._db.close()
            raise
        self._file = _identity(self._path)

    def _open(self) -> None:
        # auto_vacuum can only be chosen before the first table is made.
        self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA secure_delete = ON")
        with self._transaction():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise StoreTooNew("The image cache was written by a newer modstation.")
            if version == _VERSION:
                return
            if version == 0:
                for statement in _statements(_LASTING):
                    self._db.execute(statement)
                self._db.execute(
                    "INSERT INTO settings VALUES ('salt', ?)", (os.urandom(_SALT_BYTES),)
                )
            self._db.execute("DROP TABLE IF EXISTS images")
            for statement in _statements(_IMAGES):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        with self._lock, _translated():
            self._db.close()

    def begin_anew(self) -> None:
        """Replace a file that turned out to be damaged by an empty one."""
        with self._lock, _translated():
            self._db.close()
            # Should connecting fail, the next use tries it again.
            self._file = None
            _remove(self._path)
            self._connect()

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock, _translated():
            if self._file is None or self._file != _identity(self._path):
                self._db.close()
                self._connect()
            yield

    @property
    def salt(self) -> bytes:
        """Random, made with the file; goes into the master key."""
        with self._using():
            return self._salt()

    def adopt(self, check_value: bytes) -> bool:
        """Make the file that of this master key; False when it was another's and was emptied."""
        with self._using():
            with self._transaction():
                row = self._db.execute("SELECT value FROM settings WHERE name='check'").fetchone()
                ours = row is not None and bytes(row[0]) == check_value
                if not ours:
                    self._db.execute("DELETE FROM images")
                    self._db.execute(
                        "INSERT OR REPLACE INTO settings VALUES ('check', ?)", (check_value,)
                    )
            if row is None or ours:
                return True
            self._shred()
            return False

    def put(
        self,
        image: StoredImage,
        *,
        limit_bytes: int,
        protected: Collection[str] = (),
        salt: bytes | None = None,
    ) -> Stored:
        """Keep ``image``, dropping those unused for longest until the file holds ``limit_bytes``.

        Assets in ``protected`` are never dropped, so they alone may exceed the limit. An image
        that does not fit beside them is not kept, nor is one that may never be kept, nor one that
        was sealed with the ``salt`` of a file that is no more.
        """
        now = to_us(self._clock.now())
        stored_bytes = len(image.sealed) + len(image.wrapped_key)
        with self._using(), self._transaction():
            if self._db.execute(
                "SELECT 1 FROM never_kept WHERE asset_key=?", (image.asset_key,)
            ).fetchone():
                return Stored(kept=False)
            if salt is not None and salt != self._salt():
                return Stored(kept=False)
            name = (image.asset_key, image.rendition)
            self._db.execute("DELETE FROM images WHERE asset_key=? AND rendition=?", name)
            excess = self._total() - limit_bytes
            oldest, freed = self._oldest(excess + stored_bytes, protected)
            if freed < excess + stored_bytes and image.asset_key not in protected:
                # No room even then. What lost its protection since it was put goes all the same.
                oldest, _ = self._oldest(excess, protected)
                self._drop(oldest)
                return Stored(kept=False, evicted=tuple(oldest.values()))
            self._drop(oldest)
            self._db.execute(
                "INSERT INTO images (asset_key, rendition, length, stored_bytes, content_etag,"
                " source_length, source_revision, mismatch, fetched_at, last_used, wrapped_key,"
                " sealed)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    *name,
                    image.length,
                    stored_bytes,
                    image.content_etag,
                    image.source_length,
                    image.source_revision,
                    image.mismatch,
                    now if image.fetched_at is None else to_us(image.fetched_at),
                    now,
                    image.wrapped_key,
                    image.sealed,
                ),
            )
        return Stored(kept=True, evicted=tuple(oldest.values()))

    def get(self, asset_key: str, rendition: str) -> StoredImage | None:
        """The image as it was put, or None; reading alone does not count as use."""
        with self._using():
            row = self._db.execute(
                "SELECT sealed, wrapped_key, length, content_etag, source_length, source_revision,"
                " mismatch, fetched_at FROM images WHERE asset_key=? AND rendition=?",
                (asset_key, rendition),
            ).fetchone()
        if row is None:
            return None
        sealed, wrapped_key, length, etag, source_length, source_revision, mismatch, fetched_at = (
            row
        )
        return StoredImage(
            asset_key=asset_key,
            rendition=rendition,
            sealed=sealed,
            wrapped_key=wrapped_key,
            length=length,
            content_etag=etag,
            source_length=source_length,
            source_revision=source_revision,
            mismatch=mismatch,
            fetched_at=from_us(fetched_at),
        )

    def source_revision(self, asset_key: str, rendition: str) -> SourceRevision | None:
        """Which upload was listed when the image was fetched; None when it is not here."""
        with self._using():
            row = self._db.execute(
                "SELECT source_revision FROM images WHERE asset_key=? AND rendition=?",
                (asset_key, rendition),
            ).fetchone()
        return None if row is None else SourceRevision(row[0])

    def touch(self, asset_keys: Iterable[str]) -> None:
        """Note that these were looked at now."""
        now = to_us(self._clock.now())
        with self._using(), self._transaction():
            for keys, marks in _slices(asset_keys):
                self._db.execute(
                    f"UPDATE images SET last_used=? WHERE asset_key IN ({marks})",  # noqa: S608 - question marks
                    (now, *keys),
                )

    def purge(self, asset_keys: Iterable[str], *, never_again: bool = False) -> int:
        """Destroy every rendition of these, and say how many there were.

        With ``never_again`` a later ``put`` of the same asset is refused too.
        """
        gone = 0
        now = to_us(self._clock.now())
        with self._using():
            with self._transaction():
                for keys, marks in _slices(asset_keys):
                    gone += self._db.execute(
                        f"DELETE FROM images WHERE asset_key IN ({marks})",  # noqa: S608 - question marks
                        keys,
                    ).rowcount
                    if never_again:
                        self._db.executemany(
                            "INSERT OR IGNORE INTO never_kept VALUES (?, ?)",
                            [(key, now) for key in keys],
                        )
            self._shred()
        return gone

    def never_kept(self, asset_keys: Iterable[str]) -> frozenset[str]:
        """Those of ``asset_keys`` that were purged for good."""
        found: set[str] = set()
        with self._using():
            for keys, marks in _slices(asset_keys):
                query = f"SELECT asset_key FROM never_kept WHERE asset_key IN ({marks})"  # noqa: S608 - question marks
                found.update(key for (key,) in self._db.execute(query, keys))
        return frozenset(found)

    def purge_all(self) -> int:
        """Destroy every image, and say how many there were."""
        with self._using():
            with self._transaction():
                (gone,) = self._db.execute("SELECT count(*) FROM images").fetchone()
                self._db.execute("DELETE FROM images")
            self._shred()
        return int(gone)

    def size(self) -> int:
        """How many bytes of sealed images there are."""
        with self._using():
            return self._total()

    def count(self) -> int:
        """How many images there are, each rendition counted."""
        with self._using():
            (count,) = self._db.execute(
                "SELECT count(*) FROM images INDEXED BY images_by_use"
            ).fetchone()
            return int(count)

    def _salt(self) -> bytes:
        (salt,) = self._db.execute("SELECT value FROM settings WHERE name='salt'").fetchone()
        return bytes(salt)

    def _oldest(self, excess: int, protected: Collection[str]) -> tuple[dict[int, str], int]:
        """The rows to drop, least recently used first, to free ``excess`` bytes, and what it frees.

        Less than was asked for when the rest is protected.
        """
        found: dict[int, str] = {}
        freed = 0
        if excess > 0:
            rows = self._db.execute(
                "SELECT id, stored_bytes, asset_key FROM images INDEXED BY images_by_use"
                " ORDER BY last_used, id"
            )
            for identity, size, asset_key in rows:
                if asset_key not in protected:
                    found[identity] = asset_key
                    freed += size
                    if freed >= excess:
                        break
            rows.close()
        return found, freed

    def _drop(self, rows: Iterable[int]) -> None:
        self._db.executemany("DELETE FROM images WHERE id=?", [(identity,) for identity in rows])

    def _total(self) -> int:
        (total,) = self._db.execute(
            "SELECT ifnull(sum(stored_bytes), 0) FROM images INDEXED BY images_by_use"
        ).fetchone()
        return int(total)

    def _shred(self) -> None:
        # secure_delete overwrites the pages, but the write-ahead log still has them (and their
        # wrapped keys) until it is emptied. While another process reads, the next purge does it.
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        # executescript, because it takes a step for each page; execute stops at the first.
        self._db.executescript("PRAGMA incremental_vacuum")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE: a deferred read-then-write fails at once with BUSY_SNAPSHOT, whatever the
        # time-out.
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _slices(asset_keys: Iterable[str]) -> Iterator[tuple[list[str], str]]:
    keys = list(asset_keys)
    for start in range(0, len(keys), _KEYS_A_STATEMENT):
        part = keys[start : start + _KEYS_A_STATEMENT]
        yield part, ",".join("?" * len(part))


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit the transaction it is called in.
    yield from (statement for statement in script.split(";\n") if statement.strip())


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a closed connection or wrong SQL: ours to mend
    except sqlite3.Error as error:
        code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise StoreBusy("Another program holds the image cache.") from error
        if code == sqlite3.SQLITE_FULL:
            raise StoreFull("The disk with the image cache is full.") from error
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise StoreDamaged("The image cache is damaged, or is not ours.") from error
        raise StoreError(f"The image cache cannot be used: {error}") from error
