"""Fingerprints of pictures: which are missing near the reviewer, and which pictures are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.clock import to_us
from modstation.core.likeness import (
    BAND_BYTES,
    BANDS,
    LEAST_QUALITY,
    MATCH_DISTANCE,
    MOST_MEMBERS,
    Alike,
    Fingerprint,
    distance,
    probes,
)
from modstation.store import operation_rows, queue_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from modstation.core.clock import Clock
    from modstation.core.queue import QueuePosition, QueueView
    from modstation.store.connection import StoreConnection

# How far ahead of the reviewer pictures are fingerprinted.
SPAN = 256
# Older ones are forgotten: what is decided seldom comes back after so many pictures.
KEPT = 100_000
# So many of the nearest are moved when a copy turns up; the others were moved before.
MOST_TOGETHER = 16
# Read of each band: a flood of one picture is far larger than what can be decided in one act, and
# decisions wait for the answer.
_MOST_OF_BAND = 128

_REVISION = (
    "CASE WHEN a.version IS NULL THEN json_extract(a.described, '$.etag') ELSE 'v' || a.version END"
)


def _arm(band: int) -> str:
    marks = ", ".join("?" * (8 * BAND_BYTES + 1))
    return (
        f"SELECT * FROM (SELECT number FROM fingerprints INDEXED BY fingerprint_band_{band}"
        f" WHERE quality >= {LEAST_QUALITY}"
        f" AND substr(pdq, {BAND_BYTES * band + 1}, {BAND_BYTES}) IN ({marks})"
        f" LIMIT {_MOST_OF_BAND})"
    )


_CANDIDATES = (
    "SELECT f.key, f.pdq, f.phash, f.revision FROM ("
    + " UNION ".join(_arm(band) for band in range(BANDS))
    + ") AS c CROSS JOIN fingerprints AS f ON f.number = c.number"
)


class Likeness:
    """The table of fingerprints, in short transactions."""

    def __init__(self, connection: StoreConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def unprinted(
        self, view: QueueView, *, around: QueuePosition | None, limit: int
    ) -> list[tuple[str, str | None]]:
        """Keys and revisions without a fingerprint, among the next 256 entries from a place."""
        values = queue_rows.scan_values(view, SPAN) | {"most": limit}
        if around is not None:
            values |= {"lane": around.lane, "rank": around.rank, "key": around.key}
        span = queue_rows.ordered_scan(view, ">=" if around else "", "ASC", places=True)
        query = (
            f"SELECT near.key, {_REVISION} FROM ({span}) AS near"
            " CROSS JOIN assets AS a ON a.key = near.key"
            " WHERE NOT EXISTS (SELECT 1 FROM fingerprints AS f"
            f" WHERE f.key = near.key AND f.revision IS {_REVISION}) LIMIT :most"
        )
        with self._connection.reading() as sql:
            return list(sql.execute(query, values))

    def put(self, printed: Iterable[tuple[str, str | None, Fingerprint | None]]) -> None:
        """Keep fingerprints by key and revision; None: that picture cannot be decoded."""
        printed = list(printed)
        rows = [
            (key, revision, *(made or (None, 0, None)))  # pdq, quality, phash
            for key, revision, made in printed
        ]
        with self._connection.writing() as sql:
            # Made anew it is alone again, until it is compared.
            sql.executemany(
                "INSERT INTO fingerprints (key, revision, pdq, quality, phash)"
                " SELECT :1, :2, :3, :4, :5 WHERE EXISTS ("
                "SELECT 1 FROM assets WHERE key = :1 AND absent_us IS NULL)"
                " ON CONFLICT (key) DO UPDATE SET revision = excluded.revision,"
                " pdq = excluded.pdq, quality = excluded.quality, phash = excluded.phash,"
                " together = NULL",
                rows,
            )
            sql.execute(
                "DELETE FROM fingerprints WHERE number <="
                " (SELECT max(number) FROM fingerprints) - ?",
                (KEPT,),
            )
        for key, _, made in printed:
            if made is not None and made.tells:
                with self._connection.writing() as sql:
                    _bring_together(sql, key, made)

    def group(self, key: str, view: QueueView) -> list[Alike]:
        """The picture itself and those that are like it, nearest first; at most 200.

        Empty when it has no fingerprint yet or nothing in it to know it by. ``Alike.waits`` is
        whether a picture stands in the queue of ``view`` and fits its filter.
        """
        now_us = to_us(self._clock.now())
        with self._connection.reading() as sql:
            own = _own(sql, key)
            if own is None:
                return []
            return [
                alike
                for far, phash_distance, other in _near(sql, key, own, MOST_MEMBERS)
                if (alike := _member(sql, other, view, far, phash_distance, now_us)) is not None
            ]

    def count(self, key: str) -> int:
        """How many the group of a picture has, itself among them; 0 if it has none."""
        with self._connection.reading() as sql:
            own = _own(sql, key)
            return 0 if own is None else len(_near(sql, key, own, MOST_MEMBERS))


def _own(sql: sqlite3.Connection, key: str) -> Fingerprint | None:
    row = sql.execute(
        "SELECT f.pdq, f.quality, f.phash FROM fingerprints AS f JOIN assets AS a ON a.key = f.key"
        f" WHERE f.key = ? AND f.revision IS {_REVISION} AND f.pdq IS NOT NULL",
        (key,),
    ).fetchone()
    own = None if row is None else Fingerprint(*row)
    return own if own is not None and own.tells else None


def _near(
    sql: sqlite3.Connection, key: str, own: Fingerprint, most: int
) -> list[tuple[int, int, str]]:
    """Distances and keys, nearest first, before all others ``key`` itself."""
    values = [value for band in range(BANDS) for value in probes(own.pdq, band)]
    matching = sorted(
        (far, distance(own.phash, phash), other, revision)
        for other, pdq, phash, revision in sql.execute(_CANDIDATES, values)
        if other != key and (far := distance(own.pdq, pdq)) <= MATCH_DISTANCE
    )
    found = [(0, 0, key)]
    for far, phash_distance, other, revision in matching:
        if len(found) == most:
            break
        if _is_fresh(sql, other, revision):
            found.append((far, phash_distance, other))
    return found


def _is_fresh(sql: sqlite3.Connection, key: str, revision: str | None) -> bool:
    """The fingerprint is of the upload that is there now."""
    query = f"SELECT 1 FROM assets AS a WHERE a.key = ? AND {_REVISION} IS ?"
    return sql.execute(query, (key, revision)).fetchone() is not None


def _bring_together(sql: sqlite3.Connection, key: str, made: Fingerprint) -> None:
    """Have the copies of a picture stand behind the oldest of them, as far as they wait."""
    near = _near(sql, key, made, MOST_TOGETHER)
    places = []
    for _, _, other in near:
        place = sql.execute(
            "SELECT together FROM review_queue WHERE key = ? AND status = 'pending'", (other,)
        ).fetchone()
        if place is not None:
            places.append((place[0], other))
    # Even: the place of one that is alone or the oldest. Odd: of its copies.
    oldest = min((place & ~1 for place, _ in places), default=0)
    sql.executemany(
        "UPDATE fingerprints SET together = ? WHERE key = ?",
        [(oldest | 1, other) for place, other in places if place not in {oldest, oldest | 1}],
    )


def _member(
    sql: sqlite3.Connection,
    key: str,
    view: QueueView,
    far: int,
    phash_distance: int,
    now_us: int,
) -> Alike | None:
    entry = queue_rows.entry(sql, key)
    if entry is None:
        return None
    covered = view.split is None or view.split.covers(key)
    mine = covered and queue_rows.fits(sql, view, key, now_us=now_us) is not None
    made = operation_rows.open_of(sql, key)
    if not made:
        return Alike(entry, mine, far, phash_distance, entry.asset.status)
    last = made[0]
    return Alike(entry, mine, far, phash_distance, last.target, last.operation_id)
