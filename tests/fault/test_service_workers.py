"""``serve --workers``: processes die, are replaced and stopped; callers notice nothing of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="no /proc: the workers cannot be told apart"
)


class Serving:
    """``modstation serve --workers 2`` in processes of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "access.log"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "modstation", "serve", "--workers", "2", "--port", "0"),
                *("--data", str(folder / "data"), "--access-log", str(self.log)),
            ],
            env={**os.environ, "MODSTATION_METRICS": "open"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        address = urlsplit(self.process.stdout.readline().strip().removeprefix("CLOUDINARY_URL="))
        assert self.process.stdout.readline() == "ready\n"
        (self.url,) = parse_qs(address.query)["upload_prefix"]
        self.api = f"{self.url}/v1_1/{address.hostname}"
        self.key = (address.username or "", address.password or "")

    def workers(self) -> set[int]:
        """The process numbers of the workers that live."""
        file = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(child) for child in file.read_text().split() if _is_worker(int(child))}

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request on a connection of its own, so that any worker may get it."""
        with httpx.Client(auth=self.key, trust_env=False, verify=False, timeout=30) as client:
            return client.request(method, self.api + path, **options)

    def upload(self, name: str) -> httpx.Response:
        files = {"file": ("cat.jpg", picture())}
        data = {"public_id": name, "moderation": "manual"}
        return self.ask("POST", "/image/upload", data=data, files=files)

    def stop(self) -> str:
        """Stop in order; what it said on stderr."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said
        return said


def _is_worker(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def until(condition: Callable[[], bool]) -> None:
    over = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < over, "it did not come about"
        time.sleep(0.05)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    if serving.process.poll() is None:
        serving.process.kill()
    serving.process.communicate()


def test_a_killed_worker_is_replaced_and_the_figures_are_those_of_all(serving: Serving) -> None:
    before = serving.workers()
    assert len(before) == 2
    for number in range(6):
        assert serving.upload(f"before-{number}").status_code == 200
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(serving.workers() - before) == 1 and victim not in serving.workers())
    for number in range(6):
        assert serving.upload(f"after-{number}").status_code == 200
    listed = serving.ask("GET", "/resources/image/moderations/manual/pending?max_results=100")
    assert len(listed.json()["resources"]) == 12
    figures = httpx.get(f"{serving.url}/metrics", trust_env=False).text
    # What the dead one had counted still counts.
    assert 'modstation_uploads_total{resource_type="image"} 12.0' in figures
    assert "a worker ended with -9; another is started" in serving.stop()
    lines = [json.loads(line) for line in serving.log.read_text().splitlines()]
    assert sum(line["path"].endswith("/upload") for line in lines) == 12


def test_a_stop_lets_the_request_in_hand_finish(serving: Serving) -> None:
    address = urlsplit(serving.url)
    body = b"public_id=" + b"x" * 20
    head = (
        f"POST /v1_1/local/image/destroy HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Authorization: Basic {b64encode(':'.join(serving.key).encode()).decode()}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head.encode() + body[:5])
        # It is in hand once another request that came later was answered.
        assert serving.ask("GET", "/ping").status_code == 200
        serving.process.send_signal(signal.SIGTERM)
        until(lambda: not _accepts(address.hostname or "", address.port or 0))
        connection.sendall(body[5:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    serving.process.communicate(timeout=60)
    assert serving.process.returncode == 0


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=5):
            return True
    except OSError:
        return False


def test_workers_hold_their_folder_and_do_not_outlive_their_parent(serving: Serving) -> None:
    workers = serving.workers()
    command = [sys.executable, "-m", "modstation", "serve", "--port", "0", "--data"]
    other = subprocess.run(
        [*command, str(serving.folder / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (other.returncode, "Another service is using" in other.stderr) == (1, True)
    serving.process.kill()
    serving.process.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    # The folder is free again.
    again = Serving(serving.folder)
    assert again.key == serving.key
    again.stop()


def test_workers_that_cannot_start_end_the_service(tmp_path: Path) -> None:
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "modstation", "serve", "--workers", "2", "--port", "0"),
            *("--data", str(tmp_path), "--access-log", str(tmp_path / "no/folder/access.log")),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 1
    assert "The access log cannot be written" in ran.stderr
    assert "ready" not in ran.stdout
