"""The service killed in the midst of uploads in parts, of remote files, and of promised ones."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import select

from helpers.live_service import picture
from helpers.receiver import Receiver
from helpers.serve_process import ServeProcess
from helpers.web_site import Page, WebSite
from modstation.core.clock import ManualClock, TimeOrderedIds
from modstation.service.schema import assets, upload_parts, upload_tasks
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Send = Callable[[httpx.Client, str, int], str | None]

FIRST = 5_000_000
LARGE = random.Random(7).randbytes(FIRST + 100)
SOON = 60.0


def test_what_was_answered_or_promised_is_there_after_a_kill(
    tmp_path: Path, database: str | None
) -> None:
    chance = random.Random(os.urandom(4).hex())
    answered: dict[str, str] = {}
    promised: dict[str, str] = {}
    started: dict[str, int] = {}
    port = 0
    pages = {f"/{number}.jpg": Page(picture(number)) for number in range(10)}
    with Receiver() as receiver, WebSite(pages) as site:
        for round_number in range(2):
            service = ServeProcess(tmp_path / "data", port, database=database, task_lease=1.0)
            port = service.port
            senders = [
                _Sender(service, f"parts{round_number}", _in_parts(service, started), answered),
                _Sender(service, f"remote{round_number}", _remote(service, site.url), answered),
                _Sender(service, f"later{round_number}", _later(service, receiver.url), promised),
            ]
            for sender in senders:
                assert sender.begun.wait(30)
            time.sleep(chance.uniform(0, 0.5))
            service.end(signal.SIGKILL)
            for sender in senders:
                sender.join(30)
        service = ServeProcess(tmp_path / "data", port, database=database, task_lease=1.0)
        with service.client() as client:
            for name in started:
                # The first part was answered before the kill; any replica takes the last one.
                answer = _part(service, client, name, FIRST, len(LARGE))
                assert answer["etag"] == hashlib.md5(LARGE).hexdigest()
                answered[name] = answer["etag"]
            items = _listed_with(client, service, promised)
            for name, etag in (answered | promised).items():
                assert items[name]["etag"] == etag
            for item in items.values():
                # Also what was stored and never answered is whole.
                asset = f"{item['resource_type']}/upload/{item['public_id']}"
                path = f"{service.api}/modstation/resources/{asset}/pixels"
                content = client.get(path).content
                assert hashlib.md5(content).hexdigest() == item["etag"]
        receiver.wait_for(len(promised), seconds=SOON)
        assert service.end(signal.SIGTERM)[0] == 0
    told = {note.document["public_id"] for note in receiver.received}
    assert told >= promised.keys()
    _has_no_other_bytes_after_two_days(tmp_path / "data", database)


class _Sender(threading.Thread):
    """Uploads until the service is killed; what it was answered is kept by public ID."""

    def __init__(
        self, service: ServeProcess, prefix: str, send: Send, answers: dict[str, str]
    ) -> None:
        super().__init__(name=prefix)
        self.begun = threading.Event()
        self._service = service
        self._prefix = prefix
        self._send = send
        self._answers = answers
        self.start()

    def run(self) -> None:
        with self._service.client() as client:
            for number in range(50):
                name = f"{self._prefix}-{number}"
                try:
                    etag = self._send(client, name, number)
                except httpx.TransportError:
                    # Killed.
                    return
                if etag is not None:
                    self._answers[name] = etag
                    self.begun.set()


def _remote(service: ServeProcess, site: str) -> Send:
    def send(client: httpx.Client, name: str, number: int) -> str:
        data = {"public_id": name, "file": f"{site}/{number % 10}.jpg"}
        answer = client.post(f"{service.api}/image/upload", data=data)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["etag"])

    return send


def _later(service: ServeProcess, hook: str) -> Send:
    def send(client: httpx.Client, name: str, number: int) -> str:
        data = {"public_id": name, "async": "1", "notification_url": hook}
        content = picture(number)
        files = {"file": ("x.jpg", content)}
        answer = client.post(f"{service.api}/image/upload", data=data, files=files)
        assert answer.json()["status"] == "pending", answer.text
        return hashlib.md5(content).hexdigest()

    return send


def _in_parts(service: ServeProcess, started: dict[str, int]) -> Send:
    def send(client: httpx.Client, name: str, number: int) -> str | None:
        if _part(service, client, name, 0, FIRST)["done"] is not False:
            raise AssertionError(name)
        started[name] = number
        answer = _part(service, client, name, FIRST, len(LARGE))
        return str(answer["etag"])

    return send


def _part(
    service: ServeProcess, client: httpx.Client, name: str, start: int, stop: int
) -> dict[str, Any]:
    answer = client.post(
        f"{service.api}/raw/upload",
        data={"public_id": name},
        files={"file": ("x.bin", LARGE[start:stop])},
        headers={
            "Content-Range": f"bytes {start}-{stop - 1}/{len(LARGE)}",
            "X-Unique-Upload-Id": name,
        },
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _listed_with(
    client: httpx.Client, service: ServeProcess, wanted: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """Everything that is listed, once what is wanted is."""
    until = time.monotonic() + SOON
    while True:
        listed: list[dict[str, Any]] = []
        for kind in ("image", "raw"):
            page = f"{service.api}/resources/{kind}/upload?max_results=500"
            listed += client.get(page).json()["resources"]
        names = {item["public_id"] for item in listed}
        if names >= wanted.keys() or time.monotonic() > until:
            break
        time.sleep(0.2)
    return {
        item["public_id"]: client.get(f"{service.api}/resources/{item['asset_id']}").json()
        for item in listed
    }


def _has_no_other_bytes_after_two_days(data: Path, database: str | None) -> None:
    clock = ManualClock(datetime.now(UTC))
    settings = ServiceSettings(data, cloud="killed", database=database)
    service = Service(settings, clock=clock, ids=TimeOrderedIds())
    try:
        for _ in range(2):
            clock.advance(timedelta(days=1, hours=1).total_seconds())
            while service.housekeeper.step(clock.now()):
                pass
        with service.ledger.read() as connection:
            blobs = set(connection.scalars(select(assets.c.blob)))
            assert connection.execute(select(upload_parts)).all() == []
            assert connection.execute(select(upload_tasks)).all() == []
    finally:
        service.close()
    folder = data / "blobs"
    kept = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert kept == blobs
