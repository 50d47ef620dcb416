"""What the assets of a list were given as reasons, in short, for a caller that asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from modstation.service.schema import decision_history

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset

# Of one asset; a policy has about a dozen reasons.
MOST_REASONS = 20


@dataclass(slots=True)
class Given:
    """The reasons an asset was ever given, the newest first, and the one of the state it has."""

    reasons: list[str]
    standing: str | None = None

    def document(self) -> dict[str, Any]:
        """As an asset's document tells it, under ``modstation``."""
        return {"reasons": self.reasons, "reason": self.standing}


def given_reasons(connection: Connection, listed: Iterable[Asset]) -> dict[str, Given]:
    """What these assets were given as reasons, by asset ID; one without a reason is left out."""
    column = decision_history.c
    standing = {asset.asset_id: asset.moderation_status for asset in listed}
    last = func.max(column.id)
    rows = connection.execute(
        select(column.asset_id, column.to_status, column.reason, last.label("last"))
        .where(column.asset_id.in_(list(standing)), column.reason.is_not(None))
        .group_by(column.asset_id, column.to_status, column.reason)
        .order_by(last.desc())
    ).all()
    if not rows:
        return {}
    changes = connection.execute(
        select(column.asset_id, last.label("last"))
        .where(column.asset_id.in_({row.asset_id for row in rows}), column.changed)
        .group_by(column.asset_id)
    )
    changed = {row.asset_id: row.last for row in changes}
    found: dict[str, Given] = {}
    for row in rows:
        given = found.setdefault(row.asset_id, Given([]))
        if row.reason not in given.reasons and len(given.reasons) < MOST_REASONS:
            given.reasons.append(row.reason)
        # A reason may come later than the verdict it is of, but not before it.
        stands = row.to_status == standing[row.asset_id]
        if given.standing is None and stands and row.last >= changed.get(row.asset_id, 0):
            given.standing = row.reason
    return found
