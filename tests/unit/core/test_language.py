"""A sentence that is kept or sent on is read in the language of its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modstation.core.errors import ImageTooLarge, Refused
from modstation.core.language import ENGLISH, Language, later, packed, unpacked, use

if TYPE_CHECKING:
    from collections.abc import Iterator

GERMAN = Language(
    "de",
    {
        ("Outbox", "The service says {status}."): "Der Dienst sagt {status}.",
        ("Assets", "approved"): "freigegeben",
        ("Media", "The file has {size} bytes."): "Die Datei hat {size} Bytes.",
    },
    thousands=".",
)
SAYS = later("Outbox", "The service says {status}.").format(status=later("Assets", "approved"))


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use(ENGLISH)


def test_what_was_kept_in_one_language_is_read_in_another() -> None:
    kept = packed(SAYS)
    assert str(unpacked(kept)) == "The service says approved."
    use(GERMAN)
    assert str(unpacked(kept)) == "Der Dienst sagt freigegeben."


def test_a_number_is_written_the_way_of_the_reader() -> None:
    error = ImageTooLarge(later("Media", "The file has {size} bytes.").format(size=1234567))
    assert error.message == "The file has 1,234,567 bytes."
    use(GERMAN)
    assert error.message == "Die Datei hat 1.234.567 Bytes."
    assert str(unpacked(packed(error.wording))) == error.message


@pytest.mark.parametrize(
    "text",
    [
        "The service said no.",
        "",
        '["Outbox"',
        '["Outbox", "x"]',
        '["Outbox", "x", {"a": null}]',
        '["Outbox", 1, {}]',
        '["Outbox", "x", {"a": ["Outbox", "x"]}]',
        '["a"' + ", [" * 5000,
    ],
)
def test_what_was_kept_as_plain_words_stays_as_it_is(text: str) -> None:
    assert packed(text) == text
    assert unpacked(text) == text


def test_an_error_in_plain_words_is_kept_as_them() -> None:
    assert packed(Refused("The service said no.").wording) == "The service said no."


def test_a_text_that_somebody_else_wrote_can_ask_for_no_more_than_its_values() -> None:
    hostile = '["Media", "{a.__class__} {a:999999999} {b} {a}", {"a": "x"}]'
    assert str(unpacked(hostile)) == "{a.__class__} {a:999999999} {b} x"
