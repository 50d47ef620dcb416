"""Work that several replicas share: each piece is in one replica's hands at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, insert, select

from modstation.core.clock import to_us
from modstation.service.leases import (
    claim_due,
    once_every,
    release_lease,
    still_claimed,
    take_lease,
)
from modstation.service.schema import blob_jobs

if TYPE_CHECKING:
    from modstation.core.clock import ManualClock
    from modstation.service.service import Service

MINUTE = 60_000_000


def add_jobs(service: Service, count: int) -> None:
    due_us = to_us(service.clock.now())
    with service.ledger.write() as connection:
        connection.execute(
            insert(blob_jobs), [{"blob": str(n), "due_us": due_us + n} for n in range(count)]
        )


def claim(service: Service, limit: int = 10) -> list[str | None]:
    now_us = to_us(service.clock.now())
    with service.ledger.write() as connection:
        rows = claim_due(
            connection, blob_jobs, now_us=now_us + MINUTE, lease_us=2 * MINUTE, limit=limit
        )
    return [row.blob for row in rows]


def test_what_one_replica_has_claimed_another_one_does_not_get(still: Service) -> None:
    add_jobs(still, 5)
    assert claim(still, 3) == ["0", "1", "2"]
    assert claim(still) == ["3", "4"]
    assert claim(still) == []


def test_a_claim_of_a_replica_that_died_is_over_when_its_time_is(
    still: Service, clock: ManualClock
) -> None:
    add_jobs(still, 1)
    assert claim(still) == ["0"]
    clock.advance(119)
    assert claim(still) == []
    clock.advance(1)
    assert claim(still) == ["0"]


def test_whoever_lost_a_claim_settles_nothing(still: Service, clock: ManualClock) -> None:
    add_jobs(still, 1)
    first_until = to_us(clock.now()) + 3 * MINUTE
    claim(still)
    clock.advance(120)
    claim(still)
    second_until = to_us(clock.now()) + 3 * MINUTE
    with still.ledger.write() as connection:
        [job] = connection.scalars(select(blob_jobs.c.id))
        late = delete(blob_jobs).where(still_claimed(blob_jobs, [job], first_until))
        assert connection.execute(late).rowcount == 0
        in_time = delete(blob_jobs).where(still_claimed(blob_jobs, [job], second_until))
        assert connection.execute(in_time).rowcount == 1


# SQLite has one writer: there is no same moment.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_replicas_that_claim_at_the_same_moment_share_the_work_without_waiting(
    still: Service,
) -> None:
    add_jobs(still, 4)
    claimed, finish = threading.Event(), threading.Event()
    first: list[Any] = []
    now_us = to_us(still.clock.now()) + MINUTE

    def hold() -> None:
        with still.ledger.write() as connection:
            first.extend(claim_due(connection, blob_jobs, now_us=now_us, lease_us=MINUTE, limit=2))
            claimed.set()
            finish.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert claimed.wait(20)
    # The first has not committed.
    assert claim(still) == ["2", "3"]
    finish.set()
    thread.join()
    assert [row.blob for row in first] == ["0", "1"]


def test_a_lease_has_one_holder_who_may_renew_it(still: Service, clock: ManualClock) -> None:
    def take(holder: str) -> bool:
        now_us = to_us(clock.now())
        with still.ledger.write() as connection:
            return take_lease(connection, "lane", holder, now_us=now_us, lease_us=MINUTE)

    assert take("one")
    assert not take("two")
    clock.advance(59)
    assert take("one")
    clock.advance(59)
    assert not take("two")
    clock.advance(1)
    assert take("two")
    with still.ledger.write() as connection:
        release_lease(connection, "lane", "one")
    assert not take("one")
    with still.ledger.write() as connection:
        release_lease(connection, "lane", "two")
    assert take("one")


def test_what_is_done_once_a_day_is_done_by_one_replica(still: Service, clock: ManualClock) -> None:
    def turn(holder: str) -> bool:
        now_us = to_us(clock.now())
        with still.ledger.write() as connection:
            return once_every(connection, "pruning", holder, now_us=now_us, every_us=MINUTE)

    assert turn("one")
    assert not turn("one")
    assert not turn("two")
    clock.advance(60)
    assert turn("two")
    assert not turn("one")
