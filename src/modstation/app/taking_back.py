"""Undo, redo, and the reversal of what is posted already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from modstation.app.session_events import Message, ReversalClosed, ReversalOffered, Tone
from modstation.core.language import counted, number, translate
from modstation.store.results import NeedsReversal, Saved, Undone
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.deciding import SessionRules
    from modstation.app.session_events import SessionEvent
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.queue import Counts, QueueEntry
    from modstation.store.station_store import StationStore


class Desk(Protocol):
    """What a step that is taken back, or made again, changes: ``ReviewSession``."""

    rules: SessionRules

    def tell(self, event: SessionEvent) -> None:
        """Tell the views."""
        ...

    def take_counts(self, counts: Counts) -> None:
        """The counters moved."""
        ...

    def taken_back(self, entries: list[QueueEntry], count: int) -> None:
        """So many decisions count no more; of their images, those wait again."""
        ...

    def made_again(self, saved: list[Saved]) -> None:
        """Decisions count again."""
        ...


class TakingBack:
    """The undo key: takes a step back, or offers to reverse it and then does so.

    The offer stands until it is taken or dropped; a view that shows it no longer drops it, so
    that the same key never posts a verdict that is not on the screen.
    """

    def __init__(self, store: StoreTasks, desk: Desk) -> None:
        self.offer: ReversalOffered | None = None
        self._store = store
        self._desk = desk

    def undo(self) -> None:
        """Take the last decision back; if it is posted, offer to reverse it.

        Pressed again while the offer stands, it posts the opposite verdict.
        """
        if self.offer is not None:
            self._reverse(self.offer)
            return
        actor = self._desk.rules.actor
        self._take_back(lambda store: store.undo(actor=actor))

    def undo_image(self, key: str) -> None:
        """Take back what was decided last of one image, also one of many of one stroke.

        If it is posted, offer to reverse it: the undo key takes the offer.
        """
        self.drop()
        actor = self._desk.rules.actor
        self._take_back(lambda store: store.undo_image(key, actor=actor))

    def _take_back(self, undo: Callable[[StationStore], Undone | NeedsReversal | None]) -> None:
        def task(store: StationStore) -> tuple[Undone | NeedsReversal | None, list[QueueEntry]]:
            result = undo(store)
            if not isinstance(result, Undone):
                return result, []
            entries = []
            for member in result.members:
                entry = store.entry(member.key) if member.position is not None else None
                if entry is not None and member.position is not None:
                    entries.append(replace(entry, position=member.position))
            return result, entries

        self._store.submit(Priority.DECIDE, task, self._take_undo, self._failed)

    def redo(self) -> None:
        """Make the decision again that was undone last."""
        rules = self._desk.rules

        def done(saved: list[Saved]) -> None:
            if not saved:
                self._desk.tell(Message(translate("TakingBack", "Nothing to redo."), Tone.REFUSED))
                return
            self._desk.take_counts(saved[-1].counts)
            self._desk.made_again(saved)

        self._store.submit(
            Priority.DECIDE,
            lambda store: store.redo(actor=rules.actor, hold=rules.hold),
            done,
            self._failed,
        )

    def drop(self) -> None:
        """Leave the posted decision as it is."""
        if self.offer is not None:
            self.offer = None
            self._desk.tell(ReversalClosed())

    def _failed(self, error: StoreError) -> None:
        self._desk.tell(
            Message(
                translate("TakingBack", "Not undone. {title}: {message}").format(
                    title=error.title, message=error.message
                ),
                Tone.PROBLEM,
            )
        )

    def _take_undo(self, answer: tuple[Undone | NeedsReversal | None, list[QueueEntry]]) -> None:
        result, entries = answer
        desk = self._desk
        if isinstance(result, NeedsReversal):
            self.offer = ReversalOffered(
                result.step, result.verdict.opposite, result.posted_status, result.decision_ids
            )
            desk.tell(self.offer)
        elif isinstance(result, Undone):
            desk.taken_back(entries, len(result.members))
            desk.take_counts(result.counts)
            text = translate("TakingBack", "Taken back: {label}.").format(label=result.step.label)
            if result.left:
                more = translate(
                    "TakingBack",
                    "{n} more is posted already: the same key reverses it."
                    "|{n} more are posted already: the same key reverses them.",
                )
                text += f" {counted(result.left, more)}"
            desk.tell(Message(text, Tone.DONE))
        else:
            desk.tell(Message(translate("TakingBack", "Nothing to undo."), Tone.REFUSED))

    def _reverse(self, offer: ReversalOffered) -> None:
        self.drop()
        rules = self._desk.rules

        def done(saved: list[Saved]) -> None:
            self._desk.take_counts(saved[-1].counts)
            name, word = saved[0].operation.ref.public_id, saved[0].operation.target.word
            if len(saved) > 1:
                text = translate(
                    "TakingBack", "{count} images will be posted with the opposite verdict."
                ).format(count=number(len(saved)))
            else:
                text = translate("TakingBack", "{name} will be posted as {word}.").format(
                    name=name, word=word
                )
            self._desk.tell(Message(text, Tone.DONE))

        self._store.submit(
            Priority.DECIDE,
            lambda store: store.reverse_many(
                offer.decision_ids, actor=rules.actor, hold=rules.hold
            ),
            done,
            self._failed,
        )
