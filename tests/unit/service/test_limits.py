from __future__ import annotations

import pytest

from modstation.core.clock import ManualClock
from modstation.service.faults import RateLimited
from modstation.service.limits import RateLimits


def test_the_limit_counts_per_cloud_and_starts_again_every_hour() -> None:
    clock, limits = ManualClock(), RateLimits(2)
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
