"""How one image was looked at: when it was painted, how far and how long it was uncovered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from modstation.core.decisions import Reveal


class Shown(Enum):
    """What the stage has put on the screen of an image."""

    # A card that says why the image cannot be shown.
    CARD = "card"
    COVERED = "covered"
    PICTURE = "picture"


@dataclass(slots=True)
class Look:
    """One image on the stage; times are seconds of one monotonic clock, passed in.

    Only what was painted counts: a key that asks to uncover reveals nothing by itself.
    """

    protected: bool
    painted_at: float | None = None
    latched: bool = False
    peeking: bool = False
    # Another window is in front: nobody looks, so no time is counted.
    away: bool = False
    # A protected image was on the screen uncovered.
    uncovered_once: bool = False
    note: str | None = None
    _shown: Shown | None = None
    _uncovered_since: float | None = None
    _uncovered_before: float = 0.0

    @property
    def covered(self) -> bool:
        """The image is, or would be, covered at this moment."""
        return self.protected and not self.latched and not self.peeking

    def painted(self, shown: Shown, now: float) -> None:
        """The stage has painted this; a picture that follows a card begins anew."""
        if (self._shown is Shown.CARD) != (shown is Shown.CARD):
            self.painted_at = None
        if self.painted_at is None:
            self.painted_at = now
        self._shown = shown
        if not self.protected or shown is not Shown.PICTURE:
            self._end_reveal(now)
        else:
            self._begin_reveal(now)

    def gone(self, now: float) -> None:
        """Nothing of the image is on the screen any more."""
        self.painted_at = self._shown = None
        self._end_reveal(now)

    def look_away(self, *, away: bool, now: float) -> None:
        """The moderator turns to another window, or comes back."""
        self.away = away
        if away:
            self._end_reveal(now)
        elif self.protected and self._shown is Shown.PICTURE:
            self._begin_reveal(now)

    def painted_for(self, now: float) -> float | None:
        """Seconds since the image was put on the screen; None if it was not yet."""
        return None if self.painted_at is None else now - self.painted_at

    def peek(self, *, on: bool, now: float) -> bool:
        """Uncover while a key is held; says whether anything changed."""
        if not self.protected or on == self.peeking:
            return False
        self.peeking = on
        return self._changed(now)

    def toggle_latch(self, now: float) -> bool:
        """Uncover for good, or cover again; says whether anything changed."""
        if not self.protected:
            return False
        self.latched = not self.latched
        return self._changed(now)

    def reveal(self) -> Reveal:
        """What the decision log says of it."""
        if not self.protected:
            return Reveal.UNPROTECTED
        if not self.uncovered_once:
            return Reveal.NONE
        return Reveal.LATCHED if self.latched else Reveal.PEEK

    def revealed_for(self, now: float) -> float:
        """Seconds a protected image was on the screen uncovered."""
        since = self._uncovered_since
        return self._uncovered_before + (0.0 if since is None else now - since)

    def revealed_ms(self, now: float) -> int:
        """Milliseconds a protected image was on the screen uncovered."""
        return round(self.revealed_for(now) * 1000)

    def dwell_ms(self, now: float) -> int:
        """Milliseconds since the image was painted."""
        return round((self.painted_for(now) or 0.0) * 1000)

    def _changed(self, now: float) -> bool:
        if self.covered:
            self._end_reveal(now)
        return True

    def _begin_reveal(self, now: float) -> None:
        if self._uncovered_since is None and not self.away:
            self._uncovered_since, self.uncovered_once = now, True

    def _end_reveal(self, now: float) -> None:
        if self._uncovered_since is not None:
            self._uncovered_before += now - self._uncovered_since
            self._uncovered_since = None
