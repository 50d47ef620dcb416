"""Pages of a listing: stored in slices, with the cursor that goes on after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from modstation.core.assets import ModerationStatus
from modstation.core.clock import from_us, to_us
from modstation.store import asset_rows
from modstation.store.connection import SLICE, sliced
from modstation.store.results import ListState, PageResult

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from modstation.core.assets import Asset
    from modstation.core.queue import Listing
    from modstation.store.connection import StoreConnection

# A list may be served by a replica that has not heard of our acknowledgement yet.
ANSWER_LAG = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page stands in its pass; ``cursor`` is where the pass goes on after it."""

    cursor: str | None
    pass_id: str
    listed_at: datetime
    first: bool
    last: bool


@dataclass(slots=True)
class Tally:
    """The counts of a page while its slices are stored."""

    arrived: int = 0
    changed: int = 0
    unchanged: int = 0
    ignored: int = 0
    left: int = 0
    unreadable: int = 0

    def result(self) -> PageResult:
        """The finished counts."""
        return PageResult(
            self.arrived, self.changed, self.unchanged, self.ignored, self.left, self.unreadable
        )


def state(sql: sqlite3.Connection, listing: Listing) -> ListState:
    """How far a listing has got."""
    backlog = sql.execute(
        "SELECT waiting FROM queue_counts WHERE kind = ? AND status = ? AND parts = 1",
        (listing.kind, listing.status.value),
    ).fetchone()
    waiting = backlog[0] if backlog else 0
    row = sql.execute(
        "SELECT cursor, pass_id, started_us, complete FROM listings WHERE kind = ? AND status = ?",
        (listing.kind, listing.status.value),
    ).fetchone()
    if row is None:
        return ListState(backlog=waiting)
    return ListState(row[0], row[1], from_us(row[2]), bool(row[3]), waiting)


def apply_page(
    connection: StoreConnection,
    listing: Listing,
    assets: Sequence[Asset],
    page: Page,
    *,
    now: datetime,
) -> PageResult:
    """Store a page in transactions of at most 200 rows, its cursor with the last of them."""
    tally = Tally()
    with connection.writing() as sql:
        if page.first:
            _begin_pass(sql, listing, page)
        pass_no = _pass_number(sql, listing, page.pass_id)
    slices = list(sliced(assets))
    for number, slice_ in enumerate(slices, 1):
        with connection.writing() as sql:
            _store_slice(sql, listing, slice_, page, pass_no=pass_no, now=now, tally=tally)
            if number == len(slices) and not page.last:
                _save_cursor(sql, listing, page.cursor, complete=False)
    if page.last:
        tally.left = _sweep(connection, listing, pass_no, now)
    if page.last or not slices:
        # After the sweep: if the program ends before, the last page is asked for again.
        cursor = None if page.last else page.cursor
        with connection.writing() as sql:
            _save_cursor(sql, listing, cursor, complete=page.last)
    return tally.result()


def _sweep(connection: StoreConnection, listing: Listing, pass_no: int, now: datetime) -> int:
    left, after = 0, ""
    while True:
        with connection.reading() as sql:
            keys = _unseen(sql, listing, pass_no=pass_no, after=after, limit=SLICE)
        if not keys:
            return left
        with connection.writing() as sql:
            left += _leave(sql, keys, pass_no=pass_no, now=now)
        after = keys[-1]


def _begin_pass(sql: sqlite3.Connection, listing: Listing, page: Page) -> None:
    """Start a pass: what the last one showed and this one does not is no longer listed."""
    sql.execute(
        "INSERT INTO listings (kind, status, pass_no, pass_id, started_us, complete)"
        " VALUES (?, ?, 1, ?, ?, 0) ON CONFLICT (kind, status) DO UPDATE SET"
        " pass_no = pass_no + 1, pass_id = excluded.pass_id, cursor = NULL,"
        " started_us = excluded.started_us, last_created_us = NULL, complete = 0",
        (listing.kind, listing.status.value, page.pass_id, to_us(page.listed_at)),
    )


def _pass_number(sql: sqlite3.Connection, listing: Listing, pass_id: str) -> int:
    """The number of the running pass; ``ValueError`` if another one is running."""
    row = sql.execute(
        "SELECT pass_no, pass_id FROM listings WHERE kind = ? AND status = ?",
        (listing.kind, listing.status.value),
    ).fetchone()
    if row is None or row[1] != pass_id:
        raise ValueError(f"pass {pass_id} was not begun, or another was begun after it")
    return int(row[0])


def _store_slice(
    sql: sqlite3.Connection,
    listing: Listing,
    assets: Sequence[Asset],
    page: Page,
    *,
    pass_no: int,
    now: datetime,
    tally: Tally,
) -> None:
    """Store up to 200 assets of a page; a status older than our own acknowledgement is left out."""
    readable = [asset for asset in assets if asset_rows.is_storable(asset)]
    tally.unreadable += len(assets) - len(readable)
    keys = [asset.key for asset in readable]
    known = _known(sql, keys)
    settled = _settled_since(sql, keys, page.listed_at - ANSWER_LAG)
    seen: list[tuple[int, str]] = []
    for asset in readable:
        key = asset.key
        if key in settled and settled[key].contradicts(asset):
            tally.ignored += 1
            continue
        described = asset_rows.describe(asset)
        raw = asset_rows.storable(asset.raw)
        before = known.get(key)
        if before is None:
            asset_rows.insert(sql, asset, described, list_kind=listing.kind, now_us=to_us(now))
            tally.arrived += 1
        elif before == (raw, described, listing.kind, None):
            tally.unchanged += 1
            seen.append((pass_no, key))
        else:
            asset_rows.upsert(sql, asset, list_kind=listing.kind, now_us=to_us(now))
            asset_rows.doubt_waiting(sql, asset)
            tally.changed += 1
            seen.append((pass_no, key))
        # A page that names an asset twice must not insert it twice.
        known[key] = (raw, described, listing.kind, None)
    sql.executemany("UPDATE review_queue SET pass_no = ? WHERE key = ?", seen)
    created = [to_us(asset.created_at) for asset in readable if asset.created_at]
    if created:
        sql.execute(
            "UPDATE listings SET last_created_us = max(coalesce(last_created_us, 0), ?)"
            " WHERE kind = ? AND status = ?",
            (max(created), listing.kind, listing.status.value),
        )


def _save_cursor(
    sql: sqlite3.Connection, listing: Listing, cursor: str | None, *, complete: bool
) -> None:
    """Remember where the pass goes on, or that it is complete."""
    sql.execute(
        "UPDATE listings SET cursor = ?, complete = ? WHERE kind = ? AND status = ?",
        (cursor, complete, listing.kind, listing.status.value),
    )


def _unseen(
    sql: sqlite3.Connection, listing: Listing, *, pass_no: int, after: str, limit: int
) -> list[str]:
    """Reads: keys in the queue of a list that this pass did not show, in the order of keys.

    Not among them: what was created after the last asset of the pass, and second looks, which
    the service does not list.
    """
    # The plus signs keep SQLite from an index of the queue: it would sort the whole of it for
    # every slice (0.8 s for a million rows), where the table itself is in the order of keys.
    rows = sql.execute(
        "SELECT q.key FROM review_queue AS q"
        " JOIN listings AS l ON l.kind = q.kind AND l.status = q.status"
        " LEFT JOIN review_marks AS m ON m.key = q.key"
        " WHERE q.key > :after AND +q.kind = :kind AND +q.status = :status"
        " AND q.pass_no <> :pass_no AND m.queue_status IS NULL"
        " AND (l.last_created_us IS NULL OR q.created_us <= l.last_created_us)"
        " ORDER BY q.key LIMIT :limit",
        {
            "after": after,
            "kind": listing.kind,
            "status": listing.status.value,
            "pass_no": pass_no,
            "limit": limit,
        },
    )
    return [row[0] for row in rows]


def _leave(sql: sqlite3.Connection, keys: Sequence[str], *, pass_no: int, now: datetime) -> int:
    """Take assets out of the queue that a whole pass did not show: settled elsewhere."""
    left = 0
    for key in keys:
        # Looked at again: it may have been shown, or put back, since it was found unseen.
        left += sql.execute(
            "UPDATE assets SET absent_us = ? WHERE key = ? AND EXISTS (SELECT 1 FROM review_queue"
            " AS q WHERE q.key = assets.key AND q.pass_no <> ?)",
            (to_us(now), key, pass_no),
        ).rowcount
    return left


def _known(
    sql: sqlite3.Connection, keys: Sequence[str]
) -> dict[str, tuple[str, str, str, int | None]]:
    marks = ", ".join("?" * len(keys))
    rows = sql.execute(
        f"SELECT key, raw, described, list_kind, absent_us FROM assets WHERE key IN ({marks})",
        keys,
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


@dataclass(frozen=True, slots=True)
class _Settled:
    """An asset as we know it by an acknowledgement of our own."""

    status: ModerationStatus
    asset_id: str | None
    version: int | None

    def contradicts(self, asset: Asset) -> bool:
        """What a page says of it is older than the acknowledgement, which counts.

        What agrees with it counts too: else the list of the rejected would not show what has just
        been rejected, and it would be taken for gone.
        """
        if asset.status is self.status:
            return False
        return not _is_new_upload(asset, self.asset_id, self.version)


def _settled_since(
    sql: sqlite3.Connection, keys: Sequence[str], moment: datetime
) -> dict[str, _Settled]:
    """Assets with an acknowledgement of ours since then."""
    marks = ", ".join("?" * len(keys))
    rows = sql.execute(
        "SELECT DISTINCT o.key, a.status, a.asset_id, a.version FROM operations AS o"
        " INDEXED BY operations_done CROSS JOIN assets AS a ON a.key = o.key"
        f" WHERE o.key IN ({marks}) AND o.state = 'done' AND o.settled_us > ?",
        (*keys, to_us(moment)),
    )
    return {row[0]: _Settled(ModerationStatus(row[1]), row[2], row[3]) for row in rows}


def _is_new_upload(asset: Asset, known_id: str | None, known_version: int | None) -> bool:
    """Say whether this is a picture that was uploaded after the one we settled.

    Only what waits for moderation can be: putting a rejected picture back makes a new version too.
    """
    if asset.status is not ModerationStatus.PENDING:
        return False
    if None not in {known_id, asset.asset_id} and known_id != asset.asset_id:
        return True
    if known_version is None or asset.version is None:
        return False
    return asset.version > known_version
