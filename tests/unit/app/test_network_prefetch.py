"""Which pictures are fetched first, and what becomes of those that cannot be."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from helpers.assets import MANUAL_PENDING, fill, make_assets, open_store
from modstation.app.network_prefetch import Prefetcher
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.errors import AssetGone, Refused, RemoteError, Unreachable
from modstation.core.events import Event, ImageCached, ImageFailed
from modstation.media.cache import ImageCache
from modstation.remote.client import Downloaded
from modstation.store.images import open_image_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from modstation.store.station_store import StationStore


class Pictures:
    """A delivery host: answers every address, unless it is told not to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.asked: list[str] = []
        self.faults: dict[str, RemoteError] = {}
        self.everywhere: RemoteError | None = None
        # When there are tickets, every picture takes one before it comes.
        self.tickets: threading.Semaphore | None = None

    def __call__(self, url: str, *, limit_bytes: int) -> Downloaded:
        self.begun.append(url)
        if self.tickets is not None:
            assert self.tickets.acquire(timeout=30)
        self.asked.append(url)
        if self.everywhere is not None:
            raise self.everywhere
        for part, error in self.faults.items():
            if part in url:
                raise error
        return Downloaded(b"picture", 7, None, "image/jpeg")


class Room:
    """A prefetcher, its store and what it told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.pictures = Pictures()
        self.events: list[Event] = []
        self.crashes: list[BaseException] = []
        self.store: StationStore = open_store(folder, clock=self.clock)
        fill(self.store, make_assets(30, width=4000, height=3000), at=self.clock.now())
        self.cache = ImageCache(
            open_image_store(folder / "images.sqlite3", clock=self.clock), secret="s3cr3t"
        )
        self.prefetch: Prefetcher | None = None

    def start(self, *, ahead: int = 10, offline: bool = False) -> Prefetcher:
        self.prefetch = Prefetcher(
            open_store=lambda: open_store(self.folder, clock=self.clock, ids=CountingIds()),
            cache=self.cache,
            download=self.pictures,
            view=MANUAL_PENDING,
            edge=1920,
            ahead_bytes=ahead * 2 * 1024 * 1024,
            clock=self.clock,
            notify=self.events.append,
            crashed=self.crashes.append,
            offline=offline,
        )
        return self.prefetch

    def cached(self, rendition: str = "review") -> list[str]:
        return [
            e.key for e in self.events if isinstance(e, ImageCached) and e.rendition == rendition
        ]

    def failed(self) -> list[ImageFailed]:
        return [e for e in self.events if isinstance(e, ImageFailed)]

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not condition():
            assert not self.crashes, self.crashes
            assert time.monotonic() < end, self.events
            threading.Event().wait(0.005)

    def close(self) -> None:
        if self.prefetch is not None:
            self.prefetch.close()
        self.cache.close()
        self.store.close()
        assert not self.crashes, self.crashes


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.close()


def key(number: int) -> str:
    return f"image/upload/photos/{number:04d}"


def test_the_start_of_the_queue_is_fetched_within_bounds(room: Room) -> None:
    room.start(ahead=10)
    room.until(lambda: len(room.cached()) == 10)
    assert set(room.cached()) == {key(number) for number in range(1, 11)}
    assert all("c_limit,w_1920,h_1920" in url for url in room.pictures.asked)


def test_what_is_looked_at_comes_before_the_start_of_the_queue(room: Room) -> None:
    tickets = room.pictures.tickets = threading.Semaphore(0)
    prefetch = room.start(ahead=20)
    room.until(lambda: len(room.pictures.begun) == 3)
    prefetch.focus([key(25), key(26)])
    room.until(lambda: [i.asset_key for i in prefetch._fetcher._queue[:2]] == [key(25), key(26)])
    tickets.release(3)
    room.until(lambda: len(room.pictures.begun) == 6)
    # Three were under way when the focus came; then what is looked at.
    following = {url.rpartition("/")[2] for url in room.pictures.begun[3:]}
    tickets.release(30)
    assert {"0025.jpg", "0026.jpg"} < following


def test_what_is_here_is_not_fetched_again(room: Room) -> None:
    prefetch = room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 8)
    prefetch.look_again()
    prefetch.focus([key(1), key(12)])
    room.until(lambda: key(12) in room.cached())
    assert len(room.pictures.asked) == 9


def test_the_original_is_fetched_on_demand(room: Room) -> None:
    prefetch = room.start(ahead=8)
    prefetch.original(key(3))
    room.until(lambda: room.cached("original") == [key(3)])
    assert any("c_limit" not in url for url in room.pictures.asked)


def test_offline_fetches_nothing_until_it_is_taken_back(room: Room) -> None:
    prefetch = room.start(offline=True)
    prefetch.focus([key(1)])
    prefetch.look_again()
    room.until(lambda: prefetch._focus == (key(1),))
    assert room.pictures.asked == []
    prefetch.set_offline(offline=False)
    room.until(lambda: len(room.cached()) == 10)


def test_a_picture_that_is_refused_is_told_once_and_not_asked_again(room: Room) -> None:
    room.pictures.faults["0002"] = Refused("Invalid transformation", http_status=400)
    prefetch = room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 7 and len(room.failed()) == 1)
    assert room.failed()[0].permanent
    prefetch.look_again()
    prefetch.focus([key(2), key(15)])
    room.until(lambda: key(15) in room.cached())
    assert sum("0002" in url for url in room.pictures.asked) == 1


def test_a_picture_that_is_not_delivered_yet_is_tried_again_later(room: Room) -> None:
    room.pictures.faults["0002"] = AssetGone("Resource not found", http_status=404)
    prefetch = room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 7 and len(room.failed()) == 1)
    assert not room.failed()[0].permanent
    room.pictures.faults.clear()
    room.clock.advance(60)
    prefetch.look_again()
    room.until(lambda: key(2) in room.cached() and room.store.problems([key(2)]) == {})


def test_without_network_nothing_is_hammered_and_all_is_fetched_when_it_is_back(
    room: Room,
) -> None:
    room.pictures.everywhere = Unreachable("no route")
    prefetch = room.start(ahead=10)
    prefetch.focus([key(1)])
    room.until(lambda: prefetch._not_before is not None)
    for _ in range(20):
        prefetch.look_again()
    room.until(lambda: room.prefetch is not None and room.prefetch._fetcher.idle)
    assert len(room.pictures.asked) <= 6
    room.pictures.everywhere = None

    def fetched() -> bool:
        # A failure that was still on its way may begin one more pause.
        room.clock.advance(1)
        prefetch.online()
        return len(room.cached()) == 10

    room.until(fetched)
