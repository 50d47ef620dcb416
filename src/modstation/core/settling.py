"""Settling: what becomes of an operation after an attempt, a reading of the asset, or a crash.

Everything here is a pure function; the store applies what they say in one transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from modstation.core.assets import ModerationStatus
from modstation.core.errors import (
    AssetGone,
    NotAuthorized,
    Refused,
    RemoteError,
    Throttled,
    Unreachable,
)
from modstation.core.language import later
from modstation.core.outbox import (
    FORBIDDEN,
    REPLACED,
    Acknowledged,
    Failed,
    Observed,
    Operation,
    OperationState,
    Outcome,
    Transition,
)

# A decision older than this is compared with the service before it is posted (design §4).
COMPARE_AFTER = timedelta(minutes=2)
BACKOFF_FIRST = timedelta(seconds=1)
BACKOFF_MOST = timedelta(minutes=5)
# About one and a half hours of failed attempts: then a person should look at this one row.
ATTEMPTS_BEFORE_PARKING = 24
THROTTLED_WITHOUT_RESET = timedelta(minutes=1)
NOT_AUTHORIZED_PAUSE = timedelta(minutes=1)
# So often a service that takes the key may say no to one operation before that one is parked.
FORBIDDEN_BEFORE_PARKING = 4
# A key that may post nothing: so long nobody knocks, unless a person asks.
MAY_NOT_POST_PAUSE = timedelta(minutes=5)


def backoff(attempts: int, jitter: float) -> timedelta:
    """How long to wait after the ``attempts``-th failure; ``jitter`` from 0 to 1 spreads it.

    Doubles from one second up to five minutes; between half and all of that is waited, so that
    many stations do not come back at once.
    """
    doublings = min(max(attempts - 1, 0), 20)
    full = min(BACKOFF_FIRST * (1 << doublings), BACKOFF_MOST)
    return full * (0.5 + 0.5 * jitter)


def needs_reading(operation: Operation, *, now: datetime) -> bool:
    """Say whether the asset is read before this operation is sent (compare before post)."""
    return (
        operation.verify or operation.decided_offline or now - operation.decided_at > COMPARE_AFTER
    )


def compare(operation: Operation, seen: Observed) -> Transition | None:
    """Say what a reading of the asset means; None: go on and send.

    The wanted status is there: done, whoever set it. An expected status of the same picture:
    send. Anything else: somebody else settled or replaced it, and a person must choose.
    """
    if seen.status == operation.target:
        return Transition(OperationState.DONE, sent=operation.sent, attempts=operation.attempts)
    replaced = is_another_picture(operation, seen)
    if seen.status in operation.expected and not replaced:
        return None
    if operation.superseded:
        return _superseded(operation, sent=operation.sent)
    if replaced:
        return Transition(
            OperationState.CONFLICTED,
            sent=operation.sent,
            attempts=operation.attempts,
            theirs=seen.status,
            error=later("Outbox", "The picture was replaced after it was decided."),
            error_code=REPLACED,
        )
    return Transition(
        OperationState.CONFLICTED,
        sent=operation.sent,
        attempts=operation.attempts,
        theirs=seen.status,
        error=later("Outbox", "The service says {status}.").format(status=seen.status.said),
        error_code="conflict",
    )


def is_another_picture(operation: Operation, seen: Observed) -> bool:
    """Say whether the public ID holds another picture than the one that was decided on.

    A new asset ID always means so. A new version only if the asset waits for moderation: putting
    back a rejected asset from its backup makes a new version of the same picture.
    """
    if operation.asset_id and seen.asset_id and operation.asset_id != seen.asset_id:
        return True
    return (
        seen.status is ModerationStatus.PENDING
        and operation.version is not None
        and seen.version is not None
        and operation.version != seen.version
    )


def settle(
    operation: Operation, outcome: Outcome, *, now: datetime, jitter: float = 0.5
) -> Transition:
    """Say what becomes of an operation after one attempt.

    Ambiguous outcomes (a time-out after sending) go back to ready with ``verify`` set: the
    engine reads the asset before it sends again. An operation that a newer choice replaces is
    never tried again.
    """
    match outcome:
        case Acknowledged():
            return Transition(OperationState.DONE, sent=True, attempts=operation.attempts + 1)
        case Observed():
            decided = compare(operation, outcome)
            if decided is not None:
                return decided
            return Transition(
                OperationState.READY,
                due_at=now,
                sent=operation.sent,
                attempts=operation.attempts,
            )
        case Failed(error=error):
            return _failed(operation, error, now=now, jitter=jitter)


def _failed(
    operation: Operation, error: RemoteError, *, now: datetime, jitter: float
) -> Transition:
    sent = operation.sent or error.ambiguous
    if operation.superseded:
        return _superseded(operation, sent=sent)
    attempts = operation.attempts + 1
    text = error.wording
    match error:
        case AssetGone():
            return Transition(
                OperationState.PARKED, sent=sent, attempts=attempts, error=text, error_code="gone"
            )
        case Refused():
            return Transition(
                OperationState.PARKED,
                sent=sent,
                attempts=attempts,
                error=text,
                error_code="refused",
            )
        case Throttled(retry_at=retry_at):
            # Not an attempt: the service did not look at it.
            due = max(retry_at, now) if retry_at else now + THROTTLED_WITHOUT_RESET
            return Transition(
                OperationState.READY,
                due_at=due,
                verify=operation.verify,
                sent=sent,
                attempts=operation.attempts,
                error=text,
                error_code="throttled",
            )
        case NotAuthorized():
            return Transition(
                OperationState.READY,
                due_at=now + NOT_AUTHORIZED_PAUSE,
                verify=operation.verify,
                sent=sent,
                attempts=operation.attempts,
                error=text,
                error_code="not_authorized",
            )
        case Unreachable():
            # Offline may last for days: never a reason to park.
            return Transition(
                OperationState.READY,
                due_at=now + backoff(attempts, jitter),
                verify=operation.verify,
                sent=sent,
                attempts=attempts,
                error=text,
                error_code="offline",
            )
    if attempts >= ATTEMPTS_BEFORE_PARKING:
        return Transition(
            OperationState.PARKED,
            verify=True,
            sent=sent,
            attempts=attempts,
            error=text,
            error_code="unknown",
        )
    return Transition(
        OperationState.READY,
        due_at=now + backoff(attempts, jitter),
        verify=True,
        sent=sent,
        attempts=attempts,
        error=text,
        error_code="unknown",
    )


def forbid(
    operation: Operation,
    error: NotAuthorized,
    *,
    now: datetime,
    jitter: float,
    key_posts: bool = True,
) -> Transition:
    """Say what becomes of an operation that is refused as by a wrong key while the key is good.

    Then it is this operation that the service will not have: its attempts are counted, and at
    last it is parked, for at the head of the outbox it would keep all others from being sent.
    Unless nothing was posted with this key (``key_posts`` is false): then it may be the key that
    decides nothing, and the row waits out the pause of the whole outbox, others before it.
    """
    if operation.superseded:
        return _superseded(operation, sent=operation.sent)
    attempts = operation.attempts + 1
    parked = key_posts and attempts >= FORBIDDEN_BEFORE_PARKING
    wait = backoff(attempts, jitter) + (timedelta() if key_posts else MAY_NOT_POST_PAUSE)
    return Transition(
        OperationState.PARKED if parked else OperationState.READY,
        due_at=None if parked else now + wait,
        verify=operation.verify,
        sent=operation.sent,
        attempts=attempts,
        error=error.wording,
        error_code=FORBIDDEN,
    )


def _superseded(operation: Operation, *, sent: bool) -> Transition:
    return Transition(
        OperationState.CANCELLED,
        sent=sent,
        attempts=operation.attempts,
        widen_newer=sent,
        error=later("Outbox", "Replaced by a newer decision."),
        error_code="superseded",
    )


def respect_newer(operation: Operation, transition: Transition) -> Transition:
    """Correct a transition that was worked out before a newer choice was made.

    ``operation`` is the row as it stands now. Between claim and settle the moderator may have
    chosen again: then the older one is over, whatever the attempt would have meant for it.
    """
    if not operation.superseded or transition.state in {
        OperationState.DONE,
        OperationState.CANCELLED,
    }:
        return transition
    return _superseded(operation, sent=operation.sent or transition.sent)


def recover(operation: Operation, *, now: datetime) -> Transition:
    """Say what becomes of an operation that was in flight when the program ended.

    Nobody knows whether it was sent: it is verified first, before anything else is posted.
    """
    if operation.superseded:
        return _superseded(operation, sent=True)
    return Transition(
        OperationState.READY,
        due_at=now,
        verify=True,
        sent=True,
        attempts=operation.attempts,
        error=later("Outbox", "The program ended while this was being posted."),
        error_code="recovered",
    )
