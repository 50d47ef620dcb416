"""The review queue: which assets wait for this moderator, and in which order."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from modstation.core.assets import Asset, ModerationStatus
from modstation.core.clock import to_us
from modstation.core.protection import DEFAULT_LABEL_THRESHOLD

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.filtering import Filter

# The moderations of images that Cloudinary names; an account has those it asked for.
KNOWN_KINDS = ("manual", "webpurify", "aws_rek", "perception_point", "duplicate", "metascan")
# Entries the window holds in memory around the current one (design §4, scale).
WINDOW = 64


@dataclass(frozen=True, slots=True)
class Split:
    """Share ``part`` of ``parts``: a split between moderators that needs no server."""

    part: int
    parts: int

    def covers(self, key: str) -> bool:
        """This share contains the asset with that key (CRC-32, the same on every machine)."""
        return zlib.crc32(key.encode("utf-8", "surrogatepass")) % self.parts == self.part - 1

    @classmethod
    def parse(cls, text: str) -> Split:
        """Read ``K/N``; ``ValueError`` says what is wrong in words."""
        left, slash, right = text.partition("/")
        if not slash or not left.strip().isdigit() or not right.strip().isdigit():
            msg = f"“{text}” is not a split; write K/N, for example 1/3"
            raise ValueError(msg)
        part, parts = int(left), int(right)
        if not 1 <= part <= parts:
            msg = f"“{text}”: the first number must lie between 1 and the second"
            raise ValueError(msg)
        return cls(part, parts)


def parse_kinds(text: str) -> tuple[str, ...]:
    """Read moderation kinds with commas between them; ``ValueError`` if there is none."""
    kinds = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not kinds:
        msg = f"“{text}” names no moderation kind; write for example manual,webpurify"
        raise ValueError(msg)
    return kinds


class Order(StrEnum):
    """Which of the waiting images comes first; what was skipped comes last in any order."""

    OLDEST = "oldest"
    NEWEST = "newest"
    # The picture of now has been delivered to everybody for longest.
    PUBLIC = "public"
    # A machine's strongest label lies closest to its threshold.
    UNSURE = "unsure"
    # Oldest first, and copies of an image right behind the oldest of them.
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of the service: what has a status in a moderation kind."""

    kind: str
    status: ModerationStatus


@dataclass(frozen=True, slots=True)
class QueueView:
    """What is being reviewed: moderation kinds in one status, or a share of them, in an order.

    ``kinds`` names each kind once, and at least one; else ``ValueError``.
    """

    kinds: tuple[str, ...] = ("manual",)
    status: ModerationStatus = ModerationStatus.PENDING
    split: Split | None = None
    order: Order = Order.OLDEST
    filter: Filter | None = None

    def __post_init__(self) -> None:
        if not all(self.kinds) or not self.kinds or len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"a queue has each of its kinds once: {self.kinds}")

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The lists of the service that it is put together from."""
        return tuple(Listing(kind, self.status) for kind in self.kinds)

    def holds(self, entry: QueueEntry) -> bool:
        """An entry that waits belongs here, whatever a filter says of it."""
        return entry.kind in self.kinds and entry.asset.status is self.status

    @property
    def listed(self) -> QueueView:
        """The whole of it: what the service lists and the counters count."""
        return replace(self, filter=None)

    def in_order(self, order: Order) -> QueueView:
        """The same entries in another order; what is settled has only one."""
        return replace(self, order=order) if self.status is ModerationStatus.PENDING else self


# Ranks behind every moment and every distance: not public at all, no machine label.
NOT_PUBLIC = 1 << 60
NO_DOUBT = 1_000_000
# So that a rank made of it stays within 63 bits: the year 2041.
_LATEST = (1 << 51) - 1
# A version that is a moment, in seconds: every upload of Cloudinary has such a one.
_MOMENTS = range(1_000_000_000, 100_000_000_000)


def public_since_us(asset: Asset) -> int | None:
    """Since when everybody can see this picture, in microseconds; None if the answer is not told.

    An upload that replaced another one keeps its time of creation but gets a new version.
    """
    version = asset.version
    since = to_us(asset.created_at) if asset.created_at else None
    if version is not None and version in _MOMENTS:
        since = max(since or 0, version * 1_000_000)
    if asset.ref.delivery_type in {"private", "authenticated"}:
        return NOT_PUBLIC + (since or 0)
    return since


def doubt(asset: Asset) -> int | None:
    """How far the strongest machine label is from its threshold, in thousandths of a percent.

    None without a label.
    """
    if not asset.labels:
        return None
    top = asset.labels[0]
    threshold = DEFAULT_LABEL_THRESHOLD if top.threshold is None else top.threshold
    return min(NO_DOUBT - 1, round(abs(top.confidence - threshold) * 1000))


def alone(created_us: int, key: str) -> int:
    """The rank of an image of that age in the order that brings copies together.

    Always even: the odd one behind it is the rank of its copies. Images of one microsecond are
    told apart by ten bits of their CRC-32. The column ``together`` says the same in SQL.
    """
    age = max(0, min(created_us, _LATEST))
    return age << 11 | (zlib.crc32(key.encode("utf-8", "surrogatepass")) & 1023) << 1


@dataclass(frozen=True, slots=True, order=True)
class QueuePosition:
    """A place in an order: skip lane, then rank, then key. Two entries never share one.

    The rank is the age in microseconds of the epoch unless the order says otherwise.
    """

    lane: int
    rank: int
    key: str


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One asset in a queue, with what this station knows of the decisions on it.

    ``reasons``: every code it was ever rejected for from here, also where that was taken back or
    changed, and by whomever, where the service tells. ``posted``: the status that was posted
    from here last, None if none ever was, and ``reason_code`` the reason that went with it.
    """

    position: QueuePosition
    asset: Asset
    # The moderation it waits under, or was settled by: that of the list it stands in.
    kind: str
    # The reviewer has bookmarked it.
    flagged: bool = False
    reasons: tuple[str, ...] = ()
    posted: ModerationStatus | None = None
    reason_code: str | None = None
    # Its rank in the order that brings copies together, if it is a copy of one that waits.
    together: int | None = None
    # Who had left it to somebody else, and it came back before anybody else decided.
    left_by: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The asset's key."""
        return self.position.key

    @property
    def rejected_elsewhere(self) -> bool:
        """It is rejected, and not by what this station posted: nobody here knows for what."""
        rejected = ModerationStatus.REJECTED
        known = self.posted is rejected or self.asset.reason is not None
        return self.asset.status is rejected and not known

    def ordered(self, order: Order) -> QueueEntry:
        """This entry, that stands by age, at its place in another order."""
        place, asset = self.position, self.asset
        match order:
            case Order.OLDEST:
                rank = place.rank
            case Order.NEWEST:
                rank = -place.rank
            case Order.PUBLIC:
                since = public_since_us(asset)
                rank = place.rank if since is None else since
            case Order.UNSURE:
                distance = doubt(asset)
                rank = NO_DOUBT if distance is None else distance
            case Order.TOGETHER:
                rank = alone(place.rank, place.key) if self.together is None else self.together
        return replace(self, position=replace(place, rank=rank))


@dataclass(frozen=True, slots=True)
class Counts:
    """The kept counters: never counted on demand."""

    waiting: int = 0
    held: int = 0
    ready: int = 0
    in_flight: int = 0
    done: int = 0
    parked: int = 0
    conflicted: int = 0
    decided: int = 0

    @property
    def on_the_way(self) -> int:
        """Decisions that reach the service by themselves, sooner or later."""
        return self.held + self.ready + self.in_flight

    @property
    def unsent(self) -> int:
        """Decisions that have not reached the service yet."""
        return self.on_the_way + self.parked + self.conflicted


class Kept(StrEnum):
    """The lists a reviewer keeps beside the queue."""

    SKIPPED = "skipped"
    FLAGGED = "flagged"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """One row of such a list, with who put it there, when, and the note; a skip has none."""

    entry: QueueEntry
    actor: str | None = None
    at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class UndoStep:
    """A named step that the undo key takes back."""

    decision_id: str
    operation_id: str
    key: str
    label: str
    at: datetime
