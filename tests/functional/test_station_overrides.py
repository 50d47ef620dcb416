"""A posted verdict is turned round: from the history, and from the queue of the rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.app.history_items import HistoryState
from modstation.app.look import Shown
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import Verdict
from modstation.core.events import PastDecisionsTold
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
        history.changes.decide(Verdict.APPROVE)
        assert "restores the image from its backup" in history.line.text
        desk.turn()
        assert service.status_of(gone) == "rejected", "it was only explained"
        history.changes.decide(Verdict.APPROVE)
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
        history.changes.decide(Verdict.APPROVE)
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


def test_the_service_tells_who_rejected_an_image_elsewhere(
    service: LiveService, own_home: Path
) -> None:
    (name,) = service.fill(1)
    reject_as_kim(service, name)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.session.change_view(REJECTED)
        desk.shows()
        # The reason came with the list, and it is none that covers.
        assert not desk.session.looking.covered
        entry = desk.session.current
        assert entry is not None
        # Asked again until the service was asked what it can do.
        desk.until(lambda: desk.station.ask_past(entry.key) or past(desk), "it was not told")
        assert past(desk)[0] == (entry.key, [("rejected", "kim", "quality", "only blur")])


def test_nothing_is_told_by_a_service_that_keeps_no_history(
    service: LiveService, own_home: Path
) -> None:
    service.without_extension()
    (name,) = service.fill(1)
    service.decide(name, "rejected")
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.session.change_view(REJECTED)
        desk.until(lambda: desk.current == name, "it was not listed")
        desk.shows_card()
        desk.station.ask_past(f"image/upload/{name}")
        pid = desk.network_pid
        service.fill(1, prefix="later")
        desk.session.change_view(QueueView())
        desk.until(lambda: desk.current == "later-0000", "the network process is not well")
        assert desk.network_pid == pid
        assert past(desk) == []
        assert desk.messages == []


def reject_as_kim(service: LiveService, name: str) -> None:
    """Another moderator, at another station, rejects it for its form."""
    item = {
        "decision_id": f"kim-{name}",
        "public_id": name,
        "status": "rejected",
        "actor": "kim",
        "reason": "quality",
        "note": "only blur",
    }
    answer = service.request("POST", "/modstation/decisions", json={"decisions": [item]})
    assert answer.json()["results"][0]["outcome"] == "applied"


def past(desk: StationDesk) -> list[tuple[str, list[tuple[str, ...]]]]:
    """What the service has told of past decisions."""
    return [
        (e.key, [(d.status, d.actor or "", d.reason_code or "", d.note or "") for d in e.decisions])
        for e in desk.events
        if isinstance(e, PastDecisionsTold)
    ]
