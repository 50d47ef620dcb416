"""The service's tables. Times are microseconds since the epoch, documents are JSON text.

All text is compared and ordered by its bytes: prefixes are ranges, and lists go on after a text.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
)

metadata = MetaData()


@event.listens_for(Column, "after_parent_attach")
def _compared_by_bytes(column: Column[Any], table: Table) -> None:
    """As in SQLite: the order a database's own collation gives differs between machines."""
    if table.metadata is metadata and isinstance(column.type, String):
        ordered = type(column.type)(column.type.length, collation="C")
        column.type = column.type.with_variant(ordered, "postgresql")


# SQLite gives out row numbers only for a column declared INTEGER, PostgreSQL wants 64 bits.
_ROW = BigInteger().with_variant(Integer, "sqlite")

clouds = Table(
    "clouds",
    metadata,
    Column("name", String, primary_key=True),
    Column("created_us", BigInteger, nullable=False),
    # NULL until they are chosen or the service starts with this cloud (cloud_settings.py).
    Column("settings", Text),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("api_key", String, primary_key=True),
    Column("cloud", String, nullable=False, index=True),
    # Signatures need the secret itself, so it is sealed and not hashed (sealing.py).
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    # May lie in the future: a key that is being replaced (api_keys.py).
    Column("retired_us", BigInteger),
    Column("revoked_us", BigInteger),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_id", String, primary_key=True),
    Column("cloud", String, nullable=False, index=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("note", String, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("revoked_us", BigInteger),
)

assets = Table(
    "assets",
    metadata,
    Column("seq", _ROW, primary_key=True, autoincrement=True),
    Column("asset_id", String(32), nullable=False, unique=True),
    Column("cloud", String, nullable=False),
    Column("resource_type", String, nullable=False),
    Column("type", String, nullable=False),
    Column("public_id", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("version_id", String(32), nullable=False),
    Column("format", String),
    Column("width", Integer),
    Column("height", Integer),
    Column("bytes", BigInteger, nullable=False),
    Column("etag", String(32), nullable=False),
    Column("blob", String, nullable=False),
    Column("original_filename", String, nullable=False),
    Column("display_name", String, nullable=False),
    Column("asset_folder", String, nullable=False),
    Column("tags", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    # The words of all these, for searches (search/words.py).
    Column("search_text", Text, nullable=False, server_default=""),
    Column("moderation", Text, nullable=False),
    Column("moderation_kind", String),
    Column("moderation_status", String),
    Column("notification_url", String),
    # Where those who read from poll://* find what is told of it.
    Column("batch_id", String),
    Column("api_key", String, nullable=False),
    Column("backup", Boolean, nullable=False),
    # Withdrawn: rejected and not to be delivered, so the original belongs in the backup area.
    Column("withdrawn", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger),
    UniqueConstraint("cloud", "resource_type", "type", "public_id"),
)
Index(
    "assets_by_creation",
    assets.c.cloud,
    assets.c.resource_type,
    assets.c.type,
    assets.c.created_us,
    assets.c.seq,
    sqlite_where=assets.c.deleted_us.is_(None),
    postgresql_where=assets.c.deleted_us.is_(None),
)

# Searches, whatever the kind of asset.
Index(
    "assets_by_age",
    assets.c.cloud,
    assets.c.created_us,
    assets.c.seq,
    sqlite_where=assets.c.deleted_us.is_(None),
    postgresql_where=assets.c.deleted_us.is_(None),
)

# One row per moderation of an asset, for the queues alone: the asset keeps the documents.
moderation_entries = Table(
    "moderation_entries",
    metadata,
    Column("asset_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("cloud", String, nullable=False),
    Column("resource_type", String, nullable=False),
    Column("status", String, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)
Index(
    "moderation_queue",
    moderation_entries.c.cloud,
    moderation_entries.c.resource_type,
    moderation_entries.c.kind,
    moderation_entries.c.status,
    moderation_entries.c.created_us,
    moderation_entries.c.asset_seq,
)

# What live assets are found by (word_index.py); the asset's own row says the same.
asset_tags = Table(
    "asset_tags",
    metadata,
    Column("asset_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("tag", String(255), primary_key=True),
    Column("cloud", String, nullable=False),
    Column("resource_type", String, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)
Index(
    "tagged_assets",
    asset_tags.c.cloud,
    asset_tags.c.resource_type,
    asset_tags.c.tag,
    asset_tags.c.created_us,
    asset_tags.c.asset_seq,
)
asset_context = Table(
    "asset_context",
    metadata,
    Column("asset_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key", String(255), primary_key=True),
    # A value may be longer than what PostgreSQL takes into an index.
    Column("value_digest", String(32), nullable=False),
    Column("cloud", String, nullable=False),
    Column("resource_type", String, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)
Index(
    "assets_by_context_key",
    asset_context.c.cloud,
    asset_context.c.resource_type,
    asset_context.c.key,
    asset_context.c.created_us,
    asset_context.c.asset_seq,
)
Index(
    "assets_by_context_value",
    asset_context.c.cloud,
    asset_context.c.resource_type,
    asset_context.c.key,
    asset_context.c.value_digest,
    asset_context.c.created_us,
    asset_context.c.asset_seq,
)
Index(
    "assets_by_folder",
    assets.c.cloud,
    assets.c.asset_folder,
    assets.c.created_us,
    assets.c.seq,
    sqlite_where=assets.c.deleted_us.is_(None),
    postgresql_where=assets.c.deleted_us.is_(None),
)

# Structured metadata: what a cloud defines (metadata_fields.py).
metadata_fields = Table(
    "metadata_fields",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("external_id", String(255), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("definition", Text, nullable=False),
)

# The folders there are, empty ones too (folders.py).
folders = Table(
    "folders",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("path", String(255), primary_key=True),
    Column("parent", String(255), nullable=False),
    Column("external_id", String(32), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Index("folders_below", "cloud", "parent", "path"),
)

# Who may take an upload back (delete_tokens.py); of the token itself only the digest is kept.
delete_tokens = Table(
    "delete_tokens",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("cloud", String, nullable=False),
    Column("asset_id", String(32), nullable=False),
    Column("version_id", String(32), nullable=False),
    Column("expires_us", BigInteger, nullable=False, index=True),
)

# Every decision anyone sent, also one that changed nothing. Append-only.
decision_history = Table(
    "decision_history",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("cloud", String, nullable=False),
    Column("asset_id", String(32), nullable=False, index=True),
    Column("resource_type", String, nullable=False),
    Column("type", String, nullable=False),
    Column("public_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("from_status", String),
    Column("to_status", String, nullable=False),
    Column("changed", Boolean, nullable=False),
    Column("decision_id", String),
    Column("actor", String),
    Column("reason", String),
    Column("note", Text),
    Column("decided_us", BigInteger, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    # Said by a machine; and of which picture (NULL in rows of the first release).
    Column("automatic", Boolean, nullable=False, server_default=false()),
    Column("version_id", String(32)),
)

# What a batch decision was answered, so that sending it again answers the same.
applied_decisions = Table(
    "applied_decisions",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("decision_id", String, primary_key=True),
    Column("asset_id", String(32), nullable=False),
    Column("status", String, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("actor", String),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("cloud", String, nullable=False),
    Column("api_key", String, nullable=False),
    # NULL in letters of the first release, as are the next two.
    Column("event", String),
    Column("asset_id", String(32)),
    # Letters of one strand are delivered in order (announcing.py); NULL: of no asset.
    Column("strand", String(32)),
    Column("lane", String, nullable=False),
    Column("url", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    # NULL once it is delivered or given up: the index holds only what is still to do.
    Column("due_us", BigInteger),
    Column("state", String, nullable=False),
    Column("last_status", Integer),
    Column("created_us", BigInteger, nullable=False),
)
Index(
    "notifications_by_lane",
    notifications.c.lane,
    notifications.c.due_us,
    notifications.c.id,
    sqlite_where=notifications.c.due_us.is_not(None),
    postgresql_where=notifications.c.due_us.is_not(None),
)
Index(
    "notifications_by_strand",
    notifications.c.strand,
    notifications.c.id,
    sqlite_where=notifications.c.due_us.is_not(None),
    postgresql_where=notifications.c.due_us.is_not(None),
)

# For the delivery log: all letters of a cloud, those that are dead or waiting, those of an asset.
for _name, _part in (
    ("notifications_log", None),
    ("notifications_dead", notifications.c.state == "given_up"),
    ("notifications_waiting", notifications.c.due_us.is_not(None)),
):
    Index(
        _name,
        notifications.c.cloud,
        notifications.c.created_us,
        notifications.c.id,
        sqlite_where=_part,
        postgresql_where=_part,
    )
Index(
    "notifications_of_asset",
    notifications.c.asset_id,
    notifications.c.created_us,
    notifications.c.id,
)

# A host that letters go to. Whoever sends there makes it ready later (notifications/lanes.py).
notification_lanes = Table(
    "notification_lanes",
    metadata,
    Column("lane", String, primary_key=True),
    Column("ready_us", BigInteger, nullable=False, index=True),
    # Visits in a row that nobody answered.
    Column("failures", Integer, nullable=False),
    Column("prompt", Boolean, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
)

# The delivery log: one row for each time a letter was tried.
notification_attempts = Table(
    "notification_attempts",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("notification_id", BigInteger, nullable=False, index=True),
    Column("at_us", BigInteger, nullable=False),
    Column("status", Integer),
    Column("error", String),
    Column("milliseconds", Integer, nullable=False),
)

# Notifications that their reader comes for (pull_buffer.py).
buffered_messages = Table(
    "buffered_messages",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("cloud", String, nullable=False),
    Column("address", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # Later while somebody is reading it.
    Column("visible_us", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False, index=True),
)
Index(
    "buffered_messages_by_address",
    buffered_messages.c.cloud,
    buffered_messages.c.address,
    buffered_messages.c.id,
)

# Who is told of an account's events, whichever call brought them about.
triggers = Table(
    "triggers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("cloud", String, nullable=False),
    Column("event_type", String, nullable=False),
    Column("uri", String, nullable=False),
    Column("uri_type", String, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    UniqueConstraint("cloud", "event_type", "uri"),
)

# What took another version's place and has a backup (backups.py); the version an asset has now
# is its own row.
backup_versions = Table(
    "backup_versions",
    metadata,
    Column("version_id", String(32), primary_key=True),
    Column("asset_id", String(32), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("format", String),
    Column("width", Integer),
    Column("height", Integer),
    Column("bytes", BigInteger, nullable=False),
    Column("etag", String(32), nullable=False),
    Column("blob", String, nullable=False),
    Column("original_filename", String, nullable=False),
    Column("moderation", Text, nullable=False),
    Column("moderation_kind", String),
    Column("moderation_status", String),
)
Index("versions_of_asset", backup_versions.c.asset_id, backup_versions.c.version)

# Caches in front of the service, and what they are still to be told (cache_purging.py).
purge_nodes = Table("purge_nodes", metadata, Column("node", String, primary_key=True))
purges = Table(
    "purges",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("node", String, nullable=False),
    Column("asset_id", String(32), nullable=False),
    # Told once already.
    Column("again", Boolean, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
)
Index("purges_due", purges.c.node, purges.c.due_us, purges.c.id)

# Work on blobs that follows from a committed change (housekeeping.py).
blob_jobs = Table(
    "blob_jobs",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("asset_id", String(32)),
    # A version of that asset which became one of its backups.
    Column("version_id", String(32)),
    Column("blob", String),
    Column("due_us", BigInteger, nullable=False, index=True),
)

# Who has a pending asset in hand until when (claims.py); a row that has expired is free.
claims = Table(
    "claims",
    metadata,
    Column("asset_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("asset_id", String(32), nullable=False),
    Column("cloud", String, nullable=False),
    Column("holder", String, nullable=False),
    Column("name", String, nullable=False),
    Column("expires_us", BigInteger, nullable=False, index=True),
    Index("claims_of_holder", "cloud", "holder"),
)

# What one replica at a time does, by name (leases.py).
leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)

# What a machine is asked about an asset, until it has answered (machine_jobs.py).
moderation_jobs = Table(
    "moderation_jobs",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("cloud", String, nullable=False),
    Column("asset_id", String(32), nullable=False, index=True),
    Column("version_id", String(32), nullable=False),
    Column("kind", String, nullable=False),
    Column("value", Text, nullable=False),
    # Why it is rejected without asking anyone (seed_rules.py); NULL: the provider is asked.
    Column("rule", String),
    # The host that addresses in notifications start with: that of the call that asked.
    Column("base", String, nullable=False),
    # What the provider shows to get the picture and to say that it has decided.
    Column("token", String(43), nullable=False, unique=True),
    # The provider's name for it; NULL until it has taken it.
    Column("ticket", String),
    Column("attempts", Integer, nullable=False),
    # NULL while an earlier moderation runs: the index holds only what is to do.
    Column("due_us", BigInteger),
    Column("created_us", BigInteger, nullable=False),
)
Index(
    "moderation_jobs_due",
    moderation_jobs.c.due_us,
    moderation_jobs.c.id,
    sqlite_where=moderation_jobs.c.due_us.is_not(None),
    postgresql_where=moderation_jobs.c.due_us.is_not(None),
)

# How often an add-on was used in a month, of clouds that have a limit for it.
add_on_uses = Table(
    "add_on_uses",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("used", Integer, nullable=False),
)

# What the `duplicate` moderation knows pictures by (likeness_index.py).
picture_prints = Table(
    "picture_prints",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("cloud", String, nullable=False),
    Column("asset_id", String(32), nullable=False, unique=True),
    Column("version_id", String(32), nullable=False),
    Column("etag", String(32), nullable=False),
    # NULL: there is too little in the picture to know it by; only the same bytes are the same.
    Column("pdq", LargeBinary),
    Index("picture_prints_by_bytes", "cloud", "etag"),
)
picture_bands = Table(
    "picture_bands",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("band", Integer, primary_key=True, autoincrement=False),
    Column("value", Integer, primary_key=True, autoincrement=False),
    Column("print_id", BigInteger, primary_key=True, autoincrement=False),
    Index("picture_bands_of_print", "print_id"),
)

# Files that arrive in parts (chunked_uploads.py). An answer is there once the file is stored.
chunked_uploads = Table(
    "chunked_uploads",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("upload_id", String, primary_key=True),
    Column("numbered", Boolean, nullable=False),
    Column("total", BigInteger),
    Column("answer", Text),
    Column("updated_us", BigInteger, nullable=False, index=True),
)
upload_parts = Table(
    "upload_parts",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("cloud", String, nullable=False),
    Column("upload_id", String, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("stop", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("blob", String, nullable=False),
    UniqueConstraint("cloud", "upload_id", "start", "stop"),
)

# Uploads and renditions that were promised and are still to do (promises.py, upload_tasks.py).
upload_tasks = Table(
    "upload_tasks",
    metadata,
    Column("id", _ROW, primary_key=True, autoincrement=True),
    Column("cloud", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("document", Text, nullable=False),
    Column("blob", String),
    Column("attempts", Integer, nullable=False),
    Column("due_us", BigInteger, nullable=False, index=True),
    Column("lease", String(32)),
    Column("created_us", BigInteger, nullable=False),
)

# Upload parameters under a name (presets.py).
upload_presets = Table(
    "upload_presets",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("unsigned", Boolean, nullable=False),
    Column("settings", Text, nullable=False),
)

# Admin calls that replicas have reserved of an hour's (limits.py).
call_counts = Table(
    "call_counts",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("hour_us", BigInteger, primary_key=True, autoincrement=False),
    Column("used", BigInteger, nullable=False),
)

# What a cloud used each day (usage_meter.py); days are ISO dates, UTC.
usage_days = Table(
    "usage_days",
    metadata,
    Column("cloud", String, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("transformations", BigInteger, nullable=False),
    Column("bandwidth", BigInteger, nullable=False),
)
