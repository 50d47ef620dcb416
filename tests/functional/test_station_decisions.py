"""A moderator at a real station on the real service: decide, undo, reverse, see new images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService, picture
from helpers.station_desk import StationDesk
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.events import Connection
from modstation.core.outbox import OperationState
from modstation.core.queue import QueueView
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def test_a_photo_is_shown_decided_and_settled_at_the_service(
    service: LiveService, own_home: Path
) -> None:
    service.fill(3)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        assert isinstance(desk.shows(), Frame)
        approved, rejected = desk.approve(), desk.reject(2)
        desk.drained()
        assert desk.current is None
        desk.until(lambda: desk.connection is Connection.ONLINE, "it was not told to be back")
    statuses = service.statuses()
    assert [statuses[name] for name in approved] == ["approved"]
    assert [statuses[name] for name in rejected] == ["rejected", "rejected"]
    assert len(service.decisions()) == 3


@pytest.mark.parametrize("batch", [True, False], ids=["batch", "one by one"])
def test_undo_within_the_hold_sends_nothing_about_that_photo(
    service: LiveService, own_home: Path, *, batch: bool
) -> None:
    names = service.fill(3)
    if not batch:
        service.without_extension()
    with StationDesk(own_home, service.cloudinary_url, hold=300) as desk:
        (kept,) = desk.approve()
        (regretted,) = desk.reject()
        assert "Taken back" in desk.undo()
        assert desk.current == regretted
        desk.station.post_now()
        desk.drained()
        (cancelled,) = desk.operations(OperationState.CANCELLED)
        assert (cancelled.ref.public_id, cancelled.sent) == (regretted, False)
    assert {kept, regretted} < set(names)
    assert service.statuses() == dict.fromkeys(names, "pending") | {kept: "approved"}
    assert {row.public_id for row in service.decisions()} == {kept}
    assert not service.faults.requests("POST", regretted)


def test_a_posted_decision_is_reversed_by_name_not_undone(
    service: LiveService, own_home: Path
) -> None:
    service.fill(2)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        (name,) = desk.reject()
        desk.drained()
        assert service.status_of(name) == "rejected"
        assert desk.undo() == "offer"
        offer = desk.session.reversal
        assert offer is not None
        assert offer.posted is ModerationStatus.REJECTED
        assert service.status_of(name) == "rejected", "an offer posts nothing"
        assert f"{name} will be posted as approved" in desk.undo()
        assert desk.session.reversal is None
        desk.drained()
    assert service.status_of(name) == "approved"
    assert service.changes_of(name) == 2


def test_a_photo_that_is_uploaded_anew_after_its_decision_comes_to_the_stage_again(
    service: LiveService, own_home: Path
) -> None:
    service.upload(picture(1), public_id="cat", moderation="manual")
    with StationDesk(own_home, service.cloudinary_url) as desk:
        first = desk.shows()
        desk.approve()
        desk.drained()
        service.upload(picture(2), public_id="cat", moderation="manual", overwrite="true")
        assert service.status_of("cat") == "pending"
        desk.station.refresh()
        desk.until(lambda: desk.current == "cat", "the new picture never came")
        second = desk.shows()
        assert isinstance(first, Frame)
        assert isinstance(second, Frame)
        assert bytes(first.pixels) != bytes(second.pixels), "the old picture on the stage"
        desk.reject()
        desk.drained()
    assert service.status_of("cat") == "rejected"


def test_a_photo_that_is_uploaded_anew_while_it_is_on_the_stage_has_to_be_seen_first(
    service: LiveService, own_home: Path
) -> None:
    service.upload(picture(1), public_id="cat", moderation="manual")
    with StationDesk(own_home, service.cloudinary_url) as desk:
        old = desk.shows()
        version = service.upload(
            picture(2), public_id="cat", moderation="manual", overwrite="true"
        )["version"]
        desk.station.refresh()
        desk.until(lambda: desk.session.looking.look.painted_at is None, "the old picture stayed")
        with pytest.raises(ReviewError) as refused:
            desk.press_approve()
        assert refused.value.code == "not-painted"
        new = desk.shows()
        assert isinstance(old, Frame)
        assert isinstance(new, Frame)
        assert bytes(old.pixels) != bytes(new.pixels), "the old picture on the stage"
        desk.approve()
        desk.drained()
        (operation,) = desk.operations(OperationState.DONE)
        assert operation.version == version
    assert service.status_of("cat") == "approved"


def test_going_back_reaches_the_first_photo_of_the_queue(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(30)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.look_at(names[-1])
        # As after a start in the middle: only the neighbourhood is in memory.
        desk.session.reload()
        desk.until(lambda: names[0] not in desk.names_behind())
        walked = []
        while desk.current != names[0]:
            desk.until(desk.back, f"no way back from {desk.current}")
            walked.append(desk.current)
        assert walked == names[-2::-1]
        with pytest.raises(ReviewError, match="first image"):
            desk.session.previous()


def test_what_is_reviewed_is_changed_while_the_station_runs(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(4)
    rejected = QueueView(status=ModerationStatus.REJECTED)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        gone = desk.reject(2)
        desk.drained()
        desk.session.change_view(rejected)
        desk.until(lambda: desk.session.counts.waiting == 2, "the rejected ones were not listed")
        assert isinstance(desk.shows(), Frame)
        desk.session.decide(Verdict.APPROVE)
        assert desk.session.counts.unsent == 0, "what an override does is only explained at first"
        (back,) = desk.approve()
        desk.drained()
        desk.session.change_view(QueueView())
        desk.until(lambda: desk.current in set(names) - set(gone), "the queue never came back")
        assert isinstance(desk.shows(), Frame)
        desk.has(2)
    assert back in gone
    assert service.status_of(back) == "approved"


def test_photos_that_were_fetched_are_decided_with_no_service_at_all(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(6)
    url = service.cloudinary_url
    with StationDesk(own_home, url) as desk:
        for number, _ in enumerate(names):
            if number:
                desk.session.next()
            assert isinstance(desk.shows(), Frame)
    service.stop()

    with StationDesk(own_home, url) as desk:
        approved = desk.approve(3)
        desk.until(lambda: desk.connection is Connection.OFFLINE, "offline was not seen")
        rejected = desk.reject(1)
    # Put away for the night, and again offline in the morning.
    with StationDesk(own_home, url, offline=True) as desk:
        rejected += desk.reject(2)
        assert desk.current is None
        assert len(desk.operations(OperationState.READY, OperationState.HELD)) == 6
        desk.until(lambda: desk.connection is Connection.OFFLINE_CHOSEN)
        assert set(approved + rejected) == set(names)
        service.start()
        desk.station.set_offline(offline=False)
        desk.drained()
        desk.until(lambda: desk.connection is Connection.ONLINE, "it was not told to be back")
    wanted = dict.fromkeys(approved, "approved") | dict.fromkeys(rejected, "rejected")
    assert service.statuses() == wanted
    assert all(service.changes_of(name) == 1 for name in names)
