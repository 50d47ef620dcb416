"""Visits to hosts, all in one event loop: the letters of a claim, sent one after or beside another.

A thousand visits that wait for hosts nobody is at cost a socket each and no thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from modstation.core.clock import to_us
from modstation.service.notifications.lanes import Attempt, ClaimedLane, LaneResult, Letter
from modstation.service.notifications.letter_post import LetterPost

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from concurrent.futures import Future

    from modstation.core.clock import Clock
    from modstation.service.notifications.letter_signing import Sign
    from modstation.service.outside.address_guard import AddressGuard

log = logging.getLogger(__name__)

#: A visit starts no further letter after this, so that a claim is over soon after a kill.
VISIT_SECONDS = 2.0
_PROMPT_SECONDS = 1.0
_RECEIVERS_ASKED = 3


class Rounds:
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
        self._ends = time.monotonic() + VISIT_SECONDS
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
