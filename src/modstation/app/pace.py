"""How the session is going: decisions made, and how many an hour that is."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

# Before so many decisions and so many seconds an hourly rate would be a guess.
_ENOUGH = 5
_ENOUGH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How the session is going; ``per_hour`` once there are enough decisions to say."""

    decided: int
    per_hour: float | None


class PaceMeter:
    """The moments of this session's decisions, in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._moments: list[float] = []

    def decided(self, at: float) -> None:
        """A decision was made."""
        self._moments.append(at)

    def failed(self, at: float) -> None:
        """The decision of that moment could not be saved: it does not count."""
        with contextlib.suppress(ValueError):
            self._moments.remove(at)

    def taken_back(self) -> None:
        """The last decision was undone."""
        if self._moments:
            self._moments.pop()

    def read(self) -> Pace:
        """Decisions of this session, and an hourly rate once there are enough to say."""
        moments = self._moments
        if len(moments) < _ENOUGH or moments[-1] - moments[0] < _ENOUGH_SECONDS:
            return Pace(len(moments), None)
        return Pace(len(moments), (len(moments) - 1) * 3600 / (moments[-1] - moments[0]))
