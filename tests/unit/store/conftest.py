"""A store on a manual clock in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.assets import fill, make_assets, open_store
from modstation.core.clock import CountingIds, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modstation.core.assets import Asset
    from modstation.store.station_store import StationStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock, ids: CountingIds) -> Iterator[StationStore]:
    opened = open_store(tmp_path, clock=clock, ids=ids)
    yield opened
    assert opened.drift() == []
    assert opened.verify_chain() is None
    opened.close()


@pytest.fixture
def photos(store: StationStore, clock: ManualClock) -> list[Asset]:
    assets = make_assets(5)
    fill(store, assets, at=clock.now())
    return assets
