"""Alembic's way into a running transaction; it executes this file for each command."""

from __future__ import annotations

from alembic import context

# ``render_as_batch``: SQLite cannot change a column, so Alembic copies the table.
context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
