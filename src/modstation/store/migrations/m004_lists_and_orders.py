"""Step 4: skipped, flagged and escalated images; other orders of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.store.migrations.triggers import OPEN, refuse, trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils.db import Database

_LISTS = """
-- Bookmarks: they change nothing of the queue.
CREATE TABLE flags (
  key TEXT NOT NULL PRIMARY KEY REFERENCES assets (key),
  note TEXT,
  actor TEXT NOT NULL,
  at_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX flags_by_time ON flags (at_us, key);

-- What waits for a second opinion is in no queue of this station until somebody has given it.
CREATE TABLE escalations (
  key TEXT NOT NULL PRIMARY KEY REFERENCES assets (key),
  note TEXT,
  actor TEXT NOT NULL,
  at_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX escalations_by_time ON escalations (at_us, key);

CREATE TABLE list_counts (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL CHECK (value >= 0)
) WITHOUT ROWID;

INSERT INTO list_counts SELECT 'skipped', count(*) FROM review_queue WHERE lane > 0;

INSERT INTO list_counts VALUES ('flagged', 0), ('escalated', 0);

-- The ranks in the other orders of the queue.
ALTER TABLE assets ADD COLUMN public_us INTEGER GENERATED ALWAYS AS
  (coalesce(json_extract(described, '$.public_us'), json_extract(described, '$.created_us'),
    first_seen_us)) VIRTUAL;

ALTER TABLE assets ADD COLUMN doubt INTEGER GENERATED ALWAYS AS
  (coalesce(json_extract(described, '$.doubt'), 1000000)) VIRTUAL;

ALTER TABLE review_queue ADD COLUMN newest INTEGER GENERATED ALWAYS AS (-created_us) VIRTUAL;

ALTER TABLE review_queue ADD COLUMN public_us INTEGER NOT NULL DEFAULT 0;

ALTER TABLE review_queue ADD COLUMN doubt INTEGER NOT NULL DEFAULT 1000000;

UPDATE review_queue SET public_us = created_us;

CREATE INDEX queue_newest ON review_queue (kind, lane, newest, key, share, status)
  WHERE status = 'pending';

CREATE INDEX queue_public ON review_queue (kind, lane, public_us, key, share, status)
  WHERE status = 'pending';

CREATE INDEX queue_doubt ON review_queue (kind, lane, doubt, key, share, status)
  WHERE status = 'pending';

CREATE INDEX queue_skipped ON review_queue (lane, created_us, key) WHERE lane > 0;

DROP VIEW queue_projection;

CREATE VIEW queue_projection AS
SELECT a.key AS key, a.list_kind AS kind, coalesce(m.queue_status, a.status) AS status,
  coalesce(m.lane, 0) AS lane, a.position_us AS created_us, a.share AS share,
  a.public_us AS public_us, a.doubt AS doubt
FROM assets AS a LEFT JOIN review_marks AS m ON m.key = a.key
WHERE a.absent_us IS NULL
  AND coalesce(m.queue_status, a.status) IN ('pending', 'approved', 'rejected')
  AND NOT EXISTS (
    SELECT 1 FROM operations AS o WHERE o.key = a.key
      AND o.state IN ('held', 'ready', 'parked', 'conflicted'))
  AND NOT EXISTS (
    SELECT 1 FROM operations AS f WHERE f.key = a.key AND f.state = 'in_flight')
  AND NOT EXISTS (SELECT 1 FROM escalations AS e WHERE e.key = a.key)
"""


def _enter_queue(key: str) -> str:
    return f"""
  DELETE FROM review_queue WHERE key = {key};
  INSERT INTO review_queue (key, kind, status, lane, created_us, share, public_us, doubt, pass_no)
    SELECT p.key, p.kind, p.status, p.lane, p.created_us, p.share, p.public_us, p.doubt, coalesce(
      (SELECT pass_no FROM listings AS l WHERE l.kind = p.kind AND l.status = p.status), 0)
    FROM queue_projection AS p WHERE p.key = {key};
"""


def _count_list(name: str, step: str) -> str:
    return f"UPDATE list_counts SET value = value {step} WHERE name = '{name}';"


def queue_followers(enter: Callable[[str], str]) -> tuple[str, ...]:
    """The triggers by which the queue follows assets, marks, operations and escalations.

    ``enter`` gives the statements that put the row of a key in its place anew.
    """
    return (
        trigger("queue_asset_new", "AFTER INSERT ON assets", enter("NEW.key")),
        trigger(
            "queue_asset_changed",
            "AFTER UPDATE OF described, list_kind, absent_us ON assets",
            enter("NEW.key"),
            "NEW.status IS NOT OLD.status OR NEW.list_kind IS NOT OLD.list_kind"
            " OR NEW.position_us IS NOT OLD.position_us"
            " OR NEW.public_us IS NOT OLD.public_us OR NEW.doubt IS NOT OLD.doubt"
            " OR (NEW.absent_us IS NULL) <> (OLD.absent_us IS NULL)",
        ),
        trigger("queue_mark_new", "AFTER INSERT ON review_marks", enter("NEW.key")),
        trigger("queue_mark_changed", "AFTER UPDATE ON review_marks", enter("NEW.key")),
        trigger("queue_mark_gone", "AFTER DELETE ON review_marks", enter("OLD.key")),
        trigger(
            "queue_operation_changed",
            "AFTER UPDATE OF state ON operations",
            enter("NEW.key"),
            f"(NEW.state IN {OPEN}) <> (OLD.state IN {OPEN})",
        ),
        trigger("queue_escalated", "AFTER INSERT ON escalations", enter("NEW.key")),
        trigger("queue_not_escalated", "AFTER DELETE ON escalations", enter("OLD.key")),
    )


_TRIGGERS = (
    refuse(
        "queue_rows_are_replaced",
        "UPDATE OF key, kind, status, lane, created_us, share, public_us, doubt ON review_queue",
        "queue rows are replaced, not changed",
    ),
    *queue_followers(_enter_queue),
    # Somebody settled it, or there is another picture to have an opinion on.
    trigger(
        "escalation_answered",
        "AFTER UPDATE OF described ON assets",
        "DELETE FROM escalations WHERE key = NEW.key;",
        "NEW.status IS NOT OLD.status OR NEW.version IS NOT OLD.version",
    ),
    trigger("count_flag_new", "AFTER INSERT ON flags", _count_list("flagged", "+ 1")),
    trigger("count_flag_gone", "AFTER DELETE ON flags", _count_list("flagged", "- 1")),
    trigger("count_escalation_new", "AFTER INSERT ON escalations", _count_list("escalated", "+ 1")),
    trigger(
        "count_escalation_gone", "AFTER DELETE ON escalations", _count_list("escalated", "- 1")
    ),
    trigger(
        "count_skipped_in",
        "AFTER INSERT ON review_queue",
        _count_list("skipped", "+ 1"),
        "NEW.lane > 0",
    ),
    trigger(
        "count_skipped_out",
        "AFTER DELETE ON review_queue",
        _count_list("skipped", "- 1"),
        "OLD.lane > 0",
    ),
)

REPLACED = (
    "queue_rows_are_replaced",
    "queue_asset_new",
    "queue_asset_changed",
    "queue_mark_new",
    "queue_mark_changed",
    "queue_mark_gone",
    "queue_operation_changed",
)


def apply(db: Database) -> None:
    """Skipped, flagged and escalated images; other orders of the queue."""
    for name in REPLACED:
        db.execute(f"DROP TRIGGER {name}")
    for statement in _LISTS.split(";\n"):
        db.execute(statement)
    for statement in _TRIGGERS:
        db.execute(statement)
    # SQLite's own way to widen a CHECK (lang_altertable, 7): nothing of what is stored changes.
    # To copy the table would break the references to its rows.
    cookie = db.execute("PRAGMA schema_version").fetchone()[0]
    db.execute("PRAGMA writable_schema = ON")
    db.execute(
        "UPDATE sqlite_master SET sql = replace(replace(sql, ?, ?), ?, ?)"
        " WHERE type = 'table' AND name = 'decisions'",
        (
            "'accept_theirs', 'look_again'",
            "'accept_theirs', 'look_again', 'escalate', 'withdraw'",
            "('approve', 'reject')",
            "('approve', 'reject', 'escalate')",
        ),
    )
    db.execute(f"PRAGMA schema_version = {cookie + 1}")
    db.execute("PRAGMA writable_schema = OFF")
    db.execute("PRAGMA user_version = 4")
