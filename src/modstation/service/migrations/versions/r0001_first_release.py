"""The tables of the first release, which kept no revisions.

A database of that release is stamped with this one; no other database ever runs it.
"""

from __future__ import annotations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: these tables are there."""
