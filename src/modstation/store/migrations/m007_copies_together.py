"""Step 7: one more order of the queue, in which copies come one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.store.migrations.m004_lists_and_orders import REPLACED, queue_followers
from modstation.store.migrations.triggers import refuse, trigger

if TYPE_CHECKING:
    from sqlite_utils.db import Database

_TOGETHER = """
-- Where a picture stands that is like an older one that waits; null: at its own age.
ALTER TABLE fingerprints ADD COLUMN together INTEGER;

ALTER TABLE review_queue ADD COLUMN together INTEGER NOT NULL DEFAULT 0;

UPDATE review_queue SET together =
  (max(0, min(created_us, 2251799813685247)) << 11) | ((share & 1023) << 1);

CREATE INDEX queue_together ON review_queue (kind, lane, together, key, share, status)
  WHERE status = 'pending';

DROP VIEW queue_projection;

CREATE VIEW queue_projection AS
SELECT a.key AS key, a.list_kind AS kind, coalesce(m.queue_status, a.status) AS status,
  coalesce(m.lane, 0) AS lane, a.position_us AS created_us, a.share AS share,
  a.public_us AS public_us, a.doubt AS doubt,
  -- Room for one place between two ages, and for 1,024 pictures of one age.
  coalesce(f.together,
    (max(0, min(a.position_us, 2251799813685247)) << 11) | ((a.share & 1023) << 1)) AS together
FROM assets AS a LEFT JOIN review_marks AS m ON m.key = a.key
  LEFT JOIN fingerprints AS f ON f.key = a.key
WHERE a.absent_us IS NULL
  AND coalesce(m.queue_status, a.status) IN ('pending', 'approved', 'rejected')
  AND NOT EXISTS (
    SELECT 1 FROM operations AS o WHERE o.key = a.key
      AND o.state IN ('held', 'ready', 'parked', 'conflicted'))
  AND NOT EXISTS (
    SELECT 1 FROM operations AS i WHERE i.key = a.key AND i.state = 'in_flight')
  AND NOT EXISTS (SELECT 1 FROM escalations AS e WHERE e.key = a.key)
"""


def enter_queue(key: str) -> str:
    return f"""
  DELETE FROM review_queue WHERE key = {key};
  INSERT INTO review_queue (key, kind, status, lane, created_us, share, public_us, doubt,
    together, pass_no)
    SELECT p.key, p.kind, p.status, p.lane, p.created_us, p.share, p.public_us, p.doubt,
      p.together, coalesce(
      (SELECT pass_no FROM listings AS l WHERE l.kind = p.kind AND l.status = p.status), 0)
    FROM queue_projection AS p WHERE p.key = {key};
"""


_TRIGGERS = (
    refuse(
        "queue_rows_are_replaced",
        "UPDATE OF key, kind, status, lane, created_us, share, public_us, doubt, together"
        " ON review_queue",
        "queue rows are replaced, not changed",
    ),
    *queue_followers(enter_queue),
    trigger(
        "queue_fingerprint_changed",
        "AFTER UPDATE OF together ON fingerprints",
        enter_queue("NEW.key"),
        "NEW.together IS NOT OLD.together",
    ),
    trigger(
        "queue_fingerprint_gone",
        "AFTER DELETE ON fingerprints",
        enter_queue("OLD.key"),
        "OLD.together IS NOT NULL",
    ),
)

_REPLACED = (*REPLACED, "queue_escalated", "queue_not_escalated")


def apply(db: Database) -> None:
    """One more order of the queue: what is alike comes one after the other."""
    for name in _REPLACED:
        db.execute(f"DROP TRIGGER {name}")
    for statement in _TOGETHER.split(";\n"):
        db.execute(statement)
    for statement in _TRIGGERS:
        db.execute(statement)
    db.execute("PRAGMA user_version = 7")
