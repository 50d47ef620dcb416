"""What is typed into the filter box, and what it means."""

from __future__ import annotations

import pytest

from modstation.core.errors import ReviewError
from modstation.core.filtering import Field, Term, parse_filter


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("beach", [Term(Field.TEXT, "beach")]),
        ("Beach SEA", [Term(Field.TEXT, "beach"), Term(Field.TEXT, "sea")]),
        ('"at sea"', [Term(Field.TEXT, "at sea")]),
        ("-beach", [Term(Field.TEXT, "beach", negated=True)]),
        ("kind:manual", [Term(Field.KIND, "manual")]),
        ('-tag:"At Sea"', [Term(Field.TAG, "at sea", negated=True)]),
        ("label:nudity", [Term(Field.LABEL, "nudity")]),
        ("label:nudity>60", [Term(Field.LABEL, "nudity", ">", 60)]),
        ('label:"explicit nudity"<=60.5%', [Term(Field.LABEL, "explicit nudity", "<=", 60.5)]),
        ("age>2h", [Term(Field.AGE, "", ">", 7200)]),
        ("age<=1.5d", [Term(Field.AGE, "", "<=", 129_600)]),
        ("size>5MB", [Term(Field.SIZE, "", ">", 5e6)]),
        ("pixels<12mp", [Term(Field.PIXELS, "", "<", 12e6)]),
        ("format:GIF", [Term(Field.FORMAT, "gif")]),
        ("reason:Nudity", [Term(Field.REASON, "nudity", codes=("nudity",))]),
    ],
)
def test_words_mean_what_they_say(text: str, terms: list[Term]) -> None:
    found = parse_filter(text)
    assert found is not None
    assert list(found.terms) == terms


@pytest.mark.parametrize("text", ["", "  \t "])
def test_an_empty_filter_is_none(text: str) -> None:
    assert parse_filter(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour:red", "“colour” is none of kind, tag, .*at character 1"),
        ("beach -colour:red", "at character 8"),
        ("age>2", r"Write for example age>2h \(at character 5\)"),
        ("age:2h", "Write for example age>2h"),
        ("size>lots", "Write for example size>5mb"),
        ("tag:", "A name has to follow tag:"),
        ("tag>5", "Write tag: and a name"),
        ("label:>60", "Write for example label:nudity>60"),
        ('tag:"sea', r"not closed \(at character 5\)"),
        ('""', "nothing to look for"),
        ("-", "nothing to look for"),
        ("reason:", "A name has to follow reason:"),
        ("reason:technical", r"no technical reason \(at character 8\)"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ReviewError, match=message):
        parse_filter(text)


def test_a_technical_reason_is_whatever_the_policy_calls_so() -> None:
    found = parse_filter("-reason:technical", technical=("quality", "twice"))
    assert found is not None
    (term,) = found.terms
    assert (term.codes, term.negated) == (("quality", "twice"), True)
