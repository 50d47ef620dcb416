"""Two moderators at two stations work on one queue without ever looking at the same image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService
from helpers.station_desk import StationDesk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def holders(service: LiveService) -> list[int]:
    answer = service.request("GET", "/modstation/claims").json()
    return sorted(holder["count"] for holder in answer["holders"])


def test_what_one_moderator_has_in_hand_the_other_gets_only_when_it_is_given_back(
    service: LiveService, own_home: Path, tmp_path: Path
) -> None:
    photos = service.fill(12)
    second_home = tmp_path / "second"
    with (
        StationDesk(second_home, service.cloudinary_url) as kim,
        StationDesk(own_home, service.cloudinary_url) as ada,
    ):
        # Whoever came first has the first hundred, so one of the two has nothing to do.
        ada.until(lambda: holders(service) == [12])
        kim.until(lambda: 0 in {kim.session.counts.waiting, _waiting(ada)})
        kim.until(lambda: 12 in {kim.session.counts.waiting, _waiting(ada)})
        first, other = (ada, kim) if _waiting(ada) else (kim, ada)
        decided = first.reject(2)
        first.post_now()
        first.drained()
        assert decided == photos[:2]
        assert other.session.counts.waiting == 0
        first.close()
        other.station.refresh()
        other.has(10)
        other.until(lambda: other.current == photos[2], "the queue was not read")
        other.approve(10)
        other.drained()
    assert set(service.statuses().values()) == {"approved", "rejected"}
    assert all(service.changes_of(name) == 1 for name in photos)
    assert holders(service) == []


def _waiting(desk: StationDesk) -> int:
    desk.turn(0.02)
    return desk.session.counts.waiting
