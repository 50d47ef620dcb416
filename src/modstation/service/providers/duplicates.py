"""``duplicate:<limit>``: pictures that are like one the cloud has already (reference 2.2).

Nobody outside is asked. Confidence is 1 for the same picture and falls to 0.5 at the 31 bits of
PDQ in which two alike pictures may differ; below that nothing is called alike, so a lower limit
finds no more. A limit of 0 approves, and only adds the picture to those that later ones are
compared with.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from modstation.core.likeness import LEAST_QUALITY, MATCH_DISTANCE
from modstation.service.moderation.likeness_index import alike
from modstation.service.moderation.shares import share
from modstation.service.moderation.states import APPROVED, REJECTED
from modstation.service.providers.asking import Answer, Print

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset
    from modstation.service.ledger import Ledger
    from modstation.service.providers.asking import Question
    from modstation.service.providers.pictures import Pictures


class Duplicates:
    """Compares pictures of one cloud with each other."""

    def __init__(self, ledger: Ledger, pictures: Pictures) -> None:
        self._ledger = ledger
        self._pictures = pictures

    def ask(self, question: Question) -> Answer:
        """Rejected if a picture is as like as the limit says, with those that are."""
        limit = share(question.options or "")
        known_by = Print(self._pdq(question.asset), limit)
        if limit == 0:
            return Answer(APPROVED, [], known_by=known_by)
        with self._ledger.read() as connection:
            matches = _matches(connection, question.asset, known_by)
        return Answer(REJECTED if matches else APPROVED, matches, known_by=known_by)

    def _pdq(self, asset: Asset) -> bytes | None:
        # Not at the top: numpy takes longer to import than a service to start.
        import numpy as np

        from modstation.core.pdq import LONGEST_SIDE, pdq_of

        width, height, data = self._pictures.rgb(asset, LONGEST_SIDE)
        pdq, quality = pdq_of(np.frombuffer(data, np.uint8).reshape(height, width, 3))
        return pdq if quality >= LEAST_QUALITY else None


def asked_again(connection: Connection, asset: Asset, answer: Answer, known_by: Print) -> Answer:
    """The answer as it is now that it is written: a like picture may have come meanwhile."""
    if connection.dialect.name == "postgresql":
        # Those that are written at once would not see each other.
        cloud = func.hashtextextended(f"duplicate {asset.cloud}", 0)
        connection.execute(select(func.pg_advisory_xact_lock(cloud)))
    if answer.status != APPROVED or known_by.limit == 0:
        return answer
    matches = _matches(connection, asset, known_by)
    return replace(answer, status=REJECTED, response=matches) if matches else answer


def _matches(connection: Connection, asset: Asset, known_by: Print) -> list[dict[str, Any]]:
    return [
        {"public_id": one.public_id, "confidence": confidence}
        for one in alike(connection, asset, known_by.pdq)
        if (confidence := round(1 - one.distance / (2 * MATCH_DISTANCE), 4)) >= known_by.limit
    ]
