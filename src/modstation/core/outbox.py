"""The outbox: a decision on its way to the service, what an attempt ends in, what follows from it.

An operation is one decision to be posted. Its states:

    held ──(undo window over, or "post now")──> ready ──claim──> in_flight ──settle──> done
      │                                           ^  │               │
      └──undo──> cancelled <──undo (never sent)───┼──┘               ├──> ready (again, later)
                     ^                            │                  ├──> parked     (refused, gone)
                     └──── a newer choice ────────┘                  └──> conflicted (by others)

``core.settling`` says which way an operation takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from modstation.core.assets import AssetRef, ModerationStatus

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.errors import RemoteError
    from modstation.core.language import Sentence

# The code of what a service refuses that takes the key for everything else.
FORBIDDEN = "forbidden"
# The code of a conflict about a picture that nobody here has seen.
REPLACED = "replaced"


class OperationState(StrEnum):
    """Where an operation stands; see the drawing above."""

    HELD = "held"
    READY = "ready"
    IN_FLIGHT = "in_flight"
    DONE = "done"
    PARKED = "parked"
    CONFLICTED = "conflicted"
    CANCELLED = "cancelled"

    @property
    def live(self) -> bool:
        """It may still be sent: at most one such operation per asset, plus one in flight."""
        return self in {OperationState.HELD, OperationState.READY, OperationState.IN_FLIGHT}


@dataclass(frozen=True, slots=True)
class Operation:
    """One decision on its way.

    ``due_at``: not claimed before. ``verify``: the asset is read before anything is sent, because
    an earlier attempt may have had its effect. ``sent``: some attempt may have reached the
    service, so undo is no longer silent. ``expected``: the statuses the service may have for this
    decision to be posted without a person looking again. ``superseded``: a newer choice waits
    for the same asset. ``asset_id`` and ``version`` name the picture that was decided on.
    """

    operation_id: str
    decision_id: str
    ref: AssetRef
    target: ModerationStatus
    state: OperationState
    due_at: datetime
    decided_at: datetime
    asset_id: str | None = None
    expected: frozenset[ModerationStatus] = field(
        default_factory=lambda: frozenset({ModerationStatus.PENDING})
    )
    attempts: int = 0
    verify: bool = False
    sent: bool = False
    decided_offline: bool = False
    superseded: bool = False
    version: int | None = None
    reason_code: str | None = None
    note: str | None = None
    actor: str | None = None
    last_error: str | None = None
    error_code: str | None = None
    theirs: ModerationStatus | None = None
    settled_at: datetime | None = None


# -- what an attempt can end in


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """200, whole, and it names the asset and the status that were sent."""

    status: ModerationStatus
    updated_at: datetime | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """The asset was read: this is its status now, and as far as known who set it and when.

    ``asset_id`` and ``version`` tell whether it is still the picture that was decided on.
    """

    status: ModerationStatus
    updated_at: datetime | None = None
    actor: str | None = None
    asset_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt ended in a known error; its class says whether the service may have acted."""

    error: RemoteError


Outcome: TypeAlias = Acknowledged | Observed | Failed


@dataclass(frozen=True, slots=True)
class Transition:
    """What becomes of an operation.

    ``due_at`` is set when ``state`` is ready. ``widen_newer``: the attempt may have had its
    effect although a newer choice replaces it, so the newer one must also expect this status.
    """

    state: OperationState
    due_at: datetime | None = None
    verify: bool = False
    sent: bool = False
    attempts: int = 0
    widen_newer: bool = False
    error: Sentence | None = None
    error_code: str | None = None
    theirs: ModerationStatus | None = None


def can_undo_silently(operation: Operation) -> bool:
    """Nothing of it is in effect and nothing is being sent: taking it back needs no post.

    A conflicted operation was seen not to be in effect, even if it was sent once.
    """
    if operation.state is OperationState.CONFLICTED:
        return True
    waiting = {OperationState.HELD, OperationState.READY, OperationState.PARKED}
    return operation.state in waiting and not operation.sent
