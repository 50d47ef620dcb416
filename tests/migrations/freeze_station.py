"""Make the frozen database of the current schema: run once per released schema, then commit it.

    python tests/migrations/freeze_station.py tests/migrations/frozen

A database that is frozen is never made again: it is what people have on their disks.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.assets import (
    APPROVED,
    AT_ONCE,
    HOLD,
    MANUAL_PENDING,
    REJECT,
    draft_for,
    fill,
    make_assets,
)
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.errors import Refused
from modstation.core.likeness import Fingerprint
from modstation.core.outbox import Acknowledged, Failed, Observed, Outcome
from modstation.core.settling import settle
from modstation.store.connection import SCHEMA_VERSION
from modstation.store.station_store import StationStore


def freeze(folder: Path) -> Path:
    """A small database with a row of every kind in every state."""
    path = folder / f"station-{SCHEMA_VERSION}.sqlite3"
    if path.exists():
        raise SystemExit(f"{path} is frozen already")
    clock = ManualClock()
    store = StationStore.open(path, clock=clock, ids=CountingIds())
    photos = make_assets(12)
    fill(store, photos, at=clock.now())

    def attempt(number: int, outcome: Outcome) -> None:
        store.decide(draft_for(photos[number], REJECT, reason_code="spam"), hold=AT_ONCE)
        [row] = store.claim(1, clock.now())
        transition = settle(row, outcome, now=clock.now())
        store.apply(row.operation_id, transition, now=clock.now())
        clock.advance(1)

    attempt(0, Acknowledged(REJECT.status))
    attempt(1, Failed(Refused("The service said no.")))
    attempt(2, Observed(APPROVED))
    store.decide(draft_for(photos[3], note="naïve “note”"), hold=AT_ONCE)
    store.claim(1, clock.now())
    store.decide(draft_for(photos[4]), hold=AT_ONCE)
    store.decide(draft_for(photos[5]), hold=HOLD)
    store.decide(draft_for(photos[6]), hold=HOLD)
    store.undo(actor="mod")
    store.skip(photos[7].key, MANUAL_PENDING)
    store.flag(photos[9].key, actor="mod", note="ask the author")
    store.escalate(draft_for(photos[10], note="is that a toy?"))
    store.escalate(draft_for(photos[11]))
    store.withdraw(draft_for(photos[11]))
    store.put_state("quota", '{"limit": 500}')
    retry_at = clock.now() + timedelta(minutes=5)
    store.note_problem(photos[8].key, "review", "timed out", permanent=False, retry_at=retry_at)
    twin = Fingerprint(bytes(32), 90, bytes(8))
    store.likeness.put([(photos[number].key, "v1", twin) for number in (8, 9)])
    store.hold_elsewhere([(photos[0].key, "kim", clock.now())])
    store.close()
    return path


if __name__ == "__main__":
    print(freeze(Path(sys.argv[1])))
