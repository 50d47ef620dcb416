"""Who decided on the image that is looked at: asked of the service on a thread that may wait."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from modstation.core.assets import AssetRef
from modstation.core.errors import RemoteError, StoreError
from modstation.core.events import PastDecisionsTold
from modstation.sync import discovery

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.decisions import PastDecision
    from modstation.core.events import Event
    from modstation.store.station_store import StationStore

# The one that counts is among the newest.
_MOST = 10

_log = logging.getLogger(__name__)


class PastQuestions:
    """Asks about one image at a time, the one named last; its thread starts with the first.

    Nothing is told where the service keeps no history, or does not answer: it is asked again when
    the image is looked at again.
    """

    def __init__(
        self,
        *,
        open_store: Callable[[], StationStore],
        ask: Callable[[AssetRef, int], tuple[PastDecision, ...]],
        notify: Callable[[Event], None],
        crashed: Callable[[BaseException], None],
    ) -> None:
        self._open_store = open_store
        self._ask = ask
        self._notify = notify
        self._crashed = crashed
        self._changed = threading.Condition()
        self._key: str | None = None
        self._closing = False
        self._thread: threading.Thread | None = None

    def ask(self, key: str) -> None:
        """Ask about this image next, and about no other that waits; any thread may call it."""
        with self._changed:
            self._key = key
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="past")
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """End, after the answer that is under way."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            store = self._open_store()
            try:
                while (key := self._next()) is not None:
                    self._answer(store, key)
            finally:
                store.close()
        except BaseException as error:  # noqa: BLE001 - handed on to the process, which ends by it
            self._crashed(error)

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._key is not None)
            key, self._key = self._key, None
            return None if self._closing else key

    def _answer(self, store: StationStore, key: str) -> None:
        try:
            found = discovery.remembered(store)
            if found is None or not found.capabilities.decision_history:
                return
            past = self._ask(AssetRef.from_key(key), _MOST)
        except (RemoteError, StoreError) as error:
            _log.info("the past of an image is not known: %s", error)
            return
        self._notify(PastDecisionsTold(key, past))
