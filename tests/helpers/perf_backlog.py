"""Station databases of any size, and data folders with pictures, made fast.

A million images through the engine would take minutes, so all but the first come by SQL: into the
tables of the store's own schema, its triggers and indexes set aside meanwhile and put back after.
The result is compared with the schema's own projection.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from modstation.core.assets import Asset, AssetRef, ModerationEntry, ModerationStatus
from modstation.core.clock import SystemClock, TimeOrderedIds, to_us
from modstation.core.likeness import Fingerprint
from modstation.core.queue import Listing, QueueView
from modstation.media.cache import ImageCache
from modstation.store import asset_rows
from modstation.store.images import open_image_store
from modstation.store.station_store import StationStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VIEW = QueueView()
# Of a queue that is put together from two.
KINDS = ("manual", "webpurify")
SECRET = "secret"
# The same as the scripted server's: its listing shows the same images.
FIRST_DAY = 1_750_000_000
REVISION = "v1750000000"
_PLACE = "@@@@@@@"
_COLUMNS = "key, kind, status, lane, created_us, share, public_us, doubt, together"


def asset(
    number: int | str, url_root: str, bytes_: int, size: tuple[int, int], kind: str = "manual"
) -> Asset:
    """Image ``number`` of the queue as the scripted server lists it."""
    name = f"{number:07}" if isinstance(number, int) else number
    ref = AssetRef("image", "upload", f"queue/photo-{name}")
    moment = FIRST_DAY + (number if isinstance(number, int) else 0)
    url = f"{url_root}/bench/image/upload/v1750000000/{ref.public_id}.jpg"
    made = Asset(
        ref=ref,
        status=ModerationStatus.PENDING,
        kind=kind,
        asset_id=f"{number:032x}" if isinstance(number, int) else None,
        version=1_750_000_000,
        format="jpg",
        bytes=bytes_,
        width=size[0],
        height=size[1],
        created_at=datetime.fromtimestamp(moment, UTC),
        url=url,
        tags=("bench",),
        moderation=(
            ModerationEntry(kind, ModerationStatus.PENDING, datetime.fromtimestamp(0, UTC)),
        ),
    )
    # As heavy as a real answer's item.
    return replace(made, raw=json.dumps({"public_id": ref.public_id, "context": "x" * 500}))


def fill(
    path: Path,
    count: int,
    url_root: str,
    *,
    bytes_: int,
    size: tuple[int, int],
    kinds: tuple[str, ...] = VIEW.kinds,
) -> None:
    """Make a database with ``count`` pending images, listed completely a moment ago.

    Of several kinds the images are by turns, in the order of their age.
    """
    clock = SystemClock()
    store = StationStore.open(path, clock=clock, ids=TimeOrderedIds())
    first = min(count, 200)
    for turn, kind in enumerate(kinds):
        numbers = range(turn, first, len(kinds))
        store.apply_page(
            Listing(kind, ModerationStatus.PENDING),
            [asset(number, url_root, bytes_, size, kind) for number in numbers],
            cursor=None,
            pass_id="bench",
            listed_at=clock.now(),
            first=True,
            last=True,
        )
    store.close()
    if count > first:
        _bulk(path, first, count, [asset(_PLACE, url_root, bytes_, size, kind) for kind in kinds])


def fingerprint(path: Path, count: int) -> None:
    """Give the first ``count`` images a fingerprint each; every hundredth has a copy behind it."""
    random = Random(1)
    made = [(key_of(number), REVISION, unlike(random)) for number in range(count)]
    with sqlite3.connect(path) as sql:
        sql.executemany(
            "INSERT INTO fingerprints (key, revision, pdq, quality, phash) VALUES (?, ?, ?, ?, ?)",
            [(key, revision, *one) for key, revision, one in made],
        )
    sql.close()
    store = StationStore.open(path, clock=SystemClock(), ids=TimeOrderedIds())
    store.likeness.put(
        [(made[first + 1][0], REVISION, made[first][2]) for first in range(0, count, 100)]
    )
    store.close()


def key_of(number: int) -> str:
    """The key of an image of the queue."""
    return f"image/upload/queue/photo-{number:07}"


def unlike(random: Random) -> Fingerprint:
    """A fingerprint that is like no other."""
    return Fingerprint(random.randbytes(32), 90, random.randbytes(8))


def leave_unfinished(path: Path, cursor: str) -> None:
    """Make the listing one that was interrupted: it goes on at ``cursor``."""
    with sqlite3.connect(path) as sql:
        sql.execute("UPDATE listings SET complete = 0, cursor = ?", (cursor,))
    sql.close()


def store_pictures(path: Path, numbers: Sequence[int], bodies: Sequence[bytes]) -> None:
    """Put pictures of these images into a cache file, taking turns among ``bodies``."""
    cache = ImageCache(
        open_image_store(path, clock=SystemClock()), secret=SECRET, limit_bytes=1 << 32
    )
    try:
        for number in numbers:
            body = bodies[number % len(bodies)]
            listed = asset(number, "", len(body), (0, 0))
            stored = cache.put(listed.key, "review", body, source_revision=listed.revision)
            assert stored.kept
    finally:
        cache.close()


def _bulk(path: Path, first: int, count: int, templates: Sequence[Asset]) -> None:
    sql = sqlite3.connect(path, isolation_level=None)
    sql.execute("PRAGMA synchronous = OFF")
    sql.execute("PRAGMA journal_mode = OFF")
    sql.execute("PRAGMA cache_size = -262144")
    set_aside = [
        (kind, name, text)
        for kind, name, text in sql.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index')"
            " AND sql IS NOT NULL"
        )
    ]
    sql.execute("BEGIN")
    for kind, name, _ in set_aside:
        sql.execute(f"DROP {kind} {name}")
    sql.executemany(
        "INSERT INTO assets (key, resource_type, delivery_type, public_id, raw, described,"
        " list_kind, first_seen_us, share) VALUES (?, 'image', 'upload', ?, ?, ?, ?, ?, ?)",
        _rows(first, count, templates),
    )
    sql.execute(
        "INSERT INTO review_queue (key, kind, status, lane, created_us, share, public_us, doubt,"
        " together, pass_no) SELECT key, list_kind, status, 0, position_us, share, public_us,"
        " doubt, (position_us << 11) | ((share & 1023) << 1), (SELECT max(pass_no) FROM listings)"
        f" FROM assets WHERE key >= 'image/upload/queue/photo-{first:07}' ORDER BY key"
    )
    sql.execute(
        "UPDATE queue_counts AS c SET waiting ="
        " (SELECT count(*) FROM review_queue AS q WHERE q.kind = c.kind)"
    )
    sql.execute("UPDATE listings SET last_created_us = ?", ((FIRST_DAY + count) * 1_000_000,))
    for _, _, text in set_aside:
        sql.execute(text)
    sql.execute("COMMIT")
    (waiting,) = sql.execute("SELECT count(*) FROM review_queue").fetchone()
    (odd,) = sql.execute(
        f"SELECT count(*) FROM (SELECT {_COLUMNS} FROM review_queue WHERE key > :last EXCEPT"
        f" SELECT {_COLUMNS} FROM queue_projection WHERE key > :last)",
        {"last": f"image/upload/queue/photo-{count - 5000:07}"},
    ).fetchone()
    assert (waiting, odd) == (count, 0)
    sql.execute("PRAGMA journal_mode = WAL")
    sql.close()


def _rows(first: int, count: int, templates: Sequence[Asset]) -> Iterator[tuple[object, ...]]:
    now = to_us(datetime.now(UTC))
    made = [(one.kind, one.ref.public_id, one.raw, asset_rows.describe(one)) for one in templates]
    start = to_us(datetime.fromtimestamp(FIRST_DAY, UTC))
    for number in range(first, count):
        name = f"{number:07}"
        kind, public, raw, described = made[number % len(made)]
        key = f"image/upload/{public.replace(_PLACE, name)}"
        mine = described.replace(_PLACE, name).replace(
            f'"created_us":{start}', f'"created_us":{start + number * 1_000_000}'
        )
        # Inside "described", before its first field.
        mine = f'{{"asset_id":"{number:032x}",{mine[1:]}'
        yield (
            *(key, public.replace(_PLACE, name), raw.replace(_PLACE, name), mine, kind),
            *(now, asset_rows.share_of(key)),
        )
