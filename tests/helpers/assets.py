"""Builders of assets, decisions and stores: a test names only what it is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from modstation.core.assets import Asset, AssetRef, MachineLabel, ModerationEntry, ModerationStatus
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.decisions import DecisionDraft, Verdict
from modstation.core.queue import QueueView
from modstation.store.station_store import PageResult, StationStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modstation.core.clock import Clock, Ids

FIRST_CREATED = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
MANUAL_PENDING = QueueView()
HOLD = timedelta(seconds=10)
AT_ONCE = timedelta(0)
APPROVED, REJECTED = ModerationStatus.APPROVED, ModerationStatus.REJECTED
PENDING = ModerationStatus.PENDING
APPROVE, REJECT = Verdict.APPROVE, Verdict.REJECT


def make_asset(
    number: int | str = 1,
    *,
    status: ModerationStatus = PENDING,
    kind: str = "manual",
    version: int = 1,
    asset_id: str | None = None,
    labels: Sequence[MachineLabel] = (),
    **fields: Any,
) -> Asset:
    """The ``number``-th photo: created that many seconds after the first one."""
    name = f"photos/{number:04d}" if isinstance(number, int) else number
    seconds = number if isinstance(number, int) else 0
    asset_id = asset_id or f"id-of-{name}"
    raw = {"public_id": name, "asset_id": asset_id, "version": version}
    values: dict[str, Any] = {
        "format": "jpg",
        "bytes": 120_000,
        "width": 1280,
        "height": 960,
        "created_at": FIRST_CREATED + timedelta(seconds=seconds),
        "url": f"https://photos.example/image/upload/v{version}/{name}.jpg",
        "moderation": (ModerationEntry(kind, status, labels=tuple(labels)),),
        "raw": json.dumps(raw),
    }
    return Asset(
        ref=AssetRef("image", "upload", name),
        status=status,
        kind=kind,
        asset_id=asset_id,
        version=version,
        **(values | fields),
    )


def make_assets(count: int, **fields: Any) -> list[Asset]:
    """Photos 1 to ``count``, oldest first."""
    return [make_asset(number, **fields) for number in range(1, count + 1)]


def draft_for(asset: Asset, verdict: Verdict = APPROVE, **fields: Any) -> DecisionDraft:
    """What the station hands to the store when that asset is decided."""
    values: dict[str, Any] = {
        "actor": "mod",
        "asset_id": asset.asset_id,
        "version": asset.version,
        "kind": asset.kind,
        "status_seen": asset.status,
        "expected": frozenset({asset.status}),
    }
    return DecisionDraft(ref=asset.ref, verdict=verdict, **(values | fields))


def open_store(folder: Path, *, clock: Clock | None = None, ids: Ids | None = None) -> StationStore:
    """The station's database in a folder, new or as it was left."""
    path = folder / "station.sqlite3"
    new_database(path)
    return StationStore.open(path, clock=clock or ManualClock(), ids=ids or CountingIds())


def new_database(path: Path) -> None:
    """Put an empty database there, unless there is one.

    A copy of one that was made before: its steps from the first schema on take thirty
    milliseconds of the processor, and most tests begin with it.
    """
    if not path.exists():
        path.write_bytes(_empty_database())


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "station.sqlite3"
        StationStore.open(path, clock=ManualClock(), ids=CountingIds()).close()
        return path.read_bytes()


def fill(
    store: StationStore,
    assets: Sequence[Asset],
    *,
    view: QueueView = MANUAL_PENDING,
    at: datetime,
    pass_id: str = "pass-1",
) -> PageResult:
    """Store one whole listing of a view."""
    (listing,) = view.listings
    return store.apply_page(
        listing, assets, cursor=None, pass_id=pass_id, listed_at=at, first=True, last=True
    )
