"""Bytes by name: a folder by default, S3, GCS or Azure by URL.

Names are made here from asset identifiers and digests. No public ID, file name or other
word of a caller ever becomes part of one.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from modstation.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from obstore.store import ObjectStore, RetryConfig

_T = TypeVar("_T")

ORIGINALS = "originals"
BACKUP = "backup"
RENDITIONS = "renditions"
# What waits for storage may hold a row: an outage must become an error soon.
_RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_IN_MEMORY = 8 << 20
_PIECE = 4 << 20
# Seconds; a rendition that is being written right now must not lose its file.
_SURELY_ABANDONED = 60.0


class BlobGone(Exception):
    """No blob of that name: it was moved or removed since its row was read."""


class Blobs:
    """A store of immutable blobs; safe to use from many threads.

    Raises SettingsError for a storage address that cannot be used.
    """

    def __init__(self, url: str | None, folder: Path) -> None:
        try:
            if url is None:
                folder.mkdir(parents=True, exist_ok=True)
                self._store: ObjectStore = LocalStore(folder, automatic_cleanup=True)
            else:
                self._store = from_url(url, retry_config=_RETRIES)
            local = isinstance(self._store, LocalStore) and self._store.prefix
            self._folder = Path(local) if local else None
        except (BaseError, ValueError, OSError) as error:
            # obstore's own debugging notes follow the first line.
            said = str(error).partition("\n")[0]
            raise SettingsError(f"The storage address cannot be used: {said}") from error

    def put(self, name: str, content: bytes | IO[bytes]) -> None:
        """Store a blob whole, or not at all."""
        obstore.put(self._store, name, content)

    def reach(self) -> None:
        """Raise obstore's or the system's error if blobs cannot be stored and read now."""
        if self._folder is not None and not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
            raise NotADirectoryError(self._folder)
        try:
            obstore.head(self._store, f"{ORIGINALS}/none")
        except FileNotFoundError:
            return

    def get(self, name: str) -> bytes:
        """A blob's bytes; raises BlobGone."""
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError as error:
            raise BlobGone(name) from error

    def size(self, name: str) -> int:
        """How many bytes a blob has, none of them read; raises BlobGone."""
        try:
            return int(obstore.head(self._store, name)["size"])
        except FileNotFoundError as error:
            raise BlobGone(name) from error

    def size_original(self, name: str) -> int:
        """How many bytes an original has, in whichever area; raises BlobGone."""
        return self._wherever(name, self.size)

    def slice(self, name: str, start: int, end: int) -> bytes:
        """A blob's bytes ``start`` to before ``end``; raises BlobGone."""
        try:
            return bytes(obstore.get_range(self._store, name, start=start, end=end))
        except FileNotFoundError as error:
            raise BlobGone(name) from error

    def slice_original(self, name: str, start: int, end: int) -> bytes:
        """An original's bytes ``start`` to before ``end``, also while it is being moved."""
        return self._wherever(name, lambda place: self.slice(place, start, end))

    def has(self, name: str) -> bool:
        """Whether there is a blob of that name."""
        try:
            self.size(name)
        except BlobGone:
            return False
        return True

    def has_original(self, name: str) -> bool:
        """Whether an original's bytes are there, in whichever area."""
        try:
            self._wherever(name, self.size)
        except BlobGone:
            return False
        return True

    @contextmanager
    def open_original(self, name: str, size: int) -> Iterator[IO[bytes]]:
        """An original's ``size`` bytes as a file, of which a large one is never all in memory.

        Raises BlobGone.
        """
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            for start in range(0, size, _PIECE):
                file.write(self.slice_original(name, start, min(size, start + _PIECE)))
            file.seek(0)
            yield file

    def _wherever(self, name: str, read: Callable[[str], _T]) -> _T:
        # Between reading a row and its blob the original may have moved to or from the backup
        # area. It is copied before it is removed, so it is always in one of the two; one that
        # comes back while it is looked for is found by looking again.
        for area in (ORIGINALS, BACKUP):
            try:
                return read(beside(name, area))
            except BlobGone:
                continue
        return read(beside(name, ORIGINALS))

    def copy(self, name: str, to: str) -> None:
        """Copy a blob to another name; raises BlobGone."""
        try:
            obstore.copy(self._store, name, to)
        except FileNotFoundError as error:
            raise BlobGone(name) from error
        # A folder's copy is a hard link that is then renamed, and renaming it to what is the same
        # file already – a copy made again after a kill – does nothing and leaves it there.
        self._remove_unfinished(to)

    def remove(self, *names: str) -> None:
        """Remove blobs, half-written ones included; a name that is not there is no fault."""
        for name in names:
            self._remove_unfinished(name)
            try:
                obstore.delete(self._store, name)
            except FileNotFoundError:
                continue

    def remove_under(self, prefix: str) -> None:
        """Remove every blob under a prefix."""
        self.remove(*self.names(prefix))
        if self._folder is not None:
            self._clear(self._folder / prefix, "*", older_than=_SURELY_ABANDONED)

    def _remove_unfinished(self, name: str) -> None:
        """Remove what a kill left of a blob that was being written: ``name#1``, never listed."""
        if self._folder is not None:
            file = self._folder / name
            self._clear(file.parent, file.name, older_than=0)

    def _clear(self, folder: Path, name: str, *, older_than: float) -> None:
        for part in folder.glob(f"{name}#*"):
            try:
                if older_than and time.time() - part.stat().st_mtime < older_than:
                    continue
                part.unlink()
                folder.rmdir()
                folder.parent.rmdir()
            except OSError:  # gone already, or there is more in the folder
                continue

    def names(self, prefix: str) -> list[str]:
        """The names under a prefix."""
        return [found["path"] for page in obstore.list(self._store, prefix) for found in page]


def blob_name(asset_id: str, version_id: str) -> str:
    """Where the bytes of a fresh upload are kept; ``beside`` names the places they may move to."""
    # The last digits: identifiers begin with the time and would all share one folder.
    return f"{ORIGINALS}/{asset_id[-2:]}/{asset_id}/{version_id}"


def beside(blob: str, area: str) -> str:
    """The name the same bytes have in another area; renditions are kept under it."""
    return f"{area}/{blob.partition('/')[2]}"
