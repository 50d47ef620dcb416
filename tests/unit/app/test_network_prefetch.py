"""Which pictures are fetched first, and what becomes of those that cannot be."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from helpers.assets import MANUAL_PENDING, fill, make_asset, make_assets, open_store
from modstation.app.network_prefetch import Prefetcher, _Wishes
from modstation.core.assets import ModerationStatus
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.errors import (
    AssetGone,
    Refused,
    RemoteError,
    StoreDamaged,
    StoreError,
    StoreFull,
    Throttled,
    Unreachable,
)
from modstation.core.events import (
    Connection,
    Event,
    ImageCached,
    ImageFailed,
    ImageProgress,
    TripProgress,
)
from modstation.core.queue import QueueView
from modstation.media.cache import ImageCache
from modstation.remote.batch import Capabilities
from modstation.remote.client import Downloaded
from modstation.store.images import ImageStore, open_image_store
from modstation.sync import discovery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from modstation.store.station_store import StationStore

_NOTHING = _Wishes(look=False)


class Pictures:
    """A delivery host: answers every address, unless it is told not to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.asked: list[str] = []
        self.faults: dict[str, RemoteError] = {}
        self.everywhere: RemoteError | None = None
        # When there are tickets, every picture takes one before it comes.
        self.tickets: threading.Semaphore | None = None

    def __call__(self, url: str, *, limit_bytes: int, progress: Any = None) -> Downloaded:
        if progress is not None:
            progress(100_000, 200_000)
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
        self.cache_faults: list[StoreError] = []
        self.limit = 512 * 1024 * 1024
        self.prefetch: Prefetcher | None = None

    def open_cache(self) -> ImageCache:
        if self.cache_faults:
            raise self.cache_faults.pop()
        images = open_image_store(self.folder / "images.sqlite3", clock=self.clock)
        return ImageCache(images, secret="s3cr3t", limit_bytes=self.limit)

    def here(self, *numbers: int) -> list[bool]:
        with closing(self.open_cache()) as cache:
            return [cache.is_current(key(number), "review") for number in numbers]

    def restart(self, **how: Any) -> Prefetcher:
        if self.prefetch is not None:
            self.prefetch.close()
        self.events.clear()
        self.pictures.asked.clear()
        return self.start(**how)

    def start(self, *, ahead: int = 10, offline: bool = False) -> Prefetcher:
        self.prefetch = Prefetcher(
            open_store=lambda: open_store(self.folder, clock=self.clock, ids=CountingIds()),
            open_cache=self.open_cache,
            download=self.pictures,
            pixels_url=lambda ref, edge: f"https://service.example/{ref.key}/pixels?w={edge}",
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


def test_another_view_is_fetched_ahead_from_its_start(room: Room) -> None:
    approved = QueueView(status=ModerationStatus.APPROVED)
    photos = [make_asset(number, status=ModerationStatus.APPROVED) for number in range(40, 45)]
    fill(room.store, photos, view=approved, at=room.clock.now())
    prefetch = room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 8)
    prefetch.change_view(approved)
    room.until(lambda: len(room.cached()) == 13)
    assert set(room.cached()[8:]) == {key(number) for number in range(40, 45)}


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


def test_how_much_of_an_original_has_come_is_told(room: Room) -> None:
    prefetch = room.start(ahead=8)
    prefetch.original(key(3))
    room.until(lambda: room.cached("original") == [key(3)])
    told = [event for event in room.events if isinstance(event, ImageProgress)]
    assert told == [ImageProgress(key(3), "original", 100_000, 200_000)]


def test_an_original_that_is_asked_for_again_says_again_why_it_does_not_come(room: Room) -> None:
    room.pictures.faults["/v1/photos/0003"] = Refused("not this one", http_status=401)
    prefetch = room.start(ahead=8)
    for times in (1, 2):
        prefetch.original(key(3))
        room.until(
            lambda times=times: (
                len([e for e in room.failed() if e.rendition == "original"]) == times
            )
        )


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
    room.until(lambda: not prefetch._fetcher._running)
    assert len(room.pictures.asked) <= 6
    room.pictures.everywhere = None

    def fetched() -> bool:
        # A failure that was still on its way may begin one more pause.
        room.clock.advance(1)
        prefetch.connection(Connection.OFFLINE)
        prefetch.connection(Connection.ONLINE)
        return len(room.cached()) == 10

    room.until(fetched)


def test_a_delivery_host_that_asks_for_patience_gets_it_although_the_service_answers(
    room: Room,
) -> None:
    prefetch = room.start(ahead=8)
    prefetch.connection(Connection.ONLINE)
    room.until(lambda: len(room.cached()) == 8)
    later = room.clock.now() + timedelta(hours=1)
    room.pictures.everywhere = Throttled("slow down", retry_at=later)
    prefetch.focus([key(20)])
    room.until(lambda: prefetch._not_before == later)
    asked = len(room.pictures.asked)
    for _ in range(10):
        prefetch.connection(Connection.ONLINE)
    prefetch.focus([key(21)])
    room.until(lambda: prefetch._focus == (key(21),) and prefetch._wishes == _NOTHING)
    assert len(room.pictures.asked) == asked


def test_a_trouble_that_an_earlier_process_noted_is_told_once_by_this_one(room: Room) -> None:
    room.pictures.faults["0002"] = Refused("Invalid transformation", http_status=400)
    room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 7 and len(room.failed()) == 1)
    prefetch = room.restart(ahead=8)
    room.until(lambda: len(room.failed()) == 1)
    assert room.failed()[0] == ImageFailed(key(2), "review", "Invalid transformation", True)
    prefetch.look_again()
    prefetch.focus([key(2), key(15)])
    room.until(lambda: key(15) in room.cached())
    assert len(room.failed()) == 1
    assert not any("0002" in url for url in room.pictures.asked)


def test_a_new_upload_is_fetched_although_the_old_one_could_not_be(room: Room) -> None:
    room.pictures.faults["v1/"] = Refused("Invalid image", http_status=400)
    room.store.note_problem(
        key(2), "review", "Invalid image", permanent=True, retry_at=None, revision="v0"
    )
    room.pictures.faults.clear()
    room.start(ahead=8)
    room.until(lambda: key(2) in room.cached())
    room.until(lambda: room.store.problems([key(2)]) == {})


def test_a_cache_that_cannot_be_opened_is_tried_again(
    room: Room, allow_log: Callable[[str], None]
) -> None:
    allow_log("image cache: The disk is full")
    room.cache_faults = [StoreFull("The disk is full.")]
    prefetch = room.start(ahead=8)
    prefetch.focus([key(1)])
    room.until(lambda: len(room.failed()) == 1)
    assert "disk is full" in room.failed()[0].message
    assert not room.failed()[0].permanent
    assert room.pictures.asked == []
    room.clock.advance(31)
    prefetch.look_again()
    room.until(lambda: len(room.cached()) == 8)


def test_a_cache_that_is_damaged_is_begun_anew_and_filled_again(
    room: Room, monkeypatch: pytest.MonkeyPatch, allow_log: Callable[[str], None]
) -> None:
    allow_log("image cache: broken")
    real, faults = ImageStore.put, [StoreDamaged("broken")]

    def put(store: ImageStore, *args: Any, **more: Any) -> Any:
        if faults:
            raise faults.pop()
        return real(store, *args, **more)

    monkeypatch.setattr(ImageStore, "put", put)
    prefetch = room.start(ahead=8)
    prefetch.focus([key(1)])
    room.until(lambda: bool(room.failed()))

    def filled() -> bool:
        room.clock.advance(3)
        prefetch.look_again()
        return all(room.here(*range(1, 9)))

    room.until(filled)


def told_trip(room: Room) -> TripProgress | None:
    told = [event for event in room.events if isinstance(event, TripProgress)]
    return told[-1] if told else None


def test_exactly_what_is_taken_along_is_fetched_and_told(room: Room) -> None:
    prefetch = room.start(ahead=8)
    prefetch.take_along([key(number) for number in range(5, 31)])
    room.until(lambda: told_trip(room) == TripProgress(26, 26, 0))
    # Beside them the start of the queue, as ever; the last of it may still be under way.
    room.until(lambda: len(set(room.cached())) >= 30)
    assert set(room.cached()) == {key(number) for number in range(1, 31)}


def test_what_cannot_be_taken_along_is_counted_and_holds_nothing_up(room: Room) -> None:
    prefetch = room.start(ahead=8)
    prefetch.take_along([key(20), "image/upload/nobody/knows", key(21)])
    room.until(lambda: told_trip(room) == TripProgress(3, 2, 1))


def test_what_is_taken_along_is_not_dropped_for_others_until_it_is_released(room: Room) -> None:
    prefetch = room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 8)
    # Room for what is here and no more: a sealed picture takes 95 bytes.
    room.limit = 8 * 95
    prefetch = room.restart(ahead=8)
    prefetch.take_along([key(1), key(2)])
    room.until(lambda: told_trip(room) == TripProgress(2, 2, 0))
    room.clock.advance(5)
    prefetch.focus([key(number) for number in range(21, 27)])
    room.until(lambda: all(room.here(*range(21, 27))))
    assert room.here(1, 2, 3, 4) == [True, True, False, False]


def test_what_is_looked_at_is_dropped_last(room: Room) -> None:
    prefetch = room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 8)
    room.clock.advance(5)
    prefetch.focus([key(1), key(2)])
    room.until(lambda: prefetch._focus == (key(1), key(2)))
    prefetch.close()
    # Room for three: a sealed picture takes 95 bytes.
    room.limit = 300
    room.clock.advance(5)
    with closing(room.open_cache()) as cache:
        cache.put("image/upload/new", "review", b"picture")
    assert room.here(1, 2, 3, 4) == [True, True, False, False]


def test_a_purged_picture_is_gone_and_what_is_under_way_of_it_is_not_kept(room: Room) -> None:
    prefetch = room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 8)
    tickets = room.pictures.tickets = threading.Semaphore(0)
    prefetch.focus([key(25)])
    room.until(lambda: any("0025" in url for url in room.pictures.begun))
    prefetch.purge([key(1), key(25)])
    tickets.release(30)
    room.until(lambda: room.here(1, 25) == [False, False] and not prefetch._fetcher._running)
    prefetch.focus([key(25), key(1)])
    room.until(lambda: {e.key for e in room.failed()} == {key(1), key(25)})
    assert all(e.permanent and "destroyed" in e.message for e in room.failed())
    assert key(25) not in room.cached()
    assert room.here(1, 25) == [False, False]
    # Nor by the next process.
    again = room.restart(ahead=8)
    again.focus([key(25), key(30)])
    room.until(lambda: key(30) in room.cached())
    assert not any("0025" in url for url in room.pictures.asked)


def test_what_was_asked_to_be_purged_is_gone_when_the_process_ends(room: Room) -> None:
    prefetch = room.start(ahead=8)
    room.until(lambda: len(room.cached()) == 8)
    prefetch.purge([key(3)])
    prefetch.close()
    assert room.here(2, 3) == [True, False]


def test_a_rejected_image_is_fetched_where_the_service_shows_it(room: Room) -> None:
    rejected = replace(make_asset(40), status=ModerationStatus.REJECTED)
    room.store.upsert_asset(rejected)
    found = discovery.Discovered(Capabilities(rejected_pixels=True), room.clock.now())
    discovery.remember(room.store, found)
    room.start(ahead=8).focus([rejected.key])
    room.until(lambda: rejected.key in room.cached())
    assert any(url.endswith(f"{rejected.key}/pixels?w=1920") for url in room.pictures.asked)


@pytest.mark.parametrize("kind", ["jpg", "gif"])
def test_the_original_of_a_rejected_image_comes_from_there_too(room: Room, kind: str) -> None:
    rejected = replace(make_asset(40), status=ModerationStatus.REJECTED, format=kind)
    room.store.upsert_asset(rejected)
    found = discovery.Discovered(Capabilities(rejected_pixels=True), room.clock.now())
    discovery.remember(room.store, found)
    prefetch = room.start(ahead=8)
    prefetch.focus([rejected.key])
    prefetch.original(rejected.key)
    room.until(lambda: rejected.key in room.cached("original"))
    room.until(lambda: rejected.key in room.cached())
    asked = {url.rpartition("?")[2] for url in room.pictures.asked if "0040" in url}
    # A rendition of what may have several frames would lose all but one.
    assert asked == ({"w=None"} if kind == "gif" else {"w=None", "w=1920"})


def test_a_rejected_image_that_nobody_shows_is_explained(room: Room) -> None:
    rejected = replace(make_asset(40), status=ModerationStatus.REJECTED)
    room.store.upsert_asset(rejected)
    discovery.remember(room.store, discovery.Discovered(Capabilities(), room.clock.now()))
    room.start(ahead=8).focus([rejected.key])
    room.until(lambda: len(room.failed()) == 1)
    assert "delivers no rejected images" in room.failed()[0].message
    assert room.failed()[0].permanent
    assert not any("0040" in url for url in room.pictures.asked)
