"""The rows that find assets by tag and by context, written with the asset's own row."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert

from modstation.service.schema import asset_context, asset_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset

# As in descriptions.py; the first release let longer context keys by.
LONGEST_WORD = 255


def add_words(connection: Connection, listed: Iterable[Asset]) -> None:
    """Have live assets found by their tags and context; they are in no index yet."""
    tags, context = [], []
    for asset in listed:
        found = {
            "asset_seq": asset.seq,
            "cloud": asset.cloud,
            "resource_type": asset.resource_type,
            "created_us": asset.created_us,
        }
        tags += [found | {"tag": tag} for tag in asset.tags]
        context += [
            found | {"key": key, "value_digest": value_digest(value)}
            for key, value in asset.context.items()
            if len(key) <= LONGEST_WORD
        ]
    for table, rows in ((asset_tags, tags), (asset_context, context)):
        if rows:
            connection.execute(insert(table), rows)


def drop_words(connection: Connection, seqs: Sequence[int]) -> None:
    """Have assets found by no word any more."""
    for table in (asset_tags, asset_context):
        connection.execute(delete(table).where(table.c.asset_seq.in_(seqs)))


def value_digest(value: str) -> str:
    """What stands for a context value in the index."""
    return hashlib.blake2b(value.encode(), digest_size=16).hexdigest()
