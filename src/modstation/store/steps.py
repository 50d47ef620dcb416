"""Steps of the undo stack, taken back and made again: one decision, or many made at one stroke."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modstation.core.decisions import Verdict
from modstation.core.language import counted, number, translate
from modstation.store import undo_log
from modstation.store.choices import TakenBack
from modstation.store.connection import SLICE, sliced
from modstation.store.results import NeedsReversal, Returned, Saved, Undone

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from modstation.core.clock import Ids
    from modstation.core.decisions import DecisionDraft
    from modstation.core.queue import Counts
    from modstation.store.choices import Choices
    from modstation.store.connection import StoreConnection


class Steps:
    """Decisions by the step: at most 200 of them in one transaction.

    A crash between two transactions leaves a step that is partly made or partly taken back; what
    is left of it is still one step.
    """

    def __init__(
        self,
        connection: StoreConnection,
        choices: Choices,
        counts: Callable[[sqlite3.Connection], Counts],
        ids: Ids,
    ) -> None:
        self._connection = connection
        self._choices = choices
        self._counts = counts
        self._ids = ids

    def decide(self, drafts: Sequence[DecisionDraft], *, hold: timedelta) -> list[Saved]:
        """Store decisions; those that share a batch id are one step."""
        saved: list[Saved] = []
        for slice_ in sliced(drafts):
            with self._connection.writing() as sql:
                chosen = [self._choices.choose(draft, hold=hold) for draft in slice_]
                counts = self._counts(sql)
            saved += [Saved(decision, operation, counts) for decision, operation in chosen]
        return saved

    def undo(self, *, actor: str) -> Undone | NeedsReversal | None:
        """Take back what of the last step is not, and cannot be, in effect."""
        taken: list[TakenBack] = []
        while True:
            number = taken[0].number if taken else None
            with self._connection.writing() as sql:
                answer = self._choices.undo(actor=actor, limit=SLICE, number=number)
                if not taken and (answer is None or isinstance(answer, NeedsReversal)):
                    return answer
                slice_ = answer if isinstance(answer, list) else []
                taken += slice_
                counts = self._counts(sql)
                left = undo_log.standing(sql, taken[0].number)
            if len(slice_) < SLICE:
                return _undone(taken, counts, left)

    def undo_one(self, decision_id: str, *, actor: str) -> Undone | NeedsReversal | None:
        """Take back one decision, of whichever step."""
        with self._connection.writing() as sql:
            answer = self._choices.undo_one(decision_id, actor=actor)
            counts = self._counts(sql)
        return _undone([answer], counts, 0) if isinstance(answer, TakenBack) else answer

    def undo_image(self, key: str, *, actor: str) -> Undone | NeedsReversal | None:
        """Take back the last decision on one asset, of whichever step."""
        with self._connection.reading() as sql:
            last = undo_log.last_of(sql, key)
        return None if last is None else self.undo_one(last.step.decision_id, actor=actor)

    def redo(self, *, actor: str, hold: timedelta) -> list[Saved]:
        """Make the step again that was undone last; empty if there is none."""
        saved: list[Saved] = []
        number: int | None = None
        while True:
            with self._connection.writing() as sql:
                made = self._choices.redo(actor=actor, hold=hold, limit=SLICE, number=number)
                counts = self._counts(sql)
            saved += [Saved(decision, operation, counts) for _, decision, operation in made]
            if len(made) < SLICE:
                return saved
            number = made[0][0]

    def reverse(self, decision_ids: Sequence[str], *, actor: str, hold: timedelta) -> list[Saved]:
        """Decide the other way after posting; many are one step again."""
        batch_id = self._ids.new() if len(decision_ids) > 1 else None
        saved: list[Saved] = []
        for slice_ in sliced(decision_ids):
            with self._connection.writing() as sql:
                chosen = [
                    self._choices.reverse(one, actor=actor, hold=hold, batch_id=batch_id)
                    for one in slice_
                ]
                counts = self._counts(sql)
            saved += [Saved(decision, operation, counts) for decision, operation in chosen]
        return saved


def _undone(taken: list[TakenBack], counts: Counts, left: int) -> Undone:
    last = taken[0]
    step = last.step
    if len(taken) > 1:
        step = replace(step, label=_label([one.decision.draft.verdict for one in taken]))
    return Undone(
        step,
        step.key,
        last.position,
        last.decision.draft.verdict,
        counts,
        # In the order they were decided in.
        tuple(Returned(one.step.key, one.position) for one in reversed(taken)),
        left,
    )


def _label(verdicts: list[Verdict]) -> str:
    """What many are called together: “Reject 1, approve 3 images”."""
    rejected, approved = verdicts.count(Verdict.REJECT), verdicts.count(Verdict.APPROVE)
    if rejected and approved:
        both = translate("UndoLog", "Reject {rejected}, approve {approved} images")
        return both.format(rejected=number(rejected), approved=number(approved))
    if rejected:
        return counted(rejected, translate("UndoLog", "Reject {n} image|Reject {n} images"))
    return counted(approved, translate("UndoLog", "Approve {n} image|Approve {n} images"))
