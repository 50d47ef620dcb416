"""How many photos a second two decode processes bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.perf_figures import Figures
from helpers.perf_programs import Program

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.perf_figures import Section

pytestmark = pytest.mark.perf

BOX = ("1333", "1000")
ROUNDS, PICTURES = 5, 20


def test_decoding(section: Section, large_photos: list[Path]) -> None:
    """Decoding 12-megapixel JPEGs to 1333 × 1000 on two processes."""
    files = [str(path) for path in large_photos]
    pool_rounds, bare_rounds = [], []
    with (
        Program("pool_decode.py", *BOX, *files) as pool,
        Program("bare_decode.py", *BOX, *files) as first,
        Program("bare_decode.py", *BOX, *files) as second,
    ):
        for _ in range(ROUNDS):
            answer = pool.ask(count=PICTURES)
            pool_rounds.append([PICTURES / (answer["end"] - answer["start"])])
            first.say(count=PICTURES // 2)
            second.say(count=PICTURES // 2)
            answers = [first.hear(), second.hear()]
            end, start = max(a["end"] for a in answers), min(a["start"] for a in answers)
            bare_rounds.append([PICTURES / (end - start)])
    ours, bare = Figures.of(pool_rounds, "images/s"), Figures.of(bare_rounds, "images/s")
    section.row("decode processes: unsealed, confined, colour-managed", ours)
    section.row("two bare Pillow loops: draft() and resize", bare)
    section.check("images/s against the bare loops", ours.ratio_to(bare), 0.9, least=True)
