"""The rows of the history: a decision, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from modstation.core.language import later
from modstation.core.outbox import OperationState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from modstation.core.decisions import Verdict
    from modstation.core.queue import QueueEntry
    from modstation.store.results import HistoryRow


class HistoryState(StrEnum):
    """What became of a decision, by icon and by word."""

    HELD = "held"
    TO_POST = "to be posted"
    POSTING = "being posted"
    POSTED = "posted"
    STUCK = "stuck"
    CONFLICT = "conflict"
    TAKEN_BACK = "taken back"
    REPLACED = "replaced"
    REVERSED = "posted, then reversed"

    @property
    def word(self) -> str:
        """The word that stands in the row."""
        return str(_STATE_WORDS[self])

    @property
    def changeable(self) -> bool:
        """Nothing of it is posted: another verdict or reason can take its place."""
        return self in {HistoryState.HELD, HistoryState.TO_POST}

    @property
    def over(self) -> bool:
        """It does not count any more."""
        return self in {HistoryState.TAKEN_BACK, HistoryState.REPLACED, HistoryState.REVERSED}


_STATE_WORDS = {
    HistoryState.HELD: later("History", "held"),
    HistoryState.TO_POST: later("History", "to be posted"),
    HistoryState.POSTING: later("History", "being posted"),
    HistoryState.POSTED: later("History", "posted"),
    HistoryState.STUCK: later("History", "stuck"),
    HistoryState.CONFLICT: later("History", "conflict"),
    HistoryState.TAKEN_BACK: later("History", "taken back"),
    HistoryState.REPLACED: later("History", "replaced"),
    HistoryState.REVERSED: later("History", "posted, then reversed"),
}
_STATES = {
    OperationState.HELD: HistoryState.HELD,
    OperationState.READY: HistoryState.TO_POST,
    OperationState.IN_FLIGHT: HistoryState.POSTING,
    OperationState.DONE: HistoryState.POSTED,
    OperationState.PARKED: HistoryState.STUCK,
    OperationState.CONFLICTED: HistoryState.CONFLICT,
    OperationState.CANCELLED: HistoryState.TAKEN_BACK,
}


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One decision of the list; ``until``: when its undo window ends, while it is held."""

    decision_id: str
    entry: QueueEntry
    verdict: Verdict
    reason_code: str | None
    at: datetime
    state: HistoryState
    protected: bool
    until: datetime | None = None

    @property
    def key(self) -> str:
        """The key of its asset."""
        return self.entry.key


def items_of(
    rows: Sequence[HistoryRow], protects: Callable[[QueueEntry, str | None], bool]
) -> list[HistoryItem]:
    """The list from the rows of the store, newest first.

    Only the newest decision on an asset that was not taken back counts; the ones before it were
    replaced or, if they were posted, reversed.
    """
    items, counted = [], set()
    for row in rows:
        operation, draft = row.operation, row.decision.draft
        state = _STATES[operation.state]
        if operation.state is OperationState.CANCELLED and operation.superseded:
            state = HistoryState.REPLACED
        elif draft.ref.key in counted and state is HistoryState.POSTED:
            state = HistoryState.REVERSED
        elif draft.ref.key in counted and not state.over:
            state = HistoryState.REPLACED
        if not state.over:
            counted.add(draft.ref.key)
        items.append(
            HistoryItem(
                decision_id=row.decision.decision_id,
                entry=row.entry,
                verdict=draft.verdict,
                reason_code=draft.reason_code,
                at=row.decision.at,
                state=state,
                protected=protects(row.entry, draft.reason_code),
                until=operation.due_at if state is HistoryState.HELD else None,
            )
        )
    return items
