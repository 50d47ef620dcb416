from __future__ import annotations

from modstation.app.picture_warnings import PictureWarnings


def test_a_picture_that_was_fetched_whole_since_is_not_warned_of() -> None:
    warnings = PictureWarnings()
    warnings.note("a", "review", "It differs from the listing.")
    assert warnings.of("a") == "It differs from the listing."
    warnings.note("a", "review", None)
    assert warnings.of("a") is None


def test_the_original_is_warned_of_too() -> None:
    warnings = PictureWarnings()
    warnings.note("a", "review", None)
    warnings.note("a", "original", "The original differs from the listing.")
    assert warnings.of("a") == "The original differs from the listing."
    assert warnings.of("b") is None


def test_only_the_last_warnings_are_kept() -> None:
    warnings = PictureWarnings()
    for number in range(2000):
        warnings.note(str(number), "review", "It differs.")
    assert warnings.of("1999")
    assert warnings.of("0") is None
    assert len(warnings._texts) < 1000
