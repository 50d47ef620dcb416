"""The hourly limit of Admin calls (reference 1.7)."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from modstation.core.clock import to_us
from modstation.service.faults import RateLimited
from modstation.service.ledger import upsert
from modstation.service.schema import call_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.service.ledger import Ledger

_HOUR = timedelta(hours=1)
_BLOCKS = 50
_LARGEST_BLOCK = 200


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a cloud has left in this hour; ``remaining`` is -1 for the call that is too many."""

    limit: int
    remaining: int
    reset: datetime

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that tell it."""
        return {
            "X-FeatureRateLimit-Limit": str(self.limit),
            "X-FeatureRateLimit-Remaining": str(max(0, self.remaining)),
            "X-FeatureRateLimit-Reset": format_datetime(self.reset, usegmt=True),
        }

    def check(self) -> None:
        """Raise RateLimited if this call is one too many."""
        if self.remaining < 0:
            raise RateLimited(
                f"Rate Limit Exceeded. Limit of {self.limit} api operations reached. "
                f"Try again on {self.reset:%Y-%m-%d %H:%M:%S} UTC"
            )


@dataclass(slots=True)
class _Block:
    """Calls of an hour that were reserved for this process and are not used yet."""

    hour: datetime
    limit: int
    left: int
    # What nobody had reserved when this block was.
    free: int

    @property
    def used_up(self) -> bool:
        """Whether another block may be had; once all are reserved, none is for the hour."""
        return not self.left and self.free > 0


class RateLimits:
    """Counts calls per cloud and clock hour, over all replicas; safe to use from many threads.

    A replica reserves calls in the database a block at a time, of a fiftieth of what is free, so
    that most calls cost nothing and the last ones are exact. What a replica had reserved when it
    ended is lost for the hour.
    """

    def __init__(self, ledger: Ledger, limit: int) -> None:
        self._ledger = ledger
        self._limit = limit
        # Held for a few instructions: the event loop takes it too. Whoever asks the database for
        # a block has the cloud's own lock meanwhile.
        self._lock = threading.Lock()
        self._reserving: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._blocks: dict[str, _Block] = {}

    def peek(self, cloud: str, now: datetime, limit: int | None = None) -> Allowance:
        """What is left as far as this process knows, without counting or asking the database.

        For answers to callers who proved nothing. ``limit`` replaces the service's own.
        """
        limit = limit or self._limit
        hour = _hour(now)
        with self._lock:
            block = self._blocks.get(cloud)
            known = block is not None and (block.hour, block.limit) == (hour, limit)
            left = block.free + block.left if block is not None and known else limit
        return Allowance(limit, left, hour + _HOUR)

    def take(self, cloud: str, now: datetime, limit: int | None = None) -> Allowance:
        """Count one call; calls over the limit are not counted further. May write."""
        limit = limit or self._limit
        hour = _hour(now)
        with self._lock:
            counted = self._count(cloud, hour, limit)
            reserving = self._reserving[cloud]
        if counted is not None:
            return counted
        with reserving:
            with self._lock:
                # Whoever reserved until now may have left enough.
                counted = self._count(cloud, hour, limit)
            if counted is not None:
                return counted
            block = self._reserve(cloud, hour, limit)
            with self._lock:
                self._blocks[cloud] = block
                return _used(block)

    def _count(self, cloud: str, hour: datetime, limit: int) -> Allowance | None:
        """Count a call of the block in hand; None if another one has to be reserved."""
        block = self._blocks.get(cloud)
        if block is None or (block.hour, block.limit) != (hour, limit) or block.used_up:
            return None
        return _used(block)

    def _reserve(self, cloud: str, hour: datetime, limit: int) -> _Block:
        column, hour_us = call_counts.c, to_us(hour)
        at = (column.cloud == cloud, column.hour_us == hour_us)
        with self._ledger.write(durable=False) as connection:
            first = upsert(connection, call_counts).values(cloud=cloud, hour_us=hour_us, used=0)
            connection.execute(first.on_conflict_do_nothing())
            used = connection.scalar(select(column.used).where(*at).with_for_update())
            assert used is not None
            free = max(0, limit - used)
            size = min(free, max(1, free // _BLOCKS), _LARGEST_BLOCK)
            connection.execute(update(call_counts).where(*at).values(used=used + size))
            # The hour before stays for replicas whose clock is behind.
            before_us = to_us(hour - _HOUR)
            connection.execute(
                delete(call_counts).where(column.cloud == cloud, column.hour_us < before_us)
            )
        return _Block(hour, limit, size, free - size)


def _used(block: _Block) -> Allowance:
    reset = block.hour + _HOUR
    if not block.left:
        return Allowance(block.limit, -1, reset)
    block.left -= 1
    return Allowance(block.limit, block.free + block.left, reset)


def _hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
