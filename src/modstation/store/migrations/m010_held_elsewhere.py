"""Step 10: what a colleague has in hand is out of the queue until then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.store.migrations.m007_copies_together import enter_queue
from modstation.store.migrations.triggers import trigger

if TYPE_CHECKING:
    from sqlite_utils.db import Database

_HELD = """
-- Assets that another station has leased at the service, and until when.
CREATE TABLE held_elsewhere (
  key TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  until_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX held_until ON held_elsewhere (until_us);

DROP VIEW queue_projection;

CREATE VIEW queue_projection AS
SELECT a.key AS key, a.list_kind AS kind, coalesce(m.queue_status, a.status) AS status,
  coalesce(m.lane, 0) AS lane, a.position_us AS created_us, a.share AS share,
  a.public_us AS public_us, a.doubt AS doubt,
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
  -- Only while it waits: what was decided since is listed as it is.
  AND NOT (coalesce(m.queue_status, a.status) = 'pending'
    AND EXISTS (SELECT 1 FROM held_elsewhere AS h WHERE h.key = a.key))
"""


def apply(db: Database) -> None:
    """What a colleague has in hand is out of the queue until then."""
    for statement in _HELD.split(";\n"):
        db.execute(statement)
    for statement in (
        trigger("queue_held_elsewhere", "AFTER INSERT ON held_elsewhere", enter_queue("NEW.key")),
        trigger("queue_not_held", "AFTER DELETE ON held_elsewhere", enter_queue("OLD.key")),
    ):
        db.execute(statement)
    db.execute("PRAGMA user_version = 10")
