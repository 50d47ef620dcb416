"""Figures of a session: what counts, what is taken back, when the clock stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from modstation.core.assets import AssetRef
from modstation.core.decisions import Action, Decision, DecisionDraft, Reveal, Verdict
from modstation.core.figures import (
    ActivityMeter,
    BreakReminder,
    BreakRules,
    Tally,
    rows_of,
)

NOON = datetime(2026, 1, 1, 12, 3, tzinfo=UTC)
APPROVE, REJECT = Verdict.APPROVE, Verdict.REJECT


def row(number: int, verdict: Verdict = APPROVE, **fields: object) -> Decision:
    at = NOON + timedelta(minutes=number)
    draft = DecisionDraft(AssetRef("image", "upload", str(number)), verdict, "me", **fields)
    return Decision(f"d{number}", number, at, draft, "", "")


def test_a_session_is_counted_by_verdict_reason_and_time() -> None:
    tally = Tally(frozenset({"gore"}))
    for decision in (
        row(1, dwell_ms=1000),
        row(2, REJECT, reason_code="gore", dwell_ms=3000, reveal=Reveal.PEEK, reveal_ms=800),
        row(3, REJECT, reason_code="gore", dwell_ms=500, reveal=Reveal.NONE),
        row(4, REJECT, reason_code="spam", dwell_ms=9000),
        row(9, dwell_ms=2000),
    ):
        tally.add(decision)
    figures = tally.figures(timedelta(minutes=1))
    assert (figures.decided, figures.approved, figures.rejected) == (5, 2, 3)
    assert figures.median_ms == 2000
    assert figures.per_hour == 300
    assert figures.reasons == (("gore", 2), ("spam", 1))
    assert figures.revealed == timedelta(milliseconds=800)
    # The one that was rejected covered was not seen.
    assert figures.severe == 1
    assert [count for _, count in figures.slots] == [4, 1]
    assert ("reason", "gore", "2") in rows_of(figures)


def test_what_is_taken_back_counts_no_more_and_what_is_made_again_counts_again() -> None:
    tally = Tally()
    tally.add(row(1))
    tally.add(row(2, action=Action.UNDO, refers_to="d1"))
    assert tally.figures(timedelta()).decided == 0
    tally.add(row(3, action=Action.REDO, refers_to="d1"))
    tally.add(row(4, REJECT, action=Action.REVERSE, refers_to="d3"))
    figures = tally.figures(timedelta())
    assert (figures.decided, figures.taken_back, figures.reversed) == (1, 1, 1)


def test_a_decision_that_was_changed_is_one_image_decided_as_it_was_at_last() -> None:
    tally = Tally(frozenset({"gore"}))
    tally.add(row(1, REJECT, reason_code="spam", dwell_ms=1000))
    tally.add(row(2, REJECT, reason_code="gore", dwell_ms=500, refers_to="d1"))
    figures = tally.figures(timedelta())
    assert (figures.decided, figures.taken_back, figures.severe) == (1, 0, 1)
    assert figures.reasons == (("gore", 1),)
    assert figures.median_ms == 1500
    tally.add(row(3, action=Action.UNDO, refers_to="d2"))
    assert tally.figures(timedelta()).reasons == (("spam", 1),)
    tally.add(row(4, REJECT, reason_code="gore", action=Action.REDO, refers_to="d2"))
    figures = tally.figures(timedelta())
    assert (figures.decided, figures.reasons) == (1, (("gore", 1),))


def test_nothing_decided_has_figures_too() -> None:
    figures = Tally().figures(timedelta())
    assert (figures.decided, figures.median_ms, figures.per_hour) == (0, None, None)


@pytest.mark.parametrize(
    ("touches", "read_at", "seconds"),
    [
        ([], 100, 0),
        ([0, 10, 20], 20, 20),
        # A minute after the last key the clock stops.
        ([0, 10], 500, 70),
        ([0, 500], 510, 70),
    ],
)
def test_the_clock_runs_while_somebody_works(
    touches: list[float], read_at: float, seconds: float
) -> None:
    meter = ActivityMeter()
    for at in touches:
        meter.touched(at)
    assert meter.seconds(read_at) == seconds


def test_the_clock_stops_at_once_when_the_window_is_left() -> None:
    meter = ActivityMeter()
    meter.touched(0)
    meter.left(5)
    assert meter.seconds(50) == 5
    meter.touched(50)
    assert meter.seconds(55) == 10


def test_a_break_is_suggested_by_the_clock_once_and_again_after_as_much_work() -> None:
    reminder, rules = BreakReminder(), BreakRules(minutes=50, severe=0)
    assert reminder.due(rules, active=49 * 60, severe=99) is None
    assert "50 minutes of work" in (reminder.due(rules, active=50 * 60, severe=99) or "")
    assert reminder.due(rules, active=51 * 60, severe=99) is None
    assert reminder.due(rules, active=100 * 60, severe=99) is not None


def test_a_break_is_suggested_by_what_was_seen() -> None:
    reminder, rules = BreakReminder(), BreakRules(minutes=0, severe=3)
    assert reminder.due(rules, active=0, severe=2) is None
    assert "3 severe images" in (reminder.due(rules, active=0, severe=3) or "")
    assert reminder.due(rules, active=0, severe=4) is None


def test_a_break_that_was_taken_puts_the_next_one_off() -> None:
    reminder, rules = BreakReminder(), BreakRules(minutes=50, severe=20)
    reminder.touched(0, active=0, severe=0)
    reminder.touched(2000, active=40 * 60, severe=15)
    assert reminder.due(rules, active=60 * 60, severe=18) is None


def test_no_break_is_suggested_where_both_are_switched_off() -> None:
    assert BreakReminder().due(BreakRules(0, 0), active=1e6, severe=1000) is None
