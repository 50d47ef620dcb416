"""What the window asks of the store, timed in the thread that asks.

Arguments: databases. Reads {"n": N} and answers, for each database in turn, with the milliseconds
of N repetitions of everything: opening it, the window around a place, a refill, a decision, an
undo, the counters. Reads {"filter": TEXT} and answers, for each database, with the milliseconds of
every slice of the queue that is looked at until a window of entries that fit is found.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from modstation.app.filtered_reader import SLICE
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.decisions import DecisionDraft, Verdict
from modstation.core.filtering import parse_filter
from modstation.core.queue import WINDOW, QueueView
from modstation.store.station_store import StationStore, Undone

if TYPE_CHECKING:
    from collections.abc import Callable

VIEW = QueueView()
HOLD = timedelta(seconds=300)


def main() -> None:
    clock, ids = SystemClock(), TimeOrderedIds()

    def open_store(path: str) -> StationStore:
        return StationStore.open(Path(path), clock=clock, ids=ids)

    stores = {path: open_store(path) for path in sys.argv[1:]}
    for line in sys.stdin:
        question = json.loads(line)
        answers: dict[str, object] = {}
        for path, store in stores.items():
            if "filter" in question:
                answers[path] = _slices(store, question["filter"])
            else:
                answers[path] = _times(path, store, open_store, question["n"])
        print(json.dumps(answers), flush=True)
    for store in stores.values():
        store.close()


def _times(
    path: str, store: StationStore, open_store: Callable[[str], StationStore], repetitions: int
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[[], object]) -> None:
        start = time.perf_counter()
        call()
        times.setdefault(name, []).append((time.perf_counter() - start) * 1000)

    for number in range(repetitions):
        timed("open, first window, counters", lambda: _open(path, open_store))
        entries = store.window(VIEW, around=None, before=0, after=WINDOW)
        # A place further on each time: pages that no earlier repetition has read.
        place = entries[(number * 7) % len(entries)]
        around = partial(store.window, VIEW, around=place.position, before=6, after=WINDOW)
        timed("window of 64 around a place", around)
        draft = DecisionDraft(
            ref=place.asset.ref,
            verdict=Verdict.REJECT,
            actor="bench",
            asset_id=place.asset.asset_id,
            version=place.asset.version,
            kind=place.asset.kind,
        )
        timed("decide (FULL)", partial(store.decide, draft, hold=HOLD))
        timed("counters", lambda: store.counts(VIEW))
        timed("undo (FULL)", lambda: _undo(store))
    return times


def _slices(store: StationStore, text: str) -> dict[str, object]:
    view = replace(VIEW, filter=parse_filter(text))
    edge, slices, looked, found, first = None, [], 0, 0, 0
    while found < WINDOW and (edge or not slices):
        start = time.perf_counter()
        part = store.scan(view, after=edge, rows=SLICE)
        slices.append((time.perf_counter() - start) * 1000)
        edge, looked, found = part.edge, looked + part.looked, found + len(part.entries)
        if found and not first:
            first = len(slices)
    return {"slices": slices, "first": first, "looked": looked, "found": found}


def _open(path: str, open_store: Callable[[str], StationStore]) -> None:
    store = open_store(path)
    assert store.window(VIEW, around=None, before=0, after=WINDOW)
    assert store.counts(VIEW).waiting
    store.close()


def _undo(store: StationStore) -> None:
    assert isinstance(store.undo(actor="bench"), Undone)


if __name__ == "__main__":
    main()
