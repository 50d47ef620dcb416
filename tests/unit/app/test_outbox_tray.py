"""The outbox page by page: every row once, in order, and what each one offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from helpers.assets import draft_for, fill, make_assets
from modstation.app.outbox_tray import Offer, TrayPlace, offers, read_page
from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.errors import Refused
from modstation.core.outbox import REPLACED, Failed, Operation, OperationState
from modstation.core.settling import settle
from modstation.store.station_store import StationStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)
S = OperationState


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StationStore]:
    store = StationStore.open(
        tmp_path / "station.sqlite3", clock=SystemClock(), ids=TimeOrderedIds()
    )
    yield store
    store.close()


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 50])
@pytest.mark.parametrize("stuck", [0, 2, 4, 7])
def test_every_row_is_on_one_page_and_those_that_need_a_person_come_first(
    store: StationStore, limit: int, stuck: int
) -> None:
    assets = make_assets(7)
    fill(store, assets, at=datetime.now(UTC))
    for asset in assets:
        store.decide(draft_for(asset), hold=timedelta(0))
    now = SystemClock().now()
    parked = store.claim(stuck, now) if stuck else []
    for operation in parked:
        store.apply(
            operation.operation_id, settle(operation, Failed(Refused("no")), now=now), now=now
        )
    seen: list[OperationState] = []
    names: set[str] = set()
    place: TrayPlace | None = TrayPlace()
    while place is not None:
        page = read_page(store, place, limit)
        assert 0 < len(page.rows) <= limit
        seen += [row.operation.state for row in page.rows]
        names |= {row.row_id for row in page.rows}
        place = page.next
    assert len(names) == len(seen) == 7
    assert seen == [S.PARKED] * stuck + [S.READY] * (7 - stuck)


OPERATION = Operation(
    operation_id="1",
    decision_id="1",
    ref=AssetRef("image", "upload", "a"),
    target=ModerationStatus.APPROVED,
    state=S.HELD,
    due_at=NOW,
    decided_at=NOW,
)


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({"state": S.HELD}, {Offer.POST_NOW, Offer.DROP}),
        ({"state": S.READY}, {Offer.POST_NOW, Offer.DROP}),
        # Perhaps it arrived: nothing may pretend that it did not.
        ({"state": S.READY, "sent": True}, {Offer.POST_NOW}),
        ({"state": S.IN_FLIGHT}, set()),
        ({"state": S.PARKED}, {Offer.RETRY, Offer.DROP}),
        (
            {"state": S.CONFLICTED, "theirs": ModerationStatus.REJECTED},
            {Offer.KEEP_MINE, Offer.ACCEPT_THEIRS, Offer.LOOK_AGAIN},
        ),
        (
            {"state": S.CONFLICTED, "theirs": ModerationStatus.PENDING, "error_code": REPLACED},
            {Offer.LOOK_AGAIN},
        ),
    ],
)
def test_a_row_offers_what_its_state_allows(
    changes: dict[str, object], offered: set[Offer]
) -> None:
    assert offers(replace(OPERATION, **changes)) == offered
