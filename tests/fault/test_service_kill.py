"""The service killed without warning, and started again on the same data."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import select

from helpers.live_service import LiveService, picture
from helpers.receiver import Receiver
from helpers.serve_process import ServeProcess
from modstation.core.clock import ManualClock, TimeOrderedIds
from modstation.service.blobs import RENDITIONS
from modstation.service.schema import assets
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_signal_ends_the_service_in_order_and_the_next_start_says_the_same(
    tmp_path: Path,
) -> None:
    first = ServeProcess(tmp_path / "data")
    with first.client() as client:
        assert client.get(f"{first.api}/ping").json() == {"status": "ok"}
        assert first.end(signal.SIGTERM) == (0, "")
    again = ServeProcess(tmp_path / "data", first.port)
    assert again.address == first.address
    assert again.end(signal.SIGINT) == (0, "")


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    with LiveService(tmp_path) as service:
        service.upload(public_id="cat")
        secret = service.secret.encode()
    key_file = tmp_path / "service" / "service.key"
    assert key_file.stat().st_mode & 0o077 == 0
    kept = _files(tmp_path / "service")
    assert kept
    assert not [file for file in kept if secret in file.read_bytes()]


def test_a_second_service_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with LiveService(tmp_path) as service:
        second = ServeProcess(tmp_path / "service", ready=False)
        assert "Another service is using" in second.result()[1]
        assert service.request("GET", "/ping").status_code == 200


def test_nothing_answered_is_lost_and_nothing_half_done_is_listed(
    tmp_path: Path, database: str | None
) -> None:
    seed = os.urandom(4).hex()
    print(f"seed {seed}")
    chance = random.Random(seed)
    uploaded: dict[str, str] = {}
    decided: dict[str, str] = {}
    port = 0
    with Receiver() as receiver:
        for round_number in range(2):
            service = ServeProcess(tmp_path / "data", port, database=database)
            port = service.port
            begun = threading.Event()
            worker = threading.Thread(
                target=_work, args=(service, receiver.url, round_number, uploaded, decided, begun)
            )
            worker.start()
            assert begun.wait(30)
            worker.join(chance.uniform(0, 1))
            service.end(signal.SIGKILL)
            worker.join(30)
            assert not worker.is_alive()
        assert uploaded
        service = ServeProcess(tmp_path / "data", port, database=database)
        with service.client() as client:
            items = _all(client, service)
            for public_id, etag in uploaded.items():
                assert items[public_id]["asset_id"], public_id
                path = f"{service.api}/modstation/resources/image/upload/{public_id}/pixels"
                content = client.get(path).content
                assert hashlib.md5(content).hexdigest() == etag
            for public_id, item in items.items():
                # Also what was stored and never answered is whole.
                path = f"{service.api}/modstation/resources/image/upload/{public_id}/pixels"
                assert len(client.get(path).content) == item["bytes"]
            for public_id, status in decided.items():
                assert items[public_id]["moderation_status"] == status
                delivered = client.get(items[public_id]["url"], auth=None).status_code
                assert delivered == (404 if status == "rejected" else 200)
        # Every change is told at least once, whenever the service died.
        told = len(uploaded) + len(decided)
        receiver.wait_for(told, seconds=30)
        assert service.end(signal.SIGTERM)[0] == 0
        notes = [note.document for note in receiver.received]
        for public_id in uploaded:
            assert ("upload", public_id) in {
                (n["notification_type"], n["public_id"]) for n in notes
            }
        for public_id, status in decided.items():
            assert (public_id, status) in {
                (n["public_id"], n.get("moderation_status")) for n in notes
            }
    _has_no_other_bytes_after_an_hour(tmp_path / "data", database)


def _has_no_other_bytes_after_an_hour(data: Path, database: str | None) -> None:
    clock = ManualClock(datetime.now(UTC) + timedelta(hours=2))
    service = Service(
        ServiceSettings(data, cloud="killed", database=database), clock=clock, ids=TimeOrderedIds()
    )
    try:
        while service.housekeeper.step(clock.now()):
            pass
        with service.ledger.read() as connection:
            blobs = set(connection.scalars(select(assets.c.blob)))
    finally:
        service.close()
    kept = {str(file.relative_to(data / "blobs")) for file in _files(data / "blobs")}
    assert {name for name in kept if not name.startswith(RENDITIONS)} == blobs


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _work(
    service: ServeProcess,
    hook: str,
    round_number: int,
    uploaded: dict[str, str],
    decided: dict[str, str],
    begun: threading.Event,
) -> None:
    with service.client() as client:
        try:
            for number in range(1000):
                name, content = f"r{round_number}-{number}", picture(number)
                answer = client.post(
                    f"{service.api}/image/upload",
                    data={"public_id": name, "moderation": "manual", "notification_url": hook},
                    files={"file": ("x.jpg", content)},
                )
                assert answer.status_code == 200, answer.text
                uploaded[name] = answer.json()["etag"]
                begun.set()
                status = "rejected" if number % 2 else "approved"
                client.post(
                    f"{service.api}/resources/image/upload/{name}",
                    data={"moderation_status": status},
                ).raise_for_status()
                decided[name] = status
        except httpx.TransportError:
            # Killed.
            return


def _all(client: httpx.Client, service: ServeProcess) -> dict[str, dict[str, Any]]:
    items: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        page = client.get(
            f"{service.api}/resources/image/upload",
            params={"max_results": 500, "next_cursor": cursor},
        ).json()
        items |= {item["public_id"]: item for item in page["resources"]}
        if "next_cursor" not in page:
            return items
        cursor = page["next_cursor"]


def test_a_restart_keeps_the_queue_and_its_cursors(tmp_path: Path) -> None:
    with LiveService(tmp_path) as service:
        names = service.fill(5)
        path = "/resources/image/moderations/manual/pending?max_results=2"
        first = service.request("GET", path).json()
        service.stop()
        service.start()
        rest = service.request("GET", f"{path}&next_cursor={first['next_cursor']}").json()
        seen = [item["public_id"] for page in (first, rest) for item in page["resources"]]
        assert seen == names[:0:-1]
