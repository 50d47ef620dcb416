"""What is reviewed changes at run time, and nothing of the old queue comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.assets import APPROVED, MANUAL_PENDING, REJECT, fill, make_assets
from helpers.session_desk import SessionDesk
from modstation.app.session_events import CurrentChanged, ViewChanged
from modstation.core.errors import StoreBusy
from modstation.core.events import QueueChanged
from modstation.core.filtering import parse_filter
from modstation.core.queue import Counts, QueueView

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTLED = QueueView(status=APPROVED)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SessionDesk]:
    made = SessionDesk(tmp_path)
    now = made.clock.now()
    photos = make_assets(90)
    fill(made.store, photos[:70], at=now)
    fill(
        made.store,
        [make_assets(90, status=APPROVED)[number] for number in range(70, 90)],
        view=SETTLED,
        at=now,
    )
    made.start()
    yield made
    made.close()


def test_window_counters_pictures_and_network_follow_the_view(desk: SessionDesk) -> None:
    desk.session.change_view(SETTLED)
    assert desk.current is None
    assert not desk.session.loaded, "an empty stage would mean an empty queue"
    desk.tasks.settle()
    assert desk.current == "photos/0071"
    assert desk.session.counts.waiting == 20
    assert desk.views == [SETTLED]
    assert desk.wanted[-1][0] == "image/upload/photos/0071"
    assert ViewChanged(SETTLED) in desk.events


def test_the_same_view_again_changes_nothing(desk: SessionDesk) -> None:
    desk.events.clear()
    desk.session.change_view(MANUAL_PENDING)
    assert desk.current == "photos/0001"
    assert not desk.events
    assert not desk.tasks.waiting


def test_what_the_store_still_answers_about_the_old_view_is_dropped(desk: SessionDesk) -> None:
    desk.session.reload()
    desk.tasks.work()
    desk.session.change_view(SETTLED)
    desk.tasks.deliver()
    assert desk.current is None
    assert not desk.session.loaded
    desk.tasks.settle()
    assert desk.current == "photos/0071"


def test_an_error_about_the_old_view_is_not_told_and_the_new_one_is_read(
    desk: SessionDesk,
) -> None:
    desk.session.reload()
    desk.tasks.failing = StoreBusy("another program writes")
    desk.tasks.work()
    desk.session.change_view(SETTLED)
    desk.tasks.deliver()
    assert not desk.messages
    desk.tasks.settle()
    assert desk.current == "photos/0071"


def test_back_and_forth_before_any_answer_ends_where_it_was_asked_last(desk: SessionDesk) -> None:
    desk.session.change_view(SETTLED)
    desk.session.change_view(MANUAL_PENDING)
    desk.tasks.settle()
    assert desk.current == "photos/0001"
    assert desk.session.counts.waiting == 70
    assert desk.views == [SETTLED, MANUAL_PENDING]


def test_counters_of_the_old_view_that_were_on_their_way_are_not_taken(desk: SessionDesk) -> None:
    desk.session.change_view(SETTLED)
    desk.tasks.settle()
    desk.session.news.take(QueueChanged(Counts(waiting=70), MANUAL_PENDING))
    assert desk.session.counts.waiting == 20
    desk.session.news.take(QueueChanged(Counts(waiting=21), SETTLED))
    assert desk.session.counts.waiting == 21


def test_what_was_decided_just_before_is_saved_and_can_be_taken_back_in_the_new_view(
    desk: SessionDesk,
) -> None:
    desk.see()
    desk.session.decide(REJECT)
    desk.session.change_view(SETTLED)
    desk.tasks.settle()
    assert desk.current == "photos/0071"
    assert desk.session.counts.held == 1
    desk.session.undo()
    desk.tasks.settle()
    assert desk.current == "photos/0071", "what waits elsewhere has no place on this stage"
    assert "Taken back" in desk.messages[-1]
    desk.session.change_view(MANUAL_PENDING)
    desk.tasks.settle()
    assert desk.session.counts.waiting == 70


def test_a_decision_that_could_not_be_saved_comes_back_although_the_view_changed(
    desk: SessionDesk,
) -> None:
    desk.see()
    desk.tasks.failing = StoreBusy("another program writes")
    desk.session.decide(REJECT)
    desk.session.change_view(SETTLED)
    desk.tasks.settle()
    assert "Not saved" in desk.messages[-1]


def test_the_stage_is_told_to_let_the_old_image_go(desk: SessionDesk) -> None:
    desk.events.clear()
    desk.session.change_view(SETTLED)
    assert CurrentChanged(None) in desk.events


def test_what_was_looked_through_is_counted_once_also_when_more_comes(desk: SessionDesk) -> None:
    desk.session.filter(parse_filter("0003"))
    desk.tasks.settle()
    assert desk.session.looked == (70, True)
    fill(desk.store, make_assets(72), at=desk.clock.now(), pass_id="pass-2")
    desk.session.more_ahead()
    desk.tasks.settle()
    assert desk.session.looked == (72, True)
