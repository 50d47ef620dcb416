"""Which pictures are fetched, and in which order: what is looked at, then the start of the queue.

Runs on a thread of the network process with a database connection of its own, so that the next
picture never waits for a page of a listing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from modstation.core.errors import (
    MediaError,
    ModstationError,
    Refused,
    StoreError,
    Throttled,
    Unknown,
    Unreachable,
    UnsafeAddress,
)
from modstation.core.events import ImageCached, ImageFailed
from modstation.media.fetch import Fetcher, FetchItem, FetchOutcome
from modstation.remote.delivery import review_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modstation.core.assets import Asset
    from modstation.core.clock import Clock
    from modstation.core.events import Event
    from modstation.core.queue import QueueView
    from modstation.media.cache import ImageCache
    from modstation.media.fetch import Downloader
    from modstation.store.station_store import StationStore

# What a review rendition takes at most, as a rule; the plan stays well within the cache.
USUAL_BYTES = 1024 * 1024
AHEAD = 64
FIRST_RETRY = timedelta(seconds=2)
LAST_RETRY = timedelta(minutes=10)
# After a fetch that reached nobody: until the connection is known to be back, or this.
OUTAGE_PAUSE = timedelta(seconds=5)


@dataclass(slots=True)
class _Wishes:
    """What other threads have asked for and the prefetch thread has not seen yet."""

    focus: tuple[str, ...] | None = None
    originals: list[str] = field(default_factory=list)
    offline: bool | None = None
    look: bool = True
    online: bool = False
    closing: bool = False
    outcomes: list[FetchOutcome] = field(default_factory=list)


class Prefetcher:
    """Keeps the fetcher's plan right; every public method may be called by any thread."""

    def __init__(
        self,
        *,
        open_store: Callable[[], StationStore],
        cache: ImageCache,
        download: Downloader,
        view: QueueView,
        edge: int,
        ahead_bytes: int,
        clock: Clock,
        notify: Callable[[Event], None],
        crashed: Callable[[BaseException], None],
        offline: bool = False,
    ) -> None:
        self._open_store = open_store
        self._cache = cache
        self._view = view
        self._edge = edge
        self._ahead = max(8, min(AHEAD, ahead_bytes // (2 * USUAL_BYTES)))
        self._clock = clock
        self._notify = notify
        self._crashed = crashed
        self._offline = offline
        self._focus: tuple[str, ...] = ()
        self._original: str | None = None
        self._failures: dict[tuple[str, str], int] = {}
        self._not_before: datetime | None = None
        self._changed = threading.Condition()
        self._wishes = _Wishes()
        self._fetcher = Fetcher(
            download,
            cache.put,
            on_outcome=self._fetched,
            is_current=lambda item: cache.is_current(
                item.asset_key, item.rendition, revision=item.revision
            ),
        )
        self._thread = threading.Thread(target=self._run, name="prefetch")
        self._thread.start()

    # -- asked by others

    def focus(self, keys: Iterable[str]) -> None:
        """These first, in this order."""
        with self._changed:
            self._wishes.focus = tuple(keys)
            self._changed.notify()

    def original(self, key: str) -> None:
        """The original of one asset, before everything else."""
        with self._changed:
            self._wishes.originals.append(key)
            self._changed.notify()

    def set_offline(self, *, offline: bool) -> None:
        """Fetch nothing until this is taken back."""
        with self._changed:
            self._wishes.offline = offline
            self._changed.notify()

    def look_again(self) -> None:
        """The queue has changed."""
        with self._changed:
            self._wishes.look = True
            self._changed.notify()

    def online(self) -> None:
        """The service answers: do not sit out a pause."""
        with self._changed:
            self._wishes.online = True
            self._changed.notify()

    def close(self) -> None:
        """End, after the pictures that are under way."""
        with self._changed:
            self._wishes.closing = True
            self._changed.notify()
        self._thread.join()

    # -- the thread

    def _run(self) -> None:
        try:
            store = self._open_store()
            try:
                self._work(store)
            finally:
                self._fetcher.plan(())
                self._fetcher.close()
                store.close()
        except BaseException as error:  # noqa: BLE001 - handed on to the process, which ends by it
            self._crashed(error)

    def _work(self, store: StationStore) -> None:
        wake_at: datetime | None = None
        while True:
            wishes = self._wait(wake_at)
            if wishes.closing:
                return
            if wishes.focus is not None:
                self._focus = wishes.focus
                self._cache.protect(self._focus)
            if wishes.offline is not None:
                self._offline = wishes.offline
            if wishes.originals:
                self._original = wishes.originals[-1]
            for outcome in wishes.outcomes:
                self._take(store, outcome)
            if wishes.online:
                # After the outcomes: what failed before the network came back pauses nothing.
                self._not_before = None
            wake_at = self._plan(store)

    def _wait(self, wake_at: datetime | None) -> _Wishes:
        timeout = None
        if wake_at is not None:
            timeout = max(0.05, (wake_at - self._clock.now()).total_seconds())
        with self._changed:
            if self._wishes == _Wishes(look=False):
                self._changed.wait(timeout)
            wishes, self._wishes = self._wishes, _Wishes(look=False)
        return wishes

    def _plan(self, store: StationStore) -> datetime | None:
        """Tell the fetcher what to get; return when to plan again for what has to wait."""
        now = self._clock.now()
        if self._offline:
            self._fetcher.plan(())
            return None
        if self._not_before is not None and self._not_before > now:
            self._fetcher.plan(())
            return self._not_before
        self._not_before = None
        items = list(self._items(store))
        problems = store.problems({item.asset_key for item in items})
        due: list[FetchItem] = []
        later: list[datetime] = []
        for item in items:
            problem = problems.get((item.asset_key, item.rendition))
            if problem is None or (problem.retry_at and problem.retry_at <= now):
                due.append(item)
            elif problem.retry_at is not None:
                later.append(problem.retry_at)
        with self._changed:
            # An outcome that came meanwhile is not in what was read above: planned now, its
            # image would be fetched again. It wakes this thread, which then plans anew.
            if not self._wishes.outcomes:
                self._fetcher.plan(due)
        return min(later, default=None)

    def _items(self, store: StationStore) -> Iterable[FetchItem]:
        if self._original is not None:
            entry = store.entry(self._original)
            item = entry and self._original_item(entry.asset)
            if item:
                yield item
        ahead = store.window(self._view, around=None, before=0, after=self._ahead)
        known = {entry.key: entry.asset for entry in ahead}
        for key in self._focus:
            if key not in known:
                entry = store.entry(key)
                if entry is not None:
                    known[key] = entry.asset
        wanted = dict.fromkeys((*self._focus, *(entry.key for entry in ahead)))
        for key in wanted:
            if key in known:
                item = self._review_item(store, known[key])
                if item:
                    yield item

    def _review_item(self, store: StationStore, asset: Asset) -> FetchItem | None:
        url, is_original = review_url(asset, self._edge)
        if url is None:
            self._note_missing_url(store, asset)
            return None
        return FetchItem(
            asset.key, "review", url, asset.bytes, asset.etag, is_original, asset.revision
        )

    def _original_item(self, asset: Asset) -> FetchItem | None:
        if asset.url is None:
            return None
        return FetchItem(
            asset.key, "original", asset.url, asset.bytes, asset.etag, True, asset.revision
        )

    def _note_missing_url(self, store: StationStore, asset: Asset) -> None:
        name = (asset.key, "review")
        if name in self._failures:
            return
        self._failures[name] = 1
        message = "The service gives no address for this image."
        store.note_problem(*name, message, permanent=True, retry_at=None)
        self._notify(ImageFailed(*name, message, permanent=True))

    # -- what came of it

    def _fetched(self, outcome: FetchOutcome) -> None:
        """On a fetch thread: tell at once, keep account later."""
        item = outcome.item
        if outcome.error is None and outcome.kept:
            self._notify(ImageCached(item.asset_key, item.rendition))
        if isinstance(outcome.error, Unreachable | Throttled):
            # Before the other fetch threads knock in vain: the next plan knows about the pause.
            self._fetcher.plan(())
        with self._changed:
            self._wishes.outcomes.append(outcome)
            self._changed.notify()

    def _take(self, store: StationStore, outcome: FetchOutcome) -> None:
        item, error = outcome.item, outcome.error
        name = (item.asset_key, item.rendition)
        if item.rendition == "original" and item.asset_key == self._original:
            self._original = None
        if isinstance(error, StoreError):
            # The cache's disk is full or its file is damaged: for the whole process to end by.
            raise error
        if error is None:
            if not outcome.kept:
                self._failed(store, item, "The image cache has no room for it.", None)
            elif self._failures.pop(name, None) or store.problems([name[0]]):
                store.clear_problem(*name)
            return
        if isinstance(error, Unreachable | Throttled):
            self._not_before = getattr(error, "retry_at", None) or (
                self._clock.now() + OUTAGE_PAUSE
            )
            if item.asset_key in self._focus:
                self._notify(ImageFailed(*name, error.message, permanent=False))
            return
        self._failed(store, item, error.message, error)

    def _failed(
        self, store: StationStore, item: FetchItem, message: str, error: ModstationError | None
    ) -> None:
        name = (item.asset_key, item.rendition)
        count = self._failures[name] = self._failures.get(name, 0) + 1
        permanent = isinstance(error, Refused | UnsafeAddress | MediaError)
        wait = min(FIRST_RETRY * (1 << min(count - 1, 16)), LAST_RETRY)
        if not isinstance(error, Unknown):
            # Not delivered (yet, or any more), or no room: nothing that passes in seconds.
            wait = max(wait, FIRST_RETRY * 15)
        retry_at = None if permanent else self._clock.now() + wait
        store.note_problem(*name, message, permanent=permanent, retry_at=retry_at)
        self._notify(ImageFailed(*name, message, permanent))
