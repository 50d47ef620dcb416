"""Step 8: what somebody left to others and took back outlives the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.store.migrations.triggers import trigger

if TYPE_CHECKING:
    from sqlite_utils.db import Database

_LEFT_BEFORE = """
-- Who had left an asset to somebody else that is in its queue again: of that person it asks twice.
CREATE TABLE left_before (
  key TEXT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (key, actor)
) WITHOUT ROWID
"""


def apply(db: Database) -> None:
    """What somebody left to others and took back outlives the program."""
    db.execute(_LEFT_BEFORE)
    db.execute(
        trigger(
            "left_before_is_over",
            "AFTER UPDATE OF described ON assets",
            "DELETE FROM left_before WHERE key = NEW.key;",
            "NEW.status IS NOT OLD.status OR NEW.version IS NOT OLD.version",
        )
    )
    db.execute("PRAGMA user_version = 8")
