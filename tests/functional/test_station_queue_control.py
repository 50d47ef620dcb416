"""A moderator steers the queue by key at a real service: skip, flag, escalate, order, filter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService, picture
from helpers.window_seat import WindowSeat
from modstation.core.queue import Kept, Order, QueueView
from modstation.ui.lists_sheet import EscalateDialog, ListsSheet
from modstation.ui.queues_sheet import QueuesSheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("qapp")
BOTH = QueueView(("manual", "webpurify"))


class MovableClock:
    """The system's clock, a little behind."""

    def __init__(self) -> None:
        self.ahead = timedelta(seconds=-60)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def service(tmp_path: Path, clock: MovableClock) -> Iterator[LiveService]:
    with LiveService(tmp_path, clock=clock) as live:
        yield live


def open_list(seat: WindowSeat, kept: Kept, names: list[str]) -> ListsSheet:
    """Open the lists and turn to one of them; it holds these images."""
    seat.press("L")
    sheet = seat.dialog(ListsSheet)
    while sheet.lists.kept is not kept:
        seat.press("Right")
    seat.until(
        lambda: [row.entry.asset.ref.public_id for row in sheet.lists.rows] == names,
        f"not {names} in {kept}",
    )
    return sheet


def test_what_is_skipped_comes_last_and_its_list_brings_it_back(
    service: LiveService, own_home: Path
) -> None:
    first, second, third, fourth = service.fill(4)
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.has(4)
        seat.shows(first)
        for name in (first, second):
            seat.shows(name)
            seat.press("S")
        seat.shows(third)
        seat.until(lambda: seat.ahead() == [third, fourth, first, second])
        open_list(seat, Kept.SKIPPED, [first, second])
        seat.press("Down", "Enter")
        seat.no_dialog()
        seat.shows(second)
        assert [seat.decide("A") for _ in range(2)] == [second, third]
        assert [seat.decide("X") for _ in range(2)] == [fourth, first]
        seat.drained()
    assert service.statuses() == {
        first: "rejected",
        second: "approved",
        third: "approved",
        fourth: "rejected",
    }


def test_a_flag_is_found_again_in_its_list_and_is_nobody_s_business_but_the_moderator_s(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(3)
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.has(3)
        seat.shows(names[0])
        seat.press("F")
        seat.until(lambda: seat.session.current and seat.session.current.flagged, "no flag")
        seat.press("J", "J")
        seat.shows(names[2])
        open_list(seat, Kept.FLAGGED, names[:1])
        seat.press("Enter")
        seat.no_dialog()
        seat.shows(names[0])
        assert seat.decide("A") == names[0]
        seat.drained()
        sheet = open_list(seat, Kept.FLAGGED, names[:1])
        seat.press("Delete")
        seat.until(lambda: not sheet.lists.rows, "the flag stayed")
        seat.press("Esc")
    assert service.statuses() == dict.fromkeys(names, "pending") | {names[0]: "approved"}


def test_what_is_escalated_stays_pending_until_it_is_taken_back_and_decided(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(3)
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.has(3)
        seat.shows(names[0])
        seat.press("E")
        seat.dialog(EscalateDialog)
        seat.type("is this art")
        seat.press("Enter")
        seat.no_dialog()
        seat.shows(names[1])
        assert [seat.decide("A") for _ in range(2)] == names[1:]
        seat.shows(None)
        seat.drained()
        assert service.status_of(names[0]) == "pending"
    # The list outlives the program, and a refresh does not bring the image back by itself.
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.until(lambda: seat.session.loaded, "nothing was read")
        seat.press("F5")
        sheet = open_list(seat, Kept.ESCALATED, names[:1])
        assert sheet.lists.rows[0].note == "is this art"
        assert seat.current is None
        seat.press("Enter")
        seat.no_dialog()
        seat.shows(names[0])
    # And so does who had left it.
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.shows(names[0])
        seat.press("X")
        assert "You left this image to somebody else" in seat.message
        assert seat.current == names[0]
        seat.press("X")
        seat.shows(None)
        seat.drained()
    assert service.status_of(names[0]) == "rejected"


def test_the_order_turns_the_queue_round_and_stays_for_the_next_start(
    service: LiveService, own_home: Path, clock: MovableClock
) -> None:
    names = []
    for number in range(4):
        names.append(f"photo-{number}")
        # The service tells times in whole seconds.
        clock.ahead += timedelta(seconds=1)
        service.upload(picture(number), public_id=names[-1], moderation="manual")
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.has(4)
        seat.shows(names[0])
        seat.press("O")
        assert seat.session.view.order is Order.NEWEST
        seat.until(lambda: seat.ahead() == names[::-1], "not the newest first")
        assert [seat.decide("A") for _ in range(2)] == names[:1:-1]
        seat.drained()
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.until(lambda: seat.ahead() == names[1::-1], "the order was forgotten")


def test_only_what_fits_the_filter_is_decided(service: LiveService, own_home: Path) -> None:
    names = service.fill(6)
    wanted = [f"trip-{number}" for number in range(2)]
    for number, name in enumerate(wanted):
        service.upload(picture(50 + number), public_id=name, moderation="manual", tags="beach")
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.has(8)
        seat.shows(names[0])
        seat.press("/")
        seat.type("tag:beach")
        seat.press("Enter")
        seat.until(lambda: seat.session.view.filter is not None, "no filter")
        assert [seat.decide("X") for _ in range(2)] == wanted
        seat.shows(None)
        seat.press("Ctrl+Shift+F")
        seat.shows(names[0])
        seat.drained()
    assert service.statuses() == dict.fromkeys(names, "pending") | dict.fromkeys(wanted, "rejected")


def test_two_kinds_are_ticked_and_settled_as_one_queue(
    service: LiveService, own_home: Path
) -> None:
    names = []
    for number in range(6):
        names.append(f"photo-{number}")
        kind = "webpurify" if number % 2 else "manual"
        service.upload(picture(number), public_id=names[-1], moderation=kind)
    with WindowSeat(own_home, service.cloudinary_url) as seat:
        seat.has(3)
        seat.shows(names[0])
        seat.press("Ctrl+L")
        seat.until(lambda: isinstance(seat.window.sheet, QueuesSheet), "no sheet")
        rows = seat.window.sheet.rows
        seat.until(lambda: rows.count() > 0, "the queues were not read")
        while not rows.currentItem().text().startswith("webpurify · pending"):
            seat.press("Down")
        seat.press("M", "Enter")
        seat.until(lambda: seat.session.view == BOTH, "not both")
        seat.has(6)
        seat.until(lambda: seat.ahead()[:6] == names, "not in one order")
        keys = {name: "AAX"[number % 3] for number, name in enumerate(names)}
        for name in names:
            seat.shows(name)
            assert seat.decide(keys[name]) == name
        seat.drained()
    words = {"A": "approved", "X": "rejected"}
    assert service.statuses() == {name: words[key] for name, key in keys.items()}
    assert all(service.changes_of(name) == 1 for name in names)
