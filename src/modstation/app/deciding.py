"""The rules of a decision: when the image on the stage may be decided, and what is stored of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from modstation.core.assets import ModerationStatus
from modstation.core.decisions import DecisionDraft, Verdict
from modstation.core.errors import ReviewError
from modstation.core.protection import Protection

if TYPE_CHECKING:
    from modstation.app.look import Look
    from modstation.core.policy import Policy, Reason
    from modstation.core.queue import QueueEntry, QueueView


@dataclass(frozen=True, slots=True)
class SessionRules:
    """The settings a session needs; ``painted_before`` is in seconds."""

    actor: str
    hold: timedelta = timedelta(seconds=10)
    painted_before: float = 0.150
    protection: Protection = Protection.AUTO


@dataclass(frozen=True, slots=True)
class Attempt:
    """A verdict on the image of the stage at one moment; ``shown``: there is a picture of it."""

    entry: QueueEntry
    verdict: Verdict
    reason: Reason | None
    look: Look
    shown: bool
    now: float

    def refuse(self, rules: SessionRules, policy: Policy) -> None:
        """Raise ``ReviewError`` if it may not count.

        Codes: ``queued``, ``not-painted``, ``needs-reveal``, ``cannot-approve-unseen``,
        ``needs-reason``.
        """
        if self.entry.asset.status in {ModerationStatus.QUEUED, ModerationStatus.ABORTED}:
            raise ReviewError(
                "This image still waits for an earlier moderation; it cannot be decided yet.",
                code="queued",
            )
        shown_for = self.look.painted_for(self.now)
        if shown_for is None or shown_for < rules.painted_before:
            raise ReviewError(
                "Not decided: this image was not on the screen yet.", code="not-painted"
            )
        if self.verdict is Verdict.APPROVE:
            self._refuse_unseen(rules)
        elif policy.require_reason and self.reason is None:
            raise ReviewError("The policy asks for a reason: press 1 to 0.", code="needs-reason")

    def _refuse_unseen(self, rules: SessionRules) -> None:
        if not self.shown:
            raise ReviewError(
                "An image that cannot be shown cannot be approved; reject or skip it.",
                code="cannot-approve-unseen",
            )
        if not self.look.protected:
            return
        if not self.look.uncovered_once:
            raise ReviewError(
                "Uncover the image first (hold Space, or V); rejecting needs no look.",
                code="needs-reveal",
            )
        if self.look.revealed_for(self.now) < rules.painted_before:
            raise ReviewError(
                "Not approved: the image was uncovered only for a moment.", code="needs-reveal"
            )

    def draft(
        self, rules: SessionRules, policy: Policy, view: QueueView, *, offline: bool
    ) -> DecisionDraft:
        """What is stored; ``offline``: the service could not be asked meanwhile."""
        asset, look = self.entry.asset, self.look
        return DecisionDraft(
            ref=asset.ref,
            verdict=self.verdict,
            actor=rules.actor,
            asset_id=asset.asset_id,
            version=asset.version,
            kind=asset.kind or view.kind,
            status_seen=asset.status,
            expected=frozenset({asset.status}),
            reason_code=self.reason.code if self.reason else None,
            policy_version=policy.version,
            note=look.note,
            reveal=look.reveal(),
            reveal_ms=look.revealed_ms(self.now),
            dwell_ms=look.dwell_ms(self.now),
            decided_offline=offline,
        )
