"""Values of search expressions: instants, sizes, ratios, numbers (reference 3.5)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from modstation.core.clock import to_us

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_UNITS = {
    "h": timedelta(hours=1),
    "d": _DAY,
    "w": timedelta(weeks=1),
    "m": timedelta(days=30),
    "y": timedelta(days=365),
}
_RELATIVE = re.compile(r"(?:now)?-?([0-9]{1,6})([hdwmy])|now", re.IGNORECASE)
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([kmg]?)b?", re.IGNORECASE)
_SIZES = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
# No longer: both sides of a comparison are multiplied out and have to fit 64 bits.
_RATIO = re.compile(r"([0-9]{1,5})[:/]([0-9]{1,5})|([0-9]{1,4}(?:\.[0-9]{1,4})?)")


def span(text: str, now: datetime) -> tuple[int, int] | None:
    """The microseconds [first, end) that an instant stands for; None if it is none.

    A day is 24 hours, a time is its second, as answers write it. ``3d`` and ``now-3d`` are three
    days ago to the microsecond; h, d, w, m (30 days) and y (365 days) are understood. A number
    of nine digits or more is a time in seconds.
    """
    relative = _RELATIVE.fullmatch(text)
    try:
        if relative:
            amount, unit = relative.groups()
            at = now - int(amount) * _UNITS[unit.lower()] if amount else now
            return to_us(at), to_us(at) + 1
        if text.isascii() and text.isdigit() and 9 <= len(text) <= 11:
            return int(text) * 1_000_000, (int(text) + 1) * 1_000_000
        at = datetime.fromisoformat(text)
        length = _DAY if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else _SECOND
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).replace(microsecond=0)
        return to_us(at), to_us(at + length)
    except (ValueError, OverflowError):
        return None


def size(text: str) -> Fraction | None:
    """Bytes, also as ``2mb``, ``1.5m`` or ``100 kb``; None if it is no size."""
    match = _SIZE.fullmatch(text.strip())
    return Fraction(match[1]) * _SIZES[match[2].lower()] if match else None


def number(text: str) -> Fraction | None:
    """A number; None if it is none."""
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def ratio(text: str) -> Fraction | None:
    """An aspect ratio, ``16:9`` or ``1.78``; None if it is none."""
    match = _RATIO.fullmatch(text)
    if match is None:
        return None
    width, height, quotient = match.groups()
    if quotient is not None:
        return Fraction(quotient)
    return Fraction(int(width), int(height)) if int(height) else None
