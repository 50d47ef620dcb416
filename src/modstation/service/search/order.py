"""The orders a search can have, and where a page of one goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from sqlalchemy import BigInteger, and_, cast, func, or_, tuple_

from modstation.service.schema import assets as table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

_Text = Annotated[str, msgspec.Meta(max_length=300)]
_Whole = Annotated[int, msgspec.Meta(ge=-1, lt=1 << 62)]
_PIXELS = cast(table.c.width, BigInteger) * cast(table.c.height, BigInteger)
# Never NULL, so that a place in the order can be compared.
SORTABLE: dict[str, tuple[ColumnElement[Any], Any]] = {
    "created_at": (table.c.created_us, _Whole),
    "uploaded_at": (table.c.created_us, _Whole),
    "updated_at": (table.c.updated_us, _Whole),
    "last_updated": (table.c.updated_us, _Whole),
    "public_id": (table.c.public_id, _Text),
    "display_name": (table.c.display_name, _Text),
    "asset_folder": (table.c.asset_folder, _Text),
    "asset_id": (table.c.asset_id, _Text),
    "resource_type": (table.c.resource_type, _Text),
    "type": (table.c.type, _Text),
    "format": (func.coalesce(table.c.format, ""), _Text),
    "moderation_status": (func.coalesce(table.c.moderation_status, ""), _Text),
    "moderation_kind": (func.coalesce(table.c.moderation_kind, ""), _Text),
    "version": (table.c.version, _Whole),
    "bytes": (table.c.bytes, _Whole),
    "width": (func.coalesce(table.c.width, -1), _Whole),
    "height": (func.coalesce(table.c.height, -1), _Whole),
    "pixels": (func.coalesce(_PIXELS, -1), _Whole),
}

Order = tuple[tuple[str, bool], ...]


def live(*, few: bool) -> ColumnElement[bool]:
    """What was not deleted; ``few`` as in ``keys_of``."""
    # A sum is in no partial index: all of them lead to every asset of the cloud.
    deleted_us = table.c.deleted_us + 0 if few else table.c.deleted_us
    return deleted_us.is_(None)


def keys_of(order: Order, *, few: bool = False) -> list[tuple[ColumnElement[Any], bool]]:
    """What to order by and whether ascending; the last one tells all assets apart.

    ``few`` says that an index finds what is to be ordered.
    """
    keys = [(SORTABLE[name][0], ascending) for name, ascending in order]
    if few and keys[0][0] is table.c.created_us:
        # A sum has no index: SQLite would rather read every asset in order than sort a few.
        keys[0] = (table.c.created_us + 0, keys[0][1])
    return [*keys, (table.c.seq, order[-1][1])]


def beyond(
    keys: list[tuple[ColumnElement[Any], bool]], after: Sequence[Any]
) -> ColumnElement[bool]:
    """What comes after a place in that order."""
    columns = [key for key, _ in keys]
    ascending = [up for _, up in keys]
    if all(ascending):
        return tuple_(*columns) > tuple_(*after)
    if not any(ascending):
        return tuple_(*columns) < tuple_(*after)
    return or_(
        *(
            and_(
                *(key == value for key, value in zip(columns[:i], after, strict=False)),
                columns[i] > after[i] if ascending[i] else columns[i] < after[i],
            )
            for i in range(len(keys))
        )
    )
