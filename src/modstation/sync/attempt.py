"""One attempt to post one operation: read if it must be compared, then send.

Runs on a worker thread and touches nothing but the client.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from modstation.core.errors import NotAuthorized, Refused, RemoteError, Unreachable
from modstation.core.outbox import (
    FORBIDDEN,
    Acknowledged,
    Failed,
    Operation,
    OperationState,
    Outcome,
    Transition,
)
from modstation.core.settling import compare, forbid, needs_reading, settle
from modstation.remote.acknowledgement import observe
from modstation.remote.batch import update_details

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.assets import Asset
    from modstation.remote.acknowledgement import Confirmed
    from modstation.sync.remote_port import ModerationService


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt; ``asset`` is the service's answer.

    ``sent`` is false when it ended before anything that could change the asset was sent.
    """

    operation: Operation
    outcome: Outcome
    asset: Asset | None = None
    sent: bool = True

    @property
    def error(self) -> RemoteError | None:
        """The error it ended in, if it did."""
        return self.outcome.error if isinstance(self.outcome, Failed) else None


def read_first(client: ModerationService, operation: Operation) -> Attempt | None:
    """Read the asset and compare; None: it may be sent."""
    try:
        asset = client.read_asset(operation.ref, operation.asset_id)
    except RemoteError as error:
        return Attempt(operation, Failed(error), sent=False)
    seen = observe(asset)
    if compare(operation, seen) is None:
        return None
    return Attempt(operation, seen, asset, sent=False)


def post(
    client: ModerationService, operation: Operation, now: datetime, *, detailed: bool
) -> Attempt:
    """Read if the rules ask for it, then set the status; ``detailed``: with reason and note.

    Where those are what the service refuses, the verdict alone is sent: it counts more.
    """
    if needs_reading(operation, now=now):
        ended = read_first(client, operation)
        if ended is not None:
            return ended
    try:
        try:
            confirmed = _set(client, operation, detailed=detailed)
        except Refused as error:
            if not detailed or error.http_status != HTTPStatus.BAD_REQUEST:
                raise
            confirmed = _set(client, operation, detailed=False)
    except RemoteError as error:
        return Attempt(operation, Failed(error))
    return Attempt(operation, confirmed.acknowledged, confirmed.asset)


def _set(client: ModerationService, operation: Operation, *, detailed: bool) -> Confirmed:
    return client.set_status(
        operation.ref,
        operation.target,
        asset_id=operation.asset_id,
        details=update_details(operation) if detailed else None,
    )


def is_forbidden(attempt: Attempt, *, key_is_good: bool) -> bool:
    """The service takes the key, and yet it answered this operation as if it did not."""
    known = attempt.operation.error_code == FORBIDDEN
    return isinstance(attempt.error, NotAuthorized) and (key_is_good or known)


def transition_of(
    attempt: Attempt,
    *,
    now: datetime,
    jitter: float,
    key_is_good: bool = False,
    key_posts: bool = True,
) -> Transition:
    """What becomes of the operation, corrected by what only the engine knows.

    ``key_is_good``: the service has just taken the key; ``key_posts``: it has let it decide
    something. A reading that failed has sent nothing.
    Being offline or not let in is nobody's fault: the engine pauses, the row keeps its place.
    """
    operation = attempt.operation
    if is_forbidden(attempt, key_is_good=key_is_good):
        assert isinstance(attempt.error, NotAuthorized)
        return forbid(operation, attempt.error, now=now, jitter=jitter, key_posts=key_posts)
    transition = settle(operation, attempt.outcome, now=now, jitter=jitter)
    if not attempt.sent:
        transition = replace(
            transition,
            sent=operation.sent,
            widen_newer=transition.widen_newer and operation.sent,
            verify=operation.verify if transition.state is OperationState.READY else False,
        )
    if isinstance(attempt.error, Unreachable | NotAuthorized) and (
        transition.state is OperationState.READY
    ):
        transition = replace(transition, due_at=now, attempts=operation.attempts)
    return transition


def put_back(operation: Operation, now: datetime) -> Transition:
    """The operation was claimed and is not sent in this round after all."""
    return Transition(
        OperationState.READY,
        due_at=now,
        verify=operation.verify,
        sent=operation.sent,
        attempts=operation.attempts,
    )


def was_posted(attempt: Attempt, settled: Operation) -> bool:
    """This attempt posted the decision."""
    return settled.state is OperationState.DONE and isinstance(attempt.outcome, Acknowledged)
