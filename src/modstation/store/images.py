"""The image cache's file: sealed bytes by asset and rendition, bounded in bytes.

A file of its own beside the database. The network process writes it, the station reads it and
notes what was looked at. Only ciphertext and wrapped keys pass through here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from modstation.core.clock import from_us, to_us
from modstation.core.errors import StoreDamaged, StoreTooNew
from modstation.core.language import packed, unpacked
from modstation.store.images_file import ImagesFile, remove_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from modstation.core.clock import Clock
    from modstation.core.language import Sentence

_KEYS_A_STATEMENT: Final = 200


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
    mismatch: Sentence | None = None
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
        remove_file(path)
        return ImageStore(path, clock=clock)


class ImageStore:
    """One connection to the cache file, usable from several threads one at a time.

    When another process has begun the file anew, the next use follows it to the new one.
    Fails with ``StoreError``: ``StoreDamaged`` for a file that is not ours, ``StoreTooNew`` for
    one a newer version wrote, ``StoreBusy`` after five seconds of waiting.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._clock = clock
        self._file = ImagesFile(path)

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
        self._file.close()

    def begin_anew(self) -> None:
        """Replace a file that turned out to be damaged by an empty one."""
        self._file.begin_anew()

    @property
    def salt(self) -> bytes:
        """Random, made with the file; goes into the master key."""
        with self._file.using():
            return self._salt()

    def adopt(self, check_value: bytes) -> bool:
        """Make the file that of this master key; False when it was another's and was emptied."""
        with self._file.using():
            with self._file.transaction():
                row = self._file.sql.execute(
                    "SELECT value FROM settings WHERE name='check'"
                ).fetchone()
                ours = row is not None and bytes(row[0]) == check_value
                if not ours:
                    self._file.sql.execute("DELETE FROM images")
                    self._file.sql.execute(
                        "INSERT OR REPLACE INTO settings VALUES ('check', ?)", (check_value,)
                    )
            if row is None or ours:
                return True
            self._file.shred()
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
        with self._file.using(), self._file.transaction():
            if self._file.sql.execute(
                "SELECT 1 FROM never_kept WHERE asset_key=?", (image.asset_key,)
            ).fetchone():
                return Stored(kept=False)
            if salt is not None and salt != self._salt():
                return Stored(kept=False)
            name = (image.asset_key, image.rendition)
            self._file.sql.execute("DELETE FROM images WHERE asset_key=? AND rendition=?", name)
            excess = self._total() - limit_bytes
            oldest, freed = self._oldest(excess + stored_bytes, protected)
            if freed < excess + stored_bytes and image.asset_key not in protected:
                # No room even then. What lost its protection since it was put goes all the same.
                oldest, _ = self._oldest(excess, protected)
                self._drop(oldest)
                return Stored(kept=False, evicted=tuple(oldest.values()))
            self._drop(oldest)
            self._file.sql.execute(
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
                    None if image.mismatch is None else packed(image.mismatch),
                    now if image.fetched_at is None else to_us(image.fetched_at),
                    now,
                    image.wrapped_key,
                    image.sealed,
                ),
            )
        return Stored(kept=True, evicted=tuple(oldest.values()))

    def get(self, asset_key: str, rendition: str) -> StoredImage | None:
        """The image as it was put, or None; reading alone does not count as use."""
        with self._file.using():
            row = self._file.sql.execute(
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
            mismatch=None if mismatch is None else str(unpacked(mismatch)),
            fetched_at=from_us(fetched_at),
        )

    def source_revision(self, asset_key: str, rendition: str) -> SourceRevision | None:
        """Which upload was listed when the image was fetched; None when it is not here."""
        with self._file.using():
            row = self._file.sql.execute(
                "SELECT source_revision FROM images WHERE asset_key=? AND rendition=?",
                (asset_key, rendition),
            ).fetchone()
        return None if row is None else SourceRevision(row[0])

    def touch(self, asset_keys: Iterable[str]) -> None:
        """Note that these were looked at now."""
        now = to_us(self._clock.now())
        with self._file.using(), self._file.transaction():
            for keys, marks in _slices(asset_keys):
                self._file.sql.execute(
                    f"UPDATE images SET last_used=? WHERE asset_key IN ({marks})",
                    (now, *keys),
                )

    def purge(self, asset_keys: Iterable[str], *, never_again: bool = False) -> int:
        """Destroy every rendition of these, and say how many there were.

        With ``never_again`` a later ``put`` of the same asset is refused too.
        """
        gone = 0
        now = to_us(self._clock.now())
        with self._file.using():
            with self._file.transaction():
                for keys, marks in _slices(asset_keys):
                    gone += self._file.sql.execute(
                        f"DELETE FROM images WHERE asset_key IN ({marks})",
                        keys,
                    ).rowcount
                    if never_again:
                        self._file.sql.executemany(
                            "INSERT OR IGNORE INTO never_kept VALUES (?, ?)",
                            [(key, now) for key in keys],
                        )
            self._file.shred()
        return gone

    def never_kept(self, asset_keys: Iterable[str]) -> frozenset[str]:
        """Those of ``asset_keys`` that were purged for good."""
        found: set[str] = set()
        with self._file.using():
            for keys, marks in _slices(asset_keys):
                query = f"SELECT asset_key FROM never_kept WHERE asset_key IN ({marks})"
                found.update(key for (key,) in self._file.sql.execute(query, keys))
        return frozenset(found)

    def purge_all(self) -> int:
        """Destroy every image, and say how many there were."""
        with self._file.using():
            with self._file.transaction():
                (gone,) = self._file.sql.execute("SELECT count(*) FROM images").fetchone()
                self._file.sql.execute("DELETE FROM images")
            self._file.shred()
        return int(gone)

    def size(self) -> int:
        """How many bytes of sealed images there are."""
        with self._file.using():
            return self._total()

    def count(self) -> int:
        """How many images there are, each rendition counted."""
        with self._file.using():
            (count,) = self._file.sql.execute(
                "SELECT count(*) FROM images INDEXED BY images_by_use"
            ).fetchone()
            return int(count)

    def _salt(self) -> bytes:
        (salt,) = self._file.sql.execute("SELECT value FROM settings WHERE name='salt'").fetchone()
        return bytes(salt)

    def _oldest(self, excess: int, protected: Collection[str]) -> tuple[dict[int, str], int]:
        """The rows to drop, least recently used first, to free ``excess`` bytes, and what it frees.

        Less than was asked for when the rest is protected.
        """
        found: dict[int, str] = {}
        freed = 0
        if excess > 0:
            rows = self._file.sql.execute(
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
        self._file.sql.executemany(
            "DELETE FROM images WHERE id=?", [(identity,) for identity in rows]
        )

    def _total(self) -> int:
        (total,) = self._file.sql.execute(
            "SELECT ifnull(sum(stored_bytes), 0) FROM images INDEXED BY images_by_use"
        ).fetchone()
        return int(total)


def _slices(asset_keys: Iterable[str]) -> Iterator[tuple[list[str], str]]:
    keys = list(asset_keys)
    for start in range(0, len(keys), _KEYS_A_STATEMENT):
        part = keys[start : start + _KEYS_A_STATEMENT]
        yield part, ",".join("?" * len(part))
