"""The service killed while machines are at work on what was uploaded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx

from helpers.fake_providers import FakeWebPurify
from helpers.live_service import picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PROGRAM = """
import sys
from pathlib import Path
from modstation.service.providers.webpurify import WebPurifyAccount
from modstation.service.running.run import serve
from modstation.service.settings import ServiceSettings
account = WebPurifyAccount(sys.argv[2], sys.argv[3], look_seconds=0.2)
sys.exit(serve(ServiceSettings(
    Path(sys.argv[1]), port=0, cloud="killed", webpurify=account, public_url="http://example.com"
)))
"""


class _Serving:
    """The service as a process of its own, with WebPurify's account."""

    def __init__(self, data: Path, webpurify: FakeWebPurify) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(data), webpurify.KEY, webpurify.endpoint],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        address = urlsplit(self.process.stdout.readline().strip().removeprefix("CLOUDINARY_URL="))
        assert self.process.stdout.readline() == "ready\n"
        auth = (address.username or "", address.password or "")
        self.api = f"{parse_qs(address.query)['upload_prefix'][0]}/v1_1/killed"
        self.client = httpx.Client(auth=auth, trust_env=False, verify=False, timeout=20)

    def statuses(self) -> list[str]:
        """Each moderation's status of the one asset there is."""
        asset = self.client.get(f"{self.api}/resources/image/upload/one").json()
        return [entry["status"] for entry in asset["moderation"]]

    def end(self, number: int) -> None:
        self.client.close()
        os.kill(self.process.pid, number)
        self.process.communicate(timeout=30)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def test_a_decision_that_falls_while_the_service_is_dead_is_read_after_its_start(
    tmp_path: Path,
) -> None:
    with FakeWebPurify() as webpurify:
        first = _Serving(tmp_path / "data", webpurify)
        first.client.post(
            f"{first.api}/image/upload",
            data={"public_id": "one", "moderation": "webpurify|manual"},
            files={"file": ("one.jpg", picture())},
        ).raise_for_status()
        # Taken in by WebPurify, and that it was is stored.
        _until(lambda: webpurify.count("imgstatus") > 0)
        first.end(signal.SIGKILL)
        webpurify.decide("declined")
        again = _Serving(tmp_path / "data", webpurify)
        # A job that was in hand at the kill is free again when its lease is over.
        with httpx.Client(trust_env=False, verify=False) as client:
            [image] = webpurify.images.values()
            told = urlsplit(image["callback"])
            path = f"{again.api}{told.path.removeprefix('/v1_1/killed')}"
            assert client.get(path, params={"status": "2"}).status_code == 200
        _until(lambda: again.statuses() == ["rejected", "aborted"])
        again.end(signal.SIGTERM)
        assert webpurify.count("imgcheck") == 1
