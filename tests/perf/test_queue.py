"""The queue's own figures at a hundred and at a million pending images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helpers.perf_backlog import KINDS
from helpers.perf_figures import Figures
from helpers.perf_programs import Program

if TYPE_CHECKING:
    from helpers.perf_desks import Desk
    from helpers.perf_figures import Section

pytestmark = pytest.mark.perf

ROUNDS, REPETITIONS = 5, 60
# Fits the names that end so, one in ten thousand of those that are numbered through.
RARE = "4217 " + " ".join(f"-4217{digit}" for digit in range(10))
COMMON = "tag:bench"


def test_queue(section: Section, hundred: Desk, million: Desk) -> None:
    """The queue in the store: 100 pending images beside 1,000,000."""
    small, large = str(hundred.database), str(million.database)
    with Program("queue_reads.py", small, large) as program:
        program.ask(n=5)
        rounds = [program.ask(n=REPETITIONS) for _ in range(ROUNDS)]
        looked = [program.ask(filter=RARE)[large] for _ in range(ROUNDS)]
        common = [program.ask(filter=COMMON)[large] for _ in range(ROUNDS)]
    _compare(section, rounds, small, large)
    first = Figures.of([[sum(answer["slices"][: answer["first"]])] for answer in looked])
    section.row("filter, one match in 10,000: the first one, 1,000,000", first)
    whole = Figures.of([[sum(answer["slices"])] for answer in looked])
    section.row("filter, one match in 10,000: a window of 64, 1,000,000", whole)
    slices = Figures.of([answer["slices"] for answer in looked])
    section.row("filter, one slice of 500 rows, 1,000,000", slices)
    # A decision waits for one slice at most.
    decided = Figures.of([answer[large]["decide (FULL)"] for answer in rounds])
    section.check("one slice of a filter against a decision", slices.ratio_to(decided), 2.0)
    full = Figures.of([answer["slices"] for answer in common])
    section.row("filter that everything fits: a window of 64, 1,000,000", full)
    section.check("the same where everything fits", full.ratio_to(decided), 2.0)
    rate = looked[0]["looked"] / looked[0]["found"]
    section.note(f"filter: one match in {rate:,.0f}, {looked[0]['looked']:,} rows looked at")
    section.note(f"made in {million.seconds:.0f} s, {million.megabytes:.0f} MB")


@pytest.mark.parametrize("order", ["oldest", "together"])
def test_two_kinds_as_one_queue(
    section: Section, hundred_mixed: Desk, million_mixed: Desk, order: str
) -> None:
    """Two kinds as one queue: 100 pending images beside 1,000,000."""
    small, large = str(hundred_mixed.database), str(million_mixed.database)
    with Program("queue_reads.py", small, large) as program:
        program.ask(n=5, kinds=KINDS, order=order)
        rounds = [program.ask(n=REPETITIONS, kinds=KINDS, order=order) for _ in range(ROUNDS)]
    _compare(section, rounds, small, large, f" ({order})")


def test_copies_that_turn_up(section: Section, hundred_mixed: Desk, million_mixed: Desk) -> None:
    """A copy turns up in the queue: 100 fingerprinted images beside the 100,000 that are kept."""
    small, large = str(hundred_mixed.database), str(million_mixed.database)
    with Program("queue_reads.py", small, large) as program:
        program.ask(copies=5)
        rounds = [program.ask(copies=REPETITIONS) for _ in range(ROUNDS)]
        decisions = [program.ask(n=REPETITIONS)[large]["decide (FULL)"] for _ in range(ROUNDS)]
    decided = Figures.of(decisions)
    for name in rounds[0][small]:
        many = Figures.of([answer[large][name] for answer in rounds])
        section.row(f"{name}, 100", Figures.of([answer[small][name] for answer in rounds]))
        section.row(f"{name}, 1,000,000", many)
        # Two transactions and 272 probes of what is kept, however long the queue is.
        section.check(f"{name}, against a decision", many.ratio_to(decided), 5.0)


def _compare(
    section: Section, rounds: list[dict[str, Any]], small: str, large: str, of: str = ""
) -> None:
    for name in rounds[0][small]:
        few = Figures.of([answer[small][name] for answer in rounds])
        many = Figures.of([answer[large][name] for answer in rounds])
        section.row(f"{name}{of}, 100", few)
        section.row(f"{name}{of}, 1,000,000", many)
        opening = name.startswith("open")
        what = "opening" if opening else name
        # Noise apart they are the same: what grows with the queue would be ten thousand times it.
        budget = 1.2 if opening else 2.0
        section.check(f"{what}{of} at 1,000,000 against 100", many.ratio_to(few), budget)
