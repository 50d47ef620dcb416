"""The network process dies, hangs, is doubled or loses its parent: seen, mended, nothing lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.assets import AT_ONCE, REJECT, draft_for
from helpers.live_service import Fault, LiveService
from helpers.network import NetworkDesk, eventually
from modstation.app.network_link import COMMAND
from modstation.app.network_messages import spec_line
from modstation.core.assets import ModerationStatus
from modstation.core.clock import SystemClock
from modstation.core.events import Connection, ConnectionChanged
from modstation.core.queue import QueueView
from modstation.store.images import open_image_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as running:
        yield running


def test_pictures_come_decisions_go_and_the_end_is_quick(
    tmp_path: Path, service: LiveService
) -> None:
    names = service.fill(6, prefix="day")
    with NetworkDesk(tmp_path, service) as desk:
        desk.online()
        eventually(lambda: len(desk.cached()) >= 6)
        _decide_all(desk, names)
        desk.link.wake()
        eventually(lambda: all(service.status_of(name) == "rejected" for name in names))
        began = time.monotonic()
        desk.link.close()
        assert time.monotonic() - began < 4
        assert desk.link.pid is None


def test_a_decision_that_nobody_announced_is_posted_all_the_same(
    tmp_path: Path, service: LiveService
) -> None:
    names = service.fill(1, prefix="quiet")
    with NetworkDesk(tmp_path, service) as desk:
        desk.online()
        eventually(lambda: desk.waiting() > 0)
        _decide_all(desk, names)
        eventually(lambda: service.status_of(names[0]) == "rejected")


def test_a_killed_process_is_started_again_and_nothing_is_posted_twice(
    tmp_path: Path, service: LiveService, allow_log: Callable[[str], None]
) -> None:
    # The service may notice in the middle of a request that its client was killed.
    allow_log(r"uvicorn\.error: Exception in ASGI application")
    names = service.fill(12, prefix="killed")
    with NetworkDesk(tmp_path, service) as desk:
        desk.online()
        eventually(lambda: desk.waiting() >= 12)
        for part in (names[:6], names[6:]):
            # The answer is under way when the process dies.
            rule = service.faults.add(Fault.DELAY, method="POST", path="/decisions", seconds=1)
            _decide_all(desk, part)
            desk.link.wake()
            eventually(lambda rule=rule: rule.hits > 0)
            pid = desk.link.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            eventually(lambda pid=pid: desk.link.pid not in (None, pid))
            desk.online()
        eventually(lambda: not desk.store.counts().unsent, desk.store.counts)
        assert Connection.TROUBLE in desk.connections()
        assert [service.changes_of(name) for name in names] == [1] * 12


def test_two_stations_on_one_folder_have_one_process_at_work(
    tmp_path: Path, service: LiveService
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(NetworkDesk(tmp_path, service))
        first.online()
        second = stack.enter_context(NetworkDesk(tmp_path, service))
        eventually(lambda: second.connections() == [Connection.STANDBY], second.connections)
        before = len(service.faults.seen)
        second.link.wake()
        first.link.close()
        second.online()
        assert len(service.faults.seen) > before


def test_what_is_asked_of_a_process_that_stands_by_counts_when_its_turn_comes(
    tmp_path: Path, service: LiveService
) -> None:
    names = service.fill(3, prefix="turn")
    with ExitStack() as stack:
        first = stack.enter_context(NetworkDesk(tmp_path, service))
        first.online()
        second = stack.enter_context(NetworkDesk(tmp_path, service))
        eventually(lambda: second.connections() == [Connection.STANDBY], second.connections)
        second.link.want_original(f"image/upload/{names[0]}")
        second.link.set_offline(offline=True)
        # Time for the process to read it while it only stands by.
        assert second.link.pid is not None
        threading.Event().wait(1.5)
        first.link.close()
        before = len(service.faults.seen)
        eventually(
            lambda: second.connections()[-1] is Connection.OFFLINE_CHOSEN, second.connections
        )
        assert len(service.faults.seen) == before
        assert Connection.ONLINE not in second.connections()
        second.link.set_offline(offline=False)
        second.online()
        eventually(lambda: "original" in {r for _, r in second.fetched()}, second.fetched)


def test_without_its_parent_the_process_ends(tmp_path: Path, service: LiveService) -> None:
    desk = NetworkDesk(tmp_path, service)
    process = _start(spec_line(desk.spec))
    assert process.stdout is not None
    assert process.stdin is not None
    assert b'"online"' in process.stdout.readline()
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()


def test_a_process_that_is_told_nothing_ends(tmp_path: Path) -> None:
    process = _start(b"")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    assert process.wait(20) == 2
    process.stdout.close()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_secret_stands_in_no_argument_environment_or_log(
    tmp_path: Path, service: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDINARY_URL", service.cloudinary_url)
    with NetworkDesk(tmp_path, service) as desk:
        desk.online()
        shown = Path(f"/proc/{desk.link.pid}/cmdline").read_bytes()
        shown += Path(f"/proc/{desk.link.pid}/environ").read_bytes()
        service.faults.add(Fault.DROP_AFTER, method="GET")
        desk.link.wake()
        eventually(lambda: desk.connections().count(Connection.ONLINE) > 1)
    secret = service.secret.encode()
    assert secret not in shown
    logs = [path.read_bytes() for path in (tmp_path / "log").iterdir()]
    assert b"connection:" in b"".join(logs)
    assert secret not in b"".join(logs)


def test_a_process_that_hangs_costs_the_window_nothing(
    tmp_path: Path, service: LiveService
) -> None:
    with NetworkDesk(tmp_path, service) as desk:
        desk.online()
        pid = desk.link.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            slowest = 0.0
            keys = [f"image/upload/{'x' * 200}{number}" for number in range(11)]
            for _ in range(500):
                began = time.monotonic()
                desk.link.focus(keys)
                desk.link.want_original(keys[0])
                desk.link.wake()
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < 0.5
        finally:
            os.kill(pid, signal.SIGCONT)


def test_offline_is_kept_when_the_process_is_started_again(
    tmp_path: Path, service: LiveService
) -> None:
    with NetworkDesk(tmp_path, service) as desk:
        desk.online()
        desk.link.set_offline(offline=True)
        eventually(lambda: desk.connections()[-1] is Connection.OFFLINE_CHOSEN)
        pid = desk.link.pid
        assert pid is not None
        before = len(service.faults.seen)
        os.kill(pid, signal.SIGKILL)
        eventually(
            lambda: desk.connections()[-2:] == [Connection.TROUBLE, Connection.OFFLINE_CHOSEN],
            desk.connections,
        )
        assert len(service.faults.seen) == before
        desk.link.set_offline(offline=False)
        desk.online()


def test_a_damaged_database_is_told_and_does_not_spin(tmp_path: Path, service: LiveService) -> None:
    desk = NetworkDesk(tmp_path, service)
    desk.folder.station_db.write_bytes(b"this is no database" * 1000)
    desk.link.start()

    def told() -> bool:
        return any(
            isinstance(event, ConnectionChanged)
            and event.connection is Connection.TROUBLE
            and "damaged" in event.message
            for event in list(desk.events)
        )

    eventually(told, lambda: desk.events)
    desk.link.close()
    assert not desk.crashes


def _start(first: bytes) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(first)
    process.stdin.flush()
    return process


def _decide_all(desk: NetworkDesk, names: list[str]) -> None:
    for name in names:
        entry = desk.store.entry(f"image/upload/{name}")
        assert entry is not None
        desk.store.decide(draft_for(entry.asset, REJECT), hold=AT_ONCE)


def test_the_process_is_at_work_while_the_queue_is_still_empty(
    tmp_path: Path, service: LiveService
) -> None:
    with NetworkDesk(tmp_path, service, view=QueueView(("webpurify",))) as desk:
        desk.online()
        assert desk.store.counts(QueueView(("webpurify",))).waiting == 0


def test_a_rejected_picture_is_shown_by_our_own_service(
    tmp_path: Path, service: LiveService
) -> None:
    names = service.fill(2, prefix="down")
    view = QueueView(status=ModerationStatus.REJECTED)
    with NetworkDesk(tmp_path, service) as desk:
        desk.online()
        eventually(lambda: desk.waiting() >= 2)
        _decide_all(desk, names[:1])
        desk.link.wake()
        eventually(lambda: service.status_of(names[0]) == "rejected")
    key = f"image/upload/{names[0]}"
    with NetworkDesk(tmp_path / "other", service, view=view) as desk:
        desk.online()
        eventually(lambda: key in desk.cached(), lambda: desk.events)


def test_a_purged_picture_is_gone_from_the_disk_also_while_another_process_is_at_work(
    tmp_path: Path, service: LiveService
) -> None:
    names = service.fill(3, prefix="doomed")
    keys = [f"image/upload/{name}" for name in names]
    with ExitStack() as stack:
        first = stack.enter_context(NetworkDesk(tmp_path, service))
        eventually(lambda: set(keys) <= first.cached(), lambda: first.events)
        second = stack.enter_context(NetworkDesk(tmp_path, service))
        eventually(lambda: second.connections() == [Connection.STANDBY], second.connections)
        images = stack.enter_context(open_image_store(first.folder.images_db, clock=SystemClock()))
        first.link.purge(keys[:1])
        second.link.purge(keys[1:2])
        eventually(lambda: images.never_kept(keys) == set(keys[:2]))
        assert [images.get(key, "review") is not None for key in keys] == [False, False, True]
