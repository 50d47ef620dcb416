"""Taking images along for working offline: what it needs, and whether there is room. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 5000
# What a review rendition takes at most, as a rule, and what it is taken for if nothing is listed.
USUAL_BYTES = 1024 * 1024
# Of the disk, so much is left to others.
SPARE_BYTES = 200_000_000


def rendition_bytes(listed: int | None) -> int:
    """What the review rendition of an image takes, from the size of its original."""
    return USUAL_BYTES if listed is None else min(listed, USUAL_BYTES)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What taking ``images`` along needs and what there is, in bytes."""

    images: int
    needs: int
    free: int
    cache: int

    @property
    def fits(self) -> int:
        """How many of them there is room for."""
        room = min(self.cache, max(0, self.free - SPARE_BYTES))
        if self.needs <= room:
            return self.images
        return self.images * room // self.needs

    @property
    def possible(self) -> bool:
        """There are any, and there is room for all of them."""
        return 0 < self.images <= self.fits


@dataclass(frozen=True, slots=True)
class TripSummary:
    """What became of the decisions of a trip once the station was back."""

    posted: int = 0
    conflicts: int = 0
    gone: int = 0
    stuck: int = 0
    waiting: int = 0

    @property
    def decided(self) -> int:
        """Decisions made on the trip that were not taken back."""
        return self.posted + self.conflicts + self.gone + self.stuck + self.waiting
