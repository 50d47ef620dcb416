"""Expressions as people write them, and where a wrong one is wrong."""

from __future__ import annotations

import pytest

from modstation.service.faults import BadRequest
from modstation.service.search.language import Between, Compared, Every, Not, Some, Tree, parse


def told(tree: Tree) -> object:
    """A tree in few characters, without the places."""
    match tree:
        case Compared(field, operator, value):
            return f"{field or ''}{operator}{value.text}{'*' if value.prefix else ''}"
        case Between(field, low, high, low_out, high_out):
            ends = (low.text if low else "*", high.text if high else "*")
            return f"{field}{'{' if low_out else '['}{' '.join(ends)}{'}' if high_out else ']'}"
        case Not(term):
            return ["not", told(term)]
        case Every(terms):
            return ["and", *map(told, terms)]
        case Some(terms):
            return ["or", *map(told, terms)]


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        ("", ["and"]),
        ("  ", ["and"]),
        ("*", ["and"]),
        ("cat", ":cat"),
        ("cat*", ":cat*"),
        ('"long pants"', ":long pants"),
        (
            "resource_type:image AND tags=kitten AND uploaded_at>1d AND bytes>1m",
            ["and", "resource_type:image", "tags=kitten", "uploaded_at>1d", "bytes>1m"],
        ),
        ("a OR b AND c", ["or", ":a", ["and", ":b", ":c"]]),
        ("(a OR b) AND c", ["and", ["or", ":a", ":b"], ":c"]),
        ("a b", ["and", ":a", ":b"]),
        ("+a -b !c", ["and", ":a", ["not", ":b"], ["not", ":c"]]),
        ("NOT (a OR b)", ["not", ["or", ":a", ":b"]]),
        ("tags:(shirt OR pants)", ["or", "tags:shirt", "tags:pants"]),
        ("tags=(a AND NOT b)", ["and", "tags=a", ["not", "tags=b"]]),
        ("bytes:[1 TO 2}", "bytes[1 2}"),
        ("created_at:{* TO now-1d]", "created_at{* now-1d]"),
        ('uploaded_at:["2020-01-01" TO *]', "uploaded_at[2020-01-01 *]"),
        ("width:>=100 height :< 5", ["and", "width>=100", "height<5"]),
        ("uploaded_at>2015-05-22T19:26:36Z", "uploaded_at>2015-05-22T19:26:36Z"),
        ('folder:"a b/*"', "folder:a b/*"),
        (r"tags:a\ b\*", "tags:a b*"),
        (r'context.alt="say \"hi\" \*"', 'context.alt=say "hi" *'),
        ("tags:citizen:john", "tags:citizen:john"),
        ("ANDROID ORANGE NOTE", ["and", ":ANDROID", ":ORANGE", ":NOTE"]),
    ],
)
def test_what_people_write_is_understood(expression: str, tree: object) -> None:
    assert told(parse(expression)) == tree


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("(a", "a parenthesis that is never closed at character 1"),
        ("a)", "unexpected ) at character 2"),
        ('tags:"a', "a quote that is never closed at character 6"),
        ("a AND", "it ends too early at character 6"),
        ("OR a", "unexpected OR at character 1"),
        ("a AND OR b", "unexpected OR at character 7"),
        ("tags:", "it ends too early at character 6"),
        ("=a", "unexpected = at character 1"),
        ("()", "unexpected ) at character 2"),
        ("width:[1 2]", "a range without TO at character 10"),
        ("width:[1 TO 2", "a range that is never closed at character 1"),
        ("ca*t", "a wildcard that ends no value at character 3"),
        ('"ca*t"', "a wildcard that ends no value at character 4"),
        ("cat^2", "^ that is not escaped at character 4"),
        ("cat~", "~ that is not escaped at character 4"),
        ("c?t", "? that is not escaped at character 2"),
        ("a\\", "it ends too early at character 3"),
        ("(" * 40 + "a" + ")" * 40, "more than 30 levels at character 31"),
        ("-" * 40 + "a", "more than 30 levels at character 31"),
        ("a " * 300, "more than 250 terms at character 501"),
    ],
)
def test_a_wrong_expression_is_refused_at_its_place(expression: str, fault: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse(expression)
    assert str(refused.value) == f"Invalid search expression: {fault}"


def test_an_expression_has_a_greatest_length() -> None:
    with pytest.raises(BadRequest, match="too long"):
        parse("a" * 10_001)


def test_the_words_of_a_term_without_a_field_count_as_terms() -> None:
    with pytest.raises(BadRequest, match="more than 250 terms"):
        parse('"' + "a " * 1500 + '"')
    with pytest.raises(BadRequest, match="more than 250 terms"):
        parse(" OR ".join(['"' + "a " * 126 + '"'] * 2))
    parse('"' + "a " * 250 + '"')
    parse('tags:"' + "a " * 1500 + '"')
