"""The queues one may review: every kind that is known here, in each of its states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.assets import ModerationStatus
from modstation.core.queue import QueueView

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES = (ModerationStatus.PENDING, ModerationStatus.APPROVED, ModerationStatus.REJECTED)


@dataclass(frozen=True, slots=True)
class QueueChoice:
    """One queue; ``waiting`` is how many are stored on this machine, None if that is not kept."""

    view: QueueView
    waiting: int | None
    current: bool


def choices(
    counted: Mapping[tuple[str, ModerationStatus], int], now: QueueView
) -> list[QueueChoice]:
    """Every queue, the kind under review first; a share of the queue stays one."""
    kinds = dict.fromkeys((now.kind, *sorted({kind for kind, _ in counted})))
    found = []
    for kind in kinds:
        for status in STATES:
            view = QueueView(kind, status, now.split)
            current = (kind, status) == (now.kind, now.status)
            # Of a share only the whole is kept for queues that nobody reviews.
            waiting = None if now.split else counted.get((kind, status))
            found.append(QueueChoice(now if current else view, waiting, current))
    return found
