"""What the whole service needs beside the first release's tables.

A revision says what changed in words of its own: schema.py goes on changing, this does not.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import unicodedata
from urllib.parse import quote

import sqlalchemy as sa
from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    String,
    Text,
    UniqueConstraint,
    insert,
    select,
    text,
)

revision = "0002"
down_revision = "0001"

_ROW = BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Bring a database of the first release here."""
    # Revisions replace the version that stood in it.
    op.drop_table("service_meta")
    op.add_column("clouds", Column("settings", Text))
    _find_assets_by_words()
    _delete_tokens()
    _metadata_fields()
    _folders()
    _notifications()
    _claims()
    _moderation_jobs()
    _leases()
    _access()
    _search()
    _usage()
    _chunked_uploads()
    _upload_presets()
    _upload_tasks()
    _backups()
    _purges()
    _compare_bytes()


def _find_assets_by_words() -> None:
    """Tags, context and folders get indexes of their own, filled from the assets' rows."""
    exact = String(255).with_variant(String(255, collation="C"), "postgresql")

    def found() -> list[Column[object]]:
        return [
            Column("cloud", String, nullable=False),
            Column("resource_type", String, nullable=False),
            Column("created_us", BigInteger, nullable=False),
        ]

    tags = op.create_table(
        "asset_tags",
        Column("asset_seq", BigInteger, primary_key=True, autoincrement=False),
        Column("tag", exact, primary_key=True),
        *found(),
    )
    context = op.create_table(
        "asset_context",
        Column("asset_seq", BigInteger, primary_key=True, autoincrement=False),
        Column("key", exact, primary_key=True),
        Column("value_digest", String(32), nullable=False),
        *found(),
    )
    _fill_words(tags, context)
    place = ["created_us", "asset_seq"]
    op.create_index("tagged_assets", "asset_tags", ["cloud", "resource_type", "tag", *place])
    by_key = ["cloud", "resource_type", "key"]
    op.create_index("assets_by_context_key", "asset_context", [*by_key, *place])
    op.create_index("assets_by_context_value", "asset_context", [*by_key, "value_digest", *place])
    live = sa.text("deleted_us IS NULL")
    op.create_index(
        "assets_by_folder",
        "assets",
        ["cloud", "asset_folder", "created_us", "seq"],
        sqlite_where=live,
        postgresql_where=live,
    )


def _delete_tokens() -> None:
    op.create_table(
        "delete_tokens",
        Column("digest", String(64), primary_key=True),
        Column("cloud", String, nullable=False),
        Column("asset_id", String(32), nullable=False),
        Column("version_id", String(32), nullable=False),
        Column("expires_us", BigInteger, nullable=False),
    )
    op.create_index("ix_delete_tokens_expires_us", "delete_tokens", ["expires_us"])


def _metadata_fields() -> None:
    exact = String(255).with_variant(String(255, collation="C"), "postgresql")
    op.create_table(
        "metadata_fields",
        Column("cloud", String, primary_key=True),
        Column("external_id", exact, primary_key=True),
        Column("position", Integer, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        Column("definition", Text, nullable=False),
    )


def _folders() -> None:
    """A row for every folder an asset stands in and for those above them."""
    exact = String(255).with_variant(String(255, collation="C"), "postgresql")
    folders = op.create_table(
        "folders",
        Column("cloud", String, primary_key=True),
        Column("path", exact, primary_key=True),
        Column("parent", exact, nullable=False),
        Column("external_id", String(32), nullable=False),
        Column("created_us", BigInteger, nullable=False),
    )
    connection = op.get_bind()
    found = connection.execute(
        text(
            "SELECT cloud, asset_folder, min(created_us) FROM assets "
            "WHERE deleted_us IS NULL GROUP BY cloud, asset_folder"
        )
    ).all()
    made: dict[tuple[str, str], int] = {}
    for cloud, folder, created_us in found:
        parts = [part for part in folder.split("/") if part]
        for depth in range(1, len(parts) + 1):
            made.setdefault((cloud, "/".join(parts[:depth])), created_us)
    rows = [
        {
            "cloud": cloud,
            "path": path,
            "parent": path.rpartition("/")[0],
            "external_id": secrets.token_hex(16),
            "created_us": created_us,
        }
        for (cloud, path), created_us in made.items()
    ]
    if rows:
        connection.execute(insert(folders), rows)
    op.create_index("folders_below", "folders", ["cloud", "parent", "path"])


def _fill_words(tags: sa.Table, context: sa.Table) -> None:
    connection = op.get_bind()
    assets = sa.table(
        "assets",
        *(
            sa.column(name)
            for name in (
                "seq", "cloud", "resource_type", "created_us", "deleted_us", "tags", "context"
            )
        ),
    )  # fmt: skip
    after = 0
    while True:
        rows = connection.execute(
            select(assets).where(assets.c.seq > after).order_by(assets.c.seq).limit(1000)
        ).all()
        if not rows:
            return
        after = rows[-1].seq
        tagged: list[dict[str, object]] = []
        described: list[dict[str, object]] = []
        for row in rows:
            if row.deleted_us is not None:
                continue
            found = {
                "asset_seq": row.seq,
                "cloud": row.cloud,
                "resource_type": row.resource_type,
                "created_us": row.created_us,
            }
            tagged += [found | {"tag": tag} for tag in json.loads(row.tags)]
            described += [
                found
                | {
                    "key": key,
                    "value_digest": hashlib.blake2b(value.encode(), digest_size=16).hexdigest(),
                }
                for key, value in json.loads(row.context).items()
                if len(key) <= 255
            ]
        for table, words in ((tags, tagged), (context, described)):
            if words:
                connection.execute(insert(table), words)


def _notifications() -> None:
    for column in (
        Column("event", String),
        Column("asset_id", String(32)),
        Column("strand", String(32)),
    ):
        op.add_column("notifications", column)
    op.drop_index("notifications_due", "notifications")
    waiting = text("due_us IS NOT NULL")
    dead = text("state = 'given_up'")
    logged = ["cloud", "created_us", "id"]
    for name, columns, part in (
        ("notifications_by_lane", ["lane", "due_us", "id"], waiting),
        ("notifications_by_strand", ["strand", "id"], waiting),
        ("notifications_log", logged, None),
        ("notifications_dead", logged, dead),
        ("notifications_waiting", logged, waiting),
        ("notifications_of_asset", ["asset_id", "created_us", "id"], None),
    ):
        op.create_index(name, "notifications", columns, sqlite_where=part, postgresql_where=part)
    op.create_table(
        "notification_lanes",
        Column("lane", String, primary_key=True),
        Column("ready_us", BigInteger, nullable=False, index=True),
        Column("failures", sa.Integer, nullable=False),
        Column("prompt", sa.Boolean, nullable=False),
        Column("opened_us", BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO notification_lanes (lane, ready_us, failures, prompt, opened_us) "
        "SELECT DISTINCT lane, 0, 0, FALSE, 0 FROM notifications WHERE due_us IS NOT NULL"
    )
    op.create_table(
        "notification_attempts",
        Column("id", _ROW, primary_key=True, autoincrement=True),
        Column("notification_id", BigInteger, nullable=False, index=True),
        Column("at_us", BigInteger, nullable=False),
        Column("status", sa.Integer),
        Column("error", String),
        Column("milliseconds", sa.Integer, nullable=False),
    )
    op.add_column("assets", Column("batch_id", String))
    op.create_table(
        "buffered_messages",
        Column("id", _ROW, primary_key=True, autoincrement=True),
        Column("cloud", String, nullable=False),
        Column("address", String, nullable=False),
        Column("body", sa.LargeBinary, nullable=False),
        Column("visible_us", BigInteger, nullable=False),
        Column("created_us", BigInteger, nullable=False, index=True),
    )
    op.create_index("buffered_messages_by_address", "buffered_messages", ["cloud", "address", "id"])
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


def _moderation_jobs() -> None:
    automatic = Column("automatic", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("decision_history", automatic)
    op.add_column("decision_history", Column("version_id", String(32)))
    row = BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "moderation_jobs",
        Column("id", row, primary_key=True, autoincrement=True),
        Column("cloud", String, nullable=False),
        Column("asset_id", String(32), nullable=False),
        Column("version_id", String(32), nullable=False),
        Column("kind", String, nullable=False),
        Column("value", Text, nullable=False),
        Column("rule", String),
        Column("base", String, nullable=False),
        Column("token", String(43), nullable=False, unique=True),
        Column("ticket", String),
        Column("attempts", sa.Integer, nullable=False),
        Column("due_us", BigInteger),
        Column("created_us", BigInteger, nullable=False),
    )
    op.create_index("ix_moderation_jobs_asset_id", "moderation_jobs", ["asset_id"])
    waiting = sa.text("due_us IS NOT NULL")
    op.create_index(
        "moderation_jobs_due",
        "moderation_jobs",
        ["due_us", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "add_on_uses",
        Column("cloud", String, primary_key=True),
        Column("kind", String, primary_key=True),
        Column("month", String(7), primary_key=True),
        Column("used", sa.Integer, nullable=False),
    )
    op.create_table(
        "picture_prints",
        Column("id", row, primary_key=True, autoincrement=True),
        Column("cloud", String, nullable=False),
        Column("asset_id", String(32), nullable=False, unique=True),
        Column("version_id", String(32), nullable=False),
        Column("etag", String(32), nullable=False),
        Column("pdq", sa.LargeBinary),
    )
    op.create_index("picture_prints_by_bytes", "picture_prints", ["cloud", "etag"])
    op.create_table(
        "picture_bands",
        Column("cloud", String, primary_key=True),
        Column("band", sa.Integer, primary_key=True, autoincrement=False),
        Column("value", sa.Integer, primary_key=True, autoincrement=False),
        Column("print_id", BigInteger, primary_key=True, autoincrement=False),
    )
    op.create_index("picture_bands_of_print", "picture_bands", ["print_id"])


def _leases() -> None:
    op.create_table(
        "leases",
        Column("name", String, primary_key=True),
        Column("holder", String, nullable=False),
        Column("until_us", BigInteger, nullable=False),
    )
    op.create_table(
        "call_counts",
        Column("cloud", String, primary_key=True),
        Column("hour_us", BigInteger, primary_key=True, autoincrement=False),
        Column("used", BigInteger, nullable=False),
    )


def _access() -> None:
    op.add_column("api_keys", Column("retired_us", BigInteger))
    op.add_column("api_keys", Column("revoked_us", BigInteger))
    op.create_table(
        "api_tokens",
        Column("token_id", String, primary_key=True),
        Column("cloud", String, nullable=False, index=True),
        Column("digest", String(64), nullable=False, unique=True),
        Column("note", String, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        Column("expires_us", BigInteger),
        Column("revoked_us", BigInteger),
    )


def _search() -> None:
    op.add_column("assets", Column("search_text", Text, nullable=False, server_default=""))
    op.create_index(
        "assets_by_age",
        "assets",
        ["cloud", "created_us", "seq"],
        sqlite_where=text("deleted_us IS NULL"),
        postgresql_where=text("deleted_us IS NULL"),
    )
    _fill_search_text()


def _fill_search_text() -> None:
    connection, last = op.get_bind(), 0
    page = text(
        "SELECT seq, public_id, display_name, asset_folder, tags, context, metadata FROM assets "
        "WHERE seq > :last ORDER BY seq LIMIT 1000"
    )
    change = text("UPDATE assets SET search_text = :search_text WHERE seq = :seq")
    while rows := connection.execute(page, {"last": last}).all():
        found = [{"seq": row.seq, "search_text": _search_text(*row[1:])} for row in rows]
        connection.execute(change, found)
        last = rows[-1].seq


def _search_text(
    public_id: str, display_name: str, asset_folder: str, tags: str, context: str, metadata: str
) -> str:
    parts = [
        _run("p", public_id),
        _run("f", public_id.rpartition("/")[2]),
        _run("d", display_name),
        _run("a", asset_folder),
        *(_run("t", tag) for tag in json.loads(tags)),
    ]
    for letter, pairs in (("c", context), ("m", metadata)):
        for key, value in json.loads(pairs).items():
            field = f"{letter}.{quote(key, safe='')}"
            parts += [f"{field}:", _run(field, value)]
    return f" {' | '.join(part for part in parts if part)} | "


def _run(field: str, value: str) -> str:
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", value).casefold())
    return " ".join(f"{field}:{word}" for word in words)


def _chunked_uploads() -> None:
    op.create_table(
        "chunked_uploads",
        Column("cloud", String, primary_key=True),
        Column("upload_id", String, primary_key=True),
        Column("numbered", sa.Boolean, nullable=False),
        Column("total", BigInteger),
        Column("answer", Text),
        Column("updated_us", BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "upload_parts",
        Column(
            "id",
            BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        Column("cloud", String, nullable=False),
        Column("upload_id", String, nullable=False),
        Column("start", BigInteger, nullable=False),
        Column("stop", BigInteger, nullable=False),
        Column("bytes", BigInteger, nullable=False),
        Column("blob", String, nullable=False),
        UniqueConstraint("cloud", "upload_id", "start", "stop"),
    )


def _upload_presets() -> None:
    op.create_table(
        "upload_presets",
        Column("cloud", String, primary_key=True),
        Column("name", String, primary_key=True),
        Column("unsigned", sa.Boolean, nullable=False),
        Column("settings", Text, nullable=False),
    )


def _upload_tasks() -> None:
    op.create_table(
        "upload_tasks",
        Column(
            "id",
            BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        Column("cloud", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("document", Text, nullable=False),
        Column("blob", String),
        Column("attempts", sa.Integer, nullable=False),
        Column("due_us", BigInteger, nullable=False, index=True),
        Column("lease", String(32)),
        Column("created_us", BigInteger, nullable=False),
    )


def _backups() -> None:
    op.create_table(
        "backup_versions",
        Column("version_id", String(32), primary_key=True),
        Column("asset_id", String(32), nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("format", String),
        Column("width", sa.Integer),
        Column("height", sa.Integer),
        Column("bytes", BigInteger, nullable=False),
        Column("etag", String(32), nullable=False),
        Column("blob", String, nullable=False),
        Column("original_filename", String, nullable=False),
        Column("moderation", Text, nullable=False),
        Column("moderation_kind", String),
        Column("moderation_status", String),
    )
    op.create_index("versions_of_asset", "backup_versions", ["asset_id", "version"])
    op.add_column("blob_jobs", Column("version_id", String(32)))


def _compare_bytes() -> None:
    """Have PostgreSQL order the first release's text as SQLite does, whatever its locale is."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    ordered_otherwise = text(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation l ON l.oid = a.attcollation "
        "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace "
        "AND a.attnum > 0 AND l.collname <> 'C'"
    )
    for table, column, kind in connection.execute(ordered_otherwise).all():
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE {kind} COLLATE "C"')


def _usage() -> None:
    op.create_table(
        "usage_days",
        Column("cloud", String, primary_key=True),
        Column("day", String(10), primary_key=True),
        Column("requests", BigInteger, nullable=False),
        Column("transformations", BigInteger, nullable=False),
        Column("bandwidth", BigInteger, nullable=False),
    )


def _purges() -> None:
    op.create_table("purge_nodes", Column("node", String, primary_key=True))
    op.create_table(
        "purges",
        Column("id", _ROW, primary_key=True, autoincrement=True),
        Column("node", String, nullable=False),
        Column("asset_id", String(32), nullable=False),
        Column("again", sa.Boolean, nullable=False),
        Column("due_us", BigInteger, nullable=False),
        Column("created_us", BigInteger, nullable=False),
    )
    op.create_index("purges_due", "purges", ["node", "due_us", "id"])
