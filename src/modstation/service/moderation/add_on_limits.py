"""How often a cloud may use an add-on in a month; without a limit nothing is counted.

An upload over the limit is no error: it succeeds and has no moderation (reference 0, 12).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from modstation.service.access.cloud_settings import cloud_settings
from modstation.service.moderation.values import ADD_ONS
from modstation.service.schema import add_on_uses

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

_USE = add_on_uses.c


def read_limits(text: str) -> dict[str, int]:
    """Limits as an operator writes them: ``aws_rek=1000,webpurify=500``; raises ValueError."""
    limits = {}
    for part in text.split(","):
        kind, equals, number = part.strip().partition("=")
        if not equals or not ADD_ONS.get(kind) or not re.fullmatch(r"[0-9]{1,9}", number):
            raise ValueError(text)
        limits[kind] = int(number)
    return limits


def used_up(
    connection: Connection, cloud: str, kinds: Collection[str], now: datetime
) -> frozenset[str]:
    """Those of the kinds that this cloud may not use any more this month."""
    limits = _limits(connection, cloud, kinds)
    if not limits:
        return frozenset()
    rows = connection.execute(
        select(_USE.kind, _USE.used).where(
            _USE.cloud == cloud, _USE.month == _month(now), _USE.kind.in_(list(limits))
        )
    )
    used = {row.kind: row.used for row in rows}
    return frozenset(kind for kind, limit in limits.items() if used.get(kind, 0) >= limit)


def count(connection: Connection, cloud: str, kinds: Collection[str], now: datetime) -> None:
    """Count one use of each of the kinds that has a limit."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for kind in sorted(_limits(connection, cloud, kinds)):
        connection.execute(
            insert(add_on_uses)
            .values(cloud=cloud, kind=kind, month=_month(now), used=1)
            .on_conflict_do_update(
                index_elements=[_USE.cloud, _USE.kind, _USE.month], set_={"used": _USE.used + 1}
            )
        )


def _limits(connection: Connection, cloud: str, kinds: Collection[str]) -> dict[str, int]:
    limits = cloud_settings(connection, cloud).add_on_limits
    return {kind: limits[kind] for kind in kinds if kind in limits}


def _month(now: datetime) -> str:
    return now.strftime("%Y-%m")
