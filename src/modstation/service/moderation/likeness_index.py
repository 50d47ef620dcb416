"""The pictures of a cloud that later uploads are compared with (``duplicate``).

Alike are two pictures whose PDQ differs in 31 bits at most; they are found by bands, as
core/likeness.py explains, so that no upload is compared with every other one. The same bytes are
alike also where there is too little in a picture to know it by. What was rejected, deleted or
replaced by another picture counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, insert, not_, select

from modstation.core.likeness import BAND_BYTES, BANDS, MATCH_DISTANCE, distance, probes
from modstation.service.moderation.states import REJECTED
from modstation.service.schema import assets, picture_bands, picture_prints

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset

_PRINT, _BAND = picture_prints.c, picture_bands.c
# A flood of one picture must not make every later upload read all of it.
_MOST_PER_BAND = 128
_MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class Alike:
    """A stored picture that is like another one; ``distance`` counts bits, 0 to 31."""

    public_id: str
    distance: int


def remember(connection: Connection, asset: Asset, pdq: bytes | None) -> None:
    """Have later pictures compared with this one, by its bytes and by its PDQ if it has one."""
    forget(connection, asset.asset_id)
    number = connection.scalar(
        insert(picture_prints)
        .values(
            cloud=asset.cloud,
            asset_id=asset.asset_id,
            version_id=asset.version_id,
            etag=asset.etag,
            pdq=pdq,
        )
        .returning(_PRINT.id)
    )
    if pdq is not None:
        connection.execute(
            insert(picture_bands),
            [
                {"cloud": asset.cloud, "band": band, "value": value, "print_id": number}
                for band, value in enumerate(_bands(pdq))
            ],
        )


def forget(connection: Connection, asset_id: str) -> None:
    """Compare nothing with this asset any more."""
    number = connection.scalar(select(_PRINT.id).where(_PRINT.asset_id == asset_id))
    if number is not None:
        connection.execute(delete(picture_bands).where(_BAND.print_id == number))
        connection.execute(delete(picture_prints).where(_PRINT.id == number))


def alike(connection: Connection, asset: Asset, pdq: bytes | None) -> list[Alike]:
    """The pictures of the asset's cloud that are like it, the likest first; at most 20."""
    same = select(_PRINT.id).where(_PRINT.cloud == asset.cloud, _PRINT.etag == asset.etag)
    numbers = set(connection.scalars(same.limit(_MOST_PER_BAND)))
    if pdq is not None:
        for band in range(BANDS):
            values = [int.from_bytes(probe) for probe in probes(pdq, band)]
            near = select(_BAND.print_id).where(
                _BAND.cloud == asset.cloud, _BAND.band == band, _BAND.value.in_(values)
            )
            numbers |= set(connection.scalars(near.limit(_MOST_PER_BAND)))
    # By name: an upload that is about to go over an asset has not got its identifier yet.
    itself = and_(
        assets.c.public_id == asset.public_id,
        assets.c.type == asset.type,
        assets.c.resource_type == asset.resource_type,
    )
    rows = connection.execute(
        select(_PRINT.etag, _PRINT.pdq, assets.c.public_id)
        .join(assets, assets.c.asset_id == _PRINT.asset_id)
        .where(
            _PRINT.id.in_(numbers),
            not_(itself),
            assets.c.version_id == _PRINT.version_id,
            assets.c.deleted_us.is_(None),
            assets.c.moderation_status.is_distinct_from(REJECTED),
        )
    )
    found = []
    for row in rows:
        if row.etag == asset.etag:
            found.append(Alike(row.public_id, 0))
        elif pdq is not None and row.pdq is not None:
            apart = distance(pdq, row.pdq)
            if apart <= MATCH_DISTANCE:
                found.append(Alike(row.public_id, apart))
    return sorted(found, key=lambda one: (one.distance, one.public_id))[:_MOST_FOUND]


def _bands(pdq: bytes) -> list[int]:
    return [int.from_bytes(pdq[at : at + BAND_BYTES]) for at in range(0, len(pdq), BAND_BYTES)]
