"""Somebody else settles a photo through the SDK while a decision on it is held here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cloudinary.api
import pytest

from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import Action
from modstation.core.events import Connection
from modstation.core.outbox import OperationState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modstation.core.outbox import Operation


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def settle_by_sdk(service: LiveService, name: str, status: str) -> None:
    """As the site's own back office does it, with the official SDK."""
    answer = cloudinary.api.update(
        name,
        moderation_status=status,
        cloud_name=service.cloud,
        api_key=service.key,
        api_secret=service.secret,
        upload_prefix=service.url,
    )
    assert answer["moderation"][0]["status"] == status


def conflicts(desk: StationDesk) -> dict[str, Operation]:
    found = desk.operations(OperationState.CONFLICTED)
    return {operation.ref.public_id: operation for operation in found}


def resolve(desk: StationDesk, operation: Operation, action: Action) -> None:
    done: list[bool] = []

    def failed(error: Exception) -> None:
        raise error

    desk.station.outbox.resolve_conflict(operation, action, lambda: done.append(True), failed)
    desk.until(lambda: done)


@pytest.mark.parametrize("batch", [True, False], ids=["batch", "one by one"])
def test_a_conflict_is_shown_with_both_verdicts_and_settled_in_three_ways(
    service: LiveService, own_home: Path, *, batch: bool
) -> None:
    names = service.fill(4)
    if not batch:
        service.without_extension()
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.shows_all()
        desk.station.set_offline(offline=True)
        desk.until(lambda: desk.connection is Connection.OFFLINE_CHOSEN)
        desk.approve(4)
        mine, theirs, again, agreed = names
        for name in (mine, theirs, again):
            settle_by_sdk(service, name, "rejected")
        settle_by_sdk(service, agreed, "approved")
        desk.station.set_offline(offline=False)
        desk.until(lambda: len(conflicts(desk)) == 3, "the conflicts were not found")
        desk.until(lambda: desk.session.counts.conflicted == 3)
        desk.until(
            lambda: len([text for text in desk.messages if "Somebody else settled" in text]) == 3
        )
        found = conflicts(desk)
        assert {(o.target, o.theirs) for o in found.values()} == {
            (ModerationStatus.APPROVED, ModerationStatus.REJECTED)
        }
        # Nothing was overruled so far; where both say the same there is no conflict.
        assert service.statuses() == dict.fromkeys(names, "rejected") | {agreed: "approved"}

        resolve(desk, found[mine], Action.KEEP_MINE)
        resolve(desk, found[theirs], Action.ACCEPT_THEIRS)
        resolve(desk, found[again], Action.LOOK_AGAIN)
        desk.drained()
        assert not conflicts(desk)
        assert service.status_of(mine) == "approved"
        assert service.status_of(theirs) == "rejected"
        desk.until(lambda: desk.current == again, "it did not come back to be looked at")
    assert {name: service.changes_of(name) for name in names} == {
        mine: 2,
        theirs: 1,
        again: 1,
        agreed: 1,
    }


def test_a_photo_looked_at_again_after_a_conflict_is_decided_anew(
    service: LiveService, own_home: Path
) -> None:
    (name,) = service.fill(1)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.shows_all()
        desk.station.set_offline(offline=True)
        desk.until(lambda: desk.connection is Connection.OFFLINE_CHOSEN)
        desk.reject()
        settle_by_sdk(service, name, "approved")
        desk.station.set_offline(offline=False)
        desk.until(lambda: len(conflicts(desk)) == 1, "the conflict was not found")
        resolve(desk, conflicts(desk)[name], Action.LOOK_AGAIN)
        desk.until(lambda: desk.current == name, "it did not come back")
        desk.reject()
        desk.drained()
        assert desk.current is None
    assert service.status_of(name) == "rejected"
    assert service.changes_of(name) == 2


def test_a_decision_held_while_someone_else_settles_is_not_forced_on_them(
    service: LiveService, own_home: Path
) -> None:
    """Held for undo, online all the while: the service itself compares."""
    (name,) = service.fill(1)
    with StationDesk(own_home, service.cloudinary_url, hold=300) as desk:
        desk.approve()
        settle_by_sdk(service, name, "rejected")
        desk.post_now()
        desk.until(lambda: len(conflicts(desk)) == 1, "the conflict was not found")
    assert service.status_of(name) == "rejected"
    assert service.changes_of(name) == 1
