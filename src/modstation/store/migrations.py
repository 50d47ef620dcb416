"""The schema of the station's database, step by step; imports nothing of ours, so it never changes.

A released step is never edited: a change of the schema is a new step at the end, a new
``SCHEMA_VERSION`` and a frozen database under tests/migrations/frozen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from sqlite_utils.db import Database

# "mods" in ASCII: tells our file from any other SQLite database.
APPLICATION_ID = 0x6D6F6473

station_schema = Migrations("station")

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

_OPEN = "('held', 'ready', 'in_flight', 'parked', 'conflicted')"


def _enter_queue(key: str) -> str:
    return f"""
  DELETE FROM review_queue WHERE key = {key};
  INSERT INTO review_queue (key, kind, status, lane, created_us, share, pass_no)
    SELECT p.key, p.kind, p.status, p.lane, p.created_us, p.share, coalesce(
      (SELECT pass_no FROM listings AS l WHERE l.kind = p.kind AND l.status = p.status), 0)
    FROM queue_projection AS p WHERE p.key = {key};
"""  # noqa: S608 - "NEW.key" or "OLD.key", never data


def _count(row: str, step: str) -> str:
    # Not INSERT OR IGNORE: inside a trigger the outer statement's conflict clause would win.
    return f"""
  INSERT INTO queue_counts (kind, status, part, parts, waiting)
    SELECT {row}.kind, {row}.status, 1, 1, 0 WHERE NOT EXISTS (
      SELECT 1 FROM queue_counts WHERE kind = {row}.kind AND status = {row}.status
        AND parts = 1 AND part = 1);
  UPDATE queue_counts SET waiting = waiting {step}
    WHERE kind = {row}.kind AND status = {row}.status AND {row}.share % parts = part - 1;
"""  # noqa: S608 - "NEW" or "OLD", never data


def _trigger(name: str, event: str, body: str, when: str = "") -> str:
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} {event}{condition} BEGIN {body} END"


def _refuse(name: str, event: str, message: str, when: str = "") -> str:
    return _trigger(name, f"BEFORE {event}", f"SELECT RAISE(ABORT, '{message}');", when)


_REFUSALS = (
    _refuse(
        "assets_identity_is_fixed",
        "UPDATE OF key, resource_type, delivery_type, public_id, share, first_seen_us ON assets",
        "the identity of an asset never changes",
        "NEW.key IS NOT OLD.key OR NEW.resource_type IS NOT OLD.resource_type"
        " OR NEW.delivery_type IS NOT OLD.delivery_type OR NEW.public_id IS NOT OLD.public_id"
        " OR NEW.share IS NOT OLD.share OR NEW.first_seen_us IS NOT OLD.first_seen_us",
    ),
    _refuse("decisions_no_update", "UPDATE ON decisions", "decisions are never changed"),
    _refuse("decisions_no_delete", "DELETE ON decisions", "decisions are never removed"),
    _refuse(
        "decisions_follow_on",
        "INSERT ON decisions",
        "a decision must follow on from the last one",
        "NEW.prev_hash IS NOT coalesce((SELECT hash FROM decisions ORDER BY sequence DESC LIMIT 1),"
        " printf('%064d', 0))",
    ),
    _refuse(
        "operations_identity_is_fixed",
        "UPDATE OF sequence, key, target ON operations",
        "what an operation is about never changes",
    ),
    _refuse("operations_no_delete", "DELETE ON operations", "operations are never removed"),
    _refuse(
        "queue_rows_are_replaced",
        "UPDATE OF key, kind, status, lane, created_us, share ON review_queue",
        "queue rows are replaced, not changed",
    ),
)

# The queue follows assets, marks and operations, whoever writes them.
_QUEUE_TRIGGERS = (
    _trigger("queue_asset_new", "AFTER INSERT ON assets", _enter_queue("NEW.key")),
    _trigger(
        "queue_asset_changed",
        "AFTER UPDATE OF described, list_kind, absent_us ON assets",
        _enter_queue("NEW.key"),
        "NEW.status IS NOT OLD.status OR NEW.list_kind IS NOT OLD.list_kind"
        " OR NEW.position_us IS NOT OLD.position_us"
        " OR (NEW.absent_us IS NULL) <> (OLD.absent_us IS NULL)",
    ),
    _trigger("queue_mark_new", "AFTER INSERT ON review_marks", _enter_queue("NEW.key")),
    _trigger("queue_mark_changed", "AFTER UPDATE ON review_marks", _enter_queue("NEW.key")),
    _trigger("queue_mark_gone", "AFTER DELETE ON review_marks", _enter_queue("OLD.key")),
    _trigger(
        "queue_operation_new",
        "AFTER INSERT ON operations",
        "DELETE FROM review_queue WHERE key = NEW.key;",
        f"NEW.state IN {_OPEN}",
    ),
    _trigger(
        "queue_operation_changed",
        "AFTER UPDATE OF state ON operations",
        _enter_queue("NEW.key"),
        f"(NEW.state IN {_OPEN}) <> (OLD.state IN {_OPEN})",
    ),
)

# The counters follow the queue and the operations.
_COUNTER_TRIGGERS = (
    _trigger("count_queue_in", "AFTER INSERT ON review_queue", _count("NEW", "+ 1")),
    _trigger("count_queue_out", "AFTER DELETE ON review_queue", _count("OLD", "- 1")),
    _trigger(
        "count_operation_new",
        "AFTER INSERT ON operations",
        "UPDATE counters SET value = value + 1 WHERE name = NEW.state;",
    ),
    _trigger(
        "count_operation_changed",
        "AFTER UPDATE OF state ON operations",
        "UPDATE counters SET value = value - 1 WHERE name = OLD.state;"
        " UPDATE counters SET value = value + 1 WHERE name = NEW.state;",
        "NEW.state <> OLD.state",
    ),
)


@station_schema()
def m001_first_schema(db: Database) -> None:
    """Everything of the first release."""
    for script in (_TABLES, _INDEXES):
        for statement in script.split(";\n"):
            db.execute(statement)
    db.execute(_PROJECTION)
    for trigger in _REFUSALS + _QUEUE_TRIGGERS + _COUNTER_TRIGGERS:
        db.execute(trigger)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")


@station_schema()
def m002_problems_of_one_upload(db: Database) -> None:
    """A trouble with a picture names the upload it is about: the next one may be sound."""
    db.execute("ALTER TABLE item_problems ADD COLUMN revision TEXT")
    db.execute("PRAGMA user_version = 2")


@station_schema()
def m003_steps_of_many(db: Database) -> None:
    """Decisions made at one stroke are one step: undone together, or one by one."""
    db.execute("ALTER TABLE undo_entries ADD COLUMN step INTEGER")
    db.execute("UPDATE undo_entries SET step = entry_id")
    # Two, so that neither the next undo nor the next redo reads past the other's.
    db.execute("CREATE INDEX undo_made ON undo_entries (step) WHERE undone = 0")
    db.execute("CREATE INDEX undo_unmade ON undo_entries (step) WHERE undone = 1")
    db.execute("PRAGMA user_version = 3")


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


def _enter_queue_4(key: str) -> str:
    return f"""
  DELETE FROM review_queue WHERE key = {key};
  INSERT INTO review_queue (key, kind, status, lane, created_us, share, public_us, doubt, pass_no)
    SELECT p.key, p.kind, p.status, p.lane, p.created_us, p.share, p.public_us, p.doubt, coalesce(
      (SELECT pass_no FROM listings AS l WHERE l.kind = p.kind AND l.status = p.status), 0)
    FROM queue_projection AS p WHERE p.key = {key};
"""  # noqa: S608 - "NEW.key" or "OLD.key", never data


def _count_list(name: str, step: str) -> str:
    return f"UPDATE list_counts SET value = value {step} WHERE name = '{name}';"  # noqa: S608


_TRIGGERS_4 = (
    _refuse(
        "queue_rows_are_replaced",
        "UPDATE OF key, kind, status, lane, created_us, share, public_us, doubt ON review_queue",
        "queue rows are replaced, not changed",
    ),
    _trigger("queue_asset_new", "AFTER INSERT ON assets", _enter_queue_4("NEW.key")),
    _trigger(
        "queue_asset_changed",
        "AFTER UPDATE OF described, list_kind, absent_us ON assets",
        _enter_queue_4("NEW.key"),
        "NEW.status IS NOT OLD.status OR NEW.list_kind IS NOT OLD.list_kind"
        " OR NEW.position_us IS NOT OLD.position_us"
        " OR NEW.public_us IS NOT OLD.public_us OR NEW.doubt IS NOT OLD.doubt"
        " OR (NEW.absent_us IS NULL) <> (OLD.absent_us IS NULL)",
    ),
    _trigger("queue_mark_new", "AFTER INSERT ON review_marks", _enter_queue_4("NEW.key")),
    _trigger("queue_mark_changed", "AFTER UPDATE ON review_marks", _enter_queue_4("NEW.key")),
    _trigger("queue_mark_gone", "AFTER DELETE ON review_marks", _enter_queue_4("OLD.key")),
    _trigger(
        "queue_operation_changed",
        "AFTER UPDATE OF state ON operations",
        _enter_queue_4("NEW.key"),
        f"(NEW.state IN {_OPEN}) <> (OLD.state IN {_OPEN})",
    ),
    _trigger("queue_escalated", "AFTER INSERT ON escalations", _enter_queue_4("NEW.key")),
    _trigger("queue_not_escalated", "AFTER DELETE ON escalations", _enter_queue_4("OLD.key")),
    # Somebody settled it, or there is another picture to have an opinion on.
    _trigger(
        "escalation_answered",
        "AFTER UPDATE OF described ON assets",
        "DELETE FROM escalations WHERE key = NEW.key;",
        "NEW.status IS NOT OLD.status OR NEW.version IS NOT OLD.version",
    ),
    _trigger("count_flag_new", "AFTER INSERT ON flags", _count_list("flagged", "+ 1")),
    _trigger("count_flag_gone", "AFTER DELETE ON flags", _count_list("flagged", "- 1")),
    _trigger(
        "count_escalation_new", "AFTER INSERT ON escalations", _count_list("escalated", "+ 1")
    ),
    _trigger(
        "count_escalation_gone", "AFTER DELETE ON escalations", _count_list("escalated", "- 1")
    ),
    _trigger(
        "count_skipped_in",
        "AFTER INSERT ON review_queue",
        _count_list("skipped", "+ 1"),
        "NEW.lane > 0",
    ),
    _trigger(
        "count_skipped_out",
        "AFTER DELETE ON review_queue",
        _count_list("skipped", "- 1"),
        "OLD.lane > 0",
    ),
)
_REPLACED_4 = (
    "queue_rows_are_replaced",
    "queue_asset_new",
    "queue_asset_changed",
    "queue_mark_new",
    "queue_mark_changed",
    "queue_mark_gone",
    "queue_operation_changed",
)


@station_schema()
def m004_lists_and_orders(db: Database) -> None:
    """Skipped, flagged and escalated images; other orders of the queue."""
    for name in _REPLACED_4:
        db.execute(f"DROP TRIGGER {name}")
    for statement in _LISTS.split(";\n"):
        db.execute(statement)
    for trigger in _TRIGGERS_4:
        db.execute(trigger)
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


@station_schema()
def m005_fingerprints(db: Database) -> None:
    """What tells near-duplicates: a hash of each picture, found by any of its sixteen bands."""
    db.execute("""
CREATE TABLE fingerprints (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE REFERENCES assets (key),
  -- The upload it was made of.
  revision TEXT,
  -- Null: the picture could not be decoded.
  pdq BLOB CHECK (length(pdq) = 32),
  quality INTEGER NOT NULL CHECK (quality BETWEEN 0 AND 100),
  phash BLOB CHECK (length(phash) = 8)
)""")
    for band in range(16):
        # Partial: a picture with nothing in it is like no other.
        db.execute(
            f"CREATE INDEX fingerprint_band_{band} ON fingerprints"
            f" (substr(pdq, {2 * band + 1}, 2)) WHERE quality >= 50"
        )
    db.execute(
        _trigger(
            "fingerprint_leaves_with_its_asset",
            "AFTER UPDATE OF absent_us ON assets",
            "DELETE FROM fingerprints WHERE key = NEW.key;",
            "NEW.absent_us IS NOT NULL",
        )
    )
    db.execute("PRAGMA user_version = 5")


_GIVEN = """
-- What an asset was ever rejected for from here, whatever became of the decision: a reason that
-- covers goes on covering.
CREATE TABLE given_reasons (
  key TEXT NOT NULL,
  reason_code TEXT NOT NULL,
  PRIMARY KEY (key, reason_code)
) WITHOUT ROWID;

INSERT INTO given_reasons
  SELECT DISTINCT resource_type || '/' || delivery_type || '/' || public_id, reason_code
  FROM decisions WHERE reason_code IS NOT NULL
"""


@station_schema()
def m006_given_reasons(db: Database) -> None:
    """Every reason that was ever given for an asset, found without its decisions."""
    for statement in _GIVEN.split(";\n"):
        db.execute(statement)
    key = "NEW.resource_type || '/' || NEW.delivery_type || '/' || NEW.public_id"
    db.execute(
        _trigger(
            "reason_given",
            "AFTER INSERT ON decisions",
            f"INSERT INTO given_reasons SELECT {key}, NEW.reason_code WHERE NOT EXISTS ("  # noqa: S608 - our own words
            f"SELECT 1 FROM given_reasons WHERE key = {key} AND reason_code = NEW.reason_code);",
            "NEW.reason_code IS NOT NULL",
        )
    )
    db.execute("PRAGMA user_version = 6")


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


def _enter_queue_7(key: str) -> str:
    return f"""
  DELETE FROM review_queue WHERE key = {key};
  INSERT INTO review_queue (key, kind, status, lane, created_us, share, public_us, doubt,
    together, pass_no)
    SELECT p.key, p.kind, p.status, p.lane, p.created_us, p.share, p.public_us, p.doubt,
      p.together, coalesce(
      (SELECT pass_no FROM listings AS l WHERE l.kind = p.kind AND l.status = p.status), 0)
    FROM queue_projection AS p WHERE p.key = {key};
"""  # noqa: S608 - "NEW.key" or "OLD.key", never data


_TRIGGERS_7 = (
    _refuse(
        "queue_rows_are_replaced",
        "UPDATE OF key, kind, status, lane, created_us, share, public_us, doubt, together"
        " ON review_queue",
        "queue rows are replaced, not changed",
    ),
    _trigger("queue_asset_new", "AFTER INSERT ON assets", _enter_queue_7("NEW.key")),
    _trigger(
        "queue_asset_changed",
        "AFTER UPDATE OF described, list_kind, absent_us ON assets",
        _enter_queue_7("NEW.key"),
        "NEW.status IS NOT OLD.status OR NEW.list_kind IS NOT OLD.list_kind"
        " OR NEW.position_us IS NOT OLD.position_us"
        " OR NEW.public_us IS NOT OLD.public_us OR NEW.doubt IS NOT OLD.doubt"
        " OR (NEW.absent_us IS NULL) <> (OLD.absent_us IS NULL)",
    ),
    _trigger("queue_mark_new", "AFTER INSERT ON review_marks", _enter_queue_7("NEW.key")),
    _trigger("queue_mark_changed", "AFTER UPDATE ON review_marks", _enter_queue_7("NEW.key")),
    _trigger("queue_mark_gone", "AFTER DELETE ON review_marks", _enter_queue_7("OLD.key")),
    _trigger(
        "queue_operation_changed",
        "AFTER UPDATE OF state ON operations",
        _enter_queue_7("NEW.key"),
        f"(NEW.state IN {_OPEN}) <> (OLD.state IN {_OPEN})",
    ),
    _trigger("queue_escalated", "AFTER INSERT ON escalations", _enter_queue_7("NEW.key")),
    _trigger("queue_not_escalated", "AFTER DELETE ON escalations", _enter_queue_7("OLD.key")),
    _trigger(
        "queue_fingerprint_changed",
        "AFTER UPDATE OF together ON fingerprints",
        _enter_queue_7("NEW.key"),
        "NEW.together IS NOT OLD.together",
    ),
    _trigger(
        "queue_fingerprint_gone",
        "AFTER DELETE ON fingerprints",
        _enter_queue_7("OLD.key"),
        "OLD.together IS NOT NULL",
    ),
)
_REPLACED_7 = (*_REPLACED_4, "queue_escalated", "queue_not_escalated")


@station_schema()
def m007_copies_together(db: Database) -> None:
    """One more order of the queue: what is alike comes one after the other."""
    for name in _REPLACED_7:
        db.execute(f"DROP TRIGGER {name}")
    for statement in _TOGETHER.split(";\n"):
        db.execute(statement)
    for trigger in _TRIGGERS_7:
        db.execute(trigger)
    db.execute("PRAGMA user_version = 7")


_LEFT_BEFORE = """
-- Who had left an asset to somebody else that is in its queue again: of that person it asks twice.
CREATE TABLE left_before (
  key TEXT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (key, actor)
) WITHOUT ROWID
"""


@station_schema()
def m008_left_before(db: Database) -> None:
    """What somebody left to others and took back outlives the program."""
    db.execute(_LEFT_BEFORE)
    db.execute(
        _trigger(
            "left_before_is_over",
            "AFTER UPDATE OF described ON assets",
            "DELETE FROM left_before WHERE key = NEW.key;",
            "NEW.status IS NOT OLD.status OR NEW.version IS NOT OLD.version",
        )
    )
    db.execute("PRAGMA user_version = 8")


@station_schema()
def m009_steps_without_words(db: Database) -> None:
    """What a step is called is put into words when it is read, in the language of the day."""
    db.execute("ALTER TABLE undo_entries DROP COLUMN label")
    db.execute("PRAGMA user_version = 9")
