"""``aws_rek:<category>:<limit>…``: which labels of Amazon Rekognition reject (reference 5).

The categories are data, ``resources/moderation/aws_rek.toml``: two vocabularies, their levels,
aliases, and which labels of the current one took the place of which legacy categories.

A label is held against the limit of its own category; without one, against that of the legacy
categories it took the place of; without those, against its nearest ancestor's; and else against
one half. Ancestors of a label are in an answer too: one is judged only if none of its own labels
is there, or if it was given a limit itself. Otherwise relaxing a label would be of no effect.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from modstation.core.shipped import resources
from modstation.service.moderation.shares import NotValid, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_LIMIT = 0.5
#: Above every confidence: what is ignored never rejects.
IGNORED = 2.0


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The categories there are. ``parents`` are those of the legacy vocabulary, by category."""

    categories: frozenset[str]
    parents: Mapping[str, str]
    aliases: Mapping[str, str]
    was: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Label:
    """One label of an answer; ``confidence`` as Rekognition gives it, 0 to 100."""

    name: str
    confidence: float
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits a caller set, by category; 0 to 1, or IGNORED."""

    given: Mapping[str, float]

    @property
    def least_confidence(self) -> float:
        """What Rekognition is to be asked for, 0 to 100: the lowest limit that is in use."""
        return 100 * min((DEFAULT_LIMIT, *self.given.values()))

    def rejected_by(self, labels: Sequence[Label]) -> Label | None:
        """The first label that is over its limit; None if the picture passes."""
        parents = {slug(label.name): slug(label.parent) for label in labels}
        for place, label in enumerate(labels):
            name = slug(label.name)
            # Compared by place: there is a ``Gambling`` below ``Gambling``.
            below = any(slug(o.parent) == name for at, o in enumerate(labels) if at != place)
            if below and name not in self.given:
                continue
            if label.confidence / 100 > self._limit(name, parents):
                return label
        return None

    def _limit(self, name: str, parents: Mapping[str, str]) -> float:
        vocabulary = _vocabulary()
        at, seen = name, set[str]()
        while at and at not in seen:
            if at in self.given:
                return self.given[at]
            was = [self._legacy(category) for category in vocabulary.was.get(at, ())]
            known = [limit for limit in was if limit is not None]
            if known:
                # One label for what were several: the strictest of them, default included.
                return min(known) if len(known) == len(was) else min(*known, DEFAULT_LIMIT)
            seen.add(at)
            at = parents.get(at, "")
        return DEFAULT_LIMIT

    def _legacy(self, category: str) -> float | None:
        parent = _vocabulary().parents.get(category, "")
        return self.given.get(category, self.given.get(parent))


def limits_of(options: str | None) -> Limits:
    """Read ``category:limit`` pairs, or none; raises NotValid."""
    if options is None:
        return Limits({})
    parts = options.split(":")
    if len(parts) % 2:
        raise NotValid(options)
    vocabulary = _vocabulary()
    given: dict[str, float] = {}
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        category = vocabulary.aliases.get(name, name)
        if category not in vocabulary.categories or category in given:
            raise NotValid(name)
        given[category] = IGNORED if value == "ignore" else share(value)
    return Limits(given)


def slug(name: str) -> str:
    """A label's name as a category is written: ``Blood & Gore`` is ``blood_gore``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


@cache
def _vocabulary() -> Vocabulary:
    file = resources() / "moderation" / "aws_rek.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    legacy, current = data["legacy"], data["current"]
    categories = {*legacy, *(name for below in legacy.values() for name in below), *current}
    for below in current.values():
        categories |= {*below, *(name for leaves in below.values() for name in leaves)}
    return Vocabulary(
        frozenset(categories),
        {name: parent for parent, below in legacy.items() for name in below},
        data["aliases"],
        data["was"],
    )
