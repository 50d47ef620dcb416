"""What the network process tells, as values; each view decides what to redraw."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.decisions import PastDecision
    from modstation.core.pacing import Quota
    from modstation.core.queue import Counts, QueueView


class Connection(StrEnum):
    """How the station stands with the service."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"
    # The moderator asked for it (--offline).
    OFFLINE_CHOSEN = "offline_chosen"
    NOT_AUTHORIZED = "not_authorized"
    # The key is good for reading only.
    MAY_NOT_POST = "may_not_post"
    THROTTLED = "throttled"
    TROUBLE = "trouble"
    # Another station on this data folder has the network process.
    STANDBY = "standby"


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """Entries came or went by the work of the network process; the counts are those of ``view``."""

    counts: Counts
    view: QueueView


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The way to the service changed; ``until`` is when it is tried again."""

    connection: Connection
    message: str = ""
    until: datetime | None = None
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class ImageCached:
    """The picture of an asset is on this machine now."""

    key: str
    rendition: str


@dataclass(frozen=True, slots=True)
class ImageProgress:
    """So many bytes of a picture that was asked for have come, of ``total`` if that was told."""

    key: str
    rendition: str
    got: int
    total: int | None


@dataclass(frozen=True, slots=True)
class ImageFailed:
    """The picture could not be fetched; it is tried again if ``permanent`` is false."""

    key: str
    rendition: str
    message: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class TripProgress:
    """How many of the pictures to take along are here; ``missing`` ones cannot be fetched now."""

    wanted: int
    ready: int
    missing: int

    @property
    def complete(self) -> bool:
        """Nothing more is to come."""
        return self.ready + self.missing == self.wanted


@dataclass(frozen=True, slots=True)
class ConflictFound:
    """Somebody else settled an asset that was decided here."""

    key: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class HeldElsewhere:
    """So many entries left the queue because colleagues have them in hand, for a while."""

    count: int


@dataclass(frozen=True, slots=True)
class PastDecisionsTold:
    """What the service remembers of the decisions on an asset, newest first."""

    key: str
    decisions: tuple[PastDecision, ...]


Event: TypeAlias = (
    QueueChanged
    | ConnectionChanged
    | ImageCached
    | ImageProgress
    | ImageFailed
    | ConflictFound
    | TripProgress
    | PastDecisionsTold
    | HeldElsewhere
)
