"""A decision: what a moderator said about one asset; chained, so that tampering shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.clock import to_us

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

GENESIS_HASH = "0" * 64


class Verdict(StrEnum):
    """The two things a moderator can say, and that somebody else is to say it."""

    APPROVE = "approve"
    REJECT = "reject"
    # In the log only: nothing is posted.
    ESCALATE = "escalate"

    @property
    def status(self) -> ModerationStatus:
        """The status the service is asked to set; what is escalated stays pending."""
        match self:
            case Verdict.APPROVE:
                return ModerationStatus.APPROVED
            case Verdict.REJECT:
                return ModerationStatus.REJECTED
            case Verdict.ESCALATE:
                return ModerationStatus.PENDING

    @property
    def opposite(self) -> Verdict:
        """The other verdict."""
        return Verdict.REJECT if self is Verdict.APPROVE else Verdict.APPROVE


class Action(StrEnum):
    """Why a row stands in the decision log."""

    DECIDE = "decide"
    UNDO = "undo"
    REDO = "redo"
    # After posting: a new decision the other way, never called undo.
    REVERSE = "reverse"
    # A conflict: the moderator keeps the own verdict, or takes the one found.
    KEEP_MINE = "keep_mine"
    ACCEPT_THEIRS = "accept_theirs"
    LOOK_AGAIN = "look_again"
    # A second opinion is asked for, by somebody else; or is not wanted any more.
    ESCALATE = "escalate"
    WITHDRAW = "withdraw"


class Reveal(StrEnum):
    """How much of a protected image the moderator saw before deciding."""

    UNPROTECTED = "unprotected"
    NONE = "none"
    PEEK = "peek"
    LATCHED = "latched"


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """A decision before it is stored.

    ``status_seen`` is the status the moderator was shown, ``expected`` the statuses the service
    may have for the decision to be posted without asking again. Durations are milliseconds.
    """

    ref: AssetRef
    verdict: Verdict
    actor: str
    asset_id: str | None = None
    version: int | None = None
    kind: str | None = None
    status_seen: ModerationStatus = ModerationStatus.PENDING
    expected: frozenset[ModerationStatus] = field(
        default_factory=lambda: frozenset({ModerationStatus.PENDING})
    )
    action: Action = Action.DECIDE
    reason_code: str | None = None
    policy_version: str | None = None
    note: str | None = None
    reveal: Reveal = Reveal.UNPROTECTED
    reveal_ms: int = 0
    dwell_ms: int = 0
    decided_offline: bool = False
    batch_id: str | None = None
    refers_to: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A stored row of the decision log; rows are appended, never changed."""

    decision_id: str
    sequence: int
    at: datetime
    draft: DecisionDraft
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision as the service remembers it, whoever made it; all but the status may be untold.

    ``changed``: the status was another one before. The texts are somebody else's.
    """

    status: ModerationStatus
    at: datetime | None = None
    actor: str | None = None
    reason_code: str | None = None
    note: str | None = None
    changed: bool = True


def who_settled(past: Iterable[PastDecision], status: ModerationStatus) -> PastDecision | None:
    """The one that gave an asset the status it has; ``past`` begins with the newest."""
    return next((one for one in past if one.changed and one.status is status), None)


def canonical(decision_id: str, at: datetime, draft: DecisionDraft) -> bytes:
    """The bytes a decision is hashed over: JSON with sorted keys, no spaces, UTF-8."""
    fields: dict[str, object] = {
        "decision_id": decision_id,
        "at_us": to_us(at),
        "resource_type": draft.ref.resource_type,
        "type": draft.ref.delivery_type,
        "public_id": draft.ref.public_id,
        "asset_id": draft.asset_id,
        "version": draft.version,
        "kind": draft.kind,
        "action": draft.action.value,
        "verdict": draft.verdict.value,
        "status_seen": draft.status_seen.value,
        "expected": sorted(status.value for status in draft.expected),
        "actor": draft.actor,
        "reason_code": draft.reason_code,
        "policy_version": draft.policy_version,
        "note": draft.note,
        "reveal": draft.reveal.value,
        "reveal_ms": draft.reveal_ms,
        "dwell_ms": draft.dwell_ms,
        "decided_offline": draft.decided_offline,
        "batch_id": draft.batch_id,
        "refers_to": draft.refers_to,
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def chain_hash(prev_hash: str, decision_id: str, at: datetime, draft: DecisionDraft) -> str:
    """SHA-256 (hex) over the hash of the row before and the canonical form of this one."""
    digest = hashlib.sha256(prev_hash.encode("ascii"))
    digest.update(canonical(decision_id, at, draft))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first row that does not follow from the one before."""

    sequence: int
    decision_id: str
    reason: str


def first_break(decisions: Iterable[Decision], *, after: str = GENESIS_HASH) -> ChainBreak | None:
    """Find the first row whose hash or link is wrong, or None if the chain holds."""
    previous = after
    for decision in decisions:
        if decision.prev_hash != previous:
            return ChainBreak(
                decision.sequence, decision.decision_id, "a row before it is missing or was changed"
            )
        expected = chain_hash(previous, decision.decision_id, decision.at, decision.draft)
        if decision.hash != expected:
            return ChainBreak(decision.sequence, decision.decision_id, "its content was changed")
        previous = decision.hash
    return None
