"""The history: the reviewer's last decisions, looked at, changed, taken back or reversed.

What is not posted can be changed or taken back; what is posted can only be reversed, which is a new
decision. Looking is none of these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from modstation.app.deciding import OFFLINE, Attempt
from modstation.app.effects import effects_of
from modstation.app.frame_pipeline import Beside
from modstation.app.look import Look, Shown
from modstation.app.queue_window import StripState
from modstation.app.session_events import Message, Tone
from modstation.core.errors import ReviewError
from modstation.core.language import later, translate
from modstation.core.outbox import OperationState
from modstation.media.frames import DecodeResult, Frame
from modstation.store.results import HistoryRow, NeedsReversal, Saved, Undone
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from modstation.app.deciding import SessionRules
    from modstation.app.frame_pipeline import FramePipeline
    from modstation.app.shredder import Shredder
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.decisions import DecisionDraft, Verdict
    from modstation.core.errors import StoreError
    from modstation.core.events import ConnectionChanged
    from modstation.core.policy import Policy, Reason
    from modstation.core.queue import Counts, QueueEntry
    from modstation.store.station_store import StationStore

LENGTH = 50
# So many thumbnails around the chosen decision are kept ready.
_NEAR = 12


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


@dataclass(frozen=True, slots=True)
class Armed:
    """A reversal that has been explained: the same key again does it."""

    decision_id: str
    verdict: Verdict
    reason: Reason | None


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


class Desk(Protocol):
    """The session whose decisions these are: ``ReviewSession``."""

    policy: Policy
    rules: SessionRules
    connection: ConnectionChanged
    frames: FramePipeline
    shredder: Shredder

    def protects(self, entry: QueueEntry, reason_code: str | None = None) -> bool:
        """An image starts covered; ``reason_code``: it was rejected for that."""
        ...

    def warned_of(self, key: str) -> None:
        """The image was rejected for a reason that covers it from now on."""
        ...

    def problem(self, key: str) -> str | None:
        """Why there is no picture, in words."""
        ...

    def show_beside(self, beside: Beside | None) -> None:
        """Have pictures ready for a view beside the stage."""
        ...

    def restated(self, key: str, state: StripState) -> None:
        """Another decision took the place of the one before."""
        ...

    def taken_back(self, entries: Sequence[QueueEntry], count: int) -> None:
        """So many decisions count no more; of their images, these wait again."""
        ...

    def take_counts(self, counts: Counts) -> None:
        """The counters moved."""
        ...


class History:
    """The list, what is chosen in it, and what may be done to that.

    ``changed`` is called after everything that a view has to show anew. Refusals raise
    ``ReviewError`` and change nothing.
    """

    def __init__(self, store: StoreTasks, desk: Desk, *, monotonic: Callable[[], float]) -> None:
        self.items: list[HistoryItem] = []
        self.loaded = False
        self.armed: Armed | None = None
        self.line = Message("")
        self.look = Look(protected=False)
        self.changed: Callable[[], None] = _nobody
        self._store = store
        self._desk = desk
        self._monotonic = monotonic
        self._chosen: str | None = None
        # Chosen as soon as the list has it.
        self._next: str | None = None
        self._open = False
        self._reading = self._read_again = False

    # -- opening and reading

    def open(self, changed: Callable[[], None]) -> None:
        """Begin to show the list."""
        self.changed, self._open = changed, True
        self.items, self.loaded, self._chosen = [], False, None
        self.line, self.armed = Message(""), None
        self.look = Look(protected=False)
        self.refresh()

    def close(self) -> None:
        """The view is gone; what is under way at the store still happens."""
        self.changed, self._open = _nobody, False
        self.look.gone(self._monotonic())
        self._desk.show_beside(None)

    def refresh(self) -> None:
        """Read the list again; what is chosen stays chosen."""
        if not self._open:
            return
        if self._reading:
            self._read_again = True
            return
        self._reading = True
        actor = self._desk.rules.actor

        def failed(error: StoreError) -> None:
            self._reading = False
            self._say(f"{error.title}: {error.message}", Tone.PROBLEM)

        self._store.submit(
            Priority.REST,
            lambda store: store.recent_decisions(LENGTH, actor=actor),
            self._take,
            failed,
        )

    def _take(self, rows: list[HistoryRow]) -> None:
        self._reading = False
        if self._read_again:
            self._read_again = False
            self.refresh()
        if not self._open:
            return
        items = items_of(rows, self._desk.protects)
        if items == self.items and self.loaded:
            return
        before = self.chosen
        self.items, self.loaded = items, True
        if any(item.decision_id == self._next for item in items):
            self._chosen, self._next = self._next, None
        if self.chosen is None and items:
            self.choose(0)
            return
        now = self.chosen
        if before is not None and now is not None and now.state is not before.state:
            # What would be done to it is something else now.
            self.armed = None
        self.changed()

    # -- looking

    @property
    def chosen(self) -> HistoryItem | None:
        """The decision that is looked at."""
        return next((item for item in self.items if item.decision_id == self._chosen), None)

    @property
    def chosen_index(self) -> int:
        """Where it stands in the list; -1 if nothing is chosen."""
        return next((n for n, i in enumerate(self.items) if i.decision_id == self._chosen), -1)

    def choose(self, index: int) -> None:
        """Look at another decision; that changes nothing."""
        if not 0 <= index < len(self.items) or index == self.chosen_index:
            return
        item = self.items[index]
        self._chosen = item.decision_id
        self.look.gone(self._monotonic())
        self.look = Look(protected=item.protected)
        self.armed, self.line = None, Message("")
        near = self.items[max(0, index - _NEAR) : index + _NEAR + 1]
        self._desk.show_beside(
            Beside(
                thumbnails=tuple(dict.fromkeys(other.key for other in near)),
                large=item.key,
                revisions={other.key: other.entry.asset.revision for other in near},
                changed=lambda _key: self.changed(),
            )
        )
        self.changed()

    def frame(self) -> DecodeResult | None:
        """The picture of the chosen decision, its failure, or None while it is not here."""
        item = self.chosen
        return self._desk.frames.large_frame(item.key) if item else None

    def thumbnail(self, key: str) -> DecodeResult | None:
        """A small picture for the list."""
        return self._desk.frames.thumbnail(key)

    def problem(self) -> str | None:
        """Why the picture of the chosen decision could not be fetched, in words."""
        item = self.chosen
        return self._desk.problem(item.key) if item else None

    def painted(self, decision_id: str, shown: Shown) -> None:
        """The view has put the chosen image, or why there is none, on the screen."""
        if decision_id == self._chosen:
            self.look.painted(shown, self._monotonic())

    def peek(self, *, on: bool) -> None:
        """Uncover the image while a key is held."""
        if (not on or isinstance(self.frame(), Frame)) and self.look.peek(
            on=on, now=self._monotonic()
        ):
            self.changed()

    def toggle_reveal(self) -> None:
        """Uncover the image until another one is chosen, or cover it; ``ReviewError`` if there is
        no picture.
        """
        if not isinstance(self.frame(), Frame):
            raise ReviewError(
                translate("History", "There is no picture to uncover yet."), code="no-picture"
            )
        if self.look.toggle_latch(self._monotonic()):
            self.changed()

    # -- changing

    def decide(self, verdict: Verdict, reason: Reason | None = None) -> None:
        """Give the chosen image another verdict or reason.

        While nothing is posted the new one takes the place of the old one. After posting the first
        call explains a reversal (``armed``) and the second does it. ``ReviewError`` codes:
        ``empty``, ``over``, ``busy``, ``tray``, ``same`` and those of ``Attempt.refuse``.
        """
        item, armed = self._standing(), self.armed
        self.armed = None
        posted = item.state is HistoryState.POSTED
        code = reason.code if reason else None
        if posted and verdict is item.verdict:
            raise ReviewError(
                translate(
                    "History",
                    "It is posted as {status} already; only the other verdict can be posted now.",
                ).format(status=verdict.status.word),
                code="same",
            )
        if not posted and (verdict, code) == (item.verdict, item.reason_code):
            raise ReviewError(
                translate("History", "That is what was decided already."), code="same"
            )
        desk = self._desk
        attempt = Attempt(
            item.entry,
            verdict,
            reason,
            self.look,
            isinstance(self.frame(), Frame),
            self._monotonic(),
        )
        attempt.refuse(desk.rules, desk.policy)
        if not posted:
            self._amend(item, attempt)
        elif armed == (wanted := Armed(item.decision_id, verdict, reason)):
            self._reverse(item, attempt)
        else:
            self.armed = wanted
            self._say(effects_of(verdict, reverses=True), Tone.REFUSED)

    def undo(self) -> None:
        """Take back the chosen decision alone; ``ReviewError`` if only a reversal can."""
        item = self._standing()
        self.armed = None
        if item.state is HistoryState.POSTED:
            raise ReviewError(
                translate(
                    "History",
                    "It is posted as {status}; that cannot be undone, only reversed by the"
                    " other verdict.",
                ).format(status=item.verdict.status.word),
                code="posted",
            )
        actor = self._desk.rules.actor

        def task(store: StationStore) -> tuple[Undone | NeedsReversal | None, list[QueueEntry]]:
            result = store.undo_one(item.decision_id, actor=actor)
            entry = store.entry(item.key) if isinstance(result, Undone) else None
            if entry is None or not isinstance(result, Undone) or result.position is None:
                return result, []
            return result, [replace(entry, position=result.position)]

        self._store.submit(Priority.DECIDE, task, self._take_undo, self._failed)

    # -- inside

    def _standing(self) -> HistoryItem:
        item = self.chosen
        if item is None:
            raise ReviewError(translate("History", "There is no decision to change."), code="empty")
        if item.state.over:
            raise ReviewError(
                translate("History", "This decision counts no more ({state}).").format(
                    state=item.state.word
                ),
                code="over",
            )
        if item.state is HistoryState.POSTING:
            raise ReviewError(
                translate("History", "It is being posted at this moment; try again."), code="busy"
            )
        if item.state in {HistoryState.STUCK, HistoryState.CONFLICT}:
            raise ReviewError(
                translate("History", "It is stuck: Outbox settles that.")
                if item.state is HistoryState.STUCK
                else translate("History", "It is in conflict: Outbox settles that."),
                code="tray",
            )
        return item

    def _amend(self, item: HistoryItem, attempt: Attempt) -> None:
        desk, hold = self._desk, self._desk.rules.hold
        draft = self._draft(attempt)
        stored: list[Saved] = []

        def task(store: StationStore) -> Saved | None:
            saved = store.amend(item.decision_id, draft, hold=hold)
            stored.extend([saved] if saved else [])
            return saved

        def done(saved: Saved | None) -> None:
            if saved is None:
                self._say(
                    translate("History", "Not changed: it was posted meanwhile."), Tone.REFUSED
                )
            else:
                desk.restated(item.key, StripState(draft.verdict.status.value))
                self._stored(
                    saved,
                    translate("History", "Changed to {status}; it is held anew.").format(
                        status=draft.verdict.status.word
                    ),
                )
            self.refresh()

        self._store.submit(Priority.DECIDE, task, done, self._failed)
        self._follow_reason(item.key, attempt.reason, stored)

    def _reverse(self, item: HistoryItem, attempt: Attempt) -> None:
        rules = self._desk.rules
        draft = self._draft(attempt)
        stored: list[Saved] = []

        def task(store: StationStore) -> Saved:
            stored.append(
                store.reverse(item.decision_id, actor=rules.actor, hold=rules.hold, look=draft)
            )
            return stored[0]

        def done(saved: Saved) -> None:
            self._stored(
                saved,
                translate("History", "It will be posted as {target}.").format(
                    target=saved.operation.target.word
                ),
            )
            self.refresh()

        self._store.submit(Priority.DECIDE, task, done, self._failed)
        self._follow_reason(item.key, attempt.reason, stored)

    def _draft(self, attempt: Attempt) -> DecisionDraft:
        desk = self._desk
        offline = desk.connection.connection in OFFLINE
        return attempt.draft(desk.rules, desk.policy, offline=offline)

    def _stored(self, saved: Saved, text: str) -> None:
        # The new decision is what is looked at from here on, with what was seen of it so far.
        self._next = saved.decision.decision_id
        self._desk.take_counts(saved.counts)
        self._say(text, Tone.DONE)

    def _follow_reason(self, key: str, reason: Reason | None, stored: list[Saved]) -> None:
        if reason is not None and reason.protect:
            self._desk.warned_of(key)
        if reason is not None and reason.purge:
            self._desk.shredder.shred(key, if_saved=lambda: bool(stored))

    def _take_undo(self, answer: tuple[Undone | NeedsReversal | None, list[QueueEntry]]) -> None:
        result, entries = answer
        if isinstance(result, Undone):
            self._desk.taken_back(entries, 1)
            self._desk.take_counts(result.counts)
            self._say(
                translate("History", "Taken back: the image waits in the queue again.")
                if entries
                else translate("History", "Taken back: an earlier choice counts."),
                Tone.DONE,
            )
        elif isinstance(result, NeedsReversal):
            self._say(
                translate("History", "Not taken back: it was posted meanwhile."), Tone.REFUSED
            )
        else:
            self._say(translate("History", "It cannot be taken back any more."), Tone.REFUSED)
        self.refresh()

    def _failed(self, error: StoreError) -> None:
        self._say(
            translate("History", "Not saved. {title}: {message}").format(
                title=error.title, message=error.message
            ),
            Tone.PROBLEM,
        )
        self.refresh()

    def _say(self, text: str, tone: Tone = Tone.INFO) -> None:
        self.line = Message(text, tone)
        self.changed()


def _nobody() -> None:
    """No view is open."""
