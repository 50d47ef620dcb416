"""Step 6: every reason that was ever given for an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.store.migrations.triggers import trigger

if TYPE_CHECKING:
    from sqlite_utils.db import Database

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


def apply(db: Database) -> None:
    """Every reason that was ever given for an asset, found without its decisions."""
    for statement in _GIVEN.split(";\n"):
        db.execute(statement)
    key = "NEW.resource_type || '/' || NEW.delivery_type || '/' || NEW.public_id"
    db.execute(
        trigger(
            "reason_given",
            "AFTER INSERT ON decisions",
            f"INSERT INTO given_reasons SELECT {key}, NEW.reason_code WHERE NOT EXISTS ("
            f"SELECT 1 FROM given_reasons WHERE key = {key} AND reason_code = NEW.reason_code);",
            "NEW.reason_code IS NOT NULL",
        )
    )
    db.execute("PRAGMA user_version = 6")
