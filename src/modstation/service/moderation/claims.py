"""Who has which pending assets in hand: leases, so that two moderators never hold the same one.

A claim is a row under the asset's number. Whoever writes the row holds the asset until it
expires; only its holder, or anybody after that, can write over it (one statement decides).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select, tuple_, update

from modstation.service.ledger import upsert
from modstation.service.moderation.states import PENDING
from modstation.service.schema import assets, claims, moderation_entries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection

_CLAIM, _ENTRY = claims.c, moderation_entries.c


@dataclass(frozen=True, slots=True)
class Claim:
    """What is asked for: by ``holder`` (a station) under a moderator's ``name``, until when."""

    cloud: str
    holder: str
    name: str
    now_us: int
    expires_us: int


@dataclass(frozen=True, slots=True)
class Held:
    """An asset that somebody else has in hand."""

    name: str
    expires_us: int


@dataclass(frozen=True, slots=True)
class Holder:
    """How much one station holds, and until when at the latest."""

    holder: str
    name: str
    count: int
    expires_us: int


def take_oldest(
    connection: Connection, claim: Claim, *, resource_type: str, kind: str, count: int
) -> list[int]:
    """Claim up to ``count`` pending assets of a queue, the oldest first; their numbers in order.

    What the holder has already counts, so that asking again after a lost answer takes no more.
    """
    taken: list[int] = []
    after: tuple[int, int] | None = None
    while len(taken) < count:
        query = (
            select(_ENTRY.created_us, _ENTRY.asset_seq)
            .outerjoin(claims, _CLAIM.asset_seq == _ENTRY.asset_seq)
            .where(
                _ENTRY.cloud == claim.cloud,
                _ENTRY.resource_type == resource_type,
                _ENTRY.kind == kind,
                _ENTRY.status == PENDING,
                or_(_CLAIM.asset_seq.is_(None), _free(claim)),
            )
            .order_by(_ENTRY.created_us, _ENTRY.asset_seq)
            .limit(count - len(taken))
            # Those that another call is claiming or deciding this very moment are passed over.
            .with_for_update(of=moderation_entries, skip_locked=True)
        )
        if after is not None:
            query = query.where(tuple_(_ENTRY.created_us, _ENTRY.asset_seq) > tuple_(*after))
        found = connection.execute(query).all()
        if not found:
            break
        after = (found[-1][0], found[-1][1])
        numbers = [row.asset_seq for row in found]
        mine = _write(connection, claim, numbers)
        taken += [number for number in numbers if number in mine]
    return taken


def take_these(
    connection: Connection, claim: Claim, numbers: Sequence[int]
) -> tuple[set[int], dict[int, Held]]:
    """Claim these assets: which are the holder's now, and which somebody else has in hand."""
    mine = _write(connection, claim, sorted(numbers)) if numbers else set()
    others = [number for number in numbers if number not in mine]
    if not others:
        return mine, {}
    rows = connection.execute(
        select(_CLAIM.asset_seq, _CLAIM.name, _CLAIM.expires_us).where(_CLAIM.asset_seq.in_(others))
    )
    return mine, {row.asset_seq: Held(row.name, row.expires_us) for row in rows}


def renew(connection: Connection, claim: Claim) -> int:
    """Prolong all that the holder has; how many. What expired and nobody took counts too."""
    return connection.execute(
        update(claims)
        .where(_CLAIM.cloud == claim.cloud, _CLAIM.holder == claim.holder)
        .values(expires_us=claim.expires_us, name=claim.name)
    ).rowcount


def release(
    connection: Connection, cloud: str, holder: str, asset_ids: Collection[str] | None = None
) -> int:
    """Give claims of a holder back, all or those of these assets; how many there were."""
    query = delete(claims).where(_CLAIM.cloud == cloud, _CLAIM.holder == holder)
    if asset_ids is not None:
        query = query.where(_CLAIM.asset_id.in_(list(asset_ids)))
    return connection.execute(query).rowcount


def end_claims(connection: Connection, numbers: Iterable[int]) -> None:
    """Nobody has these assets in hand any more: they were decided, or are gone."""
    connection.execute(delete(claims).where(_CLAIM.asset_seq.in_(list(numbers))))


def holders(connection: Connection, cloud: str, now_us: int) -> list[Holder]:
    """Who holds how much at the moment, the most first."""
    count = func.count()
    rows = connection.execute(
        select(_CLAIM.holder, func.max(_CLAIM.name), count, func.max(_CLAIM.expires_us))
        .where(_CLAIM.cloud == cloud, _CLAIM.expires_us > now_us)
        .group_by(_CLAIM.holder)
        .order_by(count.desc(), _CLAIM.holder)
    )
    return [Holder(*row) for row in rows]


def prune_claims(connection: Connection, before_us: int, limit: int) -> int:
    """Forget some claims that expired before then; how many."""
    old = select(_CLAIM.asset_seq).where(_CLAIM.expires_us < before_us).limit(limit)
    return connection.execute(delete(claims).where(_CLAIM.asset_seq.in_(old))).rowcount


def _free(claim: Claim) -> ColumnElement[bool]:
    return or_(_CLAIM.expires_us <= claim.now_us, _CLAIM.holder == claim.holder)


def _write(connection: Connection, claim: Claim, numbers: Sequence[int]) -> set[int]:
    """Write the rows that may be written; the numbers of those that were."""
    named = select(assets.c.seq, assets.c.asset_id).where(assets.c.seq.in_(list(numbers)))
    asset_ids = {row.seq: row.asset_id for row in connection.execute(named)}
    rows = [
        {
            "asset_seq": number,
            "asset_id": asset_ids[number],
            "cloud": claim.cloud,
            "holder": claim.holder,
            "name": claim.name,
            "expires_us": claim.expires_us,
        }
        for number in numbers
        if number in asset_ids
    ]
    if not rows:
        return set()
    statement = upsert(connection, claims).values(rows)
    fresh = statement.excluded
    written = statement.on_conflict_do_update(
        index_elements=[_CLAIM.asset_seq],
        set_={"holder": fresh.holder, "name": fresh.name, "expires_us": fresh.expires_us},
        where=_free(claim),
    ).returning(_CLAIM.asset_seq)
    return set(connection.scalars(written))
