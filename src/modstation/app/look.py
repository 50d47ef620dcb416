"""How one image was looked at: when it was painted, how far and how long it was uncovered."""

from __future__ import annotations

from dataclasses import dataclass

from modstation.core.decisions import Reveal


@dataclass(slots=True)
class Look:
    """One image on the stage; times are seconds of one monotonic clock, passed in."""

    protected: bool
    painted_at: float | None = None
    latched_since: float | None = None
    peeking_since: float | None = None
    uncovered_once: bool = False
    uncovered_before: float = 0.0
    note: str | None = None

    @property
    def covered(self) -> bool:
        """The image is covered at this moment."""
        return self.protected and self.latched_since is None and self.peeking_since is None

    def painted_for(self, now: float) -> float | None:
        """Seconds since the image was put on the screen; None if it was not yet."""
        return None if self.painted_at is None else now - self.painted_at

    def peek(self, *, on: bool, now: float) -> bool:
        """Uncover while a key is held; says whether anything changed."""
        if not self.protected or on == (self.peeking_since is not None):
            return False
        if on:
            self.peeking_since = now
            self.uncovered_once = True
        else:
            self.uncovered_before += now - (self.peeking_since or now)
            self.peeking_since = None
        return True

    def toggle_latch(self, now: float) -> bool:
        """Uncover for good, or cover again; says whether anything changed."""
        if not self.protected:
            return False
        if self.latched_since is None:
            self.latched_since = now
            self.uncovered_once = True
        else:
            self.uncovered_before += now - self.latched_since
            self.latched_since = None
        return True

    def reveal(self) -> Reveal:
        """What the decision log says of it."""
        if not self.protected:
            return Reveal.UNPROTECTED
        if self.latched_since is not None:
            return Reveal.LATCHED
        return Reveal.PEEK if self.uncovered_once else Reveal.NONE

    def revealed_ms(self, now: float) -> int:
        """Milliseconds a protected image was uncovered."""
        since = [
            moment for moment in (self.latched_since, self.peeking_since) if moment is not None
        ]
        running = now - min(since) if since else 0.0
        return round((self.uncovered_before + running) * 1000)

    def dwell_ms(self, now: float) -> int:
        """Milliseconds since the image was painted."""
        return round((self.painted_for(now) or 0.0) * 1000)
