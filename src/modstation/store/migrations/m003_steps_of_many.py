"""Step 3: decisions made at one stroke are one step of the undo stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils.db import Database


def apply(db: Database) -> None:
    """Decisions made at one stroke are one step: undone together, or one by one."""
    db.execute("ALTER TABLE undo_entries ADD COLUMN step INTEGER")
    db.execute("UPDATE undo_entries SET step = entry_id")
    # Two, so that neither the next undo nor the next redo reads past the other's.
    db.execute("CREATE INDEX undo_made ON undo_entries (step) WHERE undone = 0")
    db.execute("CREATE INDEX undo_unmade ON undo_entries (step) WHERE undone = 1")
    db.execute("PRAGMA user_version = 3")
