"""The service with a long queue: pages, decisions and uploads, on SQLite and on PostgreSQL."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from helpers import postgres
from helpers.live_service import picture
from helpers.perf_figures import Figures
from helpers.perf_queues import CLOUD, Queue, Straight, make_queue
from helpers.serve_process import ServeProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helpers.perf_figures import Section

pytestmark = pytest.mark.perf

ROUNDS = 5
PER_ROUND = 10
CALLERS = 4
RATED = 400
FEW, MANY = 1_000, 1_000_000
PAGE = 500


@pytest.fixture(scope="module")
def durable_cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL that waits for the disk, as a real one does."""
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.Cluster(durable=True) as cluster:
        yield cluster


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def queues(
    request: pytest.FixtureRequest, bench_folder: Path
) -> Iterator[tuple[str, Queue, Queue]]:
    """A short and a long queue in one kind of database."""
    kind = request.param
    folder = bench_folder / f"queues-{kind}"
    if kind == "SQLite":
        yield kind, make_queue(folder / "few", None, FEW), make_queue(folder / "many", None, MANY)
        return
    cluster = request.getfixturevalue("durable_cluster")
    with cluster.database() as few, cluster.database() as many:
        yield kind, make_queue(folder / "few", few, FEW), make_queue(folder / "many", many, MANY)


class Caller:
    """A client of one service that runs in a process of its own."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self._process = ServeProcess(
            queue.data, cloud=CLOUD, database=queue.database, calls_per_hour=10_000_000
        )
        self._pool = urllib3.PoolManager(
            maxsize=CALLERS,
            headers=urllib3.make_headers(basic_auth=":".join(self._process.auth)),
        )
        self._next = threading.Lock(), iter(range(queue.count))

    def page(self, cursor: str | None) -> None:
        fields = {"direction": "asc", "max_results": str(PAGE), "next_cursor": cursor or ""}
        answer = self._ask("GET", "/resources/image/moderations/manual/pending", fields=fields)
        assert len(answer["resources"]) == PAGE

    def decide(self, number: int) -> None:
        fields = {"moderation_status": "approved"}
        self._ask("POST", f"/resources/image/upload/{self.queue.name(number)}", fields=fields)

    def decide_batch(self, numbers: range) -> None:
        items = [
            {"decision_id": f"b-{n}", "public_id": self.queue.name(n), "status": "approved",
             "expected": ["pending"]}
            for n in numbers
        ]  # fmt: skip
        answer = self._ask("POST", "/modstation/decisions", json={"decisions": items})
        assert {result["outcome"] for result in answer["results"]} == {"applied"}

    def upload(self, number: int) -> None:
        content = picture(number % 64, (8, 8))
        fields = {"file": ("x.jpg", content), "public_id": f"new-{number}", "moderation": "manual"}
        self._ask("POST", "/image/upload", fields=fields)

    def stop(self) -> None:
        self._pool.clear()
        assert self._process.end(signal.SIGTERM)[0] == 0

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._pool.request(
            method, f"{self._process.api}{path}", retries=False, timeout=120, **options
        )
        assert answer.status == 200, answer.data
        return answer.json()


@pytest.fixture(scope="module")
def callers(queues: tuple[str, Queue, Queue]) -> Iterator[tuple[str, Caller, Caller]]:
    kind, few, many = queues
    both = Caller(few), Caller(many)
    yield kind, *both
    for caller in both:
        caller.stop()


def test_service_queue(section: Section, callers: tuple[str, Caller, Caller]) -> None:
    """The service with 1,000,000 pending assets."""
    kind, few, many = callers
    cursor = many.queue.cursor(999 * PAGE - 1)
    pages: dict[str, list[list[float]]] = {"first": [], "1,000th": []}
    decided: dict[str, list[list[float]]] = {"few": [], "many": []}
    many.page(None)
    many.page(cursor)
    numbers = iter(range(FEW - 1))
    for _ in range(ROUNDS):
        pages["first"].append(timed(lambda: many.page(None), PER_ROUND))
        pages["1,000th"].append(timed(lambda: many.page(cursor), PER_ROUND))
        taken = [next(numbers) for _ in range(PER_ROUND)]
        decided["few"].append([timed_one(few.decide, number) for number in taken])
        # From all over the queue, not where the pages were read.
        apart = [MANY - 1 - number * 919 for number in taken]
        decided["many"].append([timed_one(many.decide, number) for number in apart])
    first, late = Figures.of(pages["first"]), Figures.of(pages["1,000th"])
    section.row(f"{kind}: page of {PAGE}, the first", first)
    section.row(f"{kind}: page of {PAGE}, the 1,000th", late)
    section.check(f"{kind}: the 1,000th page against the first", late.ratio_to(first), 2.0)
    small, large = Figures.of(decided["few"]), Figures.of(decided["many"])
    section.row(f"{kind}: one decision, 1,000 pending", small)
    section.row(f"{kind}: one decision, 1,000,000 pending", large)
    section.check(f"{kind}: deciding at 1,000,000 against 1,000", large.ratio_to(small), 1.3)
    section.note(f"{kind}: made in {many.queue.seconds:.0f} s")


def test_service_rates(section: Section, callers: tuple[str, Caller, Caller]) -> None:
    """What the service takes in a second, and what its statements alone would."""
    kind, _, many = callers
    straight = Straight(many.queue)
    figures: dict[str, list[list[float]]] = {
        "uploads": [], "uploads, straight": [], "decisions": [], "decisions, straight": [],
        "decisions, 500 a request": [],
    }  # fmt: skip
    for turn in range(ROUNDS):
        uploaded = range(turn * RATED, (turn + 1) * RATED)
        figures["uploads"].append([rate(many.upload, uploaded)])
        figures["uploads, straight"].append([straight.upload(uploaded, CALLERS)])
        start = 600_000 + turn * 4 * RATED
        figures["decisions"].append([rate(many.decide, range(start, start + RATED))])
        apart = range(start + RATED, start + 2 * RATED)
        figures["decisions, straight"].append([straight.decide(apart, CALLERS)])
        batch = range(start + 2 * RATED, start + 2 * RATED + 500)
        seconds = timed_one(many.decide_batch, batch) / 1000
        figures["decisions, 500 a request"].append([500 / seconds])
    for what, values in figures.items():
        section.row(f"{kind}: {what}", Figures.of(values, "1/s"))
    for what in ("uploads", "decisions"):
        alone = Figures.of(figures[f"{what}, straight"])
        share = Figures.of(figures[what]).ratio_to(alone)
        section.note(f"{kind}: {what} through the service are {share:.0%} of the statements alone")


def rate(act: Callable[[int], None], numbers: range) -> float:
    """How many a second, with four callers."""
    with ThreadPoolExecutor(CALLERS) as threads:
        began = time.perf_counter()
        list(threads.map(act, numbers))
        return len(numbers) / (time.perf_counter() - began)


def timed(act: Callable[[], None], count: int) -> list[float]:
    """Milliseconds, so many times."""
    return [timed_one(lambda _: act(), None) for _ in range(count)]


def timed_one(act: Callable[[Any], None], of: Any) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    act(of)
    return (time.perf_counter() - began) * 1000
