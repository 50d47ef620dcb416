"""How many decisions a second reach the service, beside the loop that people write today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.perf_figures import Figures
from helpers.perf_programs import Program
from helpers.perf_services import ours, scripted, upload

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.perf_figures import Section

pytestmark = pytest.mark.perf

ROUNDS = 5


def test_posting_one_by_one(section: Section, bench_folder: Path, small_photos: list[Path]) -> None:
    """Posting to a server that answers an update after 50 ms."""
    with (
        scripted(4000, 50, small_photos[0]) as (_, url),
        Program(
            "engine_push.py", str(bench_folder / "slow.sqlite3"), env={"CLOUDINARY_URL": url}
        ) as engine,
        Program("sdk_updates.py", env={"CLOUDINARY_URL": url}) as loop,
    ):
        engine.ask(pull=1500)
        names = [f"queue/photo-{number:07}" for number in range(3000, 3000 + 20 * ROUNDS)]
        _measure(section, engine, loop, names, decisions=200)


def test_posting_in_batches(section: Section, bench_folder: Path) -> None:
    """Posting to our service on loopback, in batches."""
    picture = bench_folder / "tiny.png"
    _write_tiny(picture)
    names = [f"loop-{number:04}" for number in range(30 * ROUNDS)]
    decisions = 100
    with ours(bench_folder / "service") as url:
        upload(url, [f"queue-{number:04}" for number in range(decisions * ROUNDS)], picture)
        # What the loop updates is uploaded after the engine has pulled, so they never meet.
        with (
            Program(
                "engine_push.py", str(bench_folder / "batch.sqlite3"), env={"CLOUDINARY_URL": url}
            ) as engine,
            Program("sdk_updates.py", env={"CLOUDINARY_URL": url}) as loop,
        ):
            engine.ask(pull=decisions * ROUNDS)
            upload(url, names, picture)
            _measure(section, engine, loop, names, decisions=decisions)


def _measure(
    section: Section, engine: Program, loop: Program, names: list[str], *, decisions: int
) -> None:
    engine_rounds, loop_rounds = [], []
    share = len(names) // ROUNDS
    for number in range(ROUNDS):
        assert engine.ask(decide=decisions)["decided"] == decisions
        answer = engine.ask(push=True)
        assert answer["posted"] == decisions
        engine_rounds.append([decisions / answer["seconds"]])
        part = names[number * share : (number + 1) * share]
        seconds = loop.ask(ids=part, status="approved")["seconds"]
        loop_rounds.append([share / seconds])
    engine_rate, loop_rate = Figures.of(engine_rounds, "/s"), Figures.of(loop_rounds, "/s")
    section.row("decisions posted by the sync engine", engine_rate)
    section.row("a loop over the official SDK's api.update", loop_rate)
    section.check("against the loop", engine_rate.ratio_to(loop_rate), 5, least=True)


def _write_tiny(path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 48), (90, 120, 150)).save(path)
