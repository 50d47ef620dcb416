"""Step 2: a trouble with a picture is one of the upload that it was noted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils.db import Database


def apply(db: Database) -> None:
    """A trouble with a picture names the upload it is about: the next one may be sound."""
    db.execute("ALTER TABLE item_problems ADD COLUMN revision TEXT")
    db.execute("PRAGMA user_version = 2")
