"""One reviewer's session: what is on the stage, what a key may do to it, what comes next.

Everything here runs on one thread and touches memory only. Work on the database is handed to the
store thread, pictures to the frame pipeline; both answer through the mailbox.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modstation.app.deciding import Deciding
from modstation.app.filtered_reader import FilteredReader
from modstation.app.network_news import NetworkNews
from modstation.app.overriding import Overriding
from modstation.app.picture_wishes import PictureWishes
from modstation.app.protecting import Protecting
from modstation.app.queue_lists import QueueLists
from modstation.app.queue_reader import QueueReader
from modstation.app.queue_verbs import QueueVerbs
from modstation.app.queue_window import (
    STRIP_AFTER,
    STRIP_BEFORE,
    QueueWindow,
    StripItem,
    StripState,
)
from modstation.app.session_events import (
    CountsChanged,
    CurrentChanged,
    EntriesLeft,
    EntriesReturned,
    FlagChanged,
    FrameReady,
    Message,
    ReversalOffered,
    SessionEvent,
    StripChanged,
    Tone,
    ViewChanged,
)
from modstation.app.shredder import Shredder
from modstation.app.stage_looking import StageLooking
from modstation.app.taking_back import TakingBack
from modstation.core.errors import ReviewError
from modstation.core.events import (
    Connection,
    ConnectionChanged,
)
from modstation.core.language import translate
from modstation.core.queue import Counts, QueueEntry, QueueView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.deciding import Attempt, SessionRules
    from modstation.app.frame_pipeline import FramePipeline
    from modstation.app.pace import Pace
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.decisions import Verdict
    from modstation.core.errors import StoreError
    from modstation.core.filtering import Filter
    from modstation.core.policy import Policy, Reason
    from modstation.media.frames import DecodeResult
    from modstation.store.results import Saved


class ReviewSession:
    """The queue in front of the reviewer and the rules of deciding.

    ``monotonic`` gives seconds; ``want_images`` tells the network process which keys come next,
    ``follow_view`` what to list, ``purge_images`` which keys it must never keep, and
    ``destroy_copies`` empties the image cache of them (it may wait for the disk, so it is called
    in the store thread).
    Refusals raise ``ReviewError`` with a stable ``code`` and change nothing.
    """

    def __init__(
        self,
        *,
        store: StoreTasks,
        frames: FramePipeline,
        view: QueueView,
        policy: Policy,
        rules: SessionRules,
        monotonic: Callable[[], float],
        want_images: Callable[[Sequence[str]], None],
        follow_view: Callable[[QueueView], None],
        purge_images: Callable[[Sequence[str]], None],
        destroy_copies: Callable[[Sequence[str]], object],
    ) -> None:
        self.view = view
        self.policy = policy
        self.rules = rules
        self.frames = frames
        self.counts = Counts()
        self.connection = ConnectionChanged(Connection.STARTING)
        self.protecting = Protecting(policy, lambda: self.rules.protection)
        self.looking = StageLooking(self, monotonic=monotonic)
        self._store = store
        self._monotonic = monotonic
        self._follow_view = follow_view
        self._listeners: list[Callable[[SessionEvent], None]] = []
        self._window = QueueWindow(self.protecting.protects)
        self.pictures = PictureWishes(frames, self._window, want_images)
        self._reader = self._reader_of(view)
        self.news = NetworkNews(self)
        self._taking_back = TakingBack(store, self)
        self.overriding = Overriding(self.tell, lambda: self.rules.actor)
        self.shredder = Shredder(
            store, frames, self.tell, stop_fetching=purge_images, destroy=destroy_copies
        )
        self._deciding = Deciding(store, self, self.shredder)
        # Skip, flag and escalate, and the way back from each.
        self.verbs = QueueVerbs(store, self)

    # -- for the views

    def listen(self, listener: Callable[[SessionEvent], None]) -> None:
        """Tell ``listener`` everything from now on."""
        self._listeners.append(listener)

    def stop_listening(self, listener: Callable[[SessionEvent], None]) -> None:
        """Tell ``listener`` nothing any more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    @property
    def loaded(self) -> bool:
        """The store has answered once: an empty stage now means an empty queue."""
        return self._reader.loaded

    @property
    def current(self) -> QueueEntry | None:
        """The entry on the stage."""
        return self._window.current

    @property
    def current_key(self) -> str | None:
        """Its key."""
        return self._window.current_key

    def current_frame(self) -> DecodeResult | None:
        """What the stage paints for the current entry, or None while it is not here."""
        key = self._window.current_key
        return self.frames.frame(key) if key else None

    @property
    def reversal(self) -> ReversalOffered | None:
        """The offer that the undo key would take now."""
        return self._taking_back.offer

    def strip(self, before: int = STRIP_BEFORE, after: int = STRIP_AFTER) -> list[StripItem]:
        """The filmstrip: what was decided last, then the entries around the current one."""
        return self._window.strip(before, after)

    def restated(self, key: str, state: StripState) -> None:
        """A decision of before was replaced by another one: the filmstrip says so."""
        self._window.restate(key, state)
        self.tell(StripChanged())

    def pace(self) -> Pace:
        """Decisions of this session, and an hourly rate once there are enough to say."""
        return self._deciding.pace.read()

    # -- loading

    def start(self) -> None:
        """Load the first entries and the counters."""
        self.reload()

    def change_view(self, view: QueueView) -> None:
        """Review something else; the image on the stage stays undecided where it was.

        Window, counters, pictures and the network process follow. What the store still answers
        about the old view is dropped.
        """
        if view == self.view:
            return
        before, self.view = self.view, view
        self._window.empty()
        self._reader.stop()
        self._reader = self._reader_of(view)
        self._reader.read()
        if view.listed != before.listed:
            self._follow_view(view.listed)
        self.tell(ViewChanged(view))
        self.look_anew()
        self.drop_reversal()
        # The frames stay until the entries are read: the same image may be among them.
        self.tell(StripChanged())

    def look_everywhere(self) -> None:
        """Look at the stored queue again, from its start if a filter has passed that."""
        self._reader.begin_anew()

    def filter(self, filter_: Filter | None) -> None:
        """Review only what fits; None: everything again."""
        self.change_view(replace(self.view, filter=filter_))

    @property
    def looked(self) -> tuple[int, bool] | None:
        """How many entries were looked at for the filter, and whether that is all; or no filter."""
        reader = self._reader
        return (reader.looked, reader.at_end) if isinstance(reader, FilteredReader) else None

    def _reader_of(self, view: QueueView) -> QueueReader | FilteredReader:
        kind = QueueReader if view.filter is None else FilteredReader
        return kind(self._store, view, self._window, self)

    def reload(self) -> None:
        """Look at the stored queue again: entries may have come or gone by other hands."""
        self._reader.read()

    def window_read(self, before: QueueEntry | None, counts: Counts, *, first: bool) -> None:
        """The store has told what waits around ``before``, which was current until now."""
        self.take_counts(counts)
        now = self.current
        if first or (now and now.key) != (before and before.key):
            self.look_anew()
        elif now and before and now.asset.revision != before.asset.revision:
            # Another picture under the same name: it has to be seen before a decision.
            self.frames.forget(now.key)
            self.look_anew()
        elif now and before and now.flagged != before.flagged:
            self.tell(FlagChanged(now.flagged))
        self._show_surroundings()

    def window_not_read(self, error: StoreError) -> None:
        """The stored queue could not be read; what is in memory stays."""
        self.tell(Message(f"{error.title}: {error.message}", Tone.PROBLEM))

    def take_counts(self, counts: Counts) -> None:
        """The counters moved."""
        if counts != self.counts:
            self.counts = counts
            self.tell(CountsChanged(counts))

    # -- moving

    def next(self) -> None:
        """Look at the next entry without deciding."""
        self._step(1)

    def previous(self) -> None:
        """Look at the entry before; that is not undo."""
        self._step(-1)

    def jump(self, key: str) -> None:
        """Look at an entry of the filmstrip."""
        index = self._window.index_of(key)
        if index is not None and key != self._window.current_key and self._window.move_to(index):
            self._look_elsewhere()

    def visit(self, entry: QueueEntry) -> None:
        """Look at an entry that may lie far from those in memory."""
        near = self._window.index_of(entry.key) is not None
        self._window.visit(entry)
        self._look_elsewhere()
        if not near:
            self.reload()

    def _step(self, by: int) -> None:
        if not self._window.step(by):
            if self._reader.at_start if by < 0 else self._reader.at_end:
                raise ReviewError(
                    translate("ReviewSession", "This is the first image of the queue.")
                    if by < 0
                    else translate("ReviewSession", "This is the last image of the queue."),
                    code="edge",
                )
            self.reload()
            raise ReviewError(
                translate("ReviewSession", "What comes next is still being read."), code="edge"
            )
        self._look_elsewhere()

    def _look_elsewhere(self) -> None:
        self.look_anew()
        self.drop_reversal()
        self.look_around()

    # -- deciding

    def decide(self, verdict: Verdict, *, reason: Reason | None = None) -> None:
        """Record a verdict for the image on the stage and show the next one.

        ``ReviewError`` codes: ``empty`` and those of ``Attempt.refuse``.
        """
        self._deciding.decide(verdict, reason, self._monotonic())
        self.verbs.decided()

    def decide_many(self, attempts: Sequence[Attempt], batch_id: str | None) -> None:
        """Record verdicts that were found to count, as one step."""
        self._deciding.decide_many(attempts, batch_id, self._monotonic())
        self.verbs.decided()

    def is_taken(self, key: str) -> bool:
        """An image was decided or skipped, and the store has not answered for it yet."""
        return self._window.is_taken(key)

    def skip(self) -> None:
        """Put the image at the back of the queue."""
        self.verbs.skip()

    def lists(self, changed: Callable[[], None]) -> QueueLists:
        """What was skipped, flagged or escalated; ``changed`` is called after every answer."""
        return QueueLists(self._store, self.verbs, changed)

    def leave(self, state: StripState) -> None:
        """The current image was decided or skipped: the next one comes on the stage."""
        entry = self._window.take_current(state)
        self.drop_reversal()
        self.look_anew()
        self.tell(EntriesLeft(frozenset((entry.key,))))

    def leave_many(self, settled: Sequence[tuple[QueueEntry, StripState]]) -> None:
        """Several images were decided at one stroke; if one is on the stage, the next comes."""
        before = self._window.current_key
        self._window.take(settled)
        self.drop_reversal()
        self.tell(EntriesLeft(frozenset(entry.key for entry, _ in settled)))
        if self._window.current_key != before:
            self.look_anew()

    def put_back(self, *entries: QueueEntry) -> None:
        """Images return to their places; the first of them comes on the stage."""
        for entry in reversed(entries):
            self._window.put_back(entry)
        self.tell(EntriesReturned(entries))
        self.look_anew()
        self._show_surroundings()

    def on_disk(self, key: str) -> None:
        """What the store answers from now on knows of it: if it says that the image waits, it was
        uploaded anew, or put at the back.
        """
        self._window.release(key)

    def more_ahead(self) -> None:
        """There may be entries beyond the last one in memory."""
        self._reader.at_end = False
        self._reader.refill()

    # -- undoing

    def undo(self) -> None:
        """Take the last step back; if it is posted, offer to reverse it, then reverse it.

        A skip or an escalation that came last is a step too.
        """
        if self.reversal is not None or not self.verbs.take_back():
            self._taking_back.undo()

    def undo_image(self, key: str) -> None:
        """Take back what was decided last of one image, also one of many of one stroke."""
        self._taking_back.undo_image(key)

    def redo(self) -> None:
        """Make the step again that was undone last."""
        self._taking_back.redo()

    def drop_reversal(self) -> None:
        """Leave the posted decision as it is: neither reversed nor overridden."""
        self._taking_back.drop()
        self.overriding.drop()

    def taken_back(self, entries: Sequence[QueueEntry], count: int) -> None:
        """So many decisions count no more; of their images, these wait again."""
        for _ in range(count):
            self._deciding.pace.taken_back()
        # One that waits in another queue than the one reviewed now has no place on this stage.
        here = [entry for entry in entries if self.view.holds(entry)]
        for entry in entries:
            self._window.release(entry.key)
        if here:
            self.put_back(*(entry.ordered(self.view.order) for entry in here))
        elif entries:
            self.reload()

    def made_again(self, saved: Sequence[Saved]) -> None:
        """Decisions count again: their images leave the queue."""
        targets = {one.operation.ref.key: one.operation.target for one in saved}
        here = [entry for entry in self._window.entries if entry.key in targets]
        self.leave_many([(entry, StripState(targets[entry.key].value)) for entry in here])
        self.tell(EntriesLeft(frozenset(targets)))
        for key in targets:
            self._deciding.pace.decided(self._monotonic())
            self._window.release(key)
        self.look_around()

    # -- posting

    def post_now(self) -> None:
        """Post the decisions that are still held for undo."""
        self._deciding.post_now()

    def use_rules(self, rules: SessionRules) -> None:
        """Let other settings count from now on; images are covered as they say at once."""
        before, self.rules = self.rules, rules
        if before.protection is rules.protection:
            return
        note = self.looking.look.note
        self.look_anew()
        self.looking.look.note = note
        self.tell(StripChanged())

    # -- what the network process and the decoder tell

    def conflict_settled(self, key: str) -> None:
        """A conflict, or a stuck decision, was settled here: the image may come back."""
        self._window.release(key)
        self.reload()

    def frame_ready(self, key: str) -> None:
        """A frame for the stage was decoded, or failed to be."""
        if key == self._window.current_key:
            self.tell(FrameReady(key))

    def thumbnail_ready(self, _key: str) -> None:
        """A picture for the filmstrip was decoded."""
        self.tell(StripChanged())

    # -- inside

    def look_anew(self) -> None:
        """Another image is current, or another picture of it: it has to be seen from the start."""
        entry = self.current
        self.looking.begin(protected=entry is not None and self.protecting.protects(entry))
        self.tell(CurrentChanged(entry.key if entry else None))

    def look_around(self) -> None:
        """Have the neighbours of a new current image ready.

        The stage has been told already; what follows may take its time.
        """
        self._show_surroundings()
        self._reader.refill()

    def _show_surroundings(self) -> None:
        self.pictures.show_around()
        self.tell(StripChanged())

    def tell(self, event: SessionEvent) -> None:
        """Tell every view."""
        # A copy: a listener may end listening, its own or another's.
        for listener in tuple(self._listeners):
            listener(event)
