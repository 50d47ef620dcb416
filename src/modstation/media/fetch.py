"""Fetching images: a few threads of the network process, most wanted first."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from modstation.core.errors import MediaError, ModstationError, RemoteError, StoreError
from modstation.media.formats import MAX_BYTES
from modstation.media.frames import Rendition
from modstation.media.integrity import integrity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from modstation.core.language import Sentence
    from modstation.store.images import Stored

THREADS: Final = 3
_TOLD_EVERY: Final = 64 * 1024

_Name: TypeAlias = tuple[str, Rendition]


class Downloaded(Protocol):
    """An answer with an image in it. ``content_length`` is what its header said, if it did."""

    @property
    def body(self) -> bytes: ...
    @property
    def content_length(self) -> int | None: ...
    @property
    def etag(self) -> str | None: ...


class Downloader(Protocol):
    """Gets one image over the network."""

    def __call__(
        self, url: str, *, limit_bytes: int, progress: Callable[[int, int | None], None] | None
    ) -> Downloaded:
        """The answer, or RemoteError; ImageTooLarge as soon as it passes ``limit_bytes``."""
        ...


class CachePut(Protocol):
    """Keeps one image; ``ImageCache.put`` is one."""

    def __call__(
        self,
        asset_key: str,
        rendition: str,
        body: bytes,
        *,
        etag: str | None = None,
        source_length: int | None = None,
        source_revision: str | None = None,
        mismatch: Sentence | None = None,
    ) -> Stored:
        """Keep it, or StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class FetchItem:
    """One image to fetch. ``listing_bytes`` and ``listing_etag`` speak of the original.

    ``revision`` names the upload (``Asset.revision``).
    """

    asset_key: str
    rendition: Rendition
    url: str
    listing_bytes: int | None = None
    listing_etag: str | None = None
    is_original: bool = False
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """How a fetch ended: with ``error``, or kept, or (``kept`` false) with no room for it.

    ``mismatch`` is the warning to show when the bytes are not those that were listed. The item
    that failed is forgotten here: whoever keeps the back-off puts it into a later plan.
    """

    item: FetchItem
    length: int = 0
    kept: bool = False
    mismatch: Sentence | None = None
    evicted: tuple[str, ...] = ()
    error: ModstationError | None = None


class Fetcher:
    """Fetches what is planned, in that order; an item that is being fetched is not begun again.

    ``on_outcome`` is called in the fetcher's threads with no lock held, and ``on_progress`` while
    an original comes, about fifty times. ``is_current`` says what is in the cache already, so that
    a plan may name it.
    """

    def __init__(
        self,
        download: Downloader,
        cache_put: CachePut,
        *,
        on_outcome: Callable[[FetchOutcome], None],
        on_progress: Callable[[FetchItem, int, int | None], None] | None = None,
        is_current: Callable[[FetchItem], bool] = lambda _: False,
        threads: int = THREADS,
        limit_bytes: int = MAX_BYTES,
    ) -> None:
        self._download = download
        self._cache_put = cache_put
        self._on_outcome = on_outcome
        self._on_progress = on_progress
        self._is_current = is_current
        self._limit_bytes = limit_bytes
        self._changed = threading.Condition()
        self._queue: list[FetchItem] = []
        self._running: set[_Name] = set()
        self._dropped: set[_Name] = set()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._run, name=f"fetch-{number}") for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def plan(self, items: Iterable[FetchItem]) -> None:
        """Replace the plan: fetch these, first is first, and nothing else but what is under way."""
        wanted: dict[_Name, FetchItem] = {}
        for item in items:
            wanted.setdefault((item.asset_key, item.rendition), item)
        with self._changed:
            if self._closing:
                return
            self._queue = [item for name, item in wanted.items() if name not in self._running]
            self._changed.notify_all()

    def drop(self, asset_keys: Collection[str]) -> None:
        """Fetch these no more; what is under way of them is neither kept nor told."""
        with self._changed:
            self._queue = [item for item in self._queue if item.asset_key not in asset_keys]
            self._dropped.update(name for name in self._running if name[0] in asset_keys)

    def close(self) -> None:
        """Begin nothing more and wait for what is under way; its outcomes are told still."""
        with self._changed:
            self._closing = True
            self._queue = []
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (item := self._take()) is not None:
            try:
                outcome = self._fetch(item)
                if outcome is not None:
                    self._on_outcome(outcome)
            finally:
                # After it was told: a plan made in between would fetch it a second time.
                name = (item.asset_key, item.rendition)
                with self._changed:
                    self._running.discard(name)
                    self._dropped.discard(name)

    def _take(self) -> FetchItem | None:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            if self._closing:
                return None
            item = self._queue.pop(0)
            self._running.add((item.asset_key, item.rendition))
            return item

    def _fetch(self, item: FetchItem) -> FetchOutcome | None:
        """What became of it; None when it was here already, or is not wanted any more."""
        try:
            if self._is_current(item):
                return None
            answer = self._download(
                item.url, limit_bytes=self._limit_bytes, progress=self._teller(item)
            )
            mismatch = integrity(
                listing_bytes=item.listing_bytes,
                listing_etag=item.listing_etag,
                got_length=len(answer.body),
                got_md5=_md5(answer.body) if item.is_original else "",
                content_length=answer.content_length,
                is_original=item.is_original,
            )
            if self._is_dropped(item):
                return None
            stored = self._cache_put(
                item.asset_key,
                item.rendition,
                answer.body,
                etag=answer.etag,
                source_length=item.listing_bytes,
                source_revision=item.revision,
                mismatch=mismatch,
            )
        except (RemoteError, MediaError, StoreError) as error:
            return None if self._is_dropped(item) else FetchOutcome(item, error=error)
        if self._is_dropped(item):
            return None
        return FetchOutcome(
            item,
            length=len(answer.body),
            kept=stored.kept,
            mismatch=mismatch,
            evicted=stored.evicted,
        )

    def _teller(self, item: FetchItem) -> Callable[[int, int | None], None] | None:
        """Somebody waits for an original, and for nothing else."""
        on_progress = self._on_progress
        if on_progress is None or item.rendition != "original":
            return None
        told = 0

        def tell(got: int, total: int | None) -> None:
            nonlocal told
            if got - told >= max(_TOLD_EVERY, (total or 0) // 50):
                told = got
                on_progress(item, got, total)

        return tell

    def _is_dropped(self, item: FetchItem) -> bool:
        with self._changed:
            return (item.asset_key, item.rendition) in self._dropped


def _md5(body: bytes) -> str:
    # The service's etag is an MD5; nothing is trusted on account of it.
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
