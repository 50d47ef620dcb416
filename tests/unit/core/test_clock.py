from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from modstation.core.clock import CountingIds, ManualClock, TimeOrderedIds, from_us, to_us

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone itself
moments = st.datetimes(min_value=EPOCH, timezones=st.just(UTC))


@given(moments)
def test_a_stored_time_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert from_us(to_us(moment)) == moment


def test_a_time_of_another_zone_is_stored_as_the_same_moment() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 1, 1, 14, 30, tzinfo=zone)
    assert from_us(to_us(moment)) == moment
    assert from_us(to_us(moment)).tzinfo is UTC


def test_ids_are_uuid_version_7_and_never_twice_the_same() -> None:
    ids = TimeOrderedIds()
    made = [ids.new() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(len(name) == 32 and name[12] == "7" and name[16] in "89ab" for name in made)
    assert [name[:12] for name in made] == sorted(name[:12] for name in made)


def test_test_clock_and_test_ids_do_only_what_they_are_told() -> None:
    clock, ids = ManualClock(), CountingIds()
    before = clock.now()
    clock.advance(1.5)
    assert clock.now() - before == timedelta(seconds=1.5)
    assert [ids.new()[-1], ids.new()[-1]] == ["1", "2"]
