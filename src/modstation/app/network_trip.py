"""What is taken along for working offline: which of its pictures are here, and which come next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.events import TripProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from modstation.app.network_cache import TendedCache
    from modstation.core.assets import Asset
    from modstation.media.fetch import FetchItem
    from modstation.store.station_store import StationStore

AT_ONCE = 32
# Of those that are here already, so many are passed over in one turn.
_CHECKED = 200


class Trip:
    """The pictures of one trip, in the order of the queue; used by the prefetch thread alone."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self.keys = tuple(dict.fromkeys(keys))
        self._pending = dict.fromkeys(self.keys)
        self._missing = 0

    @property
    def progress(self) -> TripProgress:
        """How far it has got."""
        ready = len(self.keys) - len(self._pending) - self._missing
        return TripProgress(len(self.keys), ready, self._missing)

    @property
    def unfinished(self) -> bool:
        """Some pictures are still to come."""
        return bool(self._pending)

    def items(
        self,
        store: StationStore,
        cache: TendedCache,
        item_of: Callable[[StationStore, Asset], FetchItem | None],
        now: datetime,
    ) -> list[FetchItem]:
        """What is to be fetched next, a few at a time; ``CacheFailed``, ``StoreError``.

        What cannot be fetched now is counted as missing and holds nothing up.
        """
        looked_at = list(self._pending)[:_CHECKED]
        never, problems = cache.never_kept(looked_at), store.problems(looked_at)
        found: list[FetchItem] = []
        for key in looked_at:
            if len(found) == AT_ONCE:
                break
            entry = store.entry(key)
            if entry is not None and key not in never:
                revision = entry.asset.revision
                if cache.is_kept(key, "review", revision=revision):
                    del self._pending[key]
                    continue
                problem = problems.get((key, "review"))
                held_up = (
                    problem is not None
                    and problem.revision == revision
                    and (problem.retry_at is None or problem.retry_at > now)
                )
                item = None if held_up else item_of(store, entry.asset)
                if item is not None:
                    found.append(item)
                    continue
            del self._pending[key]
            self._missing += 1
        return found
