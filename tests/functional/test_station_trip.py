"""Images taken along: fetched, kept, decided with no service at all, and summed up afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.app.offline_trip import TripStage
from modstation.core.events import Connection
from modstation.core.trip import TripSummary
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def test_images_taken_along_are_decided_without_a_service_and_summed_up(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(5)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.has(5)
        trip = desk.station.trip
        trip.begin(4, leaves=True)
        desk.until(lambda: trip.stage is TripStage.AWAY, "it never went offline")
        assert (trip.progress.wanted, trip.progress.ready, trip.progress.missing) == (4, 4, 0)
        assert desk.connection is Connection.OFFLINE_CHOSEN
        service.stop()
        for _ in range(4):
            assert isinstance(desk.shows(), Frame)
            desk.reject()
        service.start()
        # Somebody else, and a deletion, while nobody here could know.
        service.decide(names[1], "approved")
        service.request(
            "DELETE", "/resources/image/upload", params={"public_ids[]": names[2]}
        ).raise_for_status()
        desk.station.set_offline(offline=False)
        desk.until(lambda: trip.summary and not trip.summary.waiting, "it was never summed up")
        assert trip.summary == TripSummary(posted=2, conflicts=1, gone=1)
        assert trip.stage is TripStage.NONE
    assert service.status_of(names[0]) == service.status_of(names[3]) == "rejected"
    assert service.status_of(names[1]) == "approved"


def test_a_trip_outlives_the_program(service: LiveService, own_home: Path) -> None:
    service.fill(3)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.has(3)
        desk.station.trip.begin(3, leaves=True)
        desk.until(lambda: desk.station.trip.stage is TripStage.AWAY, "it never went offline")
    url = service.cloudinary_url
    service.stop()
    with StationDesk(own_home, url, offline=True) as desk:
        desk.until(lambda: desk.station.trip.stage is TripStage.AWAY, "it was forgotten")
        for _ in range(3):
            assert isinstance(desk.shows(), Frame)
            desk.approve()
    service.start()
