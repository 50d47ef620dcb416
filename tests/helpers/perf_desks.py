"""Ready-made homes for stations: a database, a cache of pictures, the service they belong to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.perf_backlog import VIEW, fill, store_pictures
from modstation.app.accounts import URL_VARIABLE, AccountBook
from modstation.app.paths import AccountFolder, home_at, make_private_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Desk:
    """A home with one account; ``seconds`` is what making its database took."""

    home: Path
    url: str
    count: int
    seconds: float = field(compare=False)

    @property
    def database(self) -> Path:
        return _folder(self.home, self.url).station_db

    @property
    def megabytes(self) -> float:
        return self.database.stat().st_size / 1_000_000

    @property
    def env(self) -> dict[str, str]:
        """What a modstation needs to open it."""
        return {"MODSTATION_HOME": str(self.home), URL_VARIABLE: self.url}


def make_desk(
    home: Path,
    url: str,
    count: int,
    pictures: Sequence[Path],
    *,
    cached: int,
    settings: str = "",
    kinds: tuple[str, ...] = VIEW.kinds,
) -> Desk:
    """A home with ``count`` pending images, the pictures of the first ``cached`` in its cache."""
    start = time.perf_counter()
    root = url.rpartition("=")[2]
    folder = _folder(home, url)
    make_private_folder(folder.path)
    bodies = [path.read_bytes() for path in pictures]
    size = _size(bodies[0])
    fill(folder.station_db, count, root, bytes_=len(bodies[0]), size=size, kinds=kinds)
    seconds = time.perf_counter() - start
    store_pictures(folder.images_db, range(cached), bodies)
    # No first steps: they would veil the picture that an observer of the screen waits for.
    home_at(home).settings_file.write_text(
        f'theme = "dark"\ncache_limit_mb = 4096\ntour_seen = true\n{settings}'
    )
    return Desk(home, url, count, seconds)


def _folder(home: Path, url: str) -> AccountFolder:
    """Where a station that is given this address keeps its data."""
    account = AccountBook(home_at(home)).locate(None, {URL_VARIABLE: url})
    assert account is not None
    return home_at(home).account(account.name)


def _size(body: bytes) -> tuple[int, int]:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(body)) as image:
        return image.size
