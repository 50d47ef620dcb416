"""Two stations on one data folder: one network process, both see each other's decisions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.killable_station import KillableStation
from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.app.network_lock import NetworkLock
from modstation.app.paths import home_at
from modstation.core.events import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs SIGKILL for a group")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def uses(pid: int | None) -> set[str]:
    """What a process holds open: ``socket`` if it has one, the names of databases."""
    held = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        target = link.readlink().name
        if target.startswith("socket:"):
            held.add("socket")
        elif ".sqlite3" in target:
            held.add(target)
    return held


def test_the_second_station_stands_by_and_both_see_each_others_decisions(
    service: LiveService, own_home: Path
) -> None:
    service.fill(10)
    url = service.cloudinary_url
    with StationDesk(own_home, url) as first, StationDesk(own_home, url) as second:
        first.shows_all()
        second.until(lambda: second.connection in {Connection.STANDBY, Connection.ONLINE})
        holder, standby = (
            (first, second) if second.connection is Connection.STANDBY else (second, first)
        )
        assert not NetworkLock(home_at(own_home).account(service.cloud).network_lock).acquire()
        if Path("/proc").is_dir():
            assert "socket" in uses(holder.network_pid)
            assert not uses(standby.network_pid)

        # Each decides another end of the queue; what one took leaves the other's window.
        approved = holder.approve(2)
        standby.look_at("photo-0007")
        rejected = standby.reject(2)
        both = {*approved, *rejected}
        assert len(both) == 4
        for desk in (first, second):
            desk.has(6)
            desk.until(lambda d=desk: not both & {*d.names_ahead()}, "the other's were not seen")
        # The one that stands by has no network of its own, yet what it decided is posted.
        holder.drained()
        assert standby.connection is Connection.STANDBY

        holder.close()
        standby.until(lambda: standby.connection is Connection.ONLINE, "it never took over")
        approved += standby.approve(6)
        standby.drained()
    check(service, approved, rejected)


def test_a_station_takes_over_from_one_that_was_killed(
    service: LiveService, own_home: Path, tmp_path: Path
) -> None:
    service.fill(12)
    first = KillableStation(tmp_path / "first", service.cloudinary_url, home=own_home)
    line = ""
    while not line.startswith("connection online"):
        line = first.next() or ""
    with StationDesk(own_home, service.cloudinary_url) as second:
        second.until(lambda: second.connection is Connection.STANDBY)
        second.look_at("photo-0011")
        first.tell(decide=6)
        told: dict[str, dict[str, str]] = {"asked": {}, "saved": {}}

        def take(words: list[str]) -> None:
            if words and words[0] in told:
                told[words[0]][words[1].rpartition("/")[2]] = words[2]

        saved = told["saved"]
        while len(saved) < 5:
            take((first.next() or "").split())
        for line in first.kill():
            take(line.split())
        second.until(lambda: second.connection is Connection.ONLINE, "it never took over")
        second.until(lambda: not {*saved} & {*second.names_ahead()}, "its decisions were not seen")
        while second.current:
            (name,) = second.reject()
            assert name not in saved
            saved[name] = "rejected"
        # Stored, but the station did not live to say so.
        saved.update({name: status for name, status in told["asked"].items() if name not in saved})
        second.drained()
        assert second.connections.count(Connection.STANDBY) == 1
    approved = [name for name, status in saved.items() if status == "approved"]
    check(service, approved, [name for name in saved if name not in approved])
    assert len(saved) == 12


def check(service: LiveService, approved: list[str], rejected: list[str]) -> None:
    wanted = dict.fromkeys(approved, "approved") | dict.fromkeys(rejected, "rejected")
    assert service.statuses() == wanted
    assert {name: service.changes_of(name) for name in wanted} == dict.fromkeys(wanted, 1)
