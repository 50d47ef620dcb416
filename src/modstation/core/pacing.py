"""How fast the outbox may go under an hourly quota."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# Listing and comparing need calls too; posting never takes the last of them.
LISTING_RESERVE = 0.1
LEAST_RESERVE = 20


@dataclass(frozen=True, slots=True)
class Quota:
    """What X-FeatureRateLimit-* last said: calls an hour, calls left, end of the hour."""

    limit: int
    remaining: int
    reset_at: datetime


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many calls may be made now, and when to ask again if that is none."""

    calls: int
    retry_at: datetime | None = None


def reserve(quota: Quota) -> int:
    """The number of calls kept for listing."""
    return min(quota.limit, max(LEAST_RESERVE, int(quota.limit * LISTING_RESERVE)))


def allowance(quota: Quota | None, wanted: int, *, now: datetime) -> Allowance:
    """Say how many of ``wanted`` posting calls may be made now.

    Without a known quota, or once its hour is over, all of them: the answer brings a new figure.
    """
    if quota is None or now >= quota.reset_at:
        return Allowance(wanted)
    free = quota.remaining - reserve(quota)
    if free <= 0:
        return Allowance(0, quota.reset_at)
    return Allowance(min(wanted, free))


def listing_allowed(quota: Quota | None, *, now: datetime) -> bool:
    """Say whether one listing call may be made."""
    return quota is None or now >= quota.reset_at or quota.remaining > 0


def drained_at(
    quota: Quota | None, waiting: int, *, now: datetime, calls_per_second: float
) -> datetime | None:
    """When an outbox of ``waiting`` rows will be empty; None when it is empty already."""
    if waiting <= 0:
        return None
    pace = max(calls_per_second, 0.001)
    if quota is None or now >= quota.reset_at or quota.limit <= 0:
        return now + timedelta(seconds=waiting / pace)
    moment, left = now, waiting
    free = max(0, quota.remaining - reserve(quota))
    if left <= free:
        return moment + timedelta(seconds=left / pace)
    left -= free
    an_hour = max(1, quota.limit - reserve(quota))
    full_hours, rest = divmod(left, an_hour)
    if rest == 0:
        full_hours, rest = full_hours - 1, an_hour
    return quota.reset_at + timedelta(hours=full_hours, seconds=rest / pace)
