from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from modstation.core.pacing import (
    Allowance,
    Quota,
    allowance,
    drained_at,
    listing_allowed,
    reserve,
)

NOW = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
RESET = NOW + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("limit", "kept"), [(500, 50), (2000, 200), (100, 20), (20, 20), (5, 5), (0, 0)]
)
def test_a_part_of_the_hour_is_kept_for_listing(limit: int, kept: int) -> None:
    assert reserve(Quota(limit, limit, RESET)) == kept


@pytest.mark.parametrize(
    ("remaining", "wanted", "calls"),
    [(500, 8, 8), (58, 8, 8), (55, 8, 5), (51, 8, 1), (50, 8, 0), (0, 8, 0), (500, 0, 0)],
)
def test_posting_never_takes_the_reserve(remaining: int, wanted: int, calls: int) -> None:
    expected = Allowance(calls) if remaining > 50 else Allowance(0, RESET)
    assert allowance(Quota(500, remaining, RESET), wanted, now=NOW) == expected


def test_without_a_known_quota_everything_may_go() -> None:
    assert allowance(None, 8, now=NOW) == Allowance(8)
    assert allowance(Quota(500, 0, NOW), 8, now=NOW) == Allowance(8)


@pytest.mark.parametrize(
    ("quota", "allowed"),
    [
        (None, True),
        (Quota(500, 1, RESET), True),
        (Quota(500, 0, RESET), False),
        (Quota(500, 0, NOW), True),
    ],
)
def test_listing_may_use_the_last_call(quota: Quota | None, allowed: bool) -> None:
    assert listing_allowed(quota, now=NOW) is allowed


def test_an_empty_outbox_is_not_drained_at_any_time() -> None:
    assert drained_at(None, 0, now=NOW, calls_per_second=1) is None


@pytest.mark.parametrize(
    ("remaining", "waiting", "at"),
    [
        (500, 100, NOW + timedelta(seconds=100)),
        (60, 10, NOW + timedelta(seconds=10)),
        (60, 11, RESET + timedelta(seconds=1)),
        (0, 450, RESET + timedelta(seconds=450)),
        (0, 451, RESET + timedelta(hours=1, seconds=1)),
    ],
)
def test_the_time_the_outbox_is_empty_counts_the_hours(
    remaining: int, waiting: int, at: datetime
) -> None:
    quota = Quota(500, remaining, RESET)
    assert drained_at(quota, waiting, now=NOW, calls_per_second=1) == at
