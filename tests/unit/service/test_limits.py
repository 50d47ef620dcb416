from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select

from modstation.core.clock import to_us
from modstation.service.access.limits import RateLimits
from modstation.service.faults import RateLimited
from modstation.service.schema import call_counts

if TYPE_CHECKING:
    from modstation.core.clock import ManualClock
    from modstation.service.service import Service


def test_the_limit_counts_per_cloud_and_starts_again_every_hour(
    still: Service, clock: ManualClock
) -> None:
    limits = RateLimits(still.ledger, 2)
    clock.advance(50 * 60)
    for left in (1, 0):
        allowance = limits.take("one", clock.now())
        allowance.check()
        assert allowance.remaining == left
    assert allowance.headers == {
        "X-FeatureRateLimit-Limit": "2",
        "X-FeatureRateLimit-Remaining": "0",
        "X-FeatureRateLimit-Reset": "Thu, 01 Jan 2026 10:00:00 GMT",
    }
    with pytest.raises(RateLimited) as refusal:
        limits.take("one", clock.now()).check()
    assert str(refusal.value) == (
        "Rate Limit Exceeded. Limit of 2 api operations reached. "
        "Try again on 2026-01-01 10:00:00 UTC"
    )
    limits.take("two", clock.now()).check()
    clock.advance(10 * 60)
    assert limits.peek("one", clock.now()).remaining == 2
    limits.take("one", clock.now()).check()


def test_replicas_share_one_limit_and_tell_what_is_left_of_it(
    still: Service, clock: ManualClock
) -> None:
    replicas = [RateLimits(still.ledger, 1000) for _ in range(3)]
    taken, told = 0, [1000]
    while True:
        allowances = [limits.take("one", clock.now()) for limits in replicas]
        granted = sum(allowance.remaining >= 0 for allowance in allowances)
        taken += granted
        told.append(max(allowance.remaining for allowance in allowances))
        # Of what another replica has reserved meanwhile it knows nothing: two blocks at most.
        assert abs(1000 - taken - told[-1]) <= 2 * 1000 // 50 + 3
        if not granted:
            break
    assert taken == 1000
    assert told == sorted(told, reverse=True)
    clock.advance(3600)
    assert replicas[0].take("one", clock.now()).remaining == 999


def test_most_calls_do_not_write_and_hours_that_are_over_are_forgotten(
    still: Service, clock: ManualClock
) -> None:
    limits = RateLimits(still.ledger, 100_000)

    def used() -> int:
        with still.ledger.read() as connection:
            query = select(func.sum(call_counts.c.used)).where(call_counts.c.cloud == "one")
            return int(connection.scalar(query) or 0)

    for _ in range(200):
        limits.take("one", clock.now())
    assert used() == 200
    limits.take("one", clock.now())
    assert used() == 400
    for _ in range(3):
        clock.advance(3600)
        limits.take("one", clock.now())
    assert used() == 400


def test_a_slow_database_makes_nobody_wait_who_only_looks(
    still: Service, clock: ManualClock
) -> None:
    limits, now = RateLimits(still.ledger, 100), clock.now()
    limits.take("one", now)
    with ThreadPoolExecutor(3) as threads:
        with still.ledger.write() as connection:
            # As a caller of another replica that is reserving, and on SQLite as any writer.
            hour_us = to_us(now.replace(minute=0, second=0, microsecond=0))
            row = {"cloud": "two", "hour_us": hour_us, "used": 0}
            connection.execute(insert(call_counts).values(row))
            waiting = threads.submit(limits.take, "two", now)
            time.sleep(0.2)
            assert not waiting.done()
            assert threads.submit(limits.peek, "two", now).result(5).remaining == 100
            assert threads.submit(limits.take, "one", now).result(5).remaining == 98
        assert waiting.result(20).remaining == 99
