"""kill -9 of a whole station at every named point of claim → send → settle."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Self

import pytest

from helpers.dying_network import POINTS
from helpers.killable_station import KillableStation
from helpers.live_service import LiveService, picture
from modstation.app.paths import home_at
from modstation.app.unattended import opened_store

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 25
ASSETS = 60
MOMENTS = 2

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs SIGKILL for a group")


@dataclass
class Watched:
    """A station that is started again whenever it dies, and all that it ever showed."""

    folder: Path
    url: str
    seed: str
    asked: dict[str, str] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    connections: list[str] = field(default_factory=list)
    starts: int = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.starts += 1
        self.station = KillableStation(
            self.folder, self.url, seed=f"{self.seed}/{self.starts}", deaths=ROUNDS
        )

    @property
    def deaths(self) -> list[str]:
        log = self.station.log
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if line.startswith("died")]

    def look(self) -> str | None:
        """Read one line; None: it was gone and has been started again."""
        line = self.station.next()
        if line is None:
            self.station.kill()
            self.start()
            return None
        self._note(line)
        return line

    def kill(self) -> None:
        for line in self.station.kill():
            self._note(line)
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.station.kill()

    def _note(self, line: str) -> None:
        print(line)  # pytest shows it when the test fails
        what, *rest = line.split(" ", 2)
        if what == "asked":
            key, status = rest
            assert key not in self.saved, f"{key} was shown as saved and came again"
            self.asked[key] = status
        elif what == "saved":
            key, status = rest
            assert self.asked[key] == status
            self.saved[key] = status
        elif what == "connection":
            self.connections.append(rest[0])


@pytest.mark.parametrize("batch", [True, False], ids=["batch", "one by one"])
def test_every_saved_decision_has_its_effect_once_whenever_the_station_is_killed(
    tmp_path: Path, *, batch: bool
) -> None:
    """25 deaths for either way of posting, 50 in all, of real processes on one data folder.

    The network process kills itself at each named point in turn, at an arrival there chosen by
    chance; every seventh time it kills the station with it. Twice more the station's whole group
    is killed from outside, at any line it writes. A station that lives on must see the death,
    start the next process and go on; one that died is started again.
    """
    seed = os.urandom(4).hex()
    print(f"seed {seed}")
    random = Random(seed)
    with ExitStack() as closing:
        service = closing.enter_context(LiveService(tmp_path))
        if not batch:
            service.without_extension()
        count = upload(service, 0, ASSETS)
        watched = closing.enter_context(Watched(tmp_path / "desk", service.cloudinary_url, seed))
        moments = sorted(random.sample(range(2, ROUNDS - 2), MOMENTS))
        while len(watched.deaths) < ROUNDS:
            left = count - len(watched.asked)
            if left < 2:
                count = upload(service, count, ASSETS)
            watched.station.tell(decide=random.randint(1, 2))
            if moments and len(watched.deaths) >= moments[0]:
                moments.pop(0)
                for _ in range(random.randint(1, 3)):
                    if watched.look() is None:
                        break
                watched.kill()
                continue
            died = len(watched.deaths)
            while watched.look() not in {None, "idle"} and len(watched.deaths) == died:
                pass
        watched.station.tell(decide="all")
        while (line := watched.look()) != "idle":
            if line is None:
                watched.station.tell(decide="all")
        watched.station.close()

        print(Counter(watched.deaths), "starts:", watched.starts)
        assert {death.split()[1] for death in watched.deaths} == set(POINTS)
        # What was on the disk but not yet shown when it died counts too, and only once.
        assert len(watched.asked) == count
        assert watched.saved.items() <= watched.asked.items()
        statuses = service.statuses()
        history = service.decisions()
        for key, status in watched.asked.items():
            name = key.rpartition("/")[2]
            assert statuses[name] == status, key
            changed = [row.to_status for row in history if row.public_id == name and row.changed]
            assert changed == [status], key
        alone = sum(death.endswith("network") for death in watched.deaths)
        assert watched.connections.count("trouble") >= alone - MOMENTS
        with opened_store(home_at(tmp_path / "desk" / "home").account(service.cloud)) as store:
            assert store.verify_chain() is None
            assert store.counts().done == count


def upload(service: LiveService, first: int, more: int) -> int:
    for number in range(first, first + more):
        service.upload(picture(number, (64, 48)), public_id=f"p{number:03}", moderation="manual")
    return first + more
