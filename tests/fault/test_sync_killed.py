"""kill -9 at every named point of claim → send → settle: nothing is lost, flipped or doubled."""

from __future__ import annotations

import os
import threading
from random import Random
from typing import TYPE_CHECKING

import pytest

from helpers.assets import APPROVE, AT_ONCE, MANUAL_PENDING, REJECT, draft_for
from helpers.dying_engine import DyingEngines
from helpers.live_service import Fault, LiveService, picture
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.outbox import OperationState
from modstation.store.station_store import StationStore

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.core.assets import Asset
    from modstation.core.decisions import Verdict

POINTS = ["claimed", "sending", "sent", "settled", "page-received", "page-stored"]
ROUNDS = 25
# How often a round reaches a point: at every row when posted one by one, once for a whole batch.
REACHED = {False: 3, True: 1}
ASSETS = 40

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.mark.parametrize("batch", [False, True], ids=["one by one", "batch"])
def test_no_kill_loses_flips_or_doubles_a_decision(tmp_path: Path, *, batch: bool) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    random = Random(seed)
    chosen: dict[str, list[Verdict]] = {}
    with LiveService(tmp_path) as service, DyingEngines.start() as engines:
        for number in range(ASSETS):
            service.upload(picture(number, (64, 48)), public_id=f"p{number}", moderation="manual")

        def go(point: str, count: int) -> str:
            return engines.round(
                folder=str(tmp_path),
                url=service.cloudinary_url,
                point=point,
                count=count,
                batch=batch,
            )

        go("none", 0)
        store = StationStore.open(
            tmp_path / "station.sqlite3", clock=SystemClock(), ids=TimeOrderedIds()
        )
        waiting = [
            entry.asset
            for entry in store.window(MANUAL_PENDING, around=None, before=0, after=ASSETS)
        ]
        assert len(waiting) == ASSETS
        random.shuffle(waiting)
        decided: list[Asset] = []
        kills = 0
        for _ in range(ROUNDS):
            for asset in _take(waiting, random.randint(0, 4)):
                _decide(store, chosen, asset, random.choice([APPROVE, REJECT]))
                decided.append(asset)
            if decided and random.random() < 0.3:
                again = random.choice(decided)
                _decide(store, chosen, again, chosen[again.ref.public_id][-1].opposite)
            if random.random() < 0.3:
                fault = random.choice([Fault.DROP_AFTER, Fault.ERROR_AFTER, Fault.HTML_AFTER])
                service.faults.add(fault, method="POST", path="/")
            kills += go(random.choice(POINTS), random.randint(1, REACHED[batch])) == "killed"
        for asset in _take(waiting, ASSETS):
            _decide(store, chosen, asset, REJECT)
        service.faults.clear()
        _drain(store, go)

        assert kills > 0
        assert store.verify_chain() is None
        for name, verdicts in chosen.items():
            assert service.status_of(name) == verdicts[-1].status.value, name
            wanted = [verdict.status.value for verdict in verdicts]
            happened = [row.to_status for row in service.decisions(name) if row.changed]
            # Each choice at most once, in their order: never an older one after a newer.
            assert _is_part_in_order(happened, wanted), (name, happened, wanted)
        store.close()


def _take(waiting: list[Asset], count: int) -> list[Asset]:
    taken, waiting[:] = waiting[:count], waiting[count:]
    return taken


def _decide(
    store: StationStore, chosen: dict[str, list[Verdict]], asset: Asset, verdict: Verdict
) -> None:
    """As a moderator does it: a second choice for an asset expects what the first one set."""
    before = chosen.setdefault(asset.ref.public_id, [])
    expected = {asset.status, *(verdict.status for verdict in before)}
    store.decide(draft_for(asset, verdict, expected=frozenset(expected)), hold=AT_ONCE)
    before.append(verdict)


def _drain(store: StationStore, go: object) -> None:
    assert callable(go)
    for _ in range(20):
        go("none", 0)
        if not store.counts().unsent:
            return
        # A row that failed twice sits out seconds of its own, longer than twenty rounds may take.
        due = store.next_due()
        if due is not None:
            wait = (due - SystemClock().now()).total_seconds()
            threading.Event().wait(min(max(wait, 0.0), 5.0))
    left = store.operations(set(OperationState) - {OperationState.DONE, OperationState.CANCELLED})
    raise AssertionError(f"unsent: {left}")


def _is_part_in_order(happened: list[str], wanted: list[str]) -> bool:
    rest = iter(wanted)
    return all(status in rest for status in happened)
