"""What a newcomer is told, with the keys that count now."""

from __future__ import annotations

import pytest

from modstation.app.first_steps import hints, hints_shown, tour_cards
from modstation.app.keymaps import PRESETS, preset_keymap
from modstation.app.settings import Settings


@pytest.mark.parametrize(
    ("wanted", "decided", "shown"),
    [
        ("first", 0, True),
        ("first", 49, True),
        ("first", 50, False),
        ("always", 5000, True),
        ("never", 0, False),
    ],
)
def test_hints_are_shown_for_the_first_fifty_decisions(
    wanted: str, decided: int, shown: bool
) -> None:
    assert hints_shown(Settings(hints=wanted), decided=decided) is shown


@pytest.mark.parametrize("preset", PRESETS)
def test_hints_and_cards_name_the_keys_of_the_keymap_in_use(preset: str) -> None:
    keymap = preset_keymap(preset)

    def key_of(name: str) -> str:
        return keymap.keys_for(name)[0]

    shown = {what: key for key, what in hints(key_of, reasons=True)}
    assert shown["approve"] == key_of("approve")
    assert shown["undo"] == key_of("undo")
    told = [key for card in tour_cards(key_of) for key, _ in card.keys]
    for name in ("approve", "reject", "peek", "reveal", "offline", "palette", "keys-help", "tour"):
        assert key_of(name) in told


def test_a_command_without_a_key_is_left_out() -> None:
    assert hints(lambda name: "" if name == "peek" else name, reasons=False) == [
        ("approve", "approve"),
        ("reject", "reject"),
        ("undo", "undo"),
        ("skip", "skip"),
        ("palette", "every command"),
        ("keys-help", "every key"),
    ]
