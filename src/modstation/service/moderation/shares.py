"""A number from 0 to 1, as a value of ``moderation`` writes its limits."""

from __future__ import annotations

import re

_SHARE = re.compile(r"0(\.[0-9]{1,9})?|\.[0-9]{1,9}|1(\.0{1,9})?")


class NotValid(ValueError):
    """A part of a ``moderation`` value that means nothing."""


def share(text: str) -> float:
    """The number; raises NotValid for anything else, exponents and ``nan`` included."""
    if not _SHARE.fullmatch(text):
        raise NotValid(text)
    return float(text)
