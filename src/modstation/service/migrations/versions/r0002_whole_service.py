"""What the whole service needs beside the first release's tables.

A revision says what changed in words of its own: schema.py goes on changing, this does not.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring a database of the first release here."""
    # Revisions replace the version that stood in it.
    op.drop_table("service_meta")
    op.add_column("clouds", Column("settings", Text))
