"""What a cloud used: counted on the way, kept by day, the same for every replica."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from helpers.live_service import LiveService, picture
from modstation.service.running.usage_meter import UsageMeter, used
from modstation.service.schema import usage_days

if TYPE_CHECKING:
    from modstation.core.clock import ManualClock
    from modstation.service.service import Service


def usage(live: LiveService, date: str = "") -> dict[str, Any]:
    answer = live.request("GET", f"/usage{date}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_requests_deliveries_and_renditions_are_counted(live: LiveService) -> None:
    uploaded = live.upload(public_id="p")
    before = usage(live)
    with httpx.Client(trust_env=False, verify=False) as client:
        client.get(uploaded["url"]).raise_for_status()
        small = uploaded["url"].replace("/upload/", "/upload/w_20/")
        size = len(client.get(small).content)
        # The second time it is there already.
        client.get(small).raise_for_status()
        client.head(small).raise_for_status()
    after = usage(live)
    assert after["bandwidth"]["usage"] == len(picture()) + 2 * size
    assert after["transformations"]["usage"] == 1
    assert after["requests"] == before["requests"] + 1


@pytest.mark.parametrize(
    "date",
    ["/31-02-2020", "/tomorrow", "/01-01-2999", "/1", "/01-01-0001", "/0001-01-31", "/31-12-1969"],
)
def test_a_date_that_is_none_is_refused(shared: LiveService, date: str) -> None:
    answer = shared.request("GET", f"/usage{date}")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith("for parameter date")


def test_replicas_add_to_the_same_day(still: Service, clock: ManualClock) -> None:
    meters = [UsageMeter(still.ledger, clock) for _ in range(2)]
    for meter in meters:
        meter.add("still", requests=2, bandwidth=1 << 40)
        meter.add("other", requests=1)
        meter.write()
    today = clock.now().date()
    with still.ledger.read() as connection:
        counted = used(connection, "still", today)
        assert (counted.requests, counted.bandwidth) == (4, 1 << 41)
        assert used(connection, "still", today + timedelta(days=29)).requests == 4
        assert used(connection, "still", today + timedelta(days=30)).requests == 0
        assert used(connection, "still", today - timedelta(days=1)).requests == 0


def test_counts_are_written_every_ten_seconds_and_at_the_end(
    still: Service, clock: ManualClock
) -> None:
    meter = UsageMeter(still.ledger, clock)

    def rows() -> int:
        with still.ledger.read() as connection:
            return len(connection.execute(select(usage_days)).all())

    meter.add("still", requests=1)
    meter.step(clock.now())
    assert rows() == 0
    clock.time += timedelta(seconds=11)
    meter.step(clock.now())
    assert rows() == 1
    clock.time += timedelta(days=1)
    meter.add("still", requests=1)
    meter.close()
    assert rows() == 2


def test_what_could_not_be_written_is_counted_still(
    still: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = UsageMeter(still.ledger, clock)
    meter.add("still", requests=3)
    with monkeypatch.context() as away:
        away.setattr(still.ledger, "write", _away)
        with pytest.raises(OperationalError):
            meter.write()
    meter.add("still", requests=1)
    meter.write()
    with still.ledger.read() as connection:
        assert used(connection, "still", clock.now().date()).requests == 4


def _away() -> Any:
    raise OperationalError("", {}, Exception("gone"))
