"""Posting the outbox: claim (commit), send (no transaction open), settle (commit)."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modstation.core.errors import (
    MayNotPost,
    NotAuthorized,
    Refused,
    RemoteError,
    Throttled,
    Unknown,
    Unreachable,
)
from modstation.core.events import ConflictFound
from modstation.core.language import later
from modstation.core.outbox import Acknowledged, Failed, Operation, OperationState
from modstation.core.pacing import allowance
from modstation.core.settling import needs_reading
from modstation.sync.attempt import (
    Attempt,
    is_forbidden,
    post,
    put_back,
    read_first,
    transition_of,
    was_posted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from random import Random

    from modstation.core.assets import Asset
    from modstation.core.clock import Clock
    from modstation.core.events import Event
    from modstation.core.outbox import Transition
    from modstation.remote.batch import Capabilities
    from modstation.store.station_store import StationStore
    from modstation.sync.remote_port import ModerationService
    from modstation.sync.settings import SyncSettings
    from modstation.sync.standing import Standing

_READ_ONLY = later(
    "Push",
    "The service lets this key read, but takes no decision from it. Posting"
    " is paused and nothing is lost; it goes on once the key may update"
    " images.",
)
# An operation that failed this often in company is sent alone: it may be what poisons the batch.
ALONE_AFTER = 2


@dataclass(slots=True)
class _Round:
    """One push: what it did, and why it ends early."""

    left: int
    key_is_good: bool = False
    together: bool = False
    detailed: bool = False
    posted: int = 0
    settled: int = 0
    unclear: set[str] = field(default_factory=set)
    forbidden: bool = False
    ended: bool = False


class Pusher:
    """Posts due operations, many in one request where the service can, else several at once.

    Only HTTP runs on the worker threads; the store is used by the calling thread alone.
    """

    def __init__(
        self,
        store: StationStore,
        client: ModerationService,
        standing: Standing,
        *,
        clock: Clock,
        random: Random,
        settings: SyncSettings,
        notify: Callable[[Event], None],
        checkpoint: Callable[[str], None],
    ) -> None:
        self._store = store
        self._client = client
        self._standing = standing
        self._clock = clock
        self._random = random
        self._settings = settings
        self._notify = notify
        self._checkpoint = checkpoint
        self._threads: ThreadPoolExecutor | None = None
        self.extension_gone = False
        """The service no longer knows the address for many decisions at once."""
        self.not_before: datetime | None = None
        """The quota leaves no call for posting until then; listing still has its reserve."""
        # Something was posted, so a refusal is about one operation and not about the key.
        self._key_posts = False

    def close(self) -> None:
        """End the worker threads, after the requests that are under way."""
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None

    def run(
        self,
        capabilities: Capabilities,
        *,
        probing: bool,
        key_is_good: bool,
        stopping: Callable[[], bool],
    ) -> tuple[int, int]:
        """Post what is due, up to one round; return how many were posted and how many settled.

        ``probing``: after trouble, so only a few go first. ``key_is_good``: the service has just
        taken it, so that a refusal of the key is about one operation.
        """
        most = self._settings.failures if probing else self._settings.round
        this = _Round(
            most,
            key_is_good,
            together=bool(capabilities.batch),
            detailed=capabilities.update_details,
        )
        while this.left > 0 and not this.ended and not stopping():
            size = min(this.left, capabilities.batch or 2 * self._settings.in_flight)
            operations = self._claim(size, together=bool(capabilities.batch))
            if not operations:
                break
            this.left -= len(operations)
            if capabilities.batch:
                alone = [op for op in operations if op.attempts >= ALONE_AFTER]
                together = [op for op in operations if op.attempts < ALONE_AFTER]
                self._batch(this, together, capabilities)
                self._one_by_one(this, alone, stopping, refill=False)
            else:
                self._one_by_one(this, operations, stopping, refill=True)
        if this.forbidden and not self._key_posts:
            self._end(this, MayNotPost(str(_READ_ONLY)))
        return this.posted, this.settled

    # -- many in one request

    def _batch(self, this: _Round, operations: list[Operation], capabilities: Capabilities) -> None:
        if not capabilities.checks_version:
            operations = self._unread(this, operations)
        if not operations:
            return
        if this.ended:
            self._put_back(operations)
            return
        self._checkpoint("sending")
        try:
            items = self._client.post_decisions(operations)
        except Refused as error:
            self.extension_gone = error.http_status in {404, 405}
            this.detailed &= not self.extension_gone
            # One of them may be what the service does not accept; the others must not suffer.
            self._one_by_one(this, operations, lambda: False, refill=False)
            return
        except RemoteError as error:
            if isinstance(error, NotAuthorized) and this.key_is_good:
                # It may be one of them that is refused.
                self._one_by_one(this, operations, lambda: False, refill=False)
                return
            self._settle(this, [Attempt(operation, Failed(error)) for operation in operations])
            if not this.ended:
                self._end(this, error)
            return
        self._checkpoint("sent")
        by_id = {operation.operation_id: operation for operation in operations}
        self._settle(this, [Attempt(by_id[item.operation_id], item.outcome) for item in items])

    def _unread(self, this: _Round, operations: list[Operation]) -> list[Operation]:
        """Those that may be sent, after reading the ones decided long ago or offline.

        The service compares the status itself, but not whether the picture was replaced. A
        decision sent before needs no reading for its own sake: it is applied once by its id.
        """
        now = self._clock.now()
        unread = [
            operation
            for operation in operations
            if operation.version is not None
            and not operation.sent
            and needs_reading(operation, now=now)
        ]
        if not unread:
            return operations
        readings = self._pool().map(lambda op: read_first(self._client, op), unread)
        attempts = [attempt for attempt in readings if attempt is not None]
        ended = {attempt.operation.operation_id for attempt in attempts}
        self._settle(this, attempts)
        return [operation for operation in operations if operation.operation_id not in ended]

    # -- one request each, several at once

    def _one_by_one(
        self,
        this: _Round,
        operations: Iterable[Operation],
        stopping: Callable[[], bool],
        *,
        refill: bool,
    ) -> None:
        waiting = deque(operations)
        under_way: set[Future[Attempt]] = set()
        try:
            while waiting or under_way:
                stop = this.ended or stopping()
                while waiting and not stop and len(under_way) < self._settings.in_flight:
                    operation = waiting.popleft()
                    self._checkpoint("sending")
                    now = self._clock.now()
                    under_way.add(
                        self._pool().submit(
                            post, self._client, operation, now, detailed=this.detailed
                        )
                    )
                if stop:
                    self._put_back(waiting)
                    waiting.clear()
                if not under_way:
                    break
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                self._checkpoint("sent")
                self._settle(this, [future.result() for future in done])
                if refill and this.left > 0 and len(waiting) < self._settings.in_flight:
                    more = self._claim(
                        min(this.left, self._settings.in_flight),
                        together=False,
                        in_hand=len(waiting) + len(under_way),
                    )
                    this.left -= len(more)
                    waiting.extend(more)
        finally:
            # A bug in one of them must not leave the others writing into a closed client.
            wait(under_way)

    # -- claim and settle

    def _claim(self, wanted: int, *, together: bool, in_hand: int = 0) -> list[Operation]:
        """Claim as many as the quota allows; ``in_hand``: claimed before and not answered yet."""
        now = self._clock.now()
        calls = in_hand + (1 if together else wanted)
        allowed = allowance(self._client.quota, calls, now=now)
        free = allowed.calls - in_hand
        if free <= 0:
            self.not_before = allowed.retry_at
            return []
        self.not_before = None
        operations = self._store.claim(wanted if together else free, now)
        if operations:
            self._checkpoint("claimed")
        return operations

    def _put_back(self, operations: Iterable[Operation]) -> None:
        now = self._clock.now()
        changes: list[tuple[str, Transition, Asset | None]] = [
            (operation.operation_id, put_back(operation, now), None) for operation in operations
        ]
        if changes:
            self._store.apply_many(changes, now=now)

    def _settle(self, this: _Round, attempts: Sequence[Attempt]) -> None:
        if not attempts:
            return
        now = self._clock.now()
        self._key_posts |= any(isinstance(attempt.outcome, Acknowledged) for attempt in attempts)
        changes = [
            (
                attempt.operation.operation_id,
                transition_of(
                    attempt,
                    now=now,
                    jitter=self._random.random(),
                    key_is_good=this.key_is_good,
                    key_posts=self._key_posts,
                ),
                attempt.asset,
            )
            for attempt in attempts
        ]
        settled = self._store.apply_many(
            changes, now=now, note_reasons=self._settings.write_reasons and not this.together
        )
        self._checkpoint("settled")
        this.settled += len(settled)
        for attempt, operation in zip(attempts, settled, strict=True):
            this.posted += was_posted(attempt, operation)
            if operation.state is OperationState.CONFLICTED:
                theirs = operation.theirs.value if operation.theirs else ""
                self._notify(ConflictFound(operation.ref.key, operation.target.value, theirs))
        self._judge(this, attempts)

    def _judge(self, this: _Round, attempts: Sequence[Attempt]) -> None:
        """Tell an operation in trouble from a service in trouble."""
        for attempt in attempts:
            error = attempt.error
            if error is not None and is_forbidden(attempt, key_is_good=this.key_is_good):
                this.forbidden = True
                self._unclear(this, attempt, error)
                continue
            match error:
                case Unreachable() | Throttled() | NotAuthorized():
                    self._end(this, error)
                case Unknown():
                    self._unclear(this, attempt, error)
                case _:
                    # Done, refused, gone, in conflict: the service is there and answers.
                    this.unclear.clear()
                    if not this.ended:
                        self._standing.works()

    def _unclear(self, this: _Round, attempt: Attempt, error: RemoteError) -> None:
        this.unclear.add(attempt.operation.operation_id)
        if len(this.unclear) >= self._settings.failures:
            paused = isinstance(error, NotAuthorized) and not self._key_posts
            self._end(this, MayNotPost(str(_READ_ONLY)) if paused else error)

    def _end(self, this: _Round, error: RemoteError) -> None:
        if not this.ended:
            this.ended = True
            self._standing.failed(error)
            if isinstance(error, NotAuthorized) and not this.key_is_good:
                # A ping tells at once whether it is the key, or what was asked with it.
                self._standing.retry_now()

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._settings.in_flight, "post")
        return self._threads
