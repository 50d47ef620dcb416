"""Leasing what the moderator is about to look at, so that no colleague looks at it too.

A station leases the first entries of its queue a hundred at a time, prolongs the lease while it
runs, and gives the rest back when it ends. What a colleague has is out of the queue until that
lease is over, or is found to be free. A lease keeps nobody from deciding: whoever is offline works
on, and a decision on what somebody else settled meanwhile is a conflict as ever.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from modstation.core.assets import ModerationStatus
from modstation.core.errors import Refused, RemoteError
from modstation.core.events import HeldElsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from modstation.core.assets import Asset
    from modstation.core.clock import Clock
    from modstation.core.events import Event
    from modstation.core.queue import QueueView
    from modstation.remote.claims import Claimed
    from modstation.store.station_store import StationStore
    from modstation.sync.remote_port import ModerationService
    from modstation.sync.settings import SyncSettings
    from modstation.sync.standing import Standing

STATE = "holder"
# Between two looks at what comes next.
LOOK = timedelta(seconds=5)
# Between two questions whether what colleagues had is free, for a queue that runs dry.
ASK_AGAIN = timedelta(seconds=30)
# Of the entries ahead, how many at least have to be leased.
NEAR = 32
# Calls of one step: each goes past what colleagues turned out to have.
_ROUNDS = 5


class Claimer:
    """Keeps the next entries of a pending view leased to this station."""

    def __init__(
        self,
        store: StationStore,
        client: ModerationService,
        standing: Standing,
        *,
        view: QueueView,
        clock: Clock,
        settings: SyncSettings,
        notify: Callable[[Event], None],
    ) -> None:
        self._store = store
        self._client = client
        self._standing = standing
        self._view = view
        self._clock = clock
        self._settings = settings
        self._notify = notify
        # What the service was asked about, and until when its answer holds.
        self._known: dict[str, datetime] = {}
        self._looked: datetime | None = None
        self._asked_again: datetime | None = None

    def change_view(self, view: QueueView) -> None:
        """Lease what comes next in another view from now on."""
        self._view = view
        self.ask()

    def ask(self) -> None:
        """A person wants news now: look at once, also for what colleagues gave back."""
        self._looked = self._asked_again = None

    def next_at(self, now: datetime, *, most: int) -> datetime | None:
        """When to look again; None where nothing is leased. ``most`` as in ``run``."""
        moments = [moment for moment in (self._store.next_free(),) if moment is not None]
        if self._leases(most):
            moments.append(now if self._looked is None else self._looked + LOOK)
        return min(moments, default=None)

    def run(self, *, most: int) -> int:
        """Lease what is due; how many entries left the queue or came back to it.

        ``most``: assets of one call, 0 if the service leases none.
        """
        if not self._leases(most):
            return self.run_out()
        now = self._clock.now()
        if self._looked is not None and now < self._looked + LOOK:
            return 0
        self._looked = now
        try:
            held = self._look_ahead(now, min(most, self._settings.claim_ahead))
            freed = self._ask_again(now, most)
        except Refused:
            # The service is another than it said; capabilities are asked for again in a day.
            return self.run_out()
        except RemoteError as error:
            self._standing.failed(error)
            return 0
        if held or freed:
            self._notify(HeldElsewhere(held))
        return held + freed

    def run_out(self) -> int:
        """Without asking the service: what colleagues had comes back when their lease is over."""
        return self._store.let_go_due(self._clock.now())

    def run_first(self, arriving: Sequence[Asset], *, most: int) -> Sequence[Asset]:
        """Lease what is about to be stored, as long as it will be among the first to be seen.

        An image that was on the stage for a moment only would be one that two people looked at.
        What is to be stored: without those that were decided since they were listed.
        """
        if not self._leases(most) or len(self._store.next_up(self._view, NEAR)) == NEAR:
            return arriving
        entries = [(asset.key, asset.asset_id) for asset in arriving if asset.asset_id is not None]
        entries = entries[: min(most, self._settings.claim_ahead)]
        now = self._clock.now()
        soon = now + self._settings.lease / 2
        if all(self._is_known(asset_id, soon) for _, asset_id in entries):
            return arriving
        try:
            answer = self._claim(now, entries)
        except Refused:
            return arriving
        except RemoteError as error:
            self._standing.failed(error)
            return arriving
        self._hide(entries, answer)
        return [asset for asset in arriving if asset.asset_id not in answer.gone]

    def give_back(self) -> None:
        """Let colleagues have what is leased and not decided; if that fails, the lease runs out."""
        if not self._known:
            return
        self._known.clear()
        try:
            self._client.release_claims(self._holder())
        except RemoteError:
            return

    def _leases(self, most: int) -> bool:
        return most > 0 and self._view.status is ModerationStatus.PENDING

    def _look_ahead(self, now: datetime, ahead: int) -> int:
        """Lease the first entries, and hide those of colleagues; how many were hidden."""
        held = 0
        for _ in range(_ROUNDS):
            entries = [
                (key, asset_id)
                for key, asset_id in self._store.next_up(self._view, ahead)
                if asset_id is not None
            ]
            soon = now + self._settings.lease / 2
            if all(self._is_known(asset_id, soon) for _, asset_id in entries[:NEAR]):
                break
            others = self._hide(entries, self._claim(now, entries))
            held += others
            if not others:
                break
        return held

    def _ask_again(self, now: datetime, most: int) -> int:
        """Is something free that colleagues had? Asked once their lease should be over, and before
        that where little is left to do. How many were free.
        """
        due = self._store.next_free()
        if due is None:
            return 0
        if due > now:
            if self._asked_again is not None and now < self._asked_again + ASK_AGAIN:
                return 0
            if len(self._store.next_up(self._view, NEAR)) == NEAR:
                return 0
        hidden = [
            (key, asset_id)
            for key, asset_id in self._store.held_elsewhere(most)
            if asset_id is not None
        ]
        if not hidden:
            return 0
        self._asked_again = now
        answer = self._claim(now, hidden)
        # Decided by whoever had it: back in the queue it would look as if it waited.
        self._store.leave_queue([key for key, asset_id in hidden if asset_id in answer.gone])
        self._hide(hidden, answer)
        free = [key for key, asset_id in hidden if asset_id in answer.mine]
        self._store.let_go(free)
        return len(free)

    def _claim(self, now: datetime, entries: list[tuple[str, str]]) -> Claimed:
        """Lease these as far as they are free."""
        answer = self._client.claim(
            [asset_id for _, asset_id in entries],
            holder=self._holder(),
            name=self._settings.actor,
            seconds=int(self._settings.lease.total_seconds()),
        )
        self._standing.works()
        until = now + self._settings.lease
        self._known = {asset_id: moment for asset_id, moment in self._known.items() if moment > now}
        # What is in neither is not pending any more: the next pass over the list shows it.
        self._known |= {asset_id: until for _, asset_id in entries if asset_id not in answer.others}
        return answer

    def _hide(self, entries: list[tuple[str, str]], answer: Claimed) -> int:
        """Take out of the queue what colleagues have; how many."""
        others = [
            (key, answer.others[asset_id].name, answer.others[asset_id].until)
            for key, asset_id in entries
            if asset_id in answer.others
        ]
        self._store.hold_elsewhere(others)
        return len(others)

    def _is_known(self, asset_id: str, soon: datetime) -> bool:
        until = self._known.get(asset_id)
        return until is not None and until > soon

    def _holder(self) -> str:
        """This station's name at the service, made once and kept."""
        kept = self._store.get_state(STATE)
        if kept is None:
            kept = uuid4().hex
            self._store.put_state(STATE, kept)
        return kept
