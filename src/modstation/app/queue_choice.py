"""The queues one may review: every kind that is known here, in each of its states.

Kinds of one state can be ticked, and are then reviewed as one queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.assets import ModerationStatus
from modstation.core.queue import KNOWN_KINDS, Listing, QueueView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATES = (ModerationStatus.PENDING, ModerationStatus.APPROVED, ModerationStatus.REJECTED)


@dataclass(frozen=True, slots=True)
class QueueChoice:
    """One list; ``waiting`` is how many are stored on this machine, None if that is not kept."""

    listing: Listing
    waiting: int | None
    current: bool


class QueueChoices:
    """The lists there are, and which of them are ticked: at first those under review."""

    def __init__(self, counted: Mapping[tuple[str, ModerationStatus], int], now: QueueView) -> None:
        self.rows = _rows(counted, now)
        self._now = now
        self._ticked = [row.listing for row in self.rows if row.current]

    def ticked(self, row: int) -> bool:
        """A list would be reviewed with the others that are ticked."""
        return self.rows[row].listing in self._ticked

    def tick(self, row: int) -> None:
        """Tick a list, or take its tick away; ticks of another state go, for a queue has one."""
        listing = self.rows[row].listing
        if listing in self._ticked:
            self._ticked.remove(listing)
            return
        self._ticked = [other for other in self._ticked if other.status is listing.status]
        self._ticked.append(listing)

    def view(self, row: int) -> QueueView:
        """What choosing a row means: all that is ticked if it is, else that list alone."""
        chosen: Sequence[Listing] = [self.rows[row].listing]
        if self.ticked(row):
            chosen = [other.listing for other in self.rows if other.listing in self._ticked]
        now, kinds, status = self._now, tuple(one.kind for one in chosen), chosen[0].status
        if status is now.status and set(kinds) == set(now.kinds):
            return now
        return QueueView(kinds, status, now.split)


def _rows(
    counted: Mapping[tuple[str, ModerationStatus], int], now: QueueView
) -> tuple[QueueChoice, ...]:
    """The kinds under review first, then those with images here, then what else there may be."""
    known = dict.fromkeys((*now.kinds, *sorted({kind for kind, _ in counted})))
    listings = [Listing(kind, status) for kind in known for status in STATES]
    listings += [
        Listing(kind, ModerationStatus.PENDING) for kind in KNOWN_KINDS if kind not in known
    ]
    return tuple(
        QueueChoice(
            listing,
            # Of a share only the whole is kept for queues that nobody reviews.
            None if now.split else counted.get((listing.kind, listing.status)),
            listing in now.listings,
        )
        for listing in listings
    )
