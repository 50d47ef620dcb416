"""Keys are called what stands on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modstation.app.languages import load_language
from modstation.core.key_names import chord_text
from modstation.core.language import ENGLISH, use

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use(ENGLISH)


@pytest.mark.parametrize(
    ("chord", "english", "german"),
    [
        ("A", "A", "A"),
        ("Space", "Space", "Leertaste"),
        ("Ctrl+Shift+Z", "Ctrl+Shift+Z", "Strg+Umschalt+Z"),
        ("Ctrl++", "Ctrl++", "Strg++"),
        ("+", "+", "+"),
        ("Shift+F5", "Shift+F5", "Umschalt+F5"),
        ("Num7", "Num 7", "Num 7"),
        ("Ctrl+NumPlus", "Ctrl+Num +", "Strg+Num +"),
        ("", "", ""),
    ],
)
def test_a_chord_is_printed_as_it_stands_on_the_keyboard(
    chord: str, english: str, german: str
) -> None:
    assert chord_text(chord) == english
    use(load_language("de"))
    assert chord_text(chord) == german
