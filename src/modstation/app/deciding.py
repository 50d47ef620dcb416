"""Deciding the image on the stage: when that may be, what is stored of it, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from modstation.app.pace import PaceMeter
from modstation.app.queue_window import StripState
from modstation.app.session_events import Message, Tone
from modstation.core.assets import obstacle
from modstation.core.decisions import DecisionDraft, Verdict
from modstation.core.errors import ReviewError
from modstation.core.events import Connection
from modstation.core.language import counted, translate
from modstation.core.protection import Protection
from modstation.media.frames import Frame
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modstation.app.look import Look
    from modstation.app.overriding import Overriding
    from modstation.app.protecting import Protecting
    from modstation.app.session_events import SessionEvent
    from modstation.app.shredder import Shredder
    from modstation.app.stage_looking import StageLooking
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.events import ConnectionChanged
    from modstation.core.policy import Policy, Reason
    from modstation.core.queue import Counts, QueueEntry, QueueView
    from modstation.media.frames import DecodeResult
    from modstation.store.results import Saved
    from modstation.store.station_store import StationStore

# One transaction of the store: of a stroke that fails half-way, what was saved counts.
_AT_ONCE = 200
# Decided while the service could not be asked: compared with it before it is posted.
OFFLINE = {
    Connection.OFFLINE,
    Connection.OFFLINE_CHOSEN,
    Connection.NOT_AUTHORIZED,
    Connection.MAY_NOT_POST,
    Connection.TROUBLE,
}


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
        stopped = obstacle(self.entry.asset)
        if stopped is not None:
            raise ReviewError(stopped, code="queued")
        shown_for = self.look.painted_for(self.now)
        if shown_for is None or shown_for < rules.painted_before:
            raise ReviewError(
                translate("Deciding", "Not decided: this image was not on the screen yet."),
                code="not-painted",
            )
        if self.verdict is Verdict.APPROVE:
            self._refuse_unseen(rules, policy)
        elif policy.require_reason and self.reason is None:
            raise ReviewError(
                translate("Deciding", "The policy asks for a reason: press its digit."),
                code="needs-reason",
            )

    def _refuse_unseen(self, rules: SessionRules, policy: Policy) -> None:
        if not self.shown:
            raise ReviewError(
                translate(
                    "Deciding",
                    "An image that cannot be shown cannot be approved; reject or skip it.",
                ),
                code="cannot-approve-unseen",
            )
        if not (self.look.protected and policy.require_reveal_to_approve):
            return
        if not self.look.uncovered_once:
            raise ReviewError(
                translate(
                    "Deciding",
                    "Uncover the image first (hold Space, or V); rejecting needs no look.",
                ),
                code="needs-reveal",
            )
        if self.look.revealed_for(self.now) < rules.painted_before:
            raise ReviewError(
                translate("Deciding", "Not approved: the image was uncovered only for a moment."),
                code="needs-reveal",
            )

    def draft(self, rules: SessionRules, policy: Policy, *, offline: bool) -> DecisionDraft:
        """What is stored; ``offline``: the service could not be asked meanwhile."""
        asset, look = self.entry.asset, self.look
        return DecisionDraft(
            ref=asset.ref,
            verdict=self.verdict,
            actor=rules.actor,
            asset_id=asset.asset_id,
            version=asset.version,
            kind=self.entry.kind,
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


class Desk(Protocol):
    """What is decided on, and what a decision changes: ``ReviewSession``."""

    view: QueueView
    policy: Policy
    rules: SessionRules
    connection: ConnectionChanged
    looking: StageLooking
    protecting: Protecting
    overriding: Overriding

    @property
    def current(self) -> QueueEntry | None:
        """The entry on the stage."""
        ...

    def current_frame(self) -> DecodeResult | None:
        """Its picture."""
        ...

    def leave(self, state: StripState) -> None:
        """The current image was decided or skipped: the next one comes on the stage."""
        ...

    def look_around(self) -> None:
        """Have the neighbours of a new current image ready."""
        ...

    def leave_many(self, settled: Sequence[tuple[QueueEntry, StripState]]) -> None:
        """Several images were decided at one stroke."""
        ...

    def put_back(self, *entries: QueueEntry) -> None:
        """Images return to their places; the first of them comes on the stage."""
        ...

    def on_disk(self, key: str) -> None:
        """The store knows what became of an image."""
        ...

    def take_counts(self, counts: Counts) -> None:
        """The counters moved."""
        ...

    def tell(self, event: SessionEvent) -> None:
        """Tell the views."""
        ...


class Deciding:
    """Takes verdicts: the next image first, then the disk."""

    def __init__(self, store: StoreTasks, desk: Desk, shredder: Shredder) -> None:
        self.pace = PaceMeter()
        self._store = store
        self._desk = desk
        self._shredder = shredder
        # Decisions the store has not answered for yet.
        self._unanswered = 0

    def decide(self, verdict: Verdict, reason: Reason | None, now: float) -> None:
        """Record a verdict for the image on the stage and show the next one.

        Where it overrides one that is posted, it is explained first and recorded the second time.
        ``ReviewError`` codes: ``empty``, those of ``Attempt.refuse`` and of ``Overriding.allows``.
        """
        desk, entry = self._desk, self._desk.current
        if entry is None:
            raise ReviewError(translate("Deciding", "There is no image to decide."), code="empty")
        shown = isinstance(desk.current_frame(), Frame)
        attempt = Attempt(entry, verdict, reason, desk.looking.look, shown, now)
        attempt.refuse(desk.rules, desk.policy)
        if not desk.overriding.allows(desk.view, entry, verdict, reason):
            return
        if reason is not None and reason.protect:
            desk.protecting.warned_of(entry.key)
        # The next image is painted inside this call: whatever can wait comes after it.
        desk.leave(StripState(verdict.status.value))
        self.pace.decided(now)
        offline = desk.connection.connection in OFFLINE
        draft = attempt.draft(desk.rules, desk.policy, offline=offline)
        hold = desk.rules.hold
        stored: list[Saved] = []

        def task(store: StationStore) -> Saved:
            stored.append(store.decide(draft, hold=hold))
            return stored[0]

        def done(saved: Saved) -> None:
            self._unanswered -= 1
            desk.on_disk(entry.key)
            desk.take_counts(saved.counts)
            desk.look_around()

        def failed(error: StoreError) -> None:
            self._unanswered -= 1
            self.pace.failed(now)
            self._not_saved(entry, error=error)

        self._store.submit(Priority.DECIDE, task, done, failed)
        if reason is not None and reason.purge:
            self._shredder.shred(entry.key, if_saved=lambda: bool(stored))
        # Decoding ahead begins once the decision is on the disk: begun now, it would take the
        # processor from the store thread. Unless the disk is what is slow.
        if self._unanswered:
            desk.look_around()
        self._unanswered += 1

    def decide_many(self, attempts: Sequence[Attempt], batch_id: str | None, now: float) -> None:
        """Record verdicts that were found to count, as one step; the views first, then the disk."""
        desk = self._desk
        offline = desk.connection.connection in OFFLINE
        drafts = [
            replace(
                attempt.draft(desk.rules, desk.policy, offline=offline),
                batch_id=batch_id,
            )
            for attempt in attempts
        ]
        hold = desk.rules.hold
        stored: list[Saved] = []
        for one in attempts:
            self.pace.decided(now)
            if one.reason is not None and one.reason.protect:
                desk.protecting.warned_of(one.entry.key)
        desk.leave_many([(one.entry, StripState(one.verdict.status.value)) for one in attempts])

        def task(store: StationStore) -> list[Saved]:
            for start in range(0, len(drafts), _AT_ONCE):
                stored.extend(store.decide_many(drafts[start : start + _AT_ONCE], hold=hold))
            return stored

        def settled() -> None:
            for one in attempts[: len(stored)]:
                desk.on_disk(one.entry.key)
            if stored:
                desk.take_counts(stored[-1].counts)

        def done(_saved: list[Saved]) -> None:
            settled()
            desk.look_around()

        def failed(error: StoreError) -> None:
            settled()
            unsaved = [one.entry for one in attempts[len(stored) :]]
            for _ in unsaved:
                self.pace.failed(now)
            self._not_saved(*unsaved, error=error)

        self._store.submit(Priority.DECIDE, task, done, failed)
        for one in attempts:
            if one.reason is not None and one.reason.purge:
                self._shredder.shred(one.entry.key, if_saved=lambda: bool(stored))
        desk.look_around()

    def post_now(self) -> None:
        """Post the decisions that are still held for undo."""
        desk, view = self._desk, self._desk.view

        def done(answer: tuple[int, Counts]) -> None:
            released, counts = answer
            desk.take_counts(counts)
            if released:
                forms = translate(
                    "Deciding", "Posting {n} held decision now.|Posting {n} held decisions now."
                )
                desk.tell(Message(counted(released, forms), Tone.DONE))
            else:
                desk.tell(Message(translate("Deciding", "Nothing is held."), Tone.INFO))

        def failed(error: StoreError) -> None:
            desk.tell(
                Message(
                    translate("Deciding", "Not posted yet. {title}: {message}").format(
                        title=error.title, message=error.message
                    ),
                    Tone.PROBLEM,
                )
            )

        self._store.submit(
            Priority.DECIDE,
            lambda store: (store.release_held(), store.counts(view)),
            done,
            failed,
        )

    def _not_saved(self, *entries: QueueEntry, error: StoreError) -> None:
        self._desk.put_back(*entries)
        forms = translate(
            "Deciding",
            "Not saved, the image is back. {title}: {message}"
            "|Not saved, {n} images are back. {title}: {message}",
        )
        text = counted(len(entries), forms, title=error.title, message=error.message)
        self._desk.tell(Message(text, Tone.PROBLEM))
