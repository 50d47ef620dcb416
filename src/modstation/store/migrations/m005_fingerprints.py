"""Step 5: fingerprints of pictures, and the bands that find those alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.store.migrations.triggers import trigger

if TYPE_CHECKING:
    from sqlite_utils.db import Database


def apply(db: Database) -> None:
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
        trigger(
            "fingerprint_leaves_with_its_asset",
            "AFTER UPDATE OF absent_us ON assets",
            "DELETE FROM fingerprints WHERE key = NEW.key;",
            "NEW.absent_us IS NOT NULL",
        )
    )
    db.execute("PRAGMA user_version = 5")
