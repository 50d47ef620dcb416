"""The next theme and the next text size."""

from __future__ import annotations

import pytest

from modstation.app.looks import THEMES, next_text_size, next_theme


def test_the_themes_are_gone_through_and_come_again() -> None:
    seen = ["dark"]
    for _ in THEMES:
        seen.append(next_theme(seen[-1]))
    assert seen == [*THEMES, "dark"]


@pytest.mark.parametrize(
    ("percent", "larger", "following"),
    [
        (100, True, 110),
        (100, False, 90),
        (133, True, 150),
        (133, False, 125),
        (200, True, 200),
        (80, False, 80),
    ],
)
def test_a_text_size_has_one_above_and_one_below(
    percent: int, larger: bool, following: int
) -> None:
    assert next_text_size(percent, larger=larger) == following
