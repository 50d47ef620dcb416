"""The processes beside the window are killed: it is seen, they are replaced, nothing is lost."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.core.events import Connection
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def test_a_killed_network_process_is_seen_and_replaced_while_review_goes_on(
    service: LiveService, own_home: Path
) -> None:
    service.fill(12)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.shows_all()
        approved: list[str] = []
        for deaths in (1, 2):
            pid = desk.network_pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            # Not one key waits for it.
            approved += desk.approve(6)
            desk.until(lambda n=deaths: len(desk.troubles()) == n, "the death was not seen")
            assert "signal 9" in desk.troubles()[-1]
            desk.until(lambda dead=pid: desk.network_pid not in {None, dead}, "not replaced")
        desk.drained()
        desk.until(lambda: desk.connection is Connection.ONLINE, "it was not told to be back")
        assert desk.connections.count(Connection.TROUBLE) == 2
    assert service.statuses() == dict.fromkeys(approved, "approved")
    assert [service.changes_of(name) for name in approved] == [1] * 12


def test_a_network_process_killed_before_it_listed_anything_is_replaced(
    service: LiveService, own_home: Path
) -> None:
    service.fill(1)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        pid = desk.network_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert isinstance(desk.shows(), Frame)
        assert desk.connections[0] is Connection.TROUBLE
        assert desk.connections[-1] is Connection.ONLINE


def test_what_the_moderator_chose_is_told_to_the_next_network_process(
    service: LiveService, own_home: Path
) -> None:
    service.fill(2)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.shows_all()
        desk.station.set_offline(offline=True)
        desk.until(lambda: desk.connection is Connection.OFFLINE_CHOSEN)
        pid = desk.network_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        desk.until(lambda: Connection.TROUBLE in desk.connections)
        desk.until(lambda: desk.connection is Connection.OFFLINE_CHOSEN, "offline was forgotten")
        approved = desk.approve(2)
        seen = len(service.faults.requests())
        desk.until(lambda: desk.session.counts.ready == 2)
        assert len(service.faults.requests()) == seen
        desk.station.set_offline(offline=False)
        desk.drained()
    assert service.statuses() == dict.fromkeys(approved, "approved")


def test_killed_decode_processes_cost_no_picture(service: LiveService, own_home: Path) -> None:
    names = service.fill(30)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        shown = []
        while desk.current or not shown:
            assert isinstance(desk.shows(), Frame), desk.current
            if len(shown) % 10 == 0:
                # The next ones are in the middle of it.
                for pid in desk.decoder_pids:
                    os.kill(pid, signal.SIGKILL)
                desk.until(desk.all_ahead_ready, "the next pictures were not made")
            shown += desk.approve()
        assert shown == names
        assert Connection.TROUBLE not in desk.connections
        desk.drained()
    assert service.statuses() == dict.fromkeys(names, "approved")
