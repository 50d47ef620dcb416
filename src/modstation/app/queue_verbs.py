"""Skip, flag and escalate: what a moderator does with an image instead of deciding it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from modstation.app.queue_window import StripState
from modstation.app.session_events import Message, Tone
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import DecisionDraft, Verdict
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.core.queue import Kept
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.deciding import SessionRules
    from modstation.app.session_events import SessionEvent
    from modstation.app.stage_looking import StageLooking
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.policy import Policy
    from modstation.core.queue import KeptEntry, QueueEntry, QueueView
    from modstation.store.station_store import StationStore


class Desk(Protocol):
    """What the verbs act on, and what they change: ``ReviewSession``."""

    view: QueueView
    policy: Policy
    rules: SessionRules
    looking: StageLooking

    @property
    def current(self) -> QueueEntry | None:
        """The entry on the stage."""
        ...

    def leave(self, state: StripState) -> None:
        """The current image leaves: the next one comes on the stage."""
        ...

    def look_around(self) -> None:
        """Have the neighbours of a new current image ready."""
        ...

    def put_back(self, entry: QueueEntry) -> None:
        """An image returns to its place and comes on the stage."""
        ...

    def on_disk(self, key: str) -> None:
        """The store knows what became of an image."""
        ...

    def more_ahead(self) -> None:
        """There may be entries beyond the last one in memory."""
        ...

    def reload(self) -> None:
        """Look at the stored queue again."""
        ...

    def tell(self, event: SessionEvent) -> None:
        """Tell the views."""
        ...


@dataclass(frozen=True, slots=True)
class _Act:
    """A skip or an escalation that the undo key takes back."""

    name: str
    key: str
    undo: Callable[[StationStore], object]


class QueueVerbs:
    """The three verbs, and the way back from each.

    The undo key takes skips and escalations back, newest first, as long as nothing was decided
    after them; the lists bring everything back at any time.
    """

    def __init__(self, store: StoreTasks, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._acts: list[_Act] = []

    def skip(self) -> None:
        """Put the image at the back of the queue; ``ReviewError`` if there is none."""
        entry, view = (
            self._current(translate("QueueVerbs", "There is no image to skip.")),
            self._desk.view,
        )

        def done(_position: object) -> None:
            self._desk.on_disk(entry.key)
            self._desk.more_ahead()

        self._leave(
            entry,
            StripState.SKIPPED,
            _Act(
                translate("QueueVerbs", "Taken back: skip of {name}."),
                entry.key,
                lambda store: store.unskip(entry.key),
            ),
            lambda store: store.skip(entry.key, view),
            done,
        )

    def escalate(self, note: str | None) -> None:
        """Leave the image to somebody else: out of this queue, pending at the service.

        ``ReviewError`` if there is none, or if nobody has to decide it any more.
        """
        desk, entry = (
            self._desk,
            self._current(translate("QueueVerbs", "There is no image to escalate.")),
        )
        refuse_settled(entry)
        draft = replace(self._draft(entry, note), reveal=desk.looking.look.reveal())
        name = entry.asset.ref.public_id

        def done(_row: object) -> None:
            desk.on_disk(entry.key)
            desk.reload()
            desk.tell(
                Message(
                    translate("QueueVerbs", "Escalated: {name} waits for a second opinion.").format(
                        name=name
                    ),
                    Tone.DONE,
                )
            )

        self._leave(
            entry,
            StripState.ESCALATED,
            _Act(
                translate("QueueVerbs", "Taken back: escalation of {name}."),
                entry.key,
                lambda store: store.withdraw(draft, undone=True),
            ),
            lambda store: store.escalate(draft),
            done,
        )

    def toggle_flag(self, note: str | None) -> None:
        """Bookmark the image, or remove its bookmark; it stays where it is."""
        desk, entry = (
            self._desk,
            self._current(translate("QueueVerbs", "There is no image to flag.")),
        )
        actor, name = desk.rules.actor, entry.asset.ref.public_id

        def task(store: StationStore) -> bool:
            if store.unflag(entry.key):
                return False
            store.flag(entry.key, actor=actor, note=note)
            return True

        def done(flagged: bool) -> None:  # noqa: FBT001 - the store's answer
            text = (
                translate("QueueVerbs", "Flagged: {name}.").format(name=name)
                if flagged
                else translate("QueueVerbs", "Flag removed: {name}.").format(name=name)
            )
            desk.tell(Message(text, Tone.DONE))
            desk.reload()

        self._store.submit(Priority.DECIDE, task, done, self._failed)

    def decided(self) -> None:
        """The last key was a decision: what came before it is taken back from the lists."""
        self._acts.clear()

    def take_back(self) -> bool:
        """Take the last skip or escalation back; False if a decision came after it."""
        if not self._acts:
            return False
        act = self._acts.pop()

        def task(store: StationStore) -> QueueEntry | None:
            act.undo(store)
            return store.entry(act.key)

        def back(entry: QueueEntry | None) -> None:
            self._came_back(entry, act.name)

        self._store.submit(Priority.DECIDE, task, back, self._failed)
        return True

    def bring_back(self, kept: Kept, row: KeptEntry, done: Callable[[], None]) -> None:
        """Bring an image of a list back to its place in the queue, and on the stage.

        What is flagged keeps its flag; what was decided meanwhile stays decided.
        """
        entry = row.entry
        key, draft = entry.key, self._draft(entry, None)

        def task(store: StationStore) -> QueueEntry | None:
            if kept is Kept.SKIPPED:
                store.unskip(key, wholly=True)
            elif kept is Kept.ESCALATED:
                store.withdraw(draft)
            return store.entry(key) if store.waits(key) else None

        def back(found: QueueEntry | None) -> None:
            self._acts = [act for act in self._acts if act.key != key]
            words = (
                translate("QueueVerbs", "On the stage: {name}.")
                if kept is Kept.FLAGGED
                else translate("QueueVerbs", "Brought back: {name}.")
            )
            self._came_back(found, words, entry.asset.ref.public_id)
            done()

        self._store.submit(Priority.DECIDE, task, back, self._failed)

    def unflag(self, row: KeptEntry, done: Callable[[], None]) -> None:
        """Remove a bookmark."""

        def removed(_there: object) -> None:
            self._desk.reload()
            done()

        key = row.entry.key
        self._store.submit(Priority.DECIDE, lambda store: store.unflag(key), removed, self._failed)

    # -- inside

    def _current(self, empty: str) -> QueueEntry:
        entry = self._desk.current
        if entry is None:
            raise ReviewError(empty, code="empty")
        return entry

    def _leave(
        self,
        entry: QueueEntry,
        state: StripState,
        act: _Act,
        task: Callable[[StationStore], object],
        done: Callable[[object], None],
    ) -> None:
        self._desk.leave(state)
        self._acts.append(act)

        def failed(error: StoreError) -> None:
            self._acts = [other for other in self._acts if other is not act]
            self._desk.put_back(entry)
            text = translate(
                "QueueVerbs", "Not saved, the image is back. {title}: {message}"
            ).format(title=error.title, message=error.message)
            self._desk.tell(Message(text, Tone.PROBLEM))

        self._store.submit(Priority.DECIDE, task, done, failed)
        self._desk.look_around()

    def _draft(self, entry: QueueEntry, note: str | None) -> DecisionDraft:
        desk, asset = self._desk, entry.asset
        return DecisionDraft(
            ref=asset.ref,
            verdict=Verdict.ESCALATE,
            actor=desk.rules.actor,
            asset_id=asset.asset_id,
            version=asset.version,
            kind=entry.kind,
            status_seen=asset.status,
            expected=frozenset({asset.status}),
            policy_version=desk.policy.version,
            note=note,
        )

    def _came_back(self, entry: QueueEntry | None, words: str, name: str = "") -> None:
        desk = self._desk
        if entry is None:
            desk.tell(
                Message(
                    translate(
                        "QueueVerbs", "{name} waits no more: it was decided meanwhile."
                    ).format(name=name),
                    Tone.REFUSED,
                )
            )
            return
        desk.on_disk(entry.key)
        # Of another queue than the one reviewed now it has no place on this stage.
        if desk.view.holds(entry):
            desk.put_back(entry.ordered(desk.view.order))
        desk.tell(Message(words.format(name=entry.asset.ref.public_id), Tone.DONE))
        desk.reload()

    def _failed(self, error: StoreError) -> None:
        self._desk.tell(
            Message(
                translate("QueueVerbs", "Not done. {title}: {message}").format(
                    title=error.title, message=error.message
                ),
                Tone.PROBLEM,
            )
        )


def refuse_settled(entry: QueueEntry) -> None:
    """Raise ``ReviewError`` unless somebody still has to decide this image."""
    if entry.asset.status is not ModerationStatus.PENDING:
        raise ReviewError(
            translate("QueueVerbs", "Only what still waits can be escalated."), code="settled"
        )
