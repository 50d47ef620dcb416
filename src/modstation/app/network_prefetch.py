"""Which pictures are fetched, and in which order: what is looked at, then the start of the queue.

Runs on a thread of the network process with a database connection of its own, so that the next
picture never waits for a page of a listing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from modstation.app.network_cache import CacheFailed, TendedCache
from modstation.app.network_trip import Trip
from modstation.app.picture_sources import PictureSources
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
from modstation.core.events import Connection, ImageCached, ImageFailed, ImageProgress
from modstation.core.language import later
from modstation.media.fetch import Fetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modstation.core.assets import AssetRef
    from modstation.core.clock import Clock
    from modstation.core.events import Event
    from modstation.core.language import Sentence
    from modstation.core.queue import QueueView
    from modstation.media.cache import ImageCache
    from modstation.media.fetch import Downloader, FetchItem, FetchOutcome
    from modstation.store.station_store import StationStore

# What a review rendition takes at most, as a rule; the plan stays well within the cache.
USUAL_BYTES = 1024 * 1024
AHEAD = 64
FIRST_RETRY = timedelta(seconds=2)
LAST_RETRY = timedelta(minutes=10)
# After a fetch that reached nobody: until the connection is known to be back, or this.
OUTAGE_PAUSE = timedelta(seconds=5)
_PURGED = later(
    "NetworkPrefetch", "This picture was destroyed here for good; it is not fetched again."
)


@dataclass(slots=True)
class _Wishes:
    """What other threads have asked for and the prefetch thread has not seen yet."""

    focus: tuple[str, ...] | None = None
    originals: list[str] = field(default_factory=list)
    offline: bool | None = None
    view: QueueView | None = None
    look: bool = True
    online: bool = False
    purge: list[str] = field(default_factory=list)
    trip: tuple[str, ...] | None = None
    closing: bool = False
    outcomes: list[FetchOutcome] = field(default_factory=list)


class Prefetcher:
    """Keeps the fetcher's plan right; every public method may be called by any thread.

    An image cache that cannot be opened or used costs pictures, nothing else: it is tried again.
    ``pixels_url`` addresses what the service shows of a rejected image, if it can.
    """

    def __init__(
        self,
        *,
        open_store: Callable[[], StationStore],
        open_cache: Callable[[], ImageCache],
        download: Downloader,
        pixels_url: Callable[[AssetRef, int | None], str],
        view: QueueView,
        edge: int,
        ahead_bytes: int,
        clock: Clock,
        notify: Callable[[Event], None],
        crashed: Callable[[BaseException], None],
        offline: bool = False,
    ) -> None:
        self._open_store = open_store
        self._cache = TendedCache(open_cache, clock=clock)
        self._sources = PictureSources(self._cache, pixels_url=pixels_url, edge=edge, notify=notify)
        self._view = view
        self._ahead = max(8, min(AHEAD, ahead_bytes // (2 * USUAL_BYTES)))
        self._clock = clock
        self._notify = notify
        self._crashed = crashed
        self._offline = offline
        self._focus: tuple[str, ...] = ()
        self._original: str | None = None
        self._trip = Trip()
        self._trip_told = self._trip.progress
        self._failures: dict[tuple[str, str], int] = {}
        self._trouble_told: set[str] = set()
        self._connection: Connection | None = None
        self._not_before: datetime | None = None
        self._changed = threading.Condition()
        self._wishes = _Wishes()
        self._fetcher = Fetcher(
            download,
            self._cache.keep,
            on_outcome=self._fetched,
            on_progress=self._came,
            is_current=self._cache.is_here,
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

    def change_view(self, view: QueueView) -> None:
        """Fetch ahead for another queue."""
        with self._changed:
            self._wishes.view = view
            self._changed.notify()

    def look_again(self) -> None:
        """The queue has changed."""
        with self._changed:
            self._wishes.look = True
            self._changed.notify()

    def connection(self, connection: Connection) -> None:
        """The connection to the service: once it is back, do not sit out a pause.

        Only a change counts: a delivery host that asked for patience gets it although the
        service itself answers all the time.
        """
        with self._changed:
            if connection is Connection.ONLINE and self._connection is not connection:
                self._wishes.online = True
                self._changed.notify()
            self._connection = connection

    def take_along(self, keys: Iterable[str]) -> None:
        """Fetch exactly these too, and do not drop them until others are named, or none."""
        with self._changed:
            self._wishes.trip = tuple(keys)
            self._changed.notify()

    def purge(self, keys: Iterable[str]) -> None:
        """Destroy these pictures, end their fetching, and never keep them again."""
        doomed = set(keys)
        self._fetcher.drop(doomed)
        with self._changed:
            self._wishes.purge += doomed
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
                self._cache.close()
                store.close()
        except BaseException as error:  # noqa: BLE001 - handed on to the process, which ends by it
            self._crashed(error)

    def _work(self, store: StationStore) -> None:
        wake_at: datetime | None = None
        closing = False
        while not closing:
            wishes = self._wait(wake_at)
            closing = wishes.closing
            self._take_wishes(wishes)
            for outcome in wishes.outcomes:
                self._take(store, outcome)
            if wishes.online:
                # After the outcomes: what failed before the network came back pauses nothing.
                self._not_before = None
            try:
                self._cache.tend(closing=closing)
                self._trouble_told.clear()
                wake_at = None if closing else self._plan(store)
            except CacheFailed:
                wake_at = self._without_cache()

    def _take_wishes(self, wishes: _Wishes) -> None:
        if wishes.focus is not None:
            self._focus = wishes.focus
            self._cache.look_at(self._focus)
        if wishes.offline is not None:
            self._offline = wishes.offline
        if wishes.view is not None:
            self._view = wishes.view
        if wishes.originals:
            self._original = key = wishes.originals[-1]
            self._sources.tell_again(key, "original")
        if wishes.trip is not None:
            self._trip = Trip(wishes.trip)
            self._cache.pin(self._trip.keys)
        if wishes.purge:
            # Once more, for a plan may have been made between the wish and now.
            self._fetcher.drop(wishes.purge)
            self._cache.doom(wishes.purge)

    def _without_cache(self) -> datetime | None:
        """Fetch nothing until the cache is tried again, and say why no picture comes."""
        self._fetcher.plan(())
        for key in self._focus:
            if key not in self._trouble_told:
                self._trouble_told.add(key)
                self._notify(ImageFailed(key, "review", self._cache.trouble, permanent=False))
        return self._cache.not_before

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
        if self._not_before is not None and self._not_before <= now:
            self._not_before = None
        items = list(self._items(store))
        taken = self._trip.items(store, self._cache, self._sources.review, now)
        wanted = {item.asset_key for item in items}
        items += [item for item in taken if item.asset_key not in wanted]
        if self._trip.progress != self._trip_told:
            self._trip_told = self._trip.progress
            self._notify(self._trip_told)
        keys = {item.asset_key for item in items}
        problems, never = store.problems(keys), self._cache.never_kept(keys)
        due: list[FetchItem] = []
        waiting: list[datetime] = []
        for item in items:
            problem = problems.get((item.asset_key, item.rendition))
            name = (item.asset_key, item.rendition, item.revision)
            if item.asset_key in never:
                self._sources.tell(*name, str(_PURGED), permanent=True)
            elif problem is None or problem.revision != item.revision:
                due.append(item)
            elif problem.retry_at is None or problem.retry_at > now:
                # Noted by an earlier process perhaps, and the station of now knows nothing of it.
                self._sources.tell(*name, str(problem.message), permanent=problem.permanent)
                waiting += [problem.retry_at] if problem.retry_at else []
            else:
                due.append(item)
        if self._trip.unfinished and not taken:
            # So many of them were here already that this turn ended before the next to fetch.
            waiting.append(now)
        if self._offline:
            due, waiting = [], []
        elif self._not_before is not None:
            due, waiting = [], [self._not_before]
        with self._changed:
            # An outcome or a purge that came meanwhile is not in what was read above: planned now,
            # its image would be fetched again. It wakes this thread, which then plans anew.
            if not (self._wishes.outcomes or self._wishes.purge):
                self._fetcher.plan(due)
        return min(waiting, default=None)

    def _items(self, store: StationStore) -> Iterable[FetchItem]:
        if self._original is not None:
            entry = store.entry(self._original)
            item = entry and self._sources.original(store, entry.asset)
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
                item = self._sources.review(store, known[key])
                if item:
                    yield item

    # -- what came of it

    def _came(self, item: FetchItem, got: int, total: int | None) -> None:
        """On a fetch thread."""
        self._notify(ImageProgress(item.asset_key, item.rendition, got, total))

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
            self._cache.failed(error)
            return
        if error is None:
            if not outcome.kept:
                self._failed(
                    store,
                    item,
                    later("NetworkPrefetch", "The image cache has no room for it."),
                    None,
                )
            elif self._failures.pop(name, None) or store.problems([name[0]]):
                store.clear_problem(*name)
            return
        if isinstance(error, Unreachable | Throttled):
            self._not_before = getattr(error, "retry_at", None) or (
                self._clock.now() + OUTAGE_PAUSE
            )
            if item.asset_key in self._focus or item.rendition == "original":
                self._notify(ImageFailed(*name, error.message, permanent=False))
            return
        self._failed(store, item, error.wording, error)

    def _failed(
        self, store: StationStore, item: FetchItem, message: Sentence, error: ModstationError | None
    ) -> None:
        name = (item.asset_key, item.rendition)
        count = self._failures[name] = self._failures.get(name, 0) + 1
        permanent = isinstance(error, Refused | UnsafeAddress | MediaError)
        wait = min(FIRST_RETRY * (1 << min(count - 1, 16)), LAST_RETRY)
        if not isinstance(error, Unknown):
            # Not delivered (yet, or any more), or no room: nothing that passes in seconds.
            wait = max(wait, FIRST_RETRY * 15)
        retry_at = None if permanent else self._clock.now() + wait
        store.note_problem(
            *name, message, permanent=permanent, retry_at=retry_at, revision=item.revision
        )
        self._sources.told(item)
        self._notify(ImageFailed(*name, str(message), permanent))
