"""A reason that purges leaves no copy of the picture at a real station."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.app.paths import home_at
from modstation.core.clock import SystemClock
from modstation.core.decisions import Verdict
from modstation.store.images import open_image_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def test_a_purging_reason_leaves_no_copy_of_the_picture(
    service: LiveService, own_home: Path
) -> None:
    service.fill(3)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.shows()
        entry = desk.session.current
        assert entry is not None
        path = home_at(own_home).account(desk.station.account.name).images_db
        with open_image_store(path, clock=SystemClock()) as images:
            assert images.get(entry.key, "review") is not None
            reason = desk.station.policy.by_code("suspected_child_abuse")
            desk.session.decide(Verdict.REJECT, reason=reason)
            desk.until(lambda: desk.station.frames.purged(entry.key), "it was not purged")
            assert images.get(entry.key, "review") is None
            assert images.never_kept([entry.key]) == {entry.key}
        desk.drained()
    assert service.status_of(entry.asset.ref.public_id) == "rejected"
