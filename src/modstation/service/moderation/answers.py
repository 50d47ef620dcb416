"""Machines' answers: applied to the entry that waits for them, recorded in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.service.moderation.consequences import Said
from modstation.service.moderation.likeness_index import remember
from modstation.service.moderation.states import answered
from modstation.service.providers.duplicates import asked_again

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset
    from modstation.service.moderation.consequences import Consequences
    from modstation.service.providers.asking import Answer


def take_answer(
    connection: Connection,
    consequences: Consequences,
    asset: Asset,
    kind: str,
    answer: Answer,
    *,
    now_us: int,
) -> Asset:
    """The asset after a machine's answer; one that comes too late only enters the history."""
    if answer.known_by is not None:
        known_by = answer.known_by
        answer = asked_again(connection, asset, answer, known_by)
        remember(connection, asset, known_by.pdq)
    entries = answered(
        asset.moderation, kind, answer.status, response=answer.response, now_us=now_us
    )
    said = Said(answer.status, automatic=True, note=answer.note)
    return consequences.said(asset, entries, kind, said)
