"""Near-duplicates: shown side by side, ticked, decided in one act, taken back one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLabel

from helpers.assets import draft_for, fill, make_asset, make_assets
from helpers.window import Desk, flat_picture
from modstation.app.history_items import HistoryState
from modstation.core.assets import MachineLabel, ModerationStatus
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.filtering import parse_filter
from modstation.core.likeness import Fingerprint
from modstation.core.protection import Protection
from modstation.core.queue import Order, QueueView
from modstation.media.frames import Frame
from modstation.store.station_store import StationStore
from modstation.store.store_thread import Priority
from modstation.ui.group_board import PICTURE_BYTES, picture_box
from modstation.ui.group_sheet import GroupSheet
from modstation.ui.history_sheet import HistorySheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from modstation.core.assets import Asset
    from modstation.media.frames import DecodeRequest

TWINS = (1, 3, 4)


def opened(folder: Path, assets: Sequence[Asset] | int = 6, **settings: object) -> Desk:
    """A window whose images 1, 3 and 4 are alike; 2 is another, 5 and 6 have nothing in them."""
    desk = Desk(folder, assets, **settings)
    desk.ready()
    hashes = {number: bytes([number] * 32) for number in range(1, 7)}
    hashes |= {1: bytes(32), 3: bytes(31) + b"\x01", 4: bytes(30) + b"\xff\xff"}
    made = [
        (make_asset(number).key, "v1", Fingerprint(pdq, 40 if number > 4 else 90, bytes(8)))
        for number, pdq in hashes.items()
    ]
    desk.store.submit(Priority.REST, lambda store: store.likeness.put(made))
    desk.window.commands.group.look()
    desk.settle()
    return desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as desk:
        yield desk


def sheet(desk: Desk) -> GroupSheet:
    found = desk.window.sheet
    assert isinstance(found, GroupSheet)
    return found


def show(desk: Desk) -> GroupSheet:
    """Open the group and wait until its pictures are on the screen."""
    desk.press("G")
    board = sheet(desk).board
    desk.until(lambda: board.loaded, "the group was never shown")
    painted(desk)
    return sheet(desk)


def painted(desk: Desk) -> None:
    members = sheet(desk)._group.members
    desk.until(
        lambda: all(member.look.painted_at is not None for member in members),
        "the pictures were never painted",
    )


def names(desk: Desk) -> list[str]:
    return [member.key[-4:] for member in sheet(desk)._group.members]


def waiting(desk: Desk) -> list[str]:
    desk.settle()
    return [member.key[-4:] for member in sheet(desk)._group.members if member.waits]


def test_the_panel_says_how_many_are_alike_and_with_which_key(desk: Desk) -> None:
    button = desk.window.evidence.buttons["group"]
    assert button.text() == "3 alike (G)"
    desk.press("J")
    assert button.text() == "None alike (G)"
    assert not button.isEnabled()


def test_the_key_shows_the_group_nearest_first_and_goes_back(desk: Desk) -> None:
    show(desk)
    assert names(desk) == ["0001", "0003", "0004"]
    desk.press("G")
    assert desk.window.sheet is None
    show(desk)
    desk.press("Esc")
    assert desk.window.sheet is None
    assert desk.current == "photos/0001"


def test_in_the_order_of_copies_the_next_image_is_the_copy(desk: Desk) -> None:
    desk.press("O", "O", "O", "O")
    assert desk.session.view.order is Order.TOGETHER
    desk.until(lambda: desk.current == "photos/0001")
    for name in ("photos/0003", "photos/0004", "photos/0002"):
        desk.ready()
        desk.press("A")
        assert desk.current == name
    desk.press("U")
    assert desk.current == "photos/0004"
    shown = " ".join(label.text() for label in desk.window.evidence.findChildren(QLabel))
    assert "Here because it is like an image that waited longer" in shown
    desk.station.settings_book.close()


def test_an_image_that_is_like_no_other_has_no_group(desk: Desk) -> None:
    desk.press("J", "G")
    assert desk.window.sheet is None
    assert desk.message == "No image like this one is known here."


def test_images_with_nothing_in_them_are_like_no_other(desk: Desk) -> None:
    desk.press("J", "J", "J", "J", "G")
    assert desk.current == "photos/0005"
    assert desk.window.sheet is None


def test_what_is_ticked_is_rejected_in_one_act_and_nothing_else(desk: Desk) -> None:
    show(desk)
    desk.press("Right", "M", "Shift+X")
    assert sorted(desk.stored()) == [
        ("photos/0001", "reject", None),
        ("photos/0004", "reject", None),
    ]
    assert waiting(desk) == ["0003"]


def test_what_is_rejected_for_a_reason_that_covers_is_covered_at_once(desk: Desk) -> None:
    reason = next(one for one in desk.station.policy.reasons if one.protect and one.key)
    show(desk)
    desk.press("Right", "M", reason.key)
    assert [member.look.covered for member in sheet(desk)._group.members] == [True, False, True]


def test_what_one_had_left_to_somebody_else_wants_the_key_twice_here_too(desk: Desk) -> None:
    draft = draft_for(make_asset(1))

    def leave_and_bring_back(store: StationStore) -> None:
        store.escalate(draft)
        store.withdraw(draft)

    desk.store.submit(Priority.REST, leave_and_bring_back)
    desk.settle()
    show(desk)
    desk.press("X")
    assert "You left this image to somebody else" in sheet(desk).said
    # Anything else drops it: the words are gone, so the key explains again.
    desk.press("Right", "Left", "X")
    assert desk.stored() == []
    desk.press("X")
    assert desk.stored() == [("photos/0001", "reject", None)]


def test_a_digit_rejects_what_is_ticked_with_that_reason(desk: Desk) -> None:
    show(desk)
    desk.press("2")
    reason = desk.station.policy.by_key("2")
    assert reason is not None
    assert {(verdict, code) for _, verdict, code in desk.stored()} == {("reject", reason.code)}
    assert len(desk.stored()) == 3


def test_one_of_them_is_taken_back_alone(desk: Desk) -> None:
    show(desk)
    desk.press("Shift+X", "Right", "U")
    assert waiting(desk) == ["0003"]
    assert sheet(desk).said.startswith("Taken back: Reject photos/0003")


def test_undo_pressed_at_once_takes_the_chosen_one_back_and_no_other(desk: Desk) -> None:
    show(desk)
    for chord in ("Shift+X", "Right", "U"):  # before the store could answer
        desk.down(chord)
        desk.up(chord)
    assert waiting(desk) == ["0003"]


def test_all_of_them_are_taken_back_one_by_one_and_wait_marked(desk: Desk) -> None:
    show(desk)
    desk.press("Shift+X")
    assert waiting(desk) == []
    for taken_back in (["0001"], ["0001", "0003"], ["0001", "0003", "0004"]):
        desk.press("U")
        assert waiting(desk) == taken_back
        desk.press("Right" if len(taken_back) < 3 else "Left")
    assert sheet(desk)._count.text() == "3 of 3 marked"


def test_one_act_lies_in_the_history_as_single_decisions(desk: Desk) -> None:
    show(desk)
    desk.press("Shift+X", "G", "Ctrl+H")
    history = desk.window.sheet
    assert isinstance(history, HistorySheet)
    desk.until(lambda: history.history.loaded)
    for number in range(3):
        assert history.history.chosen_index == number
        desk.press("U")
        desk.until(lambda at=number: history.history.items[at].state is HistoryState.TAKEN_BACK)
        desk.press("J")
    desk.press("Esc")
    show(desk)
    assert waiting(desk) == ["0001", "0003", "0004"]


def test_what_the_filter_leaves_out_is_shown_and_not_decided(desk: Desk) -> None:
    desk.session.filter(parse_filter("-0004"))
    desk.until(lambda: desk.session.loaded)
    desk.ready()
    show(desk)
    assert waiting(desk) == ["0001", "0003"]
    desk.press("Shift+X")
    assert sorted(name for name, _, _ in desk.stored()) == ["photos/0001", "photos/0003"]


def test_what_is_posted_is_reversed_alone_and_only_while_the_offer_is_seen(tmp_path: Path) -> None:
    with opened(tmp_path, hold=timedelta(0)) as desk:
        show(desk)
        desk.press("Shift+X")
        desk.post_everything()
        desk.press("Right", "U")
        assert sheet(desk).said.startswith("photos/0003 is posted as rejected; that cannot")
        desk.press("Left", "Right")
        assert sheet(desk).said == ""
        desk.press("U")
        assert sheet(desk).said.startswith("photos/0003 is posted as rejected")  # offered anew
        desk.press("U")
        assert sheet(desk).said == "photos/0003 will be posted as approved."
        assert desk.session.counts.on_the_way == 1


def test_on_the_stage_the_same_key_takes_all_of_them_back(desk: Desk) -> None:
    show(desk)
    desk.press("Shift+X")
    assert waiting(desk) == []
    desk.press("G")
    assert desk.current == "photos/0002"
    desk.press("U")
    assert desk.message.startswith("Taken back")
    desk.press("G")
    assert waiting(desk) == ["0001", "0003", "0004"]


def test_a_single_one_is_decided_by_its_own_key(desk: Desk) -> None:
    show(desk)
    desk.press("Right", "A")
    assert desk.stored() == [("photos/0003", "approve", None)]
    assert waiting(desk) == ["0001", "0004"]


def test_all_and_none_are_ticked_by_one_key(desk: Desk) -> None:
    show(desk)
    assert sheet(desk)._count.text() == "3 of 3 marked"
    desk.press("Ctrl+A")
    assert sheet(desk)._count.text() == "0 of 3 marked"
    desk.press("Shift+X")
    assert sheet(desk).said == "No image is marked."
    desk.press("Ctrl+A")
    assert sheet(desk)._count.text() == "3 of 3 marked"


def test_a_covered_image_is_not_approved_unseen_but_may_be_rejected(tmp_path: Path) -> None:
    label = MachineLabel("Explicit Nudity", 98.0)
    assets = [make_asset(1), *make_assets(6)[1:]]
    assets[2] = make_asset(3, labels=[label])
    with opened(tmp_path, assets) as desk:
        show(desk)
        desk.press("Shift+A")
        assert sorted(name for name, _, _ in desk.stored()) == ["photos/0001", "photos/0004"]
        assert "covered" in sheet(desk).said
        assert waiting(desk) == ["0003"]
        desk.press("Right", "V")
        painted(desk)
        member = sheet(desk)._group.focused
        assert member is not None
        desk.until(lambda: member.look.uncovered_once)
        desk.press("Shift+A")
        assert waiting(desk) == []


def test_an_animation_is_not_approved_by_its_first_frame(tmp_path: Path) -> None:
    def picture(request: DecodeRequest) -> Frame:
        frames = 2 if request.asset_key == make_asset(3).key else 1
        return replace(flat_picture(request), frames=frames)

    with opened(tmp_path, picture=picture) as desk:
        show(desk)
        desk.press("Shift+A")
        assert sorted(name for name, _, _ in desk.stored()) == ["photos/0001", "photos/0004"]
        assert "1 with more to see than a tile shows" in sheet(desk).said
        desk.press("Right", "X")
        assert desk.stored()[-1] == ("photos/0003", "reject", None)


def test_what_is_settled_is_not_overridden_in_a_group(tmp_path: Path) -> None:
    with opened(tmp_path) as desk:
        rejected = QueueView(status=ModerationStatus.REJECTED)
        settled = [make_asset(number, status=rejected.status) for number in (21, 22)]
        store = StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())
        fill(store, settled, view=rejected, at=datetime.now(UTC))
        store.likeness.put((one.key, "v1", Fingerprint(bytes(32), 90, bytes(8))) for one in settled)
        store.close()
        desk.session.change_view(rejected)
        desk.until(lambda: desk.current == "photos/0021")
        desk.ready()
        show(desk)
        assert waiting(desk) == ["0021", "0022"]
        for key in ("Shift+A", "A", "1"):
            desk.press(key)
            assert sheet(desk).said.startswith("What is rejected is overridden on the stage")
        assert desk.stored() == []


def test_over_the_grid_the_group_keeps_its_pictures_and_gives_them_back(desk: Desk) -> None:
    desk.press("T")
    grid = desk.window.grid
    assert grid is not None
    board = show(desk).board
    box = desk.frames.tiles.box
    desk.press("Right", "X")
    desk.until(lambda: board.loaded)
    assert desk.frames.tiles.box == box
    desk.press("G")
    desk.until(lambda: all(isinstance(frame, Frame) for _, _, frame in grid.grid.seen()))
    assert desk.frames.tiles.box != box
    assert len(grid.grid.seen()) == 5


@pytest.mark.parametrize(
    ("cell", "ratio", "count", "box"),
    [
        ((400, 300), 1.0, 3, (400, 300)),
        ((400, 300), 2.0, 3, (800, 600)),
        ((250, 187), 1.0, 200, (250, 187)),
        ((250, 187), 2.0, 200, (290, 216)),
    ],
)
def test_pictures_of_a_large_group_are_smaller_not_more_memory(
    cell: tuple[int, int], ratio: float, count: int, box: tuple[int, int]
) -> None:
    assert picture_box(cell, ratio, count) == box
    assert box[0] * box[1] * 4 * count <= PICTURE_BYTES


def test_a_peek_uncovers_while_the_key_is_held(tmp_path: Path) -> None:
    with opened(tmp_path, protection=Protection.ALWAYS) as desk:
        show(desk)
        member = sheet(desk)._group.focused
        assert member is not None
        assert member.look.covered
        desk.down("Space")
        assert not member.look.covered
        desk.up("Space")
        assert member.look.covered


def test_nothing_is_decided_while_everything_is_covered(desk: Desk) -> None:
    show(desk)
    desk.press("`", "Shift+X")
    assert desk.stored() == []
    assert "covered" in sheet(desk).said
    desk.press("`")
    painted(desk)
    desk.press("Shift+X")
    assert len(desk.stored()) == 3


def test_pictures_that_are_not_here_are_not_decided_unseen(tmp_path: Path) -> None:
    with opened(tmp_path, withheld=[make_asset(4).key]) as desk:
        desk.press("G")
        first = sheet(desk)._group
        desk.until(lambda: len(first.members) == 3 and first.members[1].look.painted_at is not None)
        desk.press("Shift+X")
        assert sorted(name for name, _, _ in desk.stored()) == ["photos/0001", "photos/0003"]
        assert "1 stays: 1 not shown long enough" in sheet(desk).said


def test_a_key_of_the_stage_says_that_it_is_not_for_a_group(desk: Desk) -> None:
    show(desk)
    desk.press("S")
    assert sheet(desk).said == "That is not for a group: G goes back."
    assert desk.current == "photos/0001"


def test_the_group_tells_a_screen_reader_what_is_chosen(desk: Desk) -> None:
    show(desk)
    desk.press("Right")
    spoken = sheet(desk).board.accessibleDescription()
    assert spoken.startswith("photos/0003, 1 bit of 256 differ (pHash 0), waiting")
    assert spoken.endswith("marked, shown. 3 of 3 marked.")


def test_buttons_of_the_group_carry_their_keys(desk: Desk) -> None:
    buttons = show(desk).buttons
    assert buttons["reject-marked"].text() == "Reject marked (Shift+X)"
    buttons["mark"].click()
    QCoreApplication.processEvents()
    assert sheet(desk)._count.text() == "2 of 3 marked"
    assert sheet(desk).board.hasFocus()


def test_what_becomes_known_later_counts_too(desk: Desk) -> None:
    desk.press("J")
    text = desk.window.evidence.buttons["group"].text()
    assert text == "None alike (G)"
    made = [(make_asset(2).key, "v1", Fingerprint(bytes(32), 90, bytes(8)))]
    desk.store.submit(Priority.REST, lambda store: store.likeness.put(made))
    desk.window.commands.group.look()
    desk.settle()
    assert desk.window.evidence.buttons["group"].text() == "4 alike (G)"
