"""The queue's own figures at a hundred and at a million pending images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
    for name in rounds[0][small]:
        few = Figures.of([answer[small][name] for answer in rounds])
        many = Figures.of([answer[large][name] for answer in rounds])
        section.row(f"{name}, 100", few)
        section.row(f"{name}, 1,000,000", many)
        if name.startswith("open"):
            section.check("opening at 1,000,000 against 100", many.ratio_to(few), 1.2)
        else:
            section.note(f"{name}: {many.ratio_to(few):.2f}× of 100")
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
