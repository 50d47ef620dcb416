"""Brings calls from worker threads to the one thread that owns the session."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Mailbox:
    """A queue of calls; any thread posts, the owner drains.

    ``wake`` is called (from the posting thread) when the box stops being empty, so a window can
    queue one event for any number of calls. Until ``bind``, calls are only kept.
    """

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._wake: Callable[[], None] | None = None
        self._woken = False

    def post(self, call: Callable[[], None]) -> None:
        """Hand over a call from any thread."""
        with self._lock:
            self._calls.append(call)
            if self._woken or self._wake is None:
                return
            self._woken = True
            wake = self._wake
        wake()

    def bind(self, wake: Callable[[], None] | None) -> None:
        """Say how the owner is woken; None stops waking it."""
        with self._lock:
            self._wake = wake
            self._woken = bool(self._calls) and wake is not None
            must_wake = self._woken
        if must_wake and wake is not None:
            wake()

    def drain(self) -> int:
        """Run what has been posted, in order; returns how many calls that were."""
        with self._lock:
            calls, self._calls = self._calls, deque()
            self._woken = False
        for number, call in enumerate(calls):
            try:
                call()
            except BaseException:
                # The rest must not vanish with the failure of one.
                with self._lock:
                    self._calls.extendleft(reversed(list(calls)[number + 1 :]))
                self.bind(self._wake)
                raise
        return len(calls)
