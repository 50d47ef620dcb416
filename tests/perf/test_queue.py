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


def test_queue(section: Section, hundred: Desk, million: Desk) -> None:
    """The queue in the store: 100 pending images beside 1,000,000."""
    small, large = str(hundred.database), str(million.database)
    with Program("queue_reads.py", small, large) as program:
        program.ask(n=5)
        rounds = [program.ask(n=REPETITIONS) for _ in range(ROUNDS)]
    for name in rounds[0][small]:
        few = Figures.of([answer[small][name] for answer in rounds])
        many = Figures.of([answer[large][name] for answer in rounds])
        section.row(f"{name}, 100", few)
        section.row(f"{name}, 1,000,000", many)
        if name.startswith("open"):
            section.check("opening at 1,000,000 against 100", many.ratio_to(few), 1.2)
        else:
            section.note(f"{name}: {many.ratio_to(few):.2f}× of 100")
    section.note(f"made in {million.seconds:.0f} s, {million.megabytes:.0f} MB")
