"""The hourly limit of Admin calls (reference 1.7)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

from modstation.service.faults import RateLimited

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOUR = timedelta(hours=1)


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


class RateLimits:
    """Counts calls per cloud and clock hour, in this process.

    Several replicas each count their own: the limit guards one process, it bills nobody.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._used: dict[str, tuple[datetime, int]] = {}

    def peek(self, cloud: str, now: datetime, limit: int | None = None) -> Allowance:
        """What is left, without counting; for answers to callers who proved nothing.

        ``limit`` replaces the service's own.
        """
        limit = limit or self._limit
        hour = _hour(now)
        with self._lock:
            counted, used = self._used.get(cloud, (hour, 0))
        return Allowance(limit, limit - (used if counted == hour else 0), hour + _HOUR)

    def take(self, cloud: str, now: datetime, limit: int | None = None) -> Allowance:
        """Count one call; calls over the limit are not counted further."""
        limit = limit or self._limit
        hour = _hour(now)
        with self._lock:
            counted, used = self._used.get(cloud, (hour, 0))
            used = min(used + 1 if counted == hour else 1, limit + 1)
            self._used[cloud] = (hour, used)
        return Allowance(limit, limit - used, hour + _HOUR)


def _hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
