"""Three replicas on one PostgreSQL and one S3 bucket, one of them killed while they work."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

from cryptography.fernet import Fernet

from helpers.balancer import Balancer
from helpers.live_service import picture
from helpers.receiver import Receiver
from helpers.serve_process import ServeProcess
from modstation.service.blobs import beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.object_storage import ObjectStorage
    from helpers.postgres import Cluster

# With as many decisions. ``.ci/run`` asks for 2,500; fewer show the same at a desk.
UPLOADS = int(os.environ.get("MODSTATION_TEST_UPLOADS", "300"))
_CALLERS = 8


class Machines:
    """Replicas with nothing in common but database, storage and the key to the secrets."""

    def __init__(self, folder: Path, database: str, storage: str, s3: ObjectStorage) -> None:
        self._folder = folder
        self._environment = s3.environment
        self._options: dict[str, Any] = {"database": database, "storage": storage}
        self._key = Fernet.generate_key()
        self._count = 0
        self.running: list[ServeProcess] = []

    def start_together(self, count: int) -> list[ServeProcess]:
        """Start that many on a database that may be empty; returns once all are ready."""
        started = [self._started() for _ in range(count)]
        for process in started:
            process.wait_until_ready()
        self.running += started
        return started

    def kill(self, process: ServeProcess) -> None:
        self.running.remove(process)
        process.end(signal.SIGKILL)

    def stop(self) -> None:
        while self.running:
            assert self.running.pop().end(signal.SIGTERM) == (0, "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for process in list(self.running):
            self.kill(process)

    def _started(self) -> ServeProcess:
        self._count += 1
        data = self._folder / f"machine-{self._count}"
        data.mkdir()
        (data / "service.key").write_bytes(self._key)
        return ServeProcess(data, environment=self._environment, ready=False, **self._options)


def test_nothing_is_lost_and_nothing_done_twice_when_a_replica_is_killed(
    tmp_path: Path, cluster: Cluster, s3: ObjectStorage
) -> None:
    seed = os.urandom(4).hex()
    print(f"seed {seed}, {UPLOADS} uploads and as many decisions")
    chance = random.Random(seed)
    pictures = [picture(number, (8, 8), "PNG") for number in range(64)]
    storage = s3.bucket()
    with (
        cluster.database(empty=True) as url,
        Receiver() as receiver,
        Machines(tmp_path, url, storage, s3) as machines,
    ):
        balancer = Balancer(machines.start_together(3))
        began = time.monotonic()

        def upload(number: int) -> str:
            status, answer = balancer.request(
                "POST",
                "/image/upload",
                fields={
                    "file": ("x.png", pictures[number % 64]),
                    "public_id": f"p-{number}",
                    "moderation": "manual",
                    "notification_url": receiver.url,
                },
            )
            assert status == 200, answer
            return str(answer["asset_id"])

        def decide(numbers: range) -> list[str]:
            items = [
                {"decision_id": f"d-{n}", "public_id": f"p-{n}", "status": verdict(n),
                 "expected": ["pending"], "actor": "kim"}
                for n in numbers
            ]  # fmt: skip
            status, answer = balancer.request(
                "POST", "/modstation/decisions", json={"decisions": items}
            )
            assert status == 200, answer
            return [result["outcome"] for result in answer["results"]]

        slices = [range(at, min(at + 25, UPLOADS)) for at in range(0, UPLOADS, 25)]
        fatal = chance.randrange(len(slices) // 4, len(slices) * 3 // 4)

        def work(at: int) -> tuple[list[str], list[str]]:
            if at == fatal:
                victim = chance.choice(machines.running)
                machines.kill(victim)
                balancer.replace(victim, *machines.start_together(1))
            return [upload(number) for number in slices[at]], decide(slices[at])

        with ThreadPoolExecutor(_CALLERS) as callers:
            done = list(callers.map(work, range(len(slices))))
        took = time.monotonic() - began
        print(f"{UPLOADS} uploads and decisions in {took:.1f} s")
        # One that was carried out and not answered is told so when it is sent again.
        assert {outcome for _, outcomes in done for outcome in outcomes} <= {
            "applied",
            "already_applied",
        }
        items = {item["public_id"]: item for item in every(balancer)}
        assert sorted(items) == sorted(f"p-{number}" for number in range(UPLOADS))
        changed = cluster.sql("SELECT public_id FROM decision_history WHERE changed", url)
        history = Counter(name for (name,) in changed)
        assert set(history) == set(items)
        assert set(history.values()) == {1}
        for number in range(UPLOADS):
            assert items[f"p-{number}"]["moderation_status"] == verdict(number)
        told: set[tuple[str, str]] = set()
        seen = 0
        while len(told) < 2 * UPLOADS:
            for note in receiver.wait_for(seen + 1, seconds=60)[seen:]:
                seen += 1
                told.add((note.document["notification_type"], note.document["public_id"]))
        print(f"told after {time.monotonic() - began:.1f} s")
        machines.stop()
        balancer.close()
        # In whichever area: some are on their way to the backups. Nothing moves any more, else
        # one could leave an area that is not listed yet for one that was.
        kept = {beside(name, ""): digest for name, digest in s3.digests(storage).items()}
        blobs = dict(cluster.sql("SELECT public_id, blob FROM assets", url))
        for number in range(UPLOADS):
            digest = hashlib.md5(pictures[number % 64]).hexdigest()
            assert kept[beside(str(blobs[f"p-{number}"]), "")] == digest


def verdict(number: int) -> str:
    return "rejected" if number % 3 == 0 else "approved"


def every(balancer: Balancer) -> Iterator[dict[str, Any]]:
    """The stored images, a page at a time."""
    cursor = ""
    while True:
        _, page = balancer.request(
            "GET", "/resources/image/upload", fields={"max_results": "500", "next_cursor": cursor}
        )
        yield from page["resources"]
        if "next_cursor" not in page:
            return
        cursor = page["next_cursor"]
