"""What the window asks of the store, timed in the thread that asks.

Arguments: databases. Reads {"n": N} and answers, for each database in turn, with the milliseconds
of N repetitions of everything: opening it, the window around a place and well inside, a decision,
an undo, the counters. {"n": N, "kinds": [...], "order": ORDER} asks the same of several kinds in an
order, {"copies": N} what it takes when a copy turns up, N times. Reads {"filter": TEXT} and
answers, for each database, with the milliseconds of every slice of the queue that is looked at
until a window of entries that fit is found.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from helpers.perf_backlog import KINDS, key_of, unlike
from modstation.app.filtered_reader import SLICE
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.decisions import DecisionDraft, Verdict
from modstation.core.filtering import parse_filter
from modstation.core.queue import WINDOW, Order, QueueView
from modstation.store.station_store import StationStore, Undone

if TYPE_CHECKING:
    from collections.abc import Callable

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
            elif "copies" in question:
                answers[path] = _copies(store, question["copies"])
            else:
                view = QueueView(
                    tuple(question.get("kinds", QueueView().kinds)),
                    order=Order(question.get("order", Order.OLDEST)),
                )
                answers[path] = _times(path, store, open_store, question["n"], view)
        print(json.dumps(answers), flush=True)
    for store in stores.values():
        store.close()


def _times(
    path: str,
    store: StationStore,
    open_store: Callable[[str], StationStore],
    repetitions: int,
    view: QueueView,
) -> dict[str, list[float]]:
    counts = store.counts(view)
    assert counts is not None
    times: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[[], object]) -> None:
        start = time.perf_counter()
        call()
        times.setdefault(name, []).append((time.perf_counter() - start) * 1000)

    for number in range(repetitions):
        timed("open, first window, counters", lambda: _open(path, open_store, view))
        entries = store.window(view, around=None, before=0, after=WINDOW)
        # A place further on each time: pages that no earlier repetition has read.
        place = entries[(number * 7) % len(entries)]
        around = partial(store.window, view, around=place.position, before=6, after=WINDOW)
        timed("window of 64 around a place", around)
        inside = store.entry(key_of(counts.waiting // 5 + number % 7))
        assert inside is not None
        place_there = inside.ordered(view.order).position
        there = partial(store.window, view, around=place_there, before=6, after=WINDOW)
        timed("window of 64 well inside", there)
        draft = DecisionDraft(
            ref=place.asset.ref,
            verdict=Verdict.REJECT,
            actor="bench",
            asset_id=place.asset.asset_id,
            version=place.asset.version,
            kind=place.asset.kind,
        )
        timed("decide (FULL)", partial(store.decide, draft, hold=HOLD))
        timed("counters", lambda: store.counts(view))
        timed("undo (FULL)", lambda: _undo(store))
    return times


def _copies(store: StationStore, repetitions: int) -> dict[str, list[float]]:
    """An image of the queue turns out to be a copy of the oldest one, and to be none after all."""
    times: dict[str, list[float]] = {"a copy is found": [], "how many are alike": []}
    waiting = store.window(QueueView(KINDS), around=None, before=0, after=WINDOW)
    original, random = waiting[0], Random(2)
    for copy in (waiting[1 + number % (WINDOW - 1)] for number in range(repetitions)):
        same = unlike(random)
        store.likeness.put([(original.key, original.asset.revision, same)])
        start = time.perf_counter()
        store.likeness.put([(copy.key, copy.asset.revision, same)])
        found = time.perf_counter()
        assert store.likeness.count(copy.key) == 2
        times["a copy is found"].append((found - start) * 1000)
        times["how many are alike"].append((time.perf_counter() - found) * 1000)
        store.likeness.put([(copy.key, copy.asset.revision, unlike(random))])
    return times


def _slices(store: StationStore, text: str) -> dict[str, object]:
    view = QueueView(filter=parse_filter(text))
    edge, slices, looked, found, first = None, [], 0, 0, 0
    while found < WINDOW and (edge or not slices):
        start = time.perf_counter()
        part = store.scan(view, after=edge, rows=SLICE)
        slices.append((time.perf_counter() - start) * 1000)
        edge, looked, found = part.edge, looked + part.looked, found + len(part.entries)
        if found and not first:
            first = len(slices)
    return {"slices": slices, "first": first, "looked": looked, "found": found}


def _open(path: str, open_store: Callable[[str], StationStore], view: QueueView) -> None:
    store = open_store(path)
    assert store.window(view, around=None, before=0, after=WINDOW)
    assert store.counts(view).waiting
    store.close()


def _undo(store: StationStore) -> None:
    assert isinstance(store.undo(actor="bench"), Undone)


if __name__ == "__main__":
    main()
