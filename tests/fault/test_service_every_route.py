"""Random calls to every route, with and without a key: never a 500, nothing outside touched.

``MODSTATION_HOSTILE_CALLS`` is how many are made, for a longer run than the usual one.
"""

from __future__ import annotations

import hashlib
import os
import random
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest

from helpers.hostile_calls import HostileCalls, told_wrongly
from helpers.live_service import LiveService, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CALLS = int(os.environ.get("MODSTATION_HOSTILE_CALLS", "400"))


@pytest.fixture(params=["sqlite", "postgresql"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveService]:
    with ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("cluster").database())
        yield stack.enter_context(
            LiveService(tmp_path, database=url, notification_delays=(0.1,), notification_timeout=1)
        )


@pytest.fixture
def chance() -> random.Random:
    """New nonsense in every run; a failure shows the seed that repeats it."""
    seed = os.environ.get("MODSTATION_HOSTILE_SEED") or os.urandom(4).hex()
    print(f"MODSTATION_HOSTILE_SEED={seed}")
    return random.Random(seed)


def _stock(live: LiveService) -> None:
    for name in ("p0", "p1", "p2", "a/b"):
        live.upload(
            picture(1, (16, 16)), public_id=name, moderation="manual", tags="red", backup="1"
        )
    live.upload(public_id="gone", backup="1")
    live.request("POST", "/image/destroy", data={"public_id": "gone"})


def _tree(folder: Path, *, but: Path) -> dict[str, str]:
    """Every file outside ``but``, by its content."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and but not in file.parents
    }


def test_no_call_to_any_route_ends_in_a_fault_of_ours(
    live: LiveService,
    chance: random.Random,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    allow_log: Callable[[str], None],
) -> None:
    # What the parser of multipart bodies says of bodies that are none.
    allow_log("^python_multipart.multipart: ")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "p0").write_bytes(picture(3))
    monkeypatch.chdir(outside)
    data = live.settings.data
    before = _tree(tmp_path, but=data)
    _stock(live)
    calls = HostileCalls(live, chance)
    wrong: list[str] = []
    reached: dict[str, set[int]] = {}
    with httpx.Client(base_url=live.url, trust_env=False, verify=False, timeout=60) as client:
        for number in range(CALLS):
            if number % 500 == 499:
                _stock(live)
            call = calls.next(number)
            answer = client.request(call.method, call.path, **call.options)
            reached.setdefault(call.route, set()).add(answer.status_code)
            fault = told_wrongly(call, answer.status_code, dict(answer.headers), answer.content)
            if fault:
                wrong.append(f"{fault}: {call}\n{answer.text[:300]}")
    for route, statuses in reached.items():
        print(route, *sorted(statuses))
    assert wrong == []
    assert set(reached) == {route.path for route in calls.routes}
    assert _tree(tmp_path, but=data) == before
    # And it still serves.
    _stock(live)
    assert live.status_of("p0") == "pending"
    kept = [file.relative_to(data) for file in (data / "blobs").rglob("*") if file.is_file()]
    assert kept
    for file in kept:
        assert all(part.replace("-", "").replace(".", "").isalnum() for part in file.parts), file
