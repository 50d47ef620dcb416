"""The strip of key hints and the tour over the real window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.settings_file import load_settings
from modstation.ui.tour import Tour

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk


def tour(desk: Desk) -> Tour:
    assert isinstance(desk.window.sheet, Tour)
    return desk.window.sheet


def test_the_most_needed_keys_stand_under_the_image(desk: Desk) -> None:
    desk.settle()
    assert desk.window.hints.isVisible()
    assert desk.window.hints.text.startswith("A: approve, X: reject, 1: reject with a reason")


def test_hints_follow_the_keymap(desk: Desk) -> None:
    desk.station.settings_book.change(keymap="coral")
    desk.settle()
    assert desk.window.hints.text.startswith("D: approve, F: reject")


def test_hints_are_hidden_for_good_by_their_button(desk: Desk) -> None:
    desk.settle()
    desk.window.hints.close_button.click()
    assert not desk.window.hints.isVisible()
    desk.station.settings_book.close()
    assert load_settings(desk.station.settings_book.home)[0].hints == "never"


def test_hints_end_after_fifty_decisions(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(52)
    desk.ready()
    for number in range(50):
        desk.settle()
        assert desk.window.hints.isVisible(), number
        desk.press("X")
    desk.until(lambda: not desk.window.hints.isVisible(), "the hints stayed")


def test_a_low_window_keeps_its_room_for_the_image(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(3, size=(900, 500))
    desk.settle()
    assert not desk.window.hints.isVisible()


def test_the_tour_turns_by_arrows_and_enter_and_decides_nothing(desk: Desk) -> None:
    desk.press("Shift+F1")
    titles = [tour(desk).title]
    for key in ("Right", "Return", "Space"):
        desk.press("A", "X", "1", key)
        titles.append(tour(desk).title)
    assert len(set(titles)) == 4
    desk.press("Left")
    assert tour(desk).title == titles[2]
    desk.press("Right", "Return")
    assert desk.window.sheet is None
    assert desk.stored() == []
    desk.press("A")
    assert len(desk.stored()) == 1


def test_escape_skips_the_tour_and_it_is_not_shown_again(desk: Desk) -> None:
    desk.window.commands.setting_up.tour_due = True
    desk.window.commands.setting_up.look()
    desk.press("Right", "Esc")
    assert desk.window.sheet is None
    desk.window.commands.setting_up.look()
    assert desk.window.sheet is None
    desk.station.settings_book.close()
    assert load_settings(desk.station.settings_book.home)[0].tour_seen


def test_the_tour_waits_for_the_first_image(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(2, withheld=["image/upload/photos/0001"])
    desk.window.commands.setting_up.tour_due = True
    desk.settle()
    assert desk.window.sheet is None
    desk.decoder.bring("image/upload/photos/0001")
    desk.until(lambda: desk.window.sheet is not None, "the tour never came")
    assert tour(desk).title == "One key decides"


def test_every_card_lies_inside_a_small_window_and_beside_its_part(
    sit_down: Callable[..., Desk],
) -> None:
    desk = sit_down(3, size=(640, 480))
    desk.ready()
    desk.press("Shift+F1")
    for _ in range(4):
        card = tour(desk)._card.geometry()
        assert desk.window.rect().contains(card)
        desk.press("Right")
    assert desk.window.sheet is None


def test_the_tour_is_not_shown_by_itself_in_a_window_of_a_test_or_the_demo(desk: Desk) -> None:
    desk.settle()
    assert desk.window.sheet is None
