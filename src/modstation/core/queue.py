"""The review queue: which assets wait for this moderator, and in which order."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from modstation.core.assets import Asset, ModerationStatus

if TYPE_CHECKING:
    from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class QueueView:
    """What is being reviewed: one moderation kind and status, or a share of it."""

    kind: str = "manual"
    status: ModerationStatus = ModerationStatus.PENDING
    split: Split | None = None


@dataclass(frozen=True, slots=True, order=True)
class QueuePosition:
    """A place in the order: skip lane, then age, then key. Two entries never share one."""

    lane: int
    created_us: int
    key: str


class ImageState(StrEnum):
    """Whether the picture of an entry is on this machine."""

    MISSING = "missing"
    CACHED = "cached"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One asset waiting for a decision."""

    position: QueuePosition
    asset: Asset

    @property
    def key(self) -> str:
        """The asset's key."""
        return self.position.key


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


@dataclass(frozen=True, slots=True)
class UndoStep:
    """A named step that the undo key takes back."""

    decision_id: str
    operation_id: str
    key: str
    label: str
    at: datetime
