"""The language of the filter box: words that all have to fit, each about one thing.

``beach -kind:manual label:nudity>60 age>2h size>5mb pixels>12mp format:gif tag:"at sea"``

``reason:technical`` fits what was rejected for its form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from modstation.core.errors import ReviewError
from modstation.core.language import translate


class Field(StrEnum):
    """What a word of a filter is about."""

    TEXT = "text"
    KIND = "kind"
    TAG = "tag"
    LABEL = "label"
    FORMAT = "format"
    REASON = "reason"
    AGE = "age"
    SIZE = "size"
    PIXELS = "pixels"


@dataclass(frozen=True, slots=True)
class Term:
    """One word: ``name`` has to fit, or a number to lie beyond ``limit``; or not, if ``negated``.

    Of a reason one of the ``codes`` has to fit.
    The limit of an age is in seconds, of a size in bytes, of pixels in pixels, of a label in
    percent; ``sign`` is one of ``>``, ``>=``, ``<``, ``<=``, or empty.
    """

    field: Field
    name: str = ""
    sign: str = ""
    limit: float = 0.0
    negated: bool = False
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Words that all have to fit, and how they were written."""

    text: str
    terms: tuple[Term, ...]


# Stands for every reason that refuses the form of an image, not what it shows.
TECHNICAL = "technical"
_WORD = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_SHAPE = re.compile(r"(?P<field>[a-z]+)(?P<sep>:|>=|<=|>|<)(?P<rest>.*)", re.DOTALL)
_MEASURE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[a-z]*)")
_LABEL = re.compile(r"(?P<name>[^<>]*?)(?:(?P<sign>>=|<=|>|<)(?P<limit>\d+(?:\.\d+)?)%?)?")
_UNITS: dict[Field, dict[str, float]] = {
    Field.AGE: {"m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800},
    Field.SIZE: {"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9},
    Field.PIXELS: {"": 1, "mp": 1e6},
}
_EXAMPLES = {Field.AGE: "age>2h", Field.SIZE: "size>5mb", Field.PIXELS: "pixels>12mp"}


def parse_filter(text: str, *, technical: tuple[str, ...] = ()) -> Filter | None:
    """Read a filter; None if it says nothing.

    ``technical``: the reasons that ``reason:technical`` stands for.
    ``ReviewError`` (code ``filter``) says what is wrong, and at which character.
    """
    terms = tuple(_term(match.group(), match.start(), technical) for match in _WORD.finditer(text))
    return Filter(" ".join(text.split()), terms) if terms else None


def _wrong(why: str, at: int) -> ReviewError:
    return ReviewError(
        translate("Filtering", "{why} (at character {at})").format(why=why, at=at + 1),
        code="filter",
    )


def _term(word: str, at: int, technical: tuple[str, ...]) -> Term:
    if word.count('"') % 2:
        raise _wrong(
            translate("Filtering", "A quotation mark is not closed"), at + word.rindex('"')
        )
    negated = word.startswith("-") and len(word) > 1
    body = word[1:] if negated else word
    shape = _SHAPE.fullmatch(body.lower()) if not body.startswith('"') else None
    if shape is None:
        name = body.replace('"', "")
        if not name or name == "-":
            raise _wrong(translate("Filtering", "There is nothing to look for"), at)
        return Term(Field.TEXT, name.lower(), negated=negated)
    known = [field.value for field in Field if field is not Field.TEXT]
    if shape["field"] not in known:
        raise _wrong(
            translate("Filtering", "“{field}” is none of {known}").format(
                field=shape["field"], known=", ".join(known)
            ),
            at + negated,
        )
    field = Field(shape["field"])
    value = shape["rest"].replace('"', "")
    here = at + negated + shape.start("rest")
    if field in _UNITS:
        return _measure(field, shape["sep"], value, here, negated=negated)
    if shape["sep"] != ":":
        raise _wrong(
            translate("Filtering", "Write {field}: and a name").format(field=field),
            here - len(shape["sep"]),
        )
    if not value:
        raise _wrong(
            translate("Filtering", "A name has to follow {field}:").format(field=field), here
        )
    if field is Field.LABEL:
        label = _LABEL.fullmatch(value)
        if label is None or not label["name"]:
            raise _wrong(translate("Filtering", "Write for example label:nudity>60"), here)
        limit = float(label["limit"] or 0)
        return Term(field, label["name"], label["sign"] or "", limit, negated)
    if field is Field.REASON:
        codes = technical if value == TECHNICAL else (value,)
        if not codes:
            raise _wrong(translate("Filtering", "The policy has no technical reason"), here)
        return Term(field, value, negated=negated, codes=codes)
    return Term(field, value, negated=negated)


def _measure(field: Field, sign: str, value: str, at: int, *, negated: bool) -> Term:
    found = _MEASURE.fullmatch(value)
    units = _UNITS[field]
    if sign == ":" or found is None or found["unit"] not in units:
        raise _wrong(
            translate("Filtering", "Write for example {example}").format(example=_EXAMPLES[field]),
            at,
        )
    return Term(field, "", sign, float(found["number"]) * units[found["unit"]], negated)
