"""Step 1: everything of the first release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.store.migrations.triggers import OPEN, refuse, trigger

if TYPE_CHECKING:
    from sqlite_utils.db import Database

# "mods" in ASCII: tells our file from any other SQLite database.
APPLICATION_ID = 0x6D6F6473

_TABLES = """
CREATE TABLE assets (
  key TEXT NOT NULL PRIMARY KEY,
  resource_type TEXT NOT NULL,
  delivery_type TEXT NOT NULL,
  public_id TEXT NOT NULL,
  -- The service's JSON object, whole.
  raw TEXT NOT NULL,
  -- What the station reads from it, as JSON; the generated columns cannot drift from it.
  described TEXT NOT NULL CHECK (json_valid(described)),
  -- The list (moderation kind) it was last seen in.
  list_kind TEXT NOT NULL,
  first_seen_us INTEGER NOT NULL,
  -- A whole pass of its list did not show it, or the service says that it is gone.
  absent_us INTEGER,
  -- CRC-32 of the key: shares of the queue are picked by it.
  share INTEGER NOT NULL,
  status TEXT GENERATED ALWAYS AS (json_extract(described, '$.status')) VIRTUAL NOT NULL,
  asset_id TEXT GENERATED ALWAYS AS (json_extract(described, '$.asset_id')) VIRTUAL,
  version INTEGER GENERATED ALWAYS AS (json_extract(described, '$.version')) VIRTUAL,
  created_us INTEGER GENERATED ALWAYS AS (json_extract(described, '$.created_us')) VIRTUAL,
  position_us INTEGER GENERATED ALWAYS AS
    (coalesce(json_extract(described, '$.created_us'), first_seen_us)) VIRTUAL
);

-- What the moderator said about an asset's place: skipped so many times, or to be looked at again
-- in the queue of that status although the service has another.
CREATE TABLE review_marks (
  key TEXT NOT NULL PRIMARY KEY REFERENCES assets (key),
  lane INTEGER NOT NULL DEFAULT 0 CHECK (lane >= 0),
  queue_status TEXT CHECK (queue_status IN ('pending', 'approved', 'rejected'))
) WITHOUT ROWID;

CREATE TABLE decisions (
  sequence INTEGER PRIMARY KEY,
  decision_id TEXT NOT NULL UNIQUE,
  at_us INTEGER NOT NULL,
  resource_type TEXT NOT NULL,
  delivery_type TEXT NOT NULL,
  public_id TEXT NOT NULL,
  asset_id TEXT,
  version INTEGER,
  kind TEXT,
  action TEXT NOT NULL CHECK (action IN
    ('decide', 'undo', 'redo', 'reverse', 'keep_mine', 'accept_theirs', 'look_again')),
  verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
  status_seen TEXT NOT NULL,
  expected TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason_code TEXT,
  policy_version TEXT,
  note TEXT,
  reveal TEXT NOT NULL,
  reveal_ms INTEGER NOT NULL,
  dwell_ms INTEGER NOT NULL,
  decided_offline INTEGER NOT NULL CHECK (decided_offline IN (0, 1)),
  batch_id TEXT,
  refers_to TEXT REFERENCES decisions (decision_id),
  prev_hash TEXT NOT NULL CHECK (length(prev_hash) = 64),
  hash TEXT NOT NULL CHECK (length(hash) = 64)
);

-- One decision to be posted: it has the number, and the id, of its decision.
CREATE TABLE operations (
  sequence INTEGER PRIMARY KEY REFERENCES decisions (sequence),
  key TEXT NOT NULL REFERENCES assets (key),
  target TEXT NOT NULL CHECK (target IN ('approved', 'rejected')),
  state TEXT NOT NULL CHECK (state IN
    ('held', 'ready', 'in_flight', 'done', 'parked', 'conflicted', 'cancelled')),
  due_us INTEGER NOT NULL,
  expected TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  verify INTEGER NOT NULL DEFAULT 0 CHECK (verify IN (0, 1)),
  sent INTEGER NOT NULL DEFAULT 0 CHECK (sent IN (0, 1)),
  superseded INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1)),
  last_error TEXT,
  error_code TEXT,
  theirs TEXT,
  settled_us INTEGER,
  -- Rejections are posted first.
  turn INTEGER GENERATED ALWAYS AS (target <> 'rejected') VIRTUAL,
  CHECK (state <> 'done' OR settled_us IS NOT NULL),
  CHECK (state IN ('in_flight', 'done', 'cancelled') OR superseded = 0)
);

CREATE TABLE undo_entries (
  entry_id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL REFERENCES operations (sequence),
  key TEXT NOT NULL,
  label TEXT NOT NULL,
  undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1)),
  -- The choice that this one took the place of, and how it stood: undo puts it back.
  replaced_sequence INTEGER REFERENCES operations (sequence),
  replaced_state TEXT
);

-- Materialised; always equal to the view queue_projection. pass_no: the last pass that showed it.
CREATE TABLE review_queue (
  key TEXT NOT NULL PRIMARY KEY REFERENCES assets (key),
  kind TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'rejected')),
  lane INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  share INTEGER NOT NULL,
  pass_no INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE queue_counts (
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  part INTEGER NOT NULL,
  parts INTEGER NOT NULL CHECK (part BETWEEN 1 AND parts),
  waiting INTEGER NOT NULL CHECK (waiting >= 0),
  PRIMARY KEY (kind, status, parts, part)
) WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL CHECK (value >= 0)
) WITHOUT ROWID;

INSERT INTO counters VALUES ('held', 0), ('ready', 0), ('in_flight', 0), ('done', 0),
  ('parked', 0), ('conflicted', 0), ('cancelled', 0);

CREATE TABLE listings (
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  pass_no INTEGER NOT NULL,
  pass_id TEXT NOT NULL,
  cursor TEXT,
  started_us INTEGER NOT NULL,
  last_created_us INTEGER,
  complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
  PRIMARY KEY (kind, status)
) WITHOUT ROWID;

CREATE TABLE sync_state (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE item_problems (
  key TEXT NOT NULL,
  rendition TEXT NOT NULL,
  message TEXT NOT NULL,
  permanent INTEGER NOT NULL CHECK (permanent IN (0, 1)),
  retry_us INTEGER,
  at_us INTEGER NOT NULL,
  PRIMARY KEY (key, rendition)
) WITHOUT ROWID
"""

_INDEXES = """
-- status, although it is constant: without it SQLite looks every row up in the table as well.
CREATE INDEX queue_pending ON review_queue (kind, lane, created_us, key, share, status)
  WHERE status = 'pending';

CREATE INDEX queue_settled ON review_queue (status, kind, lane, created_us, key, share)
  WHERE status <> 'pending';

CREATE UNIQUE INDEX operations_one_open ON operations (key)
  WHERE state IN ('held', 'ready', 'parked', 'conflicted');

CREATE UNIQUE INDEX operations_one_in_flight ON operations (key) WHERE state = 'in_flight';

CREATE INDEX operations_done ON operations (key, settled_us) WHERE state = 'done';

CREATE INDEX operations_by_state ON operations (state, sequence);

CREATE INDEX operations_held ON operations (due_us) WHERE state = 'held';

CREATE INDEX operations_due ON operations (due_us) WHERE state = 'ready';

CREATE INDEX operations_ready ON operations (turn, sequence, due_us) WHERE state = 'ready'
"""

_PROJECTION = """
CREATE VIEW queue_projection AS
SELECT a.key AS key, a.list_kind AS kind, coalesce(m.queue_status, a.status) AS status,
  coalesce(m.lane, 0) AS lane, a.position_us AS created_us, a.share AS share
FROM assets AS a LEFT JOIN review_marks AS m ON m.key = a.key
WHERE a.absent_us IS NULL
  AND coalesce(m.queue_status, a.status) IN ('pending', 'approved', 'rejected')
  -- Two questions, so that each has an index that holds open operations only.
  AND NOT EXISTS (
    SELECT 1 FROM operations AS o WHERE o.key = a.key
      AND o.state IN ('held', 'ready', 'parked', 'conflicted'))
  AND NOT EXISTS (
    SELECT 1 FROM operations AS f WHERE f.key = a.key AND f.state = 'in_flight')
"""


def _enter_queue(key: str) -> str:
    return f"""
  DELETE FROM review_queue WHERE key = {key};
  INSERT INTO review_queue (key, kind, status, lane, created_us, share, pass_no)
    SELECT p.key, p.kind, p.status, p.lane, p.created_us, p.share, coalesce(
      (SELECT pass_no FROM listings AS l WHERE l.kind = p.kind AND l.status = p.status), 0)
    FROM queue_projection AS p WHERE p.key = {key};
"""


def _count(row: str, step: str) -> str:
    # Not INSERT OR IGNORE: inside a trigger the outer statement's conflict clause would win.
    return f"""
  INSERT INTO queue_counts (kind, status, part, parts, waiting)
    SELECT {row}.kind, {row}.status, 1, 1, 0 WHERE NOT EXISTS (
      SELECT 1 FROM queue_counts WHERE kind = {row}.kind AND status = {row}.status
        AND parts = 1 AND part = 1);
  UPDATE queue_counts SET waiting = waiting {step}
    WHERE kind = {row}.kind AND status = {row}.status AND {row}.share % parts = part - 1;
"""


_REFUSALS = (
    refuse(
        "assets_identity_is_fixed",
        "UPDATE OF key, resource_type, delivery_type, public_id, share, first_seen_us ON assets",
        "the identity of an asset never changes",
        "NEW.key IS NOT OLD.key OR NEW.resource_type IS NOT OLD.resource_type"
        " OR NEW.delivery_type IS NOT OLD.delivery_type OR NEW.public_id IS NOT OLD.public_id"
        " OR NEW.share IS NOT OLD.share OR NEW.first_seen_us IS NOT OLD.first_seen_us",
    ),
    refuse("decisions_no_update", "UPDATE ON decisions", "decisions are never changed"),
    refuse("decisions_no_delete", "DELETE ON decisions", "decisions are never removed"),
    refuse(
        "decisions_follow_on",
        "INSERT ON decisions",
        "a decision must follow on from the last one",
        "NEW.prev_hash IS NOT coalesce((SELECT hash FROM decisions ORDER BY sequence DESC LIMIT 1),"
        " printf('%064d', 0))",
    ),
    refuse(
        "operations_identity_is_fixed",
        "UPDATE OF sequence, key, target ON operations",
        "what an operation is about never changes",
    ),
    refuse("operations_no_delete", "DELETE ON operations", "operations are never removed"),
    refuse(
        "queue_rows_are_replaced",
        "UPDATE OF key, kind, status, lane, created_us, share ON review_queue",
        "queue rows are replaced, not changed",
    ),
)

# The queue follows assets, marks and operations, whoever writes them.
_QUEUE_TRIGGERS = (
    trigger("queue_asset_new", "AFTER INSERT ON assets", _enter_queue("NEW.key")),
    trigger(
        "queue_asset_changed",
        "AFTER UPDATE OF described, list_kind, absent_us ON assets",
        _enter_queue("NEW.key"),
        "NEW.status IS NOT OLD.status OR NEW.list_kind IS NOT OLD.list_kind"
        " OR NEW.position_us IS NOT OLD.position_us"
        " OR (NEW.absent_us IS NULL) <> (OLD.absent_us IS NULL)",
    ),
    trigger("queue_mark_new", "AFTER INSERT ON review_marks", _enter_queue("NEW.key")),
    trigger("queue_mark_changed", "AFTER UPDATE ON review_marks", _enter_queue("NEW.key")),
    trigger("queue_mark_gone", "AFTER DELETE ON review_marks", _enter_queue("OLD.key")),
    trigger(
        "queue_operation_new",
        "AFTER INSERT ON operations",
        "DELETE FROM review_queue WHERE key = NEW.key;",
        f"NEW.state IN {OPEN}",
    ),
    trigger(
        "queue_operation_changed",
        "AFTER UPDATE OF state ON operations",
        _enter_queue("NEW.key"),
        f"(NEW.state IN {OPEN}) <> (OLD.state IN {OPEN})",
    ),
)

# The counters follow the queue and the operations.
_COUNTER_TRIGGERS = (
    trigger("count_queue_in", "AFTER INSERT ON review_queue", _count("NEW", "+ 1")),
    trigger("count_queue_out", "AFTER DELETE ON review_queue", _count("OLD", "- 1")),
    trigger(
        "count_operation_new",
        "AFTER INSERT ON operations",
        "UPDATE counters SET value = value + 1 WHERE name = NEW.state;",
    ),
    trigger(
        "count_operation_changed",
        "AFTER UPDATE OF state ON operations",
        "UPDATE counters SET value = value - 1 WHERE name = OLD.state;"
        " UPDATE counters SET value = value + 1 WHERE name = NEW.state;",
        "NEW.state <> OLD.state",
    ),
)


def apply(db: Database) -> None:
    """Everything of the first release."""
    for script in (_TABLES, _INDEXES):
        for statement in script.split(";\n"):
            db.execute(statement)
    db.execute(_PROJECTION)
    for statement in _REFUSALS + _QUEUE_TRIGGERS + _COUNTER_TRIGGERS:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")
