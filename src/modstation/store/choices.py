"""The moderator's choices: decide, undo, redo, reverse, and what to do with a conflict.

Every function here runs inside one write transaction of the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from modstation.core.decisions import Action, DecisionDraft, Reveal, Verdict
from modstation.core.language import later
from modstation.core.outbox import REPLACED, OperationState, can_undo_silently
from modstation.store import (
    asset_rows,
    decision_log,
    list_rows,
    operation_rows,
    queue_rows,
    undo_log,
)
from modstation.store.results import NeedsReversal

if TYPE_CHECKING:
    import sqlite3

    from modstation.core.assets import ModerationStatus
    from modstation.core.clock import Clock, Ids
    from modstation.core.decisions import Decision
    from modstation.core.language import Sentence
    from modstation.core.outbox import Operation
    from modstation.core.queue import QueuePosition, UndoStep

_NOTHING = timedelta(0)
_TRAYS = {OperationState.PARKED, OperationState.CONFLICTED}


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A decision that was undone without a trace at the service; ``number`` is its step's."""

    number: int
    step: UndoStep
    decision: Decision
    position: QueuePosition | None


class Choices:
    """Writes choices through one connection, with the caller's clock and ids."""

    def __init__(self, sql: sqlite3.Connection, *, clock: Clock, ids: Ids) -> None:
        self._sql = sql
        self._clock = clock
        self._ids = ids

    def choose(
        self, draft: DecisionDraft, *, hold: timedelta, entry_id: int | None = None
    ) -> tuple[Decision, Operation]:
        """Store a decision and its operation; it takes the place of an older choice.

        An older one that waits, or lies in a tray, is cancelled at once. One in flight is marked:
        whatever its answer, it is not sent again, and this one is not claimed before it.
        """
        sql, now, key = self._sql, self._clock.now(), draft.ref.key
        stands = asset_rows.standing(sql, key)
        expected = draft.expected
        if stands.status is operation_rows.last_posted(sql, key):
            # Our own doing, perhaps since the moderator looked: no reason for a conflict.
            expected |= {stands.status}
        replaced: Operation | None = None
        for older in operation_rows.open_of(sql, key):
            operation_rows.supersede(sql, older)
            if older.state is OperationState.IN_FLIGHT:
                replaced = replaced or older
                continue
            replaced = older
            expected |= _perhaps_found(older)
        decision = self._append(draft)
        operation = operation_rows.insert(
            sql,
            decision,
            expected=expected,
            state=OperationState.HELD if hold > _NOTHING else OperationState.READY,
            due_at=now + max(hold, _NOTHING),
            # The network process may have stored news while the old state was on the screen.
            verify=stands.status not in expected or stands.is_another_picture(draft),
        )
        undo_log.push(sql, decision, replaced=replaced, entry_id=entry_id)
        # Whoever decides has given the second opinion; should it be undone, who had left the asset
        # is still not the one to decide it.
        list_rows.remember_who_left(sql, key)
        list_rows.answered(sql, key)
        return decision, operation

    def escalate(self, draft: DecisionDraft) -> Decision | None:
        """Leave an asset to somebody else; nothing is posted. None if it is left already."""
        draft = replace(draft, action=Action.ESCALATE, verdict=Verdict.ESCALATE)
        note = None if draft.note is None else asset_rows.storable(draft.note)
        left = list_rows.escalate(
            self._sql, draft.ref.key, actor=draft.actor, note=note, at=self._clock.now()
        )
        return self._append(draft) if left else None

    def withdraw(self, draft: DecisionDraft, *, undone: bool) -> Decision | None:
        """Take an asset back that was left to somebody else; None if it is not any more.

        Unless that is ``undone``, it is remembered who had left it.
        """
        if not undone:
            list_rows.remember_who_left(self._sql, draft.ref.key)
        if not list_rows.answered(self._sql, draft.ref.key):
            return None
        return self._append(replace(draft, action=Action.WITHDRAW, verdict=Verdict.ESCALATE))

    def undo(
        self, *, actor: str, limit: int, number: int | None = None
    ) -> list[TakenBack] | NeedsReversal | None:
        """Take back what of the last step is not, and cannot be, in effect, at most ``limit``.

        ``number``: only of this step. None if there is none; ``NeedsReversal`` if all of it is, or
        may be, in effect.
        """
        entries = undo_log.top(self._sql)
        if not entries or number not in {None, entries[0].number}:
            return None
        pairs = [(e, operation_rows.read(self._sql, e.step.operation_id)) for e in entries]
        silent = [(e, operation) for e, operation in pairs if can_undo_silently(operation)]
        if not silent:
            return self._in_effect(*pairs[0], others=entries)
        return [self._take_back(e, operation, actor) for e, operation in silent[:limit]]

    def undo_one(self, decision_id: str, *, actor: str) -> TakenBack | NeedsReversal | None:
        """Take back one decision, of whichever step; None if it cannot be, or does not stand."""
        entry = undo_log.find(self._sql, decision_id)
        if entry is None:
            return None
        operation = operation_rows.read(self._sql, decision_id)
        if operation.state is OperationState.CANCELLED:
            return None
        if not can_undo_silently(operation):
            return self._in_effect(entry, operation, others=[entry])
        return self._take_back(entry, operation, actor)

    def _in_effect(
        self, entry: undo_log.UndoEntry, operation: Operation, *, others: list[undo_log.UndoEntry]
    ) -> NeedsReversal:
        verdict = decision_log.read(self._sql, entry.step.decision_id).draft.verdict
        decision_ids = tuple(other.step.decision_id for other in reversed(others))
        return NeedsReversal(entry.step, verdict, operation.target, decision_ids)

    def _take_back(self, entry: undo_log.UndoEntry, operation: Operation, actor: str) -> TakenBack:
        sql, step = self._sql, entry.step
        decision = decision_log.read(sql, step.decision_id)
        self._append(
            replace(decision.draft, action=Action.UNDO, actor=actor, refers_to=decision.decision_id)
        )
        operation_rows.cancel(sql, operation.operation_id, "undone", later("Outbox", "Taken back."))
        undo_log.mark_undone(sql, entry.entry_id)
        if entry.replaced_operation_id is not None:
            older = operation_rows.read(sql, entry.replaced_operation_id)
            self._reinstate(older, entry.replaced_state, operation)
        position = queue_rows.position(sql, step.key)
        return TakenBack(entry.number, step, decision, position)

    def redo(
        self, *, actor: str, hold: timedelta, limit: int, number: int | None = None
    ) -> list[tuple[int, Decision, Operation]]:
        """Make the step again that was undone last, at most ``limit`` decisions of it.

        ``number``: only of this step. Each comes with the number of its step.
        """
        entries = undo_log.redo_top(self._sql)
        if not entries or number not in {None, entries[0].number}:
            return []
        made = []
        for entry in entries[:limit]:
            decision = decision_log.read(self._sql, entry.step.decision_id)
            draft = replace(
                decision.draft, action=Action.REDO, actor=actor, refers_to=decision.decision_id
            )
            again = self.choose(draft, hold=hold, entry_id=entry.entry_id)
            made.append((entry.number, *again))
        return made

    def amend(
        self, decision_id: str, draft: DecisionDraft, *, hold: timedelta
    ) -> tuple[Decision, Operation] | None:
        """Put another verdict or reason in the place of a decision that is not posted.

        None if it is, or may be, posted by now, or does not count any more. The new row refers to
        the old one and expects of the service what that one expected.
        """
        operation = operation_rows.find(self._sql, decision_id)
        if operation is None or not can_undo_silently(operation):
            return None
        before = decision_log.read(self._sql, decision_id).draft
        return self.choose(
            replace(
                draft,
                status_seen=before.status_seen,
                expected=before.expected,
                decided_offline=before.decided_offline or draft.decided_offline,
                refers_to=decision_id,
            ),
            hold=hold,
        )

    def reverse(
        self,
        decision_id: str,
        *,
        actor: str,
        hold: timedelta,
        batch_id: str | None = None,
        look: DecisionDraft | None = None,
    ) -> tuple[Decision, Operation]:
        """Decide the other way after posting: a new decision, never called undo.

        ``look``: what the moderator saw and said with it; None: nothing but the other verdict.
        """
        decision = decision_log.read(self._sql, decision_id)
        before = decision.draft
        posted = before.verdict.status
        expected = frozenset({posted})
        operation = operation_rows.find(self._sql, decision_id)
        if operation is not None and operation.state is not OperationState.DONE:
            # Nobody knows yet whether it arrived: both are our own doing.
            expected |= operation.expected
        draft = replace(
            before,
            verdict=before.verdict.opposite,
            actor=actor,
            action=Action.REVERSE,
            status_seen=posted,
            expected=expected,
            # The picture may have got a new version when it was taken down or put back.
            version=None,
            reason_code=look.reason_code if look else None,
            policy_version=look.policy_version if look else before.policy_version,
            note=look.note if look else None,
            reveal=look.reveal if look else Reveal.NONE,
            reveal_ms=look.reveal_ms if look else 0,
            dwell_ms=look.dwell_ms if look else 0,
            decided_offline=look.decided_offline if look else False,
            batch_id=batch_id,
            refers_to=decision_id,
        )
        return self.choose(draft, hold=hold)

    def retry(self, operation_id: str) -> bool:
        """Post a parked operation again, after a look at the asset; false if it is not parked."""
        operation = operation_rows.find(self._sql, operation_id)
        if operation is None or operation.state is not OperationState.PARKED:
            return False
        operation_rows.retry(self._sql, operation_id, self._clock.now())
        return True

    def drop(self, operation_id: str, *, actor: str, note: str | None) -> bool:
        """Give an unsent choice up; false if it is being posted or is settled.

        The asset goes back to the queue that its status names.
        """
        operation = operation_rows.find(self._sql, operation_id)
        if operation is None or not (can_undo_silently(operation) or operation.state in _TRAYS):
            return False
        decision = decision_log.read(self._sql, operation.decision_id)
        self._note(decision, Action.UNDO, actor=actor, note=note)
        self._give_up(operation, "dropped", later("Outbox", "Dropped."))
        return True

    def resolve(
        self, operation_id: str, action: Action, *, actor: str, hold: timedelta
    ) -> tuple[Decision, Operation | None] | None:
        """Settle a conflict; None if there is no longer one, or if it may not be settled so.

        Keep mine: the same verdict again, expecting what was found; not an approval of a picture
        that was replaced, for nobody has seen the new one. Accept theirs: our choice is
        over. Look again: back to the queue.
        """
        operation = operation_rows.find(self._sql, operation_id)
        if operation is None or operation.state is not OperationState.CONFLICTED:
            return None
        decision = decision_log.read(self._sql, operation.decision_id)
        theirs = operation.theirs or operation.target
        if action is Action.KEEP_MINE:
            if operation.error_code == REPLACED and decision.draft.verdict is Verdict.APPROVE:
                return None
            asset = queue_rows.entry(self._sql, operation.ref.key)
            draft = replace(
                decision.draft,
                action=action,
                actor=actor,
                status_seen=theirs,
                expected=frozenset({theirs}),
                asset_id=asset.asset.asset_id if asset else None,
                version=asset.asset.version if asset else None,
                decided_offline=False,
                batch_id=None,
                refers_to=decision.decision_id,
            )
            return self.choose(draft, hold=hold)
        if action is Action.ACCEPT_THEIRS:
            verdict = _verdict_of(theirs)
            if verdict is None:
                # Still waiting there: nobody said anything that could be accepted.
                return None
            row = self._note(decision, action, actor=actor, verdict=verdict)
            self._give_up(operation, "accepted", later("Outbox", "Theirs was accepted."))
            return row, None
        if action is Action.LOOK_AGAIN:
            row = self._note(decision, action, actor=actor)
            queue_rows.look_again(self._sql, operation.ref.key)
            self._give_up(operation, "look_again", later("Outbox", "To be looked at again."))
            return row, None
        raise ValueError(f"{action} does not settle a conflict")

    def _append(self, draft: DecisionDraft) -> Decision:
        if draft.note is not None:
            # Before it is hashed: what is stored must be what the chain vouches for.
            draft = replace(draft, note=asset_rows.storable(draft.note))
        return decision_log.append(
            self._sql, draft, decision_id=self._ids.new(), at=self._clock.now()
        )

    def _note(
        self,
        decision: Decision,
        action: Action,
        *,
        actor: str,
        note: str | None = None,
        verdict: Verdict | None = None,
    ) -> Decision:
        """A row of the log that posts nothing."""
        draft = replace(
            decision.draft,
            action=action,
            actor=actor,
            verdict=verdict or decision.draft.verdict,
            note=note,
            refers_to=decision.decision_id,
        )
        return self._append(draft)

    def _give_up(self, operation: Operation, code: str, why: Sentence) -> None:
        operation_rows.cancel(self._sql, operation.operation_id, code, why)
        undo_log.forget(self._sql, operation.ref.key)

    def _reinstate(self, older: Operation, stood: OperationState | None, newer: Operation) -> None:
        """Let the choice count again that ``newer`` had replaced, unless it was settled since."""
        if not older.superseded or older.state is OperationState.DONE:
            return
        now = self._clock.now()
        state: OperationState = older.state
        due_at = older.due_at
        if older.state is OperationState.CANCELLED:
            if stood is not None and stood in _TRAYS:
                state = stood
            elif stood is OperationState.HELD and older.due_at > now:
                state = OperationState.HELD
            else:
                state, due_at = OperationState.READY, now
        operation_rows.reinstate(
            self._sql,
            older,
            state=state,
            due_at=due_at,
            expected=older.expected | newer.expected,
        )


def _perhaps_found(older: Operation) -> frozenset[ModerationStatus]:
    """The statuses that the service may have by our own doing after ``older``."""
    if older.state is OperationState.CONFLICTED:
        return frozenset()
    return older.expected | ({older.target} if older.sent else frozenset())


def _verdict_of(status: ModerationStatus) -> Verdict | None:
    verdicts = (Verdict.APPROVE, Verdict.REJECT)
    return next((verdict for verdict in verdicts if verdict.status is status), None)
