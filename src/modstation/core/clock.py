"""Time and identifiers, passed in so that a test can choose them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        ...


class Ids(Protocol):
    """Makes identifiers that sort by the time they were made."""

    def new(self) -> str:
        """32 lower-case hex digits, never the same twice."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)


class TimeOrderedIds:
    """UUID version 7 as hex: milliseconds first, then 74 random bits (RFC 9562 §5.7)."""

    def new(self) -> str:
        """32 lower-case hex digits, never the same twice."""
        milliseconds = time.time_ns() // 1_000_000
        random = int.from_bytes(os.urandom(10), "big")
        value = (milliseconds & ((1 << 48) - 1)) << 80
        value |= 0x7 << 76
        value |= ((random >> 62) & 0xFFF) << 64
        value |= 0b10 << 62
        value |= random & ((1 << 62) - 1)
        return f"{value:032x}"


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is told to move."""

    time: datetime = field(default_factory=lambda: datetime(2026, 1, 1, 9, 0, tzinfo=UTC))

    def now(self) -> datetime:
        """The time it was set to."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``."""
        self.time += timedelta(seconds=seconds)


@dataclass(slots=True)
class CountingIds:
    """Identifiers that count up, for tests and replays."""

    last: int = 0

    def new(self) -> str:
        """The next number as 32 hex digits."""
        self.last += 1
        return f"{self.last:032x}"


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch, the form times are stored in."""
    return (moment - _EPOCH) // _US


def from_us(microseconds: int) -> datetime:
    """The time, aware and in UTC, of a stored number of microseconds."""
    return _EPOCH + timedelta(microseconds=microseconds)
