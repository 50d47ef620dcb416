"""Writes the reasons of posted rejections into the context of their assets, where that is asked.

For plain Cloudinary accounts: modstation's own service is told the reason with the decision.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from modstation.core.errors import (
    AssetGone,
    NotAuthorized,
    Refused,
    RemoteError,
    Throttled,
    Unreachable,
)
from modstation.core.pacing import allowance

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from modstation.core.clock import Clock
    from modstation.store.reason_notes import ReasonNote
    from modstation.store.station_store import StationStore
    from modstation.sync.remote_port import ModerationService
    from modstation.sync.standing import Standing

# A reason is worth less than the decision: it is given up when nothing clear comes of it.
MOST_ATTEMPTS = 5
_PAUSE = timedelta(minutes=1)
_AT_A_TIME = 50


class ReasonWriter:
    """One call a rejection, after its status was acknowledged and when no decision waits.

    Sending one twice does no harm: the same words are written.
    """

    def __init__(
        self,
        store: StationStore,
        client: ModerationService,
        standing: Standing,
        *,
        clock: Clock,
        checkpoint: Callable[[str], None],
    ) -> None:
        self._store = store
        self._client = client
        self._standing = standing
        self._clock = clock
        self._checkpoint = checkpoint
        self._not_before: datetime | None = None

    def next_at(self, now: datetime) -> datetime | None:
        """When there is something to write; None if nothing waits."""
        if not self._store.reason_notes(1):
            return None
        return max(now, self._not_before) if self._not_before else now

    def run(self, *, stopping: Callable[[], bool]) -> int:
        """Write what waits and the quota allows; how many were written or given up."""
        now = self._clock.now()
        if self._not_before is not None and now < self._not_before:
            return 0
        self._not_before = None
        ended = 0
        for note in self._store.reason_notes(_AT_A_TIME):
            allowed = allowance(self._client.quota, 1, now=now)
            if allowed.calls <= 0:
                self._not_before = allowed.retry_at
                break
            if stopping() or not self._write(note, now):
                break
            ended += 1
        return ended

    def _write(self, note: ReasonNote, now: datetime) -> bool:
        """Write one reason; False if there is no use in going on now."""
        self._checkpoint("noting")
        try:
            self._client.write_context(note.ref, note.context, asset_id=note.asset_id)
        except (Unreachable, Throttled, NotAuthorized) as error:
            self._standing.failed(error)
            self._not_before = now + _PAUSE
            return False
        except (AssetGone, Refused):
            pass
        except RemoteError:
            if note.attempts + 1 < MOST_ATTEMPTS:
                self._store.reason_not_written(note)
                self._not_before = now + _PAUSE
                return False
        self._checkpoint("noted")
        self._store.reason_written(note.name)
        return True
