from __future__ import annotations

import hashlib
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from modstation.core.clock import ManualClock
from modstation.core.errors import ModstationError, StoreFull, Unreachable
from modstation.media.cache import ImageCache
from modstation.media.fetch import Fetcher, FetchItem, FetchOutcome
from modstation.store.images import ImageStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 20.0


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_length: int | None = None
    etag: str | None = None
    content_type: str | None = "image/jpeg"


class Network:
    """Answers that a test lets through one by one."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Answer | ModstationError] = {}
        self.gate = threading.Semaphore(0)
        self.waiting = threading.Semaphore(0)

    def download(self, url: str, *, limit_bytes: int, progress: Any = None) -> Answer:
        self.asked.append(url)
        self.waiting.release()
        assert self.gate.acquire(timeout=PATIENCE)
        answer = self.answers.get(url, Answer(url.encode()))
        if isinstance(answer, ModstationError):
            raise answer
        assert limit_bytes > len(answer.body)
        return answer

    def open(self) -> None:
        self.gate.release(1000)

    def let_one_through(self) -> None:
        self.gate.release()

    def wait_for_a_call(self) -> None:
        assert self.waiting.acquire(timeout=PATIENCE)


class Fetching:
    def __init__(self, cache: ImageCache, **options: Any) -> None:
        self.network = Network()
        self.cache = cache
        self.outcomes: queue.Queue[FetchOutcome] = queue.Queue()
        self.fetcher = Fetcher(
            self.network.download, cache.put, on_outcome=self.outcomes.put, **options
        )

    def next(self) -> FetchOutcome:
        return self.outcomes.get(timeout=PATIENCE)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ImageCache]:
    opened = ImageCache(ImageStore(tmp_path / "images.db", clock=ManualClock()), secret="s")
    yield opened
    opened.close()


@pytest.fixture
def fetching(cache: ImageCache) -> Iterator[Fetching]:
    running = Fetching(cache, threads=1)
    yield running
    running.network.open()
    running.fetcher.close()


def item(key: str, **more: Any) -> FetchItem:
    return FetchItem(f"image/upload/{key}", "review", key, **more)


def test_what_is_fetched_is_in_the_cache_when_it_is_told(fetching: Fetching) -> None:
    fetching.network.open()
    fetching.fetcher.plan([item("a")])
    outcome = fetching.next()
    assert (outcome.kept, outcome.error, outcome.length) == (True, None, 1)
    assert fetching.cache.is_current("image/upload/a", "review")


def test_the_most_wanted_is_fetched_first_and_a_new_one_jumps_the_queue(fetching: Fetching) -> None:
    fetching.fetcher.plan([item("a"), item("b"), item("c")])
    fetching.network.wait_for_a_call()
    fetching.fetcher.plan([item("d"), item("a"), item("b")])
    fetching.network.open()
    assert [fetching.next().item.url for _ in range(3)] == ["a", "d", "b"]
    assert fetching.network.asked == ["a", "d", "b"]


def test_what_is_under_way_is_not_begun_twice(cache: ImageCache) -> None:
    running = Fetching(cache, threads=3)
    running.fetcher.plan([item("a")])
    running.network.wait_for_a_call()
    running.fetcher.plan([item("a"), item("b")])
    running.network.wait_for_a_call()
    running.network.open()
    assert {running.next().item.url for _ in range(2)} == {"a", "b"}
    running.fetcher.close()
    assert sorted(running.network.asked) == ["a", "b"]


def test_three_are_fetched_at_a_time(cache: ImageCache) -> None:
    running = Fetching(cache)
    running.fetcher.plan([item(str(n)) for n in range(5)])
    for _ in range(3):
        running.network.wait_for_a_call()
    assert not running.network.waiting.acquire(timeout=0.05)
    running.network.open()
    for _ in range(5):
        running.next()
    running.fetcher.close()
    assert sorted(running.network.asked) == list("01234")


def test_a_failure_is_handed_back_and_forgotten(fetching: Fetching) -> None:
    fetching.network.answers["a"] = Unreachable("refused")
    fetching.network.open()
    fetching.fetcher.plan([item("a"), item("b")])
    failed, fine = fetching.next(), fetching.next()
    assert isinstance(failed.error, Unreachable)
    assert not failed.kept
    assert fine.kept
    assert fetching.network.asked == ["a", "b"]
    del fetching.network.answers["a"]
    fetching.fetcher.plan([item("a")])
    assert fetching.next().kept


def test_a_full_disk_is_an_outcome_too(tmp_path: Path) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise StoreFull("full")

    outcomes: queue.Queue[FetchOutcome] = queue.Queue()
    fetcher = Fetcher(lambda *_, **__: Answer(b"x"), full, on_outcome=outcomes.put)
    fetcher.plan([item("a")])
    assert isinstance(outcomes.get(timeout=PATIENCE).error, StoreFull)
    fetcher.close()


def test_bytes_that_are_not_those_listed_are_kept_with_a_warning(fetching: Fetching) -> None:
    fetching.network.answers["a"] = Answer(b"other", content_length=5, etag="e")
    fetching.network.open()
    listed = hashlib.md5(b"right").hexdigest()
    fetching.fetcher.plan([item("a", listing_bytes=5, listing_etag=listed, is_original=True)])
    outcome = fetching.next()
    assert "checksum" in str(outcome.mismatch)
    kept = fetching.cache.sealed("image/upload/a", "review")
    assert kept is not None
    assert kept.mismatch == str(outcome.mismatch)


def test_an_image_that_is_here_is_not_fetched_again(cache: ImageCache) -> None:
    cache.put("image/upload/a", "review", b"here", source_revision="then")

    def is_current(wanted: FetchItem) -> bool:
        return cache.is_current(wanted.asset_key, wanted.rendition, revision=wanted.revision)

    running = Fetching(cache, threads=1, is_current=is_current)
    running.network.open()
    running.fetcher.plan([item("a", revision="then"), item("b")])
    assert running.next().item.url == "b"
    running.fetcher.plan([item("a", revision="now")])
    assert running.next().item.url == "a"
    running.fetcher.close()


def test_closing_waits_for_what_is_under_way_and_begins_nothing_more(cache: ImageCache) -> None:
    running = Fetching(cache, threads=1)
    running.fetcher.plan([item("a"), item("b")])
    running.network.wait_for_a_call()
    closing = threading.Thread(target=running.fetcher.close)
    closing.start()
    running.network.let_one_through()
    closing.join(PATIENCE)
    assert running.network.asked == ["a"]
    assert running.next().kept
    running.fetcher.plan([item("c")])
    assert running.network.asked == ["a"]


def test_what_is_dropped_while_it_is_under_way_is_neither_kept_nor_told(cache: ImageCache) -> None:
    running = Fetching(cache, threads=1)
    running.fetcher.plan([item("a"), item("b"), item("c")])
    running.network.wait_for_a_call()
    running.fetcher.drop(["image/upload/a", "image/upload/b"])
    running.network.open()
    assert running.next().item.url == "c"
    assert not cache.is_current("image/upload/a", "review")
    running.fetcher.plan([item("a")])
    assert running.next().item.url == "a"
    running.fetcher.close()
