"""Step 9: what a step is called is put into words when it is read, in the language of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils.db import Database


def apply(db: Database) -> None:
    """The undo stack keeps no words."""
    db.execute("ALTER TABLE undo_entries DROP COLUMN label")
    db.execute("PRAGMA user_version = 9")
