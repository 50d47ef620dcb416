"""A posted verdict is turned round: from the history, and from the queue of the rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.app.history import HistoryState
from modstation.app.look import Shown
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import Verdict
from modstation.core.queue import QueueView
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REJECTED = QueueView(status=ModerationStatus.REJECTED)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def delivered(service: LiveService, name: str) -> int:
    """What everybody gets who asks for the image."""
    return httpx.get(service.asset(name)["secure_url"], timeout=30).status_code


def test_a_posted_rejection_is_reversed_from_the_history_and_the_image_is_back(
    service: LiveService, own_home: Path
) -> None:
    service.fill(3)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        (gone,) = desk.reject()
        desk.drained()
        assert service.status_of(gone) == "rejected"
        assert delivered(service, gone) == 404
        desk.approve()
        desk.drained()

        history = desk.station.history
        history.open(lambda: None)
        desk.until(lambda: len(history.items) == 2, "the history was not read")
        history.choose(1)
        item = history.chosen
        assert item is not None
        assert (item.entry.asset.ref.public_id, item.state) == (gone, HistoryState.POSTED)
        desk.until(lambda: isinstance(history.frame(), Frame), "its picture never came")
        history.painted(item.decision_id, Shown.PICTURE)
        history.decide(Verdict.APPROVE)
        assert "restores the image from its backup" in history.line.text
        desk.turn()
        assert service.status_of(gone) == "rejected", "it was only explained"
        history.decide(Verdict.APPROVE)
        desk.until(lambda: len(history.items) == 3, "the reversal is not in the history")
        desk.drained()
        history.refresh()
        desk.until(lambda: history.items[0].state is HistoryState.POSTED, "it was not posted")
        states = [item.state for item in history.items]
        assert states[2] is HistoryState.REVERSED
        history.close()
    assert service.status_of(gone) == "approved"
    assert delivered(service, gone) == 200


def test_a_held_rejection_is_changed_in_the_history_and_only_the_change_is_posted(
    service: LiveService, own_home: Path
) -> None:
    service.fill(2)
    with StationDesk(own_home, service.cloudinary_url, hold=300) as desk:
        (name,) = desk.reject()
        history = desk.station.history
        history.open(lambda: None)
        desk.until(lambda: history.chosen, "the history was not read")
        item = history.chosen
        assert item is not None
        desk.until(lambda: isinstance(history.frame(), Frame), "its picture never came")
        history.painted(item.decision_id, Shown.PICTURE)
        history.decide(Verdict.APPROVE)
        desk.until(lambda: len(history.items) == 2, "it was not changed")
        history.close()
        desk.post_now()
        desk.drained()
    assert service.status_of(name) == "approved"
    assert service.changes_of(name) == 1


def test_a_rejected_image_is_found_in_its_queue_and_rescued(
    service: LiveService, own_home: Path
) -> None:
    service.fill(3)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        gone = desk.reject(2)
        desk.drained()
        desk.session.change_view(REJECTED)
        desk.has(2)
        desk.look_at(gone[1])
        assert isinstance(desk.shows(), Frame)
        desk.press_approve()
        assert desk.current == gone[1], "the first press explains"
        (back,) = desk.approve()
        desk.drained()
        desk.has(1)
    assert back == gone[1]
    assert {name: service.status_of(name) for name in gone} == {
        gone[0]: "rejected",
        back: "approved",
    }
    assert [delivered(service, name) for name in gone] == [404, 200]
