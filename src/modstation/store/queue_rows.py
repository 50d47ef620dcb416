"""Rows of ``review_queue``, its kept counters, and the reviewer's window on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modstation.core.assets import ModerationStatus
from modstation.core.queue import WINDOW, Counts, Order, QueueEntry, QueuePosition, QueueView, Split
from modstation.store import asset_rows, filter_sql, operation_rows
from modstation.store.results import Scanned

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_WHOLE = Split(1, 1)
_QUEUE = "review_queue"
_FLAGGED = "EXISTS (SELECT 1 FROM flags AS n WHERE n.key = a.key)"
_GIVEN = "(SELECT json_group_array(g.reason_code) FROM given_reasons AS g WHERE g.key = a.key)"
_LEFT = "(SELECT json_group_array(l.actor) FROM left_before AS l WHERE l.key = a.key)"
_LAST_DONE = operation_rows.LAST_DONE
# What makes an entry of the row ``a`` of ``assets``, behind its place; ``entry_of`` reads it.
ENTRY = (
    f"a.list_kind, {_FLAGGED}, {_GIVEN}, {_LEFT},"
    f" (SELECT o.target {_LAST_DONE}), (SELECT d.reason_code {_LAST_DONE}),"
    f" (SELECT f.together FROM fingerprints AS f WHERE f.key = a.key), {asset_rows.COLUMNS}"
)


# The index of each order and the column that it ranks by; both are named, never guessed.
_ORDERS = {
    Order.OLDEST: ("queue_pending", "created_us"),
    Order.NEWEST: ("queue_newest", "newest"),
    Order.PUBLIC: ("queue_public", "public_us"),
    Order.UNSURE: ("queue_doubt", "doubt"),
    Order.TOGETHER: ("queue_together", "together"),
}


def _order_of(view: QueueView) -> tuple[str, str]:
    """The index that has a view in its order, and the column that it ranks by."""
    if view.status is ModerationStatus.PENDING:
        return _ORDERS[view.order]
    return "queue_settled", "created_us"


def ordered_scan(
    view: QueueView, edge: str, order: str, *, places: bool = False, fits: str = ""
) -> str:
    """The keyset scan of a view from an edge; the partial index is named, never guessed.

    Of several kinds each is scanned in order, and SQLite merges them row by row: it reads one row
    of a kind ahead, not a whole kind. ``places``: only where each stands. ``fits``: a condition,
    as far as the last place of a slice.
    """
    index, rank = _order_of(view)
    where = "q.status = 'pending'"
    if view.status is not ModerationStatus.PENDING:
        # The first term is what the index asks for, the second what is wanted.
        where = "q.status <> 'pending' AND q.status = :status"
    share = " AND q.share % :parts = :part - 1" if view.split else ""
    from_there = f" AND (q.lane, q.{rank}, q.key) {edge} (:lane, :rank, :key)" if edge else ""
    columns, assets = "", ""
    if not places:
        columns = f", {ENTRY}"
        assets = " CROSS JOIN assets AS a ON a.key = q.key"
    if fits:
        to_there = "<=" if order == "ASC" else ">="
        from_there += (
            f" AND (q.lane, q.{rank}, q.key) {to_there} (:last_lane, :last_rank, :last_key)"
        )
        from_there += f" AND {fits}"
    kinds = " UNION ALL ".join(
        f"SELECT q.lane, q.{rank}, q.key{columns} FROM {_QUEUE} AS q INDEXED BY {index}{assets}"
        f" WHERE {where} AND q.kind = :kind{number}{share}{from_there}"
        for number in range(len(view.kinds))
    )
    return f"{kinds} ORDER BY 1 {order}, 2 {order}, 3 {order} LIMIT :limit"


def scan_values(view: QueueView, limit: int) -> dict[str, Any]:
    """What an ``ordered_scan`` of a view is bound to, but for its edge."""
    split = view.split or _WHOLE
    kinds = {f"kind{number}": kind for number, kind in enumerate(view.kinds)}
    return {
        **kinds,
        "status": view.status.value,
        "part": split.part,
        "parts": split.parts,
        "limit": limit,
    }


_FROM_EDGE, _BEFORE_EDGE = ">=", "<"


def window(
    sql: sqlite3.Connection,
    view: QueueView,
    *,
    around: QueuePosition | None,
    before: int,
    after: int,
) -> list[QueueEntry]:
    """Entries in order: up to ``before``, the one at ``around`` if it is there, up to ``after``."""
    values = scan_values(view, after)
    if around is None:
        return [entry_of(row) for row in sql.execute(ordered_scan(view, "", "ASC"), values)]
    values |= {"lane": around.lane, "rank": around.rank, "key": around.key}
    values["limit"] = after + 1
    later = [entry_of(row) for row in sql.execute(ordered_scan(view, _FROM_EDGE, "ASC"), values)]
    if len(later) > after and later[0].position != around:
        later.pop()
    if before <= 0:
        return later
    values["limit"] = before
    earlier = [
        entry_of(row) for row in sql.execute(ordered_scan(view, _BEFORE_EDGE, "DESC"), values)
    ]
    return earlier[::-1] + later


def scan(
    sql: sqlite3.Connection,
    view: QueueView,
    *,
    after: QueuePosition | None,
    rows: int,
    now_us: int,
    backwards: bool = False,
) -> Scanned:
    """Look at the next ``rows`` of a view and say which of them fit its filter, in order.

    It ends early at the 64th that fits: entries cost far more than places.
    ``backwards``: at those before ``after``, or at the last ones.
    """
    values = scan_values(view, rows)
    if after is not None:
        values |= {"lane": after.lane, "rank": after.rank, "key": after.key}
    order, edge = ("DESC", "<") if backwards else ("ASC", ">")
    edge = edge if after is not None else ""
    # Only the index: where this slice ends.
    places = sql.execute(ordered_scan(view, edge, order, places=True), values).fetchall()
    if not places:
        return Scanned([], 0, None)
    last, edge_there = QueuePosition(*places[-1]), len(places) == rows
    fits, terms = filter_sql.condition(view.filter, now_us=now_us) if view.filter else ("1", {})
    values |= terms | {"last_lane": last.lane, "last_rank": last.rank, "last_key": last.key}
    values["limit"] = WINDOW
    found = [
        entry_of(row) for row in sql.execute(ordered_scan(view, edge, order, fits=fits), values)
    ]
    looked = len(places)
    if len(found) == WINDOW:
        last, edge_there = found[-1].position, True
        looked = places.index((last.lane, last.rank, last.key)) + 1
    return Scanned(found[::-1] if backwards else found, looked, last if edge_there else None)


def fits(sql: sqlite3.Connection, view: QueueView, key: str, *, now_us: int) -> QueueEntry | None:
    """An entry at its place in a view, if it is still in it and fits its filter."""
    terms: dict[str, object]
    fits_, terms = filter_sql.condition(view.filter, now_us=now_us) if view.filter else ("1", {})
    row = sql.execute(
        "SELECT q.kind FROM review_queue AS q CROSS JOIN assets AS a ON a.key = q.key"
        f" WHERE q.key = :key AND q.status = :status AND {fits_}",
        {"key": key, "status": view.status.value, **terms},
    ).fetchone()
    found = entry(sql, key) if row and row[0] in view.kinds else None
    return found.ordered(view.order) if found else None


def entry(sql: sqlite3.Connection, key: str) -> QueueEntry | None:
    """An asset and the place it has, or would have, in its queue."""
    row = sql.execute(
        f"SELECT coalesce(m.lane, 0), a.position_us, a.key, {ENTRY}"
        " FROM assets AS a LEFT JOIN review_marks AS m ON m.key = a.key"
        " WHERE a.key = ?",
        (key,),
    ).fetchone()
    return None if row is None else entry_of(row)


def position(sql: sqlite3.Connection, key: str) -> QueuePosition | None:
    """Where an asset stands in its queue; None if it is in none."""
    row = sql.execute(
        "SELECT lane, created_us, key FROM review_queue WHERE key = ?", (key,)
    ).fetchone()
    return None if row is None else QueuePosition(*row)


def skip(sql: sqlite3.Connection, key: str) -> QueuePosition:
    """Move an asset one lane back: behind everything that was skipped less often."""
    sql.execute(
        "INSERT INTO review_marks (key, lane) VALUES (?, 1)"
        " ON CONFLICT (key) DO UPDATE SET lane = lane + 1",
        (key,),
    )
    return _marked(sql, key)


def unskip(sql: sqlite3.Connection, key: str, *, wholly: bool) -> QueuePosition | None:
    """Take the last skip of an asset back, or all of them; None if it is in no queue."""
    sql.execute(
        "UPDATE review_marks SET lane = CASE WHEN ? THEN 0 ELSE lane - 1 END"
        " WHERE key = ? AND lane > 0",
        (wholly, key),
    )
    return position(sql, key)


def _marked(sql: sqlite3.Connection, key: str) -> QueuePosition:
    row = sql.execute(
        "SELECT m.lane, a.position_us, a.key FROM review_marks AS m"
        " JOIN assets AS a ON a.key = m.key WHERE m.key = ?",
        (key,),
    ).fetchone()
    return QueuePosition(*row)


def look_again(sql: sqlite3.Connection, key: str) -> None:
    """Put an asset into the pending queue whatever the service says of it."""
    # Settled elsewhere it may have left every list we follow; that there is a conflict about it
    # shows that the service has it.
    sql.execute("UPDATE assets SET absent_us = NULL WHERE key = ?", (key,))
    sql.execute(
        "INSERT INTO review_marks (key, queue_status) VALUES (?, 'pending')"
        " ON CONFLICT (key) DO UPDATE SET queue_status = 'pending'",
        (key,),
    )


def clear_marks(sql: sqlite3.Connection, key: str) -> None:
    """Forget skips and second looks of an asset that is settled."""
    sql.execute("DELETE FROM review_marks WHERE key = ?", (key,))


def counts(sql: sqlite3.Connection, view: QueueView) -> Counts | None:
    """The kept counters; None if nobody has counted this share yet."""
    split = view.split or _WHOLE
    marks = ", ".join("?" * len(view.kinds))
    counted, waiting = sql.execute(
        "SELECT count(*), coalesce(sum(waiting), 0) FROM queue_counts"
        f" WHERE kind IN ({marks}) AND status = ? AND parts = ? AND part = ?",
        (*view.kinds, view.status.value, split.parts, split.part),
    ).fetchone()
    if counted < len(view.kinds) and view.split is not None:
        return None
    kept = dict(sql.execute("SELECT name, value FROM counters").fetchall())
    return Counts(
        waiting=waiting,
        held=kept["held"],
        ready=kept["ready"],
        in_flight=kept["in_flight"],
        done=kept["done"],
        parked=kept["parked"],
        conflicted=kept["conflicted"],
        decided=sum(value for name, value in kept.items() if name != "cancelled"),
    )


def kept_counts(sql: sqlite3.Connection) -> dict[tuple[str, ModerationStatus], int]:
    """How many entries every whole queue has, by kind and status."""
    return {
        (kind, ModerationStatus(status)): waiting
        for kind, status, waiting in sql.execute(
            "SELECT kind, status, waiting FROM queue_counts WHERE parts = 1"
        )
    }


def start_counting(sql: sqlite3.Connection, view: QueueView) -> None:
    """Count a share once, kind by kind; from then on the triggers keep its numbers."""
    split = view.split or _WHOLE
    sql.executemany(
        "INSERT INTO queue_counts (kind, status, part, parts, waiting)"
        " SELECT :kind, :status, :part, :parts, count(*) FROM review_queue"
        " WHERE kind = :kind AND status = :status AND share % :parts = :part - 1"
        " ON CONFLICT DO NOTHING",
        [
            {
                "kind": kind,
                "status": view.status.value,
                "part": split.part,
                "parts": split.parts,
            }
            for kind in view.kinds
        ],
    )


def rebuild(sql: sqlite3.Connection) -> None:
    """Make the queue anew from assets, marks and operations; for a repair, never in daily work."""
    sql.execute("DELETE FROM review_queue")
    sql.execute(
        "INSERT INTO review_queue (key, kind, status, lane, created_us, share, public_us, doubt,"
        " together, pass_no)"
        " SELECT p.key, p.kind, p.status, p.lane, p.created_us, p.share, p.public_us, p.doubt,"
        " p.together, coalesce("
        "(SELECT pass_no FROM listings AS l WHERE l.kind = p.kind AND l.status = p.status), 0)"
        " FROM queue_projection AS p"
    )


def drift(sql: sqlite3.Connection) -> list[str]:
    """Every way in which queue and counters differ from what they are kept from; empty if sound."""
    columns = "key, kind, status, lane, created_us, share, public_us, doubt, together"
    faults = [
        f"queue: {name} {row}"
        for name, left, right in (
            ("missing", "queue_projection", _QUEUE),
            ("too many", _QUEUE, "queue_projection"),
        )
        for row in sql.execute(f"SELECT {columns} FROM {left} EXCEPT SELECT {columns} FROM {right}")
    ]
    faults += [
        f"share {row}"
        for row in sql.execute(
            "SELECT kind, status, part, parts, waiting FROM queue_counts AS c WHERE waiting <>"
            " (SELECT count(*) FROM review_queue AS q WHERE q.kind = c.kind"
            " AND q.status = c.status AND q.share % c.parts = c.part - 1)"
        )
    ]
    faults += [
        f"counter {row}"
        for row in sql.execute(
            "SELECT name, value FROM counters AS c WHERE value <>"
            " (SELECT count(*) FROM operations AS o WHERE o.state = c.name)"
        )
    ]
    faults += [
        f"list {row}"
        for row in sql.execute(
            "SELECT name, value FROM list_counts WHERE value <> CASE name"
            " WHEN 'skipped' THEN (SELECT count(*) FROM review_queue WHERE lane > 0)"
            " WHEN 'flagged' THEN (SELECT count(*) FROM flags)"
            " ELSE (SELECT count(*) FROM escalations) END"
        )
    ]
    return faults


def entry_of(row: Sequence[Any]) -> QueueEntry:
    """The entry of a row: lane, rank and key, then the columns of ``ENTRY``."""
    place = QueuePosition(row[0], row[1], row[2])
    kind, flagged, reasons, left_by, posted, reason_code, together = row[3:10]
    return QueueEntry(
        place,
        asset_rows.asset_of(row[10:]),
        kind,
        bool(flagged),
        _list(reasons),
        ModerationStatus(posted) if posted else None,
        reason_code,
        together,
        _list(left_by),
    )


def _list(text: str) -> tuple[str, ...]:
    # Nearly always nothing, and a window has 64 entries with two of them.
    return () if text == "[]" else tuple(json.loads(text))
