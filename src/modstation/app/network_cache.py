"""The image cache as the prefetch thread keeps it: opened late, mended, purged, never fatal.

The cache holds nothing that cannot be fetched again, so its troubles cost pictures and time; the
decisions of the moderator are posted all the same.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from modstation.core.errors import StoreDamaged, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    from modstation.core.clock import Clock
    from modstation.core.language import Sentence
    from modstation.media.cache import ImageCache
    from modstation.media.fetch import FetchItem
    from modstation.store.images import Stored

# After the cache could not be used: its disk is full, or another program holds it.
CACHE_PAUSE = timedelta(seconds=30)
# After it was damaged and begun anew: short, but not nothing on a disk that damages all it gets.
MENDED_PAUSE = timedelta(seconds=2)
# How often what was looked at is noted.
TOUCH_EVERY = timedelta(seconds=1)

_log = logging.getLogger(__name__)


class CacheFailed(Exception):
    """The cache could not be used just now; ``TendedCache.trouble`` says why and until when."""


class TendedCache:
    """An image cache that is looked after by one thread; ``keep`` and ``is_here`` are for all.

    Nothing is fetched, so nothing kept, before ``tend`` has opened it.
    """

    def __init__(self, open_cache: Callable[[], ImageCache], *, clock: Clock) -> None:
        self._open_cache = open_cache
        self._clock = clock
        self._cache: ImageCache | None = None
        self._protected: tuple[str, ...] = ()
        self._pinned: tuple[str, ...] = ()
        self._looked_at: dict[str, None] = {}
        self._touched_at = clock.now()
        # Of the whole run: a cache that is begun anew must refuse them too.
        self._purged: dict[str, None] = {}
        self._to_purge: dict[str, None] = {}
        self.trouble = ""
        self.not_before: datetime | None = None
        """Until then the cache is left alone, because of ``trouble``."""

    def look_at(self, keys: tuple[str, ...]) -> None:
        """These are on the desk: dropped last, and not at all while they are there."""
        self._protected = keys
        self._looked_at.update(dict.fromkeys(keys))

    def pin(self, keys: tuple[str, ...]) -> None:
        """These are not dropped, whether anybody looks at them or not."""
        self._pinned = keys

    def doom(self, keys: Iterable[str]) -> None:
        """Let the next ``tend`` destroy these for good."""
        doomed = dict.fromkeys(keys)
        self._purged.update(doomed)
        self._to_purge.update(doomed)

    def tend(self, *, closing: bool = False) -> None:
        """Open it, purge what is to be purged, note what was looked at; ``CacheFailed``."""
        now = self._clock.now()
        if self.not_before is not None and now < self.not_before and not closing:
            raise CacheFailed
        with self._trying():
            if self._cache is None:
                self._cache = self._open_cache()
            cache = self._cache
            cache.protect((*self._protected, *self._pinned))
            if self._to_purge:
                cache.purge(list(self._to_purge), never_again=True)
                self._to_purge.clear()
            if self._looked_at and (closing or now - self._touched_at >= TOUCH_EVERY):
                cache.touch(list(self._looked_at))
                self._looked_at.clear()
                self._touched_at = now
        self.trouble, self.not_before = "", None

    def failed(self, error: StoreError) -> None:
        """Leave it alone for a while, or begin it anew if it is damaged."""
        _log.warning("image cache: %s", error)
        self.trouble = f"{error.title}: {error.message}"
        self.not_before = self._clock.now() + CACHE_PAUSE
        if isinstance(error, StoreDamaged) and self._cache is not None:
            # Should that fail as well, the next try finds it closed and opens it.
            with contextlib.suppress(StoreError):
                self._cache.begin_anew()
                self._to_purge.update(self._purged)
                self.not_before = self._clock.now() + MENDED_PAUSE

    def never_kept(self, keys: Collection[str]) -> frozenset[str]:
        """Those that were purged for good; ``CacheFailed``."""
        assert self._cache is not None
        with self._trying():
            return self._cache.never_kept(keys)

    def is_kept(self, key: str, rendition: str, *, revision: str | None) -> bool:
        """Whether a picture is here, and of this upload; ``CacheFailed``."""
        assert self._cache is not None
        with self._trying():
            return self._cache.is_current(key, rendition, revision=revision)

    def close(self) -> None:
        """Close it, if it was opened."""
        if self._cache is not None:
            self._cache.close()

    # -- on the fetch threads

    def keep(
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
        """Keep one picture, or ``StoreError``."""
        assert self._cache is not None
        return self._cache.put(
            asset_key,
            rendition,
            body,
            etag=etag,
            source_length=source_length,
            source_revision=source_revision,
            mismatch=mismatch,
        )

    def is_here(self, item: FetchItem) -> bool:
        """Whether a fetch is needless, or ``StoreError``."""
        assert self._cache is not None
        return self._cache.is_current(item.asset_key, item.rendition, revision=item.revision)

    @contextlib.contextmanager
    def _trying(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self.failed(error)
            raise CacheFailed from error
