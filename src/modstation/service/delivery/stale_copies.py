"""What caches in front of the service hold that is wrong now: rows written with the change.

A delivery names its asset in a header, and a cache is told of assets, not of addresses: it alone
knows which versions, renditions and spellings of one it holds (``resources/varnish``). Every
change of an asset's row comes through here, so no call can forget the caches. Telling them is
another matter (cache_purging.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from modstation.service.access.cloud_settings import cloud_settings
from modstation.service.moderation.states import REJECTED
from modstation.service.schema import purge_nodes, purges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modstation.service.access.cloud_settings import CloudSettings
    from modstation.service.assets.stored import Asset

#: Which assets an answer was made of; what is asked to be purged is named by the same header.
TAG = "X-Modstation-Asset"


def set_nodes(connection: Connection, nodes: Sequence[str]) -> None:
    """Have these caches told of changes from now on, by every replica, and no others."""
    known = set(connection.scalars(select(purge_nodes.c.node)))
    gone = known - set(nodes)
    if gone:
        connection.execute(delete(purge_nodes).where(purge_nodes.c.node.in_(gone)))
        connection.execute(delete(purges).where(purges.c.node.in_(gone)))
    added = [{"node": node} for node in dict.fromkeys(nodes) if node not in known]
    if added:
        # Replicas start together.
        ours = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(ours(purge_nodes).values(added).on_conflict_do_nothing())


def note_stale(
    connection: Connection, changes: Sequence[tuple[Asset, Asset | None]], now_us: int
) -> None:
    """Have the caches drop what these changes of assets (None: removed) made wrong."""
    nodes = connection.scalars(select(purge_nodes.c.node)).all() if changes else []
    if not nodes:
        return
    clouds = {before.cloud for before, _ in changes}
    settings = {cloud: cloud_settings(connection, cloud) for cloud in clouds}
    rows = [
        {
            "node": node,
            "asset_id": before.asset_id,
            "again": False,
            "due_us": now_us,
            "created_us": now_us,
        }
        for before, after in changes
        if _stale(before, after, settings[before.cloud])
        for node in nodes
    ]
    if rows:
        connection.execute(insert(purges), rows)


def _stale(before: Asset, after: Asset | None, settings: CloudSettings) -> bool:
    """Whether an answer given before the change, be it a refusal, is wrong after it."""
    if after is None:
        return True
    if (before.deleted, before.version_id) != (after.deleted, after.version_id):
        return True
    if (before.type, before.public_id) != (after.type, after.public_id):
        return True
    old, new = before.moderation_status, after.moderation_status
    # A rejection is told in any case: the site may deliver what is rejected, but not for a month.
    return settings.delivers(old) != settings.delivers(new) or (
        (old == REJECTED) != (new == REJECTED)
    )
