"""How a moderator's work went, in figures: counted from the decisions themselves. Pure."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from modstation.core.decisions import Action, Reveal, Verdict
from modstation.core.language import counted, translate

if TYPE_CHECKING:
    from modstation.core.decisions import Decision

# Nothing happened for so long: the work has stopped, and so does its clock.
IDLE_SECONDS = 60.0
SLOT = timedelta(minutes=10)
# Below these an hourly rate would be a guess.
_ENOUGH = 5
_ENOUGH_SECONDS = 30.0
_COUNTED = {Action.DECIDE, Action.REDO}


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of a stretch of work.

    ``active`` is the time worked, ``median_ms`` the median from an image on the screen to its
    decision, ``revealed`` how long protected images were uncovered, ``severe`` how many images of
    the severest reasons were seen. ``reasons``: code and count, most first; ``slots``: the
    beginning of each ten minutes in which something was decided, and how much.
    """

    approved: int = 0
    rejected: int = 0
    taken_back: int = 0
    reversed: int = 0
    active: timedelta = timedelta()
    median_ms: int | None = None
    revealed: timedelta = timedelta()
    severe: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    slots: tuple[tuple[datetime, int], ...] = ()

    @property
    def decided(self) -> int:
        """Images decided and not taken back."""
        return self.approved + self.rejected

    @property
    def per_hour(self) -> float | None:
        """Images an hour of active time; None while there is too little to say."""
        seconds = self.active.total_seconds()
        if self.decided < _ENOUGH or seconds < _ENOUGH_SECONDS:
            return None
        return self.decided * 3600 / seconds


@dataclass(frozen=True, slots=True)
class _Counted:
    verdict: Verdict
    reason: str | None
    dwell_ms: int
    reveal_ms: int
    seen: bool
    slot: datetime

    def and_then(self, later: _Counted) -> _Counted:
        """One image that was looked at twice and decided once: as it was decided last."""
        return replace(
            later,
            dwell_ms=self.dwell_ms + later.dwell_ms,
            reveal_ms=self.reveal_ms + later.reveal_ms,
            slot=self.slot,
        )


class Tally:
    """Counts decisions one by one, in the order of the log; what is taken back counts no more."""

    def __init__(self, severe_codes: frozenset[str] = frozenset()) -> None:
        self._severe_codes = severe_codes
        self._counted: dict[str, _Counted] = {}
        # What a decision was put in the place of, and how that one counted.
        self._replaced: dict[str, tuple[str, _Counted]] = {}
        self._taken_back = 0
        self._reversed = 0
        self.severe = 0
        """Images of the severest reasons that were seen, taken back or not."""

    def add(self, decision: Decision) -> None:
        """Count the next row of the log."""
        draft = decision.draft
        if draft.action in _COUNTED:
            before = self._replace(decision)
            seen = draft.reveal is not Reveal.NONE
            made = _Counted(
                draft.verdict,
                draft.reason_code,
                draft.dwell_ms,
                draft.reveal_ms,
                seen,
                _slot(decision.at),
            )
            self._counted[decision.decision_id] = made if before is None else before.and_then(made)
            known = before is not None and self._is_severe(before)
            if draft.action is Action.DECIDE and self._is_severe(made) and not known:
                self.severe += 1
        elif draft.action is Action.UNDO and draft.refers_to in self._counted:
            del self._counted[draft.refers_to]
            self._taken_back += 1
            # Undo of a change is no more than that: what stood before counts again.
            if draft.refers_to in self._replaced:
                older, counted_then = self._replaced[draft.refers_to]
                self._counted[older] = counted_then
        elif draft.action is Action.REVERSE:
            self._reversed += 1

    def _replace(self, decision: Decision) -> _Counted | None:
        """Count the one no more that a decision takes the place of; None if there is none."""
        older = decision.draft.refers_to
        if decision.draft.action is Action.REDO and older in self._replaced:
            older = self._replaced[older][0]
        before = self._counted.pop(older, None) if older is not None else None
        if older is not None and before is not None:
            self._replaced[decision.decision_id] = (older, before)
        return before

    def _is_severe(self, row: _Counted) -> bool:
        return row.seen and row.reason in self._severe_codes

    @property
    def looked_at(self) -> timedelta:
        """The time the decided images were looked at, a minute each at most."""
        longest = IDLE_SECONDS * 1000
        spent = sum(min(row.dwell_ms, longest) for row in self._counted.values())
        return timedelta(milliseconds=spent)

    def figures(self, active: timedelta) -> Figures:
        """What was counted so far; ``active`` is the time worked."""
        rows = list(self._counted.values())
        reasons: dict[str, int] = {}
        slots: dict[datetime, int] = {}
        for row in rows:
            slots[row.slot] = slots.get(row.slot, 0) + 1
            if row.reason is not None:
                reasons[row.reason] = reasons.get(row.reason, 0) + 1
        approved = sum(row.verdict is Verdict.APPROVE for row in rows)
        return Figures(
            approved=approved,
            rejected=len(rows) - approved,
            taken_back=self._taken_back,
            reversed=self._reversed,
            active=active,
            median_ms=round(statistics.median(row.dwell_ms for row in rows)) if rows else None,
            revealed=timedelta(milliseconds=sum(row.reveal_ms for row in rows)),
            severe=self.severe,
            reasons=tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
            slots=tuple(sorted(slots.items())),
        )


def _slot(at: datetime) -> datetime:
    return at - (at - datetime.min.replace(tzinfo=at.tzinfo)) % SLOT


class ActivityMeter:
    """The time somebody works, in seconds of one monotonic clock.

    It runs from one sign of life to the next and stops a minute after the last, or when the
    window is left.
    """

    def __init__(self) -> None:
        self._before = 0.0
        self._last: float | None = None

    def touched(self, now: float) -> None:
        """A sign of life."""
        self._before, self._last = self.seconds(now), now

    def left(self, now: float) -> None:
        """Somebody turned to something else."""
        self._before, self._last = self.seconds(now), None

    def seconds(self, now: float) -> float:
        """Seconds worked so far."""
        running = 0.0 if self._last is None else min(now - self._last, IDLE_SECONDS)
        return self._before + running


@dataclass(frozen=True, slots=True)
class BreakRules:
    """When a break is suggested; 0 switches that off.

    ``minutes`` of work since the last break, ``severe`` images seen since then.
    """

    minutes: int = 50
    severe: int = 20


# So long away from the images is a break.
BREAK_SECONDS = 300.0


class BreakReminder:
    """Suggests a break, once for each time one is due; never more than a sentence."""

    def __init__(self) -> None:
        self._active_from = 0.0
        self._severe_from = 0
        self._last_touch: float | None = None

    def touched(self, now: float, *, active: float, severe: int) -> None:
        """A sign of life; after a long silence the break has been taken."""
        if self._last_touch is not None and now - self._last_touch >= BREAK_SECONDS:
            self._active_from, self._severe_from = active, severe
        self._last_touch = now

    def due(self, rules: BreakRules, *, active: float, severe: int) -> str | None:
        """The sentence to show now, if any; asked again, it waits for as much work again."""
        minutes = int((active - self._active_from) // 60)
        seen = severe - self._severe_from
        if rules.minutes and minutes >= rules.minutes:
            forms = translate(
                "Figures",
                "{n} minute of work without a break.|{n} minutes of work without a break.",
            )
            text = counted(minutes, forms)
        elif rules.severe and seen >= rules.severe:
            forms = translate(
                "Figures",
                "{n} severe image since the last break.|{n} severe images since the last break.",
            )
            text = counted(seen, forms)
        else:
            return None
        self._active_from, self._severe_from = active, severe
        rest = translate("Figures", "A few minutes away from the screen may be good now.")
        return f"{text} {rest}"


def rows_of(figures: Figures) -> list[tuple[str, str, str]]:
    """The figures as a table for other programs: figure, of what, value."""
    whole: list[tuple[str, object]] = [
        ("decided", figures.decided),
        ("approved", figures.approved),
        ("rejected", figures.rejected),
        ("taken_back", figures.taken_back),
        ("reversed", figures.reversed),
        ("active_seconds", round(figures.active.total_seconds())),
        ("per_hour", "" if figures.per_hour is None else round(figures.per_hour)),
        ("median_ms", "" if figures.median_ms is None else figures.median_ms),
        ("revealed_seconds", round(figures.revealed.total_seconds())),
        ("severe_seen", figures.severe),
    ]
    return [
        *((name, "", str(value)) for name, value in whole),
        *(("reason", code, str(count)) for code, count in figures.reasons),
        *(("ten_minutes_from", at.isoformat(), str(count)) for at, count in figures.slots),
    ]
