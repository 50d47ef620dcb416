"""A live service whose machines work only when they are told to, by a clock that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from helpers.live_service import LiveService
from modstation.core.clock import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC = "http://images.example.com"


class Site:
    """What its owner does and sees."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self.clock = ManualClock()
        self.live = LiveService(data, clock=self.clock, public_url=PUBLIC, **settings)

    def work(self, seconds: float = 0) -> None:
        """Let the machines do what is due after ``seconds``."""
        self.clock.advance(seconds)
        assert self.live.service is not None
        machines = self.live.service.machines
        idle = 0
        # Twice: the service's own thread may have had one in hand that made another one due.
        while idle < 2:
            idle = 0 if machines.step(self.clock.now()) else idle + 1
            machines.drain()

    def entries(self, public_id: str) -> dict[str, str]:
        """The status of each moderation of an asset."""
        return {one["kind"]: one["status"] for one in self.live.asset(public_id)["moderation"]}

    def queue(self, kind: str, status: str) -> list[str]:
        """The public IDs in one queue."""
        answer = self.live.request("GET", f"/resources/image/moderations/{kind}/{status}")
        return [item["public_id"] for item in answer.json()["resources"]]

    def history(self, public_id: str) -> list[dict[str, Any]]:
        """Who said what, the oldest first."""
        path = f"/modstation/resources/image/upload/{public_id}/decisions"
        found = self.live.request("GET", path).json()["decisions"]
        return list(reversed(found))

    def delivered(self, public_id: str) -> bool:
        """Whether anybody gets the picture."""
        url = f"{self.live.url}/{self.live.cloud}/image/upload/{public_id}.jpg"
        with httpx.Client(trust_env=False, verify=False) as client:
            return client.get(url).status_code == 200
