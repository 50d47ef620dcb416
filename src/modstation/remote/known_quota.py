"""What is known of the account's quota, from answers that may overtake one another."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modstation.core.pacing import Quota

# Two ends of an hour that lie closer than this are one: clocks are read to the second.
ONE_HOUR_IS = timedelta(minutes=1)


class KnownQuota:
    """The lowest quota that was told of the hour told last; any thread may note one."""

    def __init__(self) -> None:
        self.lowest: Quota | None = None
        self._lock = threading.Lock()

    def note(self, told: Quota | None) -> None:
        """An answer told this much, or nothing."""
        if told is None:
            return
        with self._lock:
            known = self.lowest
            # Answers under way at once may be overtaken: within one hour only the lowest counts.
            same_hour = known is not None and abs(told.reset_at - known.reset_at) < ONE_HOUR_IS
            if known is None or not same_hour or told.remaining < known.remaining:
                self.lowest = told
