"""Sending letters: what announcing.py wrote, sent afterwards, tried again (reference 4.1).

A letter stays due until a receiver answered 2xx or it was given up; whoever dies in between, it
is sent again: at least once. Any number of replicas share the work (notification_lanes.py).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from modstation.core.clock import to_us
from modstation.service.letter_post import LetterPost
from modstation.service.metrics import NOTIFICATION_ATTEMPTS
from modstation.service.notification_lanes import (
    Attempt,
    ClaimedLane,
    LaneResult,
    Letter,
    Standing,
    claim_lanes,
    close_lanes,
    settle_lanes,
    something_due,
)
from modstation.service.open_files import most_open_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from modstation.core.clock import Clock
    from modstation.service.address_guard import AddressGuard
    from modstation.service.ledger import Ledger
    from modstation.service.letter_signing import Sign, SignerOf
    from modstation.service.settings import ServiceSettings

log = logging.getLogger(__name__)

# One transaction's worth of lanes.
_PER_CLAIM = 50
_PER_SETTLING = 100
_PER_CLOSING = 500
# Lanes without letters are looked at in vain every time, and what is known of their hosts ages.
_LANES_KEPT_US = 600_000_000
_BETWEEN_CLOSINGS_US = 60_000_000
# A visit starts no further letter after this, so that a claim is over soon after a kill.
_VISIT_SECONDS = 2.0
_PROMPT_SECONDS = 1.0
# How long letters in hand have to be answered when the service stops.
_LAST_SECONDS = 1.0
_RECEIVERS_ASKED = 3
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
        self._lease_us = int((2 * timeout + _VISIT_SECONDS) * 1_000_000)
        room = (most_open_files() - _OTHER_FILES) // _FILES_PER_LANE
        self._places = _Places(max(4, min(settings.notification_lanes, room)))
        self._signer_of = signer_of
        self._rounds = _Rounds(guard, timeout, settings.notification_parallel, clock)
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
        try:
            with self._ledger.write() as connection:
                settle_lanes(
                    connection,
                    results,
                    now_us=to_us(self._clock.now()),
                    delays_us=self._delays_us,
                )
            for attempt in (attempt for result in results for attempt in result.attempts):
                outcome = "delivered" if attempt.delivered else "failed"
                NOTIFICATION_ATTEMPTS.labels(outcome).inc()
        except OperationalError as error:
            # The database is away. The claims run out, and the letters are sent once more.
            log.warning("what was sent could not be noted: %s", type(error).__name__)

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


class _Rounds:
    """The event loop in which lanes are visited, in a thread that starts with the first visit."""

    def __init__(
        self,
        guard: AddressGuard,
        timeout: float,
        parallel: int,
        clock: Clock,
    ) -> None:
        self._guard = guard
        self._timeout = timeout
        self._parallel = parallel
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="notify")
        self._stopping = threading.Event()
        self._visits: set[_Visit] = set()
        self._post: LetterPost | None = None

    def start(self, lane: ClaimedLane, signers: Mapping[str, Sign]) -> Future[LaneResult]:
        """Visit a lane; the result says what came of it, its exception is a bug."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._visit(lane, signers), self._loop)

    def stop(self) -> None:
        """Have visits end after the letter in hand."""
        self._stopping.set()

    def abort(self) -> None:
        """Have visits that were told to end do so now, whatever they wait for."""
        if self._thread.is_alive():
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for visit in self._visits:
            visit.abort()

    def close(self) -> None:
        """End the loop, in which no visit is under way any more."""
        if self._thread.is_alive():
            assert self._loop is not None
            asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._own_loop) as runner:
            runner.get_loop().run_forever()

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        assert self._loop is not None
        return self._loop

    async def _hang_up(self) -> None:
        if self._post is not None:
            await self._post.close()

    async def _visit(self, lane: ClaimedLane, signers: Mapping[str, Sign]) -> LaneResult:
        if self._post is None:
            self._post = LetterPost(self._guard, self._timeout)
        visit = _Visit(self._post, signers, self._parallel, self._clock, self._stopping)
        self._visits.add(visit)
        try:
            return await visit.run(lane)
        finally:
            self._visits.discard(visit)


class _Visit:
    """The letters of one claim, sent to one host."""

    def __init__(
        self,
        post: LetterPost,
        signers: Mapping[str, Sign],
        parallel: int,
        clock: Clock,
        stopping: threading.Event,
    ) -> None:
        self._post = post
        self._parallel = parallel
        self._signers = signers
        self._clock = clock
        self._stopping = stopping
        self._ends = time.monotonic() + _VISIT_SECONDS
        self._attempts: list[Attempt] = []
        self._strands: deque[list[Letter]] = deque()
        self._senders = 0
        self._tasks: set[asyncio.Task[None]] = set()
        # Receivers with a letter in hand that have said nothing yet.
        self._asking: set[str] = set()
        self._heard: set[str] = set()
        # Receivers that said nothing at all, and why.
        self._silent: dict[str, str] = {}

    async def run(self, lane: ClaimedLane) -> LaneResult:
        """Ask whether somebody is there, with a letter; then send the others side by side."""
        asked, self._strands = _questions(lane.letters)
        async with asyncio.TaskGroup() as tasks:
            for strand in asked:
                self._begin(strand, tasks)
        return self._result(lane)

    def abort(self) -> None:
        """End what is being waited for."""
        for task in self._tasks:
            task.cancel()

    def _begin(self, strand: list[Letter], tasks: asyncio.TaskGroup) -> None:
        self._senders += 1
        task = tasks.create_task(self._send_strand(strand, tasks))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_strand(self, strand: list[Letter], tasks: asyncio.TaskGroup) -> None:
        """Send a strand up to the first letter that is not taken, then see what else may go."""
        try:
            for letter in strand:
                if self._over() or not await self._send(letter):
                    break
        except asyncio.CancelledError:
            # Told to stop, it does not count as a try: the letter is still due.
            if not self._stopping.is_set():
                raise
        self._senders -= 1
        # A slow host gets one connection, and so cannot use up what others need.
        most = (self._parallel if self._prompt() else 1) if self._answered() else 0
        while self._senders < most and not self._over() and (following := self._next()):
            self._begin(following, tasks)

    def _next(self) -> list[Letter] | None:
        """A strand to a receiver that is not being asked whether it is there."""
        for _ in range(len(self._strands)):
            strand = self._strands.popleft()
            if strand[0].url in self._asking:
                self._strands.append(strand)
            elif strand[0].url not in self._silent:
                return strand
        return None

    async def _send(self, letter: Letter) -> bool:
        """Try one letter; whether the next of its strand may go."""
        now, started = self._clock.now(), time.monotonic()
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "X-Cld-Timestamp": str(timestamp),
            "X-Cld-Signature": self._signers[letter.cloud](letter.body, timestamp),
        }
        if letter.url not in self._heard:
            self._asking.add(letter.url)
        answer = await self._post.send(letter.url, letter.body, headers)
        self._asking.discard(letter.url)
        attempt = Attempt(
            letter,
            to_us(now),
            round((time.monotonic() - started) * 1000),
            answer.status,
            answer.error,
            final=answer.refused,
        )
        self._attempts.append(attempt)
        if not attempt.delivered:
            log.info(
                "notification %s was not delivered: %s", letter.id, answer.error or answer.status
            )
        if answer.status is not None or attempt.final:
            self._heard.add(letter.url)
        else:
            self._silent[letter.url] = answer.error or ""
        return attempt.delivered or attempt.final

    def _over(self) -> bool:
        return self._stopping.is_set() or time.monotonic() > self._ends

    def _answered(self) -> bool:
        """Whether there is somebody, or somebody who must not be asked."""
        return bool(self._heard)

    def _prompt(self) -> bool:
        """Whether whoever answered did so quickly."""
        taken = [each.milliseconds for each in self._attempts if each.status is not None]
        return bool(taken) and max(taken) < 1000 * _PROMPT_SECONDS

    def _result(self, lane: ClaimedLane) -> LaneResult:
        if not self._attempts:
            return LaneResult(lane, (), lane.prompt)
        silent = {url: why for url, why in self._silent.items() if url not in self._heard}
        return LaneResult(
            lane, tuple(self._attempts), self._prompt(), silent, dead=not self._answered()
        )


def _questions(letters: Iterable[Letter]) -> tuple[list[list[Letter]], deque[list[Letter]]]:
    """The strands to begin with, of up to three receivers at the host, and the others.

    One receiver that says nothing must not make the whole host seem dead.
    """
    asked: dict[str, list[Letter]] = {}
    others: deque[list[Letter]] = deque()
    for strand in _strands(letters):
        if len(asked) < _RECEIVERS_ASKED and strand[0].url not in asked:
            asked[strand[0].url] = strand
        else:
            others.append(strand)
    return list(asked.values()), others


def _strands(letters: Iterable[Letter]) -> list[list[Letter]]:
    """The letters by strand, each strand in order; one of no strand stands alone."""
    strands: dict[str | int, list[Letter]] = {}
    for letter in letters:
        strands.setdefault(letter.strand or letter.id, []).append(letter)
    return list(strands.values())
