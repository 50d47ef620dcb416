"""What the whole service needs beside the first release's tables.

A revision says what changed in words of its own: schema.py goes on changing, this does not.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, String, Text, UniqueConstraint

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring a database of the first release here."""
    # Revisions replace the version that stood in it.
    op.drop_table("service_meta")
    op.add_column("clouds", Column("settings", Text))
    _notifications()
    _claims()
    _leases()


def _notifications() -> None:
    for column in (
        Column("event", String),
        Column("asset_id", String(32)),
        Column("strand", String(32)),
    ):
        op.add_column("notifications", column)
    op.create_table(
        "triggers",
        Column("id", String(32), primary_key=True),
        Column("cloud", String, nullable=False),
        Column("event_type", String, nullable=False),
        Column("uri", String, nullable=False),
        Column("uri_type", String, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        Column("updated_us", BigInteger, nullable=False),
        UniqueConstraint("cloud", "event_type", "uri"),
    )


def _claims() -> None:
    op.create_table(
        "claims",
        Column("asset_seq", BigInteger, primary_key=True, autoincrement=False),
        Column("asset_id", String(32), nullable=False),
        Column("cloud", String, nullable=False),
        Column("holder", String, nullable=False),
        Column("name", String, nullable=False),
        Column("expires_us", BigInteger, nullable=False),
    )
    op.create_index("claims_of_holder", "claims", ["cloud", "holder"])
    op.create_index("ix_claims_expires_us", "claims", ["expires_us"])


def _leases() -> None:
    op.create_table(
        "leases",
        Column("name", String, primary_key=True),
        Column("holder", String, nullable=False),
        Column("until_us", BigInteger, nullable=False),
    )
