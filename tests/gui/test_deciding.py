"""The way from a key to a stored decision, and everything that must not become one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from helpers.assets import make_asset, make_assets
from modstation.core.assets import MachineLabel, ModerationStatus
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.errors import ImageDamaged, StoreFull
from modstation.core.events import Connection
from modstation.store.station_store import StationStore
from modstation.ui.scene import Picture, Words

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from helpers.window import Desk

FIRST, SECOND, THIRD = (f"photos/{number:04d}" for number in (1, 2, 3))
FIRST_KEY = f"image/upload/{FIRST}"
SECOND_KEY = f"image/upload/{SECOND}"
_CLOCK, _IDS = SystemClock(), TimeOrderedIds()
NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)


def test_a_approves_and_shows_the_next(desk: Desk) -> None:
    desk.press("A")
    assert desk.current == SECOND
    assert desk.stored() == [(FIRST, "approve", None)]


def test_x_rejects_without_a_reason(desk: Desk) -> None:
    desk.press("X")
    assert desk.stored() == [(FIRST, "reject", None)]


def test_a_digit_rejects_with_the_reason_on_it(desk: Desk) -> None:
    desk.press("1", "0")
    assert desk.stored() == [(FIRST, "reject", "nudity"), (SECOND, "reject", "quality")]


def test_the_next_image_is_painted_before_the_key_press_returns(desk: Desk) -> None:
    desk.down("A")
    assert desk.window.stage.reported
    scene = desk.window.stage.scene
    assert isinstance(scene, Picture)
    assert scene.key == SECOND_KEY


def test_an_image_that_is_not_painted_cannot_be_decided(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, withheld=[FIRST_KEY])
    desk.press("A", "X", "1")
    assert desk.stored() == []
    assert desk.current == FIRST
    assert "not on the screen" in desk.message
    desk.decoder.bring(FIRST_KEY)
    desk.ready()
    desk.press("A")
    assert desk.stored() == [(FIRST, "approve", None)]


def test_an_image_painted_a_moment_ago_cannot_be_decided(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, painted_before=30.0)
    desk.ready()
    desk.press("A")
    assert desk.stored() == []
    assert "not on the screen" in desk.message


def test_what_is_loading_says_so_and_is_never_grey(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, withheld=[FIRST_KEY])
    desk.settle()
    scene = desk.window.stage.scene
    assert isinstance(scene, Words)
    assert scene.card.heading == "Loading the image"
    assert not desk.window.stage.reported


def test_a_held_down_key_decides_once(desk: Desk) -> None:
    desk.down("A")
    for _ in range(30):
        desk.down("A", repeat=True)
        desk.up("A", repeat=True)
    desk.up("A")
    assert desk.stored() == [(FIRST, "approve", None)]
    assert desk.current == SECOND


def test_a_key_repeated_without_saying_so_decides_once(desk: Desk) -> None:
    for _ in range(5):
        desk.down("X")
    desk.up("X")
    assert desk.stored() == [(FIRST, "reject", None)]


def test_every_press_of_a_mashed_key_counts(desk: Desk) -> None:
    # As many as are decoded ahead: nothing in between lets the window catch its breath.
    for _ in range(8):
        desk.down("A")
        desk.up("A")
    assert len(desk.stored()) == 8


def test_enter_never_decides(desk: Desk) -> None:
    desk.press("Enter", "Return")
    desk.window.evidence.buttons["approve"].setFocus()
    desk.press("Enter", "Return")
    assert desk.stored() == []


def test_a_letter_with_ctrl_alt_or_meta_is_not_the_letter(desk: Desk) -> None:
    desk.press("Ctrl+A", "Alt+A", "Meta+A", "Ctrl+X", "Alt+1")
    assert desk.stored() == []


def test_a_button_does_what_its_key_does(desk: Desk) -> None:
    for name in ("approve", "reject", "reject-reason-3"):
        desk.window.evidence.buttons[name].click()
        desk.settle()
    assert [verdict for _, verdict, _ in desk.stored()] == ["approve", "reject", "reject"]
    assert desk.stored()[-1][2] == "violence"


def test_a_note_goes_with_the_decision_and_its_letters_decide_nothing(desk: Desk) -> None:
    desk.press("N")
    desk.type("Axa 10 sub")
    assert desk.window.evidence.note.text() == "axa 10 sub"
    assert desk.stored() == []
    desk.press("Esc", "X")
    assert desk.current == SECOND
    assert desk.window.evidence.note.text() == ""
    store = StationStore.open(desk.path, clock=_CLOCK, ids=_IDS)
    try:
        assert [row.draft.note for row in store.iterate_decisions()] == ["axa 10 sub"]
    finally:
        store.close()


def test_undo_in_a_note_takes_letters_back_and_no_decision(desk: Desk) -> None:
    desk.press("A", "N", "Ctrl+Z", "Backspace", "Ctrl+Z")
    desk.settle()
    assert desk.current == SECOND


def test_ctrl_s_posts_from_within_a_note(desk: Desk) -> None:
    desk.press("A", "N", "Ctrl+S")
    desk.until(lambda: desk.session.counts.held == 0)
    assert desk.session.counts.ready == 1


def test_undo_brings_the_image_back(desk: Desk) -> None:
    desk.press("A", "X")
    for key in ("U", "Ctrl+Z"):
        desk.press(key)
    assert desk.current == FIRST
    assert desk.window.stage.reported
    assert "Taken back" in desk.message


def test_redo_decides_again(desk: Desk) -> None:
    desk.press("X", "U", "Ctrl+Shift+Z")
    desk.until(lambda: desk.current == SECOND)
    assert desk.session.counts.held == 1


def test_what_is_posted_is_reversed_by_the_same_key_and_by_name(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(3, hold=timedelta(0))
    desk.ready()
    desk.press("A")
    desk.post_everything()
    desk.press("U")
    assert "posted as approved" in desk.message
    assert desk.window.message.reverse.isVisible()
    assert desk.window.message.reverse.text() == "Reject instead (U)"
    desk.press("U")
    assert not desk.window.message.reverse.isVisible()
    assert "will be posted as rejected" in desk.message


def test_any_other_decision_drops_the_reversal(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(4, hold=timedelta(0))
    desk.ready()
    desk.press("A")
    desk.post_everything()
    desk.press("U", "X")
    assert desk.session.reversal is None
    assert not desk.window.message.reverse.isVisible()
    assert desk.stored() == [(FIRST, "approve", None), (SECOND, "reject", None)]


def test_skip_puts_the_image_at_the_end(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3)
    desk.ready()
    desk.press("S", "A", "A")
    desk.until(lambda: desk.current == FIRST)


def test_j_and_k_look_without_deciding(desk: Desk) -> None:
    desk.press("J", "Right", "Down")
    assert desk.current == "photos/0004"
    desk.press("K", "Left", "Up", "K")
    assert desk.current == FIRST
    assert "first image" in desk.message
    assert desk.stored() == []


def test_a_protected_image_is_approved_only_after_a_look(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), make_asset(2)])
    desk.ready()
    desk.press("A")
    assert desk.stored() == []
    assert "Uncover" in desk.message
    desk.press("Space", "A")
    assert desk.stored() == [(FIRST, "approve", None)]


def test_a_protected_image_is_rejected_without_a_look(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down([make_asset(1, labels=[NUDITY]), make_asset(2)])
    desk.ready()
    desk.press("X")
    assert desk.stored() == [(FIRST, "reject", None)]


def test_a_damaged_image_is_rejected_but_not_approved(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, broken={FIRST_KEY: ImageDamaged("The file ends too early.")})
    desk.ready()
    scene = desk.window.stage.scene
    assert isinstance(scene, Words)
    assert scene.card.heading == "Image is damaged"
    assert "ends too early" in scene.card.text
    desk.press("A")
    assert desk.stored() == []
    assert "cannot be approved" in desk.message
    desk.press("2")
    assert desk.stored() == [(FIRST, "reject", "sexual")]


def test_an_image_behind_an_earlier_moderation_is_not_decided(
    sit_down: Callable[..., Desk],
) -> None:
    asset = make_asset(1)
    queued = make_asset(1, status=ModerationStatus.QUEUED, moderation=asset.moderation)
    desk = sit_down([queued, *make_assets(3)[1:]])
    if desk.current == FIRST:
        desk.ready()
        desk.press("A")
        assert desk.stored() == []


def test_nothing_is_decided_while_everything_is_covered(desk: Desk) -> None:
    desk.press("`", "A", "X", "5", "S")
    assert desk.stored() == []
    assert "covered" in desk.message
    desk.press("`", "A")
    assert desk.stored() == [(FIRST, "approve", None)]


def test_nothing_is_decided_behind_a_sheet(desk: Desk) -> None:
    for key in ("?", "H", "F1"):
        desk.press(key, "A", "X", "1", "U", "S", "Enter")
        assert desk.window.sheet is not None
        desk.press("Esc")
        assert desk.window.sheet is None
    assert desk.stored() == []
    desk.press("A")
    assert desk.stored() == [(FIRST, "approve", None)]


def test_offline_is_shown_and_the_work_goes_on(desk: Desk) -> None:
    desk.connect(Connection.OFFLINE, message="No route to the service.")
    desk.press("A", "X")
    assert desk.window.status.texts["connection"] == "Offline"
    assert desk.window.status.texts["outbox"] == "2 held"
    assert len(desk.stored()) == 2


def test_the_last_decision_leaves_an_empty_queue(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2)
    desk.ready()
    desk.press("A", "X")
    scene = desk.window.stage.scene
    assert isinstance(scene, Words)
    assert scene.card.heading == "The queue is empty"
    desk.press("A")
    assert "no image" in desk.message


def test_undo_takes_back_the_skip_and_then_the_decision_before_it(desk: Desk) -> None:
    desk.press("A", "S", "U")
    assert desk.current == "photos/0002"
    desk.press("U")
    assert desk.current == FIRST
    assert "Taken back" in desk.message


def test_a_decision_that_could_not_be_saved_does_not_count(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise StoreFull("The disk is full.")

    desk.press("A")
    monkeypatch.setattr(StationStore, "decide", full)
    desk.press("X")
    assert desk.current == SECOND
    assert "Not saved" in desk.message
    assert desk.session.pace().decided == 1


def test_one_held_decision_is_one_decision(desk: Desk) -> None:
    desk.press("A", "Ctrl+S")
    assert desk.message == "Posting 1 held decision now."
    desk.press("A", "A", "Ctrl+S")
    assert desk.message == "Posting 2 held decisions now."
