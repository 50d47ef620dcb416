"""The history: the reviewer's last decisions, looked at, changed, taken back or reversed.

What is not posted can be changed or taken back; what is posted can only be reversed, which is a new
decision. Looking is none of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modstation.app.frame_pipeline import Beside
from modstation.app.history_changes import HistoryChanges
from modstation.app.history_items import items_of
from modstation.app.look import Look, Shown
from modstation.app.session_events import Message, Tone
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.media.frames import DecodeResult, Frame
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.deciding import SessionRules
    from modstation.app.frame_pipeline import FramePipeline
    from modstation.app.history_items import HistoryItem
    from modstation.app.network_news import NetworkNews
    from modstation.app.picture_wishes import PictureWishes
    from modstation.app.protecting import Protecting
    from modstation.app.queue_window import StripState
    from modstation.app.shredder import Shredder
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.events import ConnectionChanged
    from modstation.core.policy import Policy
    from modstation.core.queue import Counts, QueueEntry
    from modstation.store.results import HistoryRow

LENGTH = 50
# So many thumbnails around the chosen decision are kept ready.
_NEAR = 12


class Desk(Protocol):
    """The session whose decisions these are: ``ReviewSession``."""

    policy: Policy
    rules: SessionRules
    connection: ConnectionChanged
    frames: FramePipeline
    shredder: Shredder
    protecting: Protecting
    news: NetworkNews
    pictures: PictureWishes

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
    """The list, what is chosen in it, and how that is looked at; ``changes`` acts on it.

    ``changed`` is called after everything that a view has to show anew. Refusals raise
    ``ReviewError`` and change nothing.
    """

    def __init__(self, store: StoreTasks, desk: Desk, *, monotonic: Callable[[], float]) -> None:
        self.items: list[HistoryItem] = []
        self.loaded = False
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
        self.changes = HistoryChanges(store, desk, self, monotonic=monotonic)

    # -- opening and reading

    def open(self, changed: Callable[[], None]) -> None:
        """Begin to show the list."""
        self.changed, self._open = changed, True
        self.items, self.loaded, self._chosen = [], False, None
        self.line, self.changes.armed = Message(""), None
        self.look = Look(protected=False)
        self.refresh()

    def close(self) -> None:
        """The view is gone; what is under way at the store still happens."""
        self.changed, self._open = _nobody, False
        self.look.gone(self._monotonic())
        self._desk.pictures.show_beside(None)

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
            self.say(f"{error.title}: {error.message}", Tone.PROBLEM)

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
        items = items_of(rows, self._desk.protecting.protects)
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
            self.changes.armed = None
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
        self.changes.armed, self.line = None, Message("")
        near = self.items[max(0, index - _NEAR) : index + _NEAR + 1]
        self._desk.pictures.show_beside(
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
        return self._desk.news.problem(item.key) if item else None

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

    # -- what its changes tell

    def follow(self, decision_id: str) -> None:
        """Choose a decision as soon as the list has it."""
        self._next = decision_id

    def say(self, text: str, tone: Tone) -> None:
        """Show a sentence beside the list."""
        self.line = Message(text, tone)
        self.changed()


def _nobody() -> None:
    """No view is open."""
