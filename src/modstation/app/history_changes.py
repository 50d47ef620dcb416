"""What may be done to a decision of the history: another verdict, taken back, or reversed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modstation.app.deciding import OFFLINE, Attempt
from modstation.app.effects import effects_of
from modstation.app.history_items import HistoryState
from modstation.app.queue_window import StripState
from modstation.app.session_events import Tone
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.media.frames import Frame
from modstation.store.results import NeedsReversal, Saved, Undone
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.history import Desk, History
    from modstation.app.history_items import HistoryItem
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.decisions import DecisionDraft, Verdict
    from modstation.core.errors import StoreError
    from modstation.core.policy import Reason
    from modstation.core.queue import QueueEntry
    from modstation.store.station_store import StationStore


@dataclass(frozen=True, slots=True)
class Armed:
    """A reversal that has been explained: the same key again does it."""

    decision_id: str
    verdict: Verdict
    reason: Reason | None


class HistoryChanges:
    """Changes to the decision that is chosen in a list.

    Refusals raise ``ReviewError`` and change nothing.
    """

    def __init__(
        self,
        store: StoreTasks,
        desk: Desk,
        list_: History,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self.armed: Armed | None = None
        self._store = store
        self._desk = desk
        self._list = list_
        self._monotonic = monotonic

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
            self._list.look,
            isinstance(self._list.frame(), Frame),
            self._monotonic(),
        )
        attempt.refuse(desk.rules, desk.policy)
        if not posted:
            self._amend(item, attempt)
        elif armed == (wanted := Armed(item.decision_id, verdict, reason)):
            self._reverse(item, attempt)
        else:
            self.armed = wanted
            self._list.say(effects_of(verdict, reverses=True), Tone.REFUSED)

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
        item = self._list.chosen
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
                self._list.say(
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
            self._list.refresh()

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
            self._list.refresh()

        self._store.submit(Priority.DECIDE, task, done, self._failed)
        self._follow_reason(item.key, attempt.reason, stored)

    def _draft(self, attempt: Attempt) -> DecisionDraft:
        desk = self._desk
        offline = desk.connection.connection in OFFLINE
        return attempt.draft(desk.rules, desk.policy, offline=offline)

    def _stored(self, saved: Saved, text: str) -> None:
        # The new decision is what is looked at from here on, with what was seen of it so far.
        self._list.follow(saved.decision.decision_id)
        self._desk.take_counts(saved.counts)
        self._list.say(text, Tone.DONE)

    def _follow_reason(self, key: str, reason: Reason | None, stored: list[Saved]) -> None:
        if reason is not None and reason.protect:
            self._desk.protecting.warned_of(key)
        if reason is not None and reason.purge:
            self._desk.shredder.shred(key, if_saved=lambda: bool(stored))

    def _take_undo(self, answer: tuple[Undone | NeedsReversal | None, list[QueueEntry]]) -> None:
        result, entries = answer
        if isinstance(result, Undone):
            self._desk.taken_back(entries, 1)
            self._desk.take_counts(result.counts)
            self._list.say(
                translate("History", "Taken back: the image waits in the queue again.")
                if entries
                else translate("History", "Taken back: an earlier choice counts."),
                Tone.DONE,
            )
        elif isinstance(result, NeedsReversal):
            self._list.say(
                translate("History", "Not taken back: it was posted meanwhile."), Tone.REFUSED
            )
        else:
            self._list.say(translate("History", "It cannot be taken back any more."), Tone.REFUSED)
        self._list.refresh()

    def _failed(self, error: StoreError) -> None:
        self._list.say(
            translate("History", "Not saved. {title}: {message}").format(
                title=error.title, message=error.message
            ),
            Tone.PROBLEM,
        )
        self._list.refresh()
