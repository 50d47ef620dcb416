"""Folders that assets stand in: rows of their own, so that an empty one is there too.

Whoever saves an asset makes its folder and those above it in the same transaction, and holds
them against being deleted until it is committed.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from modstation.service.schema import folders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection


def folder_path(text: str) -> str:
    """A folder's path in the one way it is written: no slash at the ends, none twice."""
    return "/".join(part for part in text.split("/") if part)


def ensure_folders(connection: Connection, cloud: str, paths: Iterable[str], now_us: int) -> bool:
    """Have these folders and those above them; whether any was missing."""
    wanted = {above for path in paths for above in _with_those_above(folder_path(path))}
    if not wanted:
        return False
    column = folders.c
    # Not to be changed, only to stay: any number of uploads may hold the same folder.
    held = connection.scalars(
        select(column.path)
        .where(column.cloud == cloud, column.path.in_(wanted))
        .order_by(column.path)
        .with_for_update(read=True, key_share=True)
    )
    missing = sorted(wanted.difference(held))
    if not missing:
        return False
    rows = [
        {
            "cloud": cloud,
            "path": path,
            "parent": path.rpartition("/")[0],
            "external_id": secrets.token_hex(16),
            "created_us": now_us,
        }
        for path in missing
    ]
    connection.execute(insert(folders), rows)
    return True


def _with_those_above(path: str) -> list[str]:
    parts = path.split("/") if path else []
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
