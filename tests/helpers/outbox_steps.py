"""Steps of the outbox as tests of the store take them: attempt one, look what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.assets import MANUAL_PENDING
from modstation.core.settling import settle

if TYPE_CHECKING:
    from modstation.core.assets import Asset, ModerationStatus
    from modstation.core.clock import ManualClock
    from modstation.core.outbox import Operation, Outcome
    from modstation.store.station_store import StationStore


def queue(store: StationStore) -> list[str]:
    entries = store.window(MANUAL_PENDING, around=None, before=0, after=100)
    return [entry.asset.ref.public_id.removeprefix("photos/") for entry in entries]


def attempt(store: StationStore, clock: ManualClock, outcome: Outcome) -> Operation:
    [operation] = store.claim(1, clock.now())
    transition = settle(operation, outcome, now=clock.now())
    return store.apply(operation.operation_id, transition, now=clock.now())


def status_of(store: StationStore, asset: Asset) -> ModerationStatus:
    entry = store.entry(asset.key)
    assert entry is not None
    return entry.asset.status
