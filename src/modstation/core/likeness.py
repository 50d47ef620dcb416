"""When two pictures are alike: fingerprints, their distance, and the pieces to look them up by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from modstation.core.assets import ModerationStatus
    from modstation.core.queue import QueueEntry

PDQ_BYTES = 32
# PDQ's authors match at 31 of 256 bits, and discard qualities below 50: two pictures with nothing
# in them are not alike, they are both empty.
MATCH_DISTANCE = 31
LEAST_QUALITY = 50
# One transaction's worth: a group is decided in one act.
MOST_MEMBERS = 200

BANDS = 16
BAND_BYTES = PDQ_BYTES // BANDS


class Fingerprint(NamedTuple):
    """What tells one picture from another: 32 bytes of PDQ, 0 to 100, and 8 bytes of pHash."""

    pdq: bytes
    quality: int
    phash: bytes

    @property
    def tells(self) -> bool:
        """There is enough in the picture to know it by."""
        return self.quality >= LEAST_QUALITY


def distance(left: bytes, right: bytes) -> int:
    """In how many bits two hashes of one length differ."""
    return (int.from_bytes(left) ^ int.from_bytes(right)).bit_count()


def probes(pdq: bytes, band: int) -> list[bytes]:
    """A band of a hash, and every value that differs from it in one bit.

    Of 31 differing bits at most one lies in some band of sixteen, so that whatever matches has one
    of these in that band.
    """
    own = int.from_bytes(pdq[band * BAND_BYTES : (band + 1) * BAND_BYTES])
    flipped = [own ^ (1 << bit) for bit in range(8 * BAND_BYTES)]
    return [value.to_bytes(BAND_BYTES) for value in (own, *flipped)]


@dataclass(frozen=True, slots=True)
class Alike:
    """A picture that is like another: how far apart they are, and how it stands.

    ``waits``: in the queue that was asked about. ``status`` is the one that was decided here, or
    else the service's; ``decision_id`` names a decision that is not posted yet. ``distance``
    counts bits of PDQ (0 to 31), ``phash_distance`` of pHash (0 to 64).
    """

    entry: QueueEntry
    waits: bool
    distance: int
    phash_distance: int
    status: ModerationStatus
    decision_id: str | None = None

    @property
    def key(self) -> str:
        """The asset's key."""
        return self.entry.key
