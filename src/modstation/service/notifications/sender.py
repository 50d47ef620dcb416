"""Sending letters: what announcing.py wrote, sent afterwards, tried again (reference 4.1).

A letter stays due until a receiver answered 2xx or it was given up; whoever dies in between, it
is sent again: at least once. Any number of replicas share the work (notifications/lanes.py).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from modstation.core.clock import to_us
from modstation.service.notifications.lane_visits import VISIT_SECONDS, Rounds
from modstation.service.notifications.lanes import (
    ClaimedLane,
    LaneResult,
    Standing,
    claim_lanes,
    close_lanes,
    settle_lanes,
    something_due,
)
from modstation.service.running.metrics import NOTIFICATION_ATTEMPTS
from modstation.service.running.open_files import most_open_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from modstation.core.clock import Clock
    from modstation.service.ledger import Ledger
    from modstation.service.notifications.letter_signing import Sign, SignerOf
    from modstation.service.outside.address_guard import AddressGuard
    from modstation.service.settings import ServiceSettings

log = logging.getLogger(__name__)

# One transaction's worth of lanes.
_PER_CLAIM = 50
_PER_SETTLING = 100
_PER_CLOSING = 500
_TRIES = 3
# Lanes without letters are looked at in vain every time, and what is known of their hosts ages.
_LANES_KEPT_US = 600_000_000
_BETWEEN_CLOSINGS_US = 60_000_000
# How long letters in hand have to be answered when the service stops.
_LAST_SECONDS = 1.0
# How much of all room lanes of a standing may take, together with those of a worse one.
_SHARES = {Standing.PROMPT: 1.0, Standing.UNKNOWN: 0.75, Standing.SILENT: 0.5}
# Files and sockets that the rest of the process needs, and sockets a lane needs on average.
_OTHER_FILES = 200
_FILES_PER_LANE = 2


class NotificationSender:
    """Sends what is due. Each receiving host is a lane of its own, so a dead one delays itself.

    ``step`` starts the lanes that have something due and returns at once; ``drain`` waits.
    ``lane_free`` is called when one is done, from another thread. A claim lasts two time-outs
    and the length of a visit: so long are the letters of a killed process with nobody.
    """

    def __init__(
        self,
        ledger: Ledger,
        guard: AddressGuard,
        signer_of: SignerOf,
        settings: ServiceSettings,
        clock: Clock,
        lane_free: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._lane_free = lane_free
        self._clock = clock
        self._delays_us = [int(delay * 1_000_000) for delay in settings.notification_delays]
        timeout = settings.notification_timeout
        self._lease_us = int((2 * timeout + VISIT_SECONDS) * 1_000_000)
        room = (most_open_files() - _OTHER_FILES) // _FILES_PER_LANE
        self._places = _Places(max(4, min(settings.notification_lanes, room)))
        self._signer_of = signer_of
        self._rounds = Rounds(guard, timeout, settings.notification_parallel, clock)
        self._closing_due_us = 0
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._bugs: list[BaseException] = []
        self._results: deque[LaneResult] = deque()
        self._settling = ThreadPoolExecutor(1, "notify-settle")

    def step(self, now: datetime) -> int:
        """Start sending some of what is due at ``now``; the number of lanes started.

        Call it again while there are any: a thousand that are begun with one by one must not keep
        those waiting that answer. A bug in a visit is raised here or by ``drain``.
        """
        now_us, started = to_us(now), 0
        with self._lock:
            self._raise_bug()
        with self._ledger.read() as connection:
            standings = list(Standing) if something_due(connection, now_us) else []
        for standing in standings:
            with self._lock:
                room = min(self._places.left(standing), _PER_CLAIM)
            lanes = self._claim(now_us, room, standing) if room > 0 else []
            clouds = {letter.cloud for lane in lanes for letter in lane.letters}
            signers = {cloud: self._signer_of(cloud) for cloud in clouds}
            for lane in lanes:
                self._visit(lane, signers)
            started += len(lanes)
        self._close_lanes(now_us)
        return started

    def drain(self) -> None:
        """Wait until every lane in hand is done and written down."""
        with self._idle:
            self._idle.wait_for(self._places.all_free)
            self._raise_bug()

    def close(self) -> None:
        """Stop soon: letters that nobody answers in a moment stay due, as does what is left."""
        self._rounds.stop()
        with self._idle:
            self._idle.wait_for(self._places.all_free, _LAST_SECONDS)
        self._rounds.abort()
        with self._idle:
            self._idle.wait_for(self._places.all_free)
        self._settling.shutdown()
        self._rounds.close()

    def _close_lanes(self, now_us: int) -> None:
        if now_us < self._closing_due_us:
            return
        with self._ledger.write() as connection:
            closed = close_lanes(connection, now_us - _LANES_KEPT_US, _PER_CLOSING)
        if closed < _PER_CLOSING:
            self._closing_due_us = now_us + _BETWEEN_CLOSINGS_US

    def _claim(self, now_us: int, limit: int, standing: Standing) -> list[ClaimedLane]:
        # A claim that a power cut undoes is of a process that is gone.
        with self._ledger.write(durable=False) as connection:
            return claim_lanes(
                connection, now_us=now_us, lease_us=self._lease_us, limit=limit, standing=standing
            )

    def _visit(self, lane: ClaimedLane, signers: Mapping[str, Sign]) -> None:
        with self._lock:
            self._places.take(lane.standing)
        self._rounds.start(lane, signers).add_done_callback(
            lambda visit: self._visited(lane, visit)
        )

    def _visited(self, lane: ClaimedLane, visit: Future[LaneResult]) -> None:
        error = visit.exception()
        if error is None:
            self._results.append(visit.result())
            written = self._settling.submit(self._settle)
            written.add_done_callback(lambda done: self._done(lane, done.exception()))
        else:
            self._done(lane, error)

    def _settle(self) -> None:
        """Write down visits that have ended by now, in one transaction of a bearable length."""
        results: list[LaneResult] = []
        while self._results and len(results) < _PER_SETTLING:
            results.append(self._results.popleft())
        if not results:
            return
        for left in reversed(range(_TRIES)):
            try:
                with self._ledger.write() as connection:
                    settle_lanes(
                        connection,
                        results,
                        now_us=to_us(self._clock.now()),
                        delays_us=self._delays_us,
                    )
                break
            except (OperationalError, PoolTimeout) as error:
                # Two transactions that waited for each other, or the database is away. If it
                # stays so, the claims run out, and the letters are sent once more.
                if not left:
                    log.warning("what was sent could not be noted: %s", type(error).__name__)
        for attempt in (attempt for result in results for attempt in result.attempts):
            outcome = "delivered" if attempt.delivered else "failed"
            NOTIFICATION_ATTEMPTS.labels(outcome).inc()

    def _done(self, lane: ClaimedLane, error: BaseException | None) -> None:
        with self._idle:
            self._places.leave(lane.standing)
            if error is not None:
                self._bugs.append(error)
            self._idle.notify_all()
        # More may have become due for this host meanwhile.
        self._lane_free()

    def _raise_bug(self) -> None:
        if self._bugs:
            raise self._bugs.pop()


class _Places:
    """How many lanes may be visited at once, and are; whoever uses it holds a lock."""

    def __init__(self, most: int) -> None:
        self._most = {standing: int(most * share) for standing, share in _SHARES.items()}
        self._taken = dict.fromkeys(Standing, 0)

    def left(self, standing: Standing) -> int:
        """How many more of this standing there is room for."""
        room, taken = self._most[Standing.PROMPT], sum(self._taken.values())
        for each in Standing:
            room = min(room, self._most[each] - taken)
            if each is standing:
                break
            taken -= self._taken[each]
        return room

    def take(self, standing: Standing) -> None:
        """One more is visited."""
        self._taken[standing] += 1

    def leave(self, standing: Standing) -> None:
        """One is done with."""
        self._taken[standing] -= 1

    def all_free(self) -> bool:
        """Whether none is visited."""
        return not any(self._taken.values())
