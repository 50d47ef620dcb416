"""Lists of assets, page by page and by keyset: every page costs the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_

from modstation.service.assets.cursors import Place, read_cursor, write_cursor
from modstation.service.assets.stored import read_all
from modstation.service.schema import assets, moderation_entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from modstation.service.assets.stored import Asset


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list, and the cursor of the next part; None at the end."""

    assets: tuple[Asset, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is wanted."""

    limit: int
    cursor: str | None
    ascending: bool


def list_queue(
    connection: Connection, cloud: str, resource_type: str, kind: str, status: str, window: Window
) -> Page:
    """One page of a moderation queue, by creation."""
    entry = moderation_entries.c
    keys = select(entry.asset_seq, entry.created_us).where(
        entry.cloud == cloud,
        entry.resource_type == resource_type,
        entry.kind == kind,
        entry.status == status,
    )
    return list_found(connection, keys, f"{resource_type}/{kind}/{status}", window)


def list_found(connection: Connection, keys: Select[Any], listed: str, window: Window) -> Page:
    """One page of the assets an index table finds, by creation.

    ``keys`` selects the table's ``asset_seq`` and ``created_us``, in that order.
    """
    seq, created_us = keys.selected_columns
    # The page's keys first, from the index alone; then exactly those rows.
    page = _windowed(keys, (created_us, seq), listed, window).subquery()
    query = (
        select(assets)
        .join(page, page.c.asset_seq == assets.c.seq)
        .order_by(*_order((page.c.created_us, page.c.asset_seq), window))
    )
    return _page(read_all(connection, query), listed, window)


def list_assets(
    connection: Connection,
    cloud: str,
    resource_type: str,
    delivery_type: str,
    window: Window,
    *,
    since_us: int | None = None,
) -> Page:
    """One page of the stored assets, by creation; those created at ``since_us`` or later."""
    query = _stored(cloud, resource_type, delivery_type)
    if since_us is not None:
        query = query.where(assets.c.created_us >= since_us)
    listed = f"{resource_type}/{delivery_type}"
    query = _windowed(query, (assets.c.created_us, assets.c.seq), listed, window)
    return _page(read_all(connection, query), listed, window)


def list_prefix(
    connection: Connection,
    cloud: str,
    resource_type: str,
    delivery_type: str,
    prefix: str,
    window: Window,
) -> Page:
    """One page of the stored assets whose public ID starts so, by public ID."""
    # A range, not LIKE: it uses the index and no character of the prefix is a pattern.
    name = assets.c.public_id
    query = _stored(cloud, resource_type, delivery_type).where(
        name >= prefix, name < prefix + "\U0010ffff"
    )
    listed = f"{resource_type}/{delivery_type}/{prefix}"
    if window.cursor is not None:
        query = query.where(name > read_cursor(window.cursor, listed, tuple[str, str])[1])
    found = read_all(connection, query.order_by(name).limit(window.limit + 1))
    page = tuple(found[: window.limit])
    more = len(found) > window.limit
    return Page(page, write_cursor(listed, page[-1].public_id) if more else None)


def list_folder(connection: Connection, cloud: str, folder: str, window: Window) -> Page:
    """One page of the stored assets in a folder, of every type, by creation."""
    query = select(assets).where(
        assets.c.cloud == cloud, assets.c.asset_folder == folder, assets.c.deleted_us.is_(None)
    )
    listed = f"folders/{folder}"
    query = _windowed(query, (assets.c.created_us, assets.c.seq), listed, window)
    return _page(read_all(connection, query), listed, window)


def _stored(cloud: str, resource_type: str, delivery_type: str) -> Select[Any]:
    return select(assets).where(
        assets.c.cloud == cloud,
        assets.c.resource_type == resource_type,
        assets.c.type == delivery_type,
        assets.c.deleted_us.is_(None),
    )


def _windowed(
    query: Select[Any],
    key: tuple[ColumnElement[int], ColumnElement[int]],
    listed: str,
    window: Window,
) -> Select[Any]:
    if window.cursor is not None:
        _, *position = read_cursor(window.cursor, listed, tuple[str, Place, Place])
        here = tuple_(*key)
        query = query.where(
            here > tuple_(*position) if window.ascending else here < tuple_(*position)
        )
    return query.order_by(*_order(key, window)).limit(window.limit + 1)


def _order(key: Sequence[ColumnElement[int]], window: Window) -> list[ColumnElement[int]]:
    return [column.asc() if window.ascending else column.desc() for column in key]


def _page(found: list[Asset], listed: str, window: Window) -> Page:
    page = tuple(found[: window.limit])
    more = len(found) > window.limit
    cursor = write_cursor(listed, page[-1].created_us, page[-1].seq) if more else None
    return Page(page, cursor)
