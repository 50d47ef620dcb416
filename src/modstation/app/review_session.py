"""One reviewer's session: what is on the stage, what a key may do to it, what comes next.

Everything here runs on one thread and touches memory only. Work on the database is handed to the
store thread, pictures to the frame pipeline; both answer through the mailbox.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modstation.app.deciding import Deciding
from modstation.app.filtered_reader import FilteredReader
from modstation.app.look import Look, Shown
from modstation.app.overriding import Overriding
from modstation.app.queue_lists import QueueLists
from modstation.app.queue_reader import QueueReader
from modstation.app.queue_verbs import QueueVerbs
from modstation.app.queue_window import QueueWindow, StripItem, StripState
from modstation.app.session_events import (
    ConnectionMoved,
    CountsChanged,
    CoverChanged,
    CurrentChanged,
    EntriesLeft,
    EntriesReturned,
    FlagChanged,
    FrameReady,
    Message,
    OriginalMoved,
    ReversalOffered,
    SessionEvent,
    StripChanged,
    Tone,
    TripMoved,
    ViewChanged,
)
from modstation.app.shredder import PURGED, Shredder
from modstation.app.taking_back import TakingBack
from modstation.core.errors import ReviewError
from modstation.core.events import (
    ConflictFound,
    Connection,
    ConnectionChanged,
    Event,
    ImageCached,
    ImageFailed,
    ImageProgress,
    PastDecisionsTold,
    QueueChanged,
    TripProgress,
)
from modstation.core.language import translate
from modstation.core.protection import is_protected
from modstation.core.queue import Counts, QueueEntry, QueueView
from modstation.media.frames import DecodeResult, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modstation.app.deciding import Attempt, SessionRules
    from modstation.app.frame_pipeline import Beside, Focus, FramePipeline
    from modstation.app.pace import Pace
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.decisions import Verdict
    from modstation.core.errors import StoreError
    from modstation.core.filtering import Filter
    from modstation.core.policy import Policy, Reason
    from modstation.store.results import Saved

STRIP_BEFORE = 6
STRIP_AFTER = 12
# Pictures of a contact sheet that are asked for before those of the stage.
TILES_FETCHED = 96


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
        self.look = Look(protected=False)
        self._store = store
        self._monotonic = monotonic
        self._want_images = want_images
        self._follow_view = follow_view
        self._listeners: list[Callable[[SessionEvent], None]] = []
        self._window = QueueWindow(self.protected)
        self._reader = self._reader_of(view)
        self._problems: dict[str, str] = {}
        self._warned_of: set[str] = set()
        self._away = False
        self._taking_back = TakingBack(store, self)
        self.overriding = Overriding(self.tell, lambda: self.rules.actor)
        self.shredder = Shredder(
            store, frames, self.tell, stop_fetching=purge_images, destroy=destroy_copies
        )
        self._deciding = Deciding(store, self, self.shredder)
        # Skip, flag and escalate, and the way back from each.
        self.verbs = QueueVerbs(store, self)
        self._beside: Beside | None = None

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

    def current_frame(self) -> DecodeResult | None:
        """What the stage paints for the current entry, or None while it is not here."""
        key = self._window.current_key
        return self.frames.frame(key) if key else None

    def problem(self, key: str) -> str | None:
        """Why the picture of an entry could not be fetched, in words."""
        return str(PURGED) if self.frames.purged(key) else self._problems.get(key)

    def protected(self, entry: QueueEntry) -> bool:
        """The image starts covered."""
        return self.protects(entry)

    def protects(self, entry: QueueEntry, reason_code: str | None = None) -> bool:
        """An image starts covered wherever it is shown; ``reason_code``: it was rejected for that.

        What was rejected here for a reason that covers stays covered, whatever becomes of the
        decision; what somebody else rejected is covered, because nobody here knows for what.
        """
        return is_protected(
            entry.asset,
            self.policy.floor.protection_of(self.rules.protection),
            policy_protects=entry.key in self._warned_of
            or self.policy.warns_of(entry)
            or self.policy.covers(reason_code),
        )

    def warned_of(self, key: str) -> None:
        """The image was rejected for a reason that covers it from now on."""
        self._warned_of.add(key)

    @property
    def covered(self) -> bool:
        """The current image is covered at this moment."""
        return self.look.covered

    @property
    def reversal(self) -> ReversalOffered | None:
        """The offer that the undo key would take now."""
        return self._taking_back.offer

    def strip(self, before: int = STRIP_BEFORE, after: int = STRIP_AFTER) -> list[StripItem]:
        """The filmstrip: what was decided last, then the entries around the current one."""
        return self._window.strip(before, after)

    def show_beside(self, beside: Beside | None) -> None:
        """Another view shows pictures too: have them fetched and decoded; None: it is closed."""
        self._beside = beside
        self.frames.show_beside(beside)
        self._want(self._window.focus())

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
        self._new_current()
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
            self._new_current()
        elif now and before and now.asset.revision != before.asset.revision:
            # Another picture under the same name: it has to be seen before a decision.
            self.frames.forget(now.key)
            self._new_current()
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

    # -- looking

    def painted(self, key: str, shown: Shown = Shown.PICTURE) -> None:
        """The stage has put the current image, or its error card, on the screen."""
        if key == self._window.current_key:
            self.look.painted(shown, self._monotonic())

    def unpainted(self) -> None:
        """Nothing of the current image is on the screen any more."""
        self.look.gone(self._monotonic())

    def peek(self, *, on: bool) -> None:
        """Uncover the image while a key is held; ``ReviewError`` if there is no picture yet."""
        if on:
            self._refuse_without_picture()
        if self.look.peek(on=on, now=self._monotonic()):
            self.tell(CoverChanged(self.covered))

    def toggle_reveal(self) -> None:
        """Uncover this image until it is decided, or cover it again.

        ``ReviewError`` if there is no picture yet.
        """
        self._refuse_without_picture()
        if self.look.toggle_latch(self._monotonic()):
            self.tell(CoverChanged(self.covered))

    def _refuse_without_picture(self) -> None:
        # Else it would arrive uncovered, or count as seen although nobody saw it.
        if self.look.protected and not isinstance(self.current_frame(), Frame):
            raise ReviewError(
                translate("ReviewSession", "There is no picture to uncover yet."), code="no-picture"
            )

    def cover_again(self) -> None:
        """Whatever was uncovered of the image is not any more."""
        if self.look.latched and self.look.toggle_latch(self._monotonic()):
            self.tell(CoverChanged(self.covered))

    def look_away(self, *, away: bool) -> None:
        """Another window is in front: what is uncovered meanwhile is not being looked at."""
        self._away = away
        self.look.look_away(away=away, now=self._monotonic())

    def set_note(self, text: str) -> None:
        """Keep a note for the decision on this image; blank text removes it."""
        self.look.note = text.strip() or None

    # -- moving

    def next(self) -> None:
        """Look at the next entry without deciding."""
        self._moved(self._window.step(1), "last")

    def previous(self) -> None:
        """Look at the entry before; that is not undo."""
        self._moved(self._window.step(-1), "first")

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

    def _moved(self, moved: bool, edge: str) -> None:  # noqa: FBT001  # a private pair of words
        if not moved:
            if self._reader.at_start if edge == "first" else self._reader.at_end:
                raise ReviewError(
                    translate("ReviewSession", "This is the first image of the queue.")
                    if edge == "first"
                    else translate("ReviewSession", "This is the last image of the queue."),
                    code="edge",
                )
            self.reload()
            raise ReviewError(
                translate("ReviewSession", "What comes next is still being read."), code="edge"
            )
        self._look_elsewhere()

    def _look_elsewhere(self) -> None:
        self._new_current()
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
        self._new_current()
        self.tell(EntriesLeft(frozenset((entry.key,))))

    def leave_many(self, settled: Sequence[tuple[QueueEntry, StripState]]) -> None:
        """Several images were decided at one stroke; if one is on the stage, the next comes."""
        before = self._window.current_key
        self._window.take(settled)
        self.drop_reversal()
        self.tell(EntriesLeft(frozenset(entry.key for entry, _ in settled)))
        if self._window.current_key != before:
            self._new_current()

    def put_back(self, *entries: QueueEntry) -> None:
        """Images return to their places; the first of them comes on the stage."""
        for entry in reversed(entries):
            self._window.put_back(entry)
        self.tell(EntriesReturned(entries))
        self._new_current()
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
        note = self.look.note
        self._new_current()
        self.look.note = note
        self.tell(StripChanged())

    # -- what the network process and the decoder tell

    def take_event(self, event: Event) -> None:
        """React to an event of the network process."""
        match event:
            case ConnectionChanged():
                self.connection = event
                self.tell(ConnectionMoved(event))
            case QueueChanged(counts=counts, view=view):
                # Those of another view were on their way when it was changed.
                if view == self.view.listed:
                    self.take_counts(counts)
                    self.more_ahead()
            case ImageProgress(key=key, got=got, total=total):
                self.tell(OriginalMoved(key, got, total))
            case ImageCached(key=key, rendition="original"):
                self.frames.image_cached(key, "original")
                self.tell(OriginalMoved(key, here=True))
            case ImageFailed(key=key, rendition="original", message=message):
                # The picture on the stage is another one and stays.
                self.tell(OriginalMoved(key, failed=message))
            case ImageCached(key=key, rendition=rendition):
                self._problems.pop(key, None)
                if self.frames.image_cached(key, rendition) and key == self._window.current_key:
                    # Another picture under the same name: it has to be seen before a decision.
                    self._new_current()
            case ImageFailed(key=key, message=message):
                self._problems[key] = message
                self.frame_ready(key)
                self.frames.tiles.tell(key)
            case TripProgress():
                self.tell(TripMoved(event))
            case PastDecisionsTold():
                self.tell(event)
            case ConflictFound(key=key, theirs=theirs):
                name = key.split("/", 2)[-1]
                text = translate(
                    "ReviewSession", "Somebody else settled {name} as {theirs}: see Outbox."
                ).format(name=name, theirs=theirs)
                self.tell(Message(text, Tone.PROBLEM))

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

    def _new_current(self) -> None:
        entry = self.current
        self.look = Look(protected=entry is not None and self.protected(entry), away=self._away)
        self.tell(CurrentChanged(entry.key if entry else None))

    def look_around(self) -> None:
        """Have the neighbours of a new current image ready.

        The stage has been told already; what follows may take its time.
        """
        self._show_surroundings()
        self._reader.refill()

    def show_tiles(self, box: tuple[int, int], wanted: Mapping[str, str | None]) -> None:
        """Have the tiles of a contact sheet ready (key and upload), the most needed first."""
        self.frames.tiles.show(box, wanted)
        self._want(self._window.focus())

    def _show_surroundings(self) -> None:
        focus = self._window.focus()
        strip = [item.key for item in self.strip()]
        self.frames.focus(focus, strip, self._window.revisions())
        self._want(focus)
        self.tell(StripChanged())

    def _want(self, focus: Focus | None) -> None:
        tiles = tuple(self.frames.tiles.wanted)[:TILES_FETCHED]
        keys = (*tiles, *(focus.in_order() if focus else ()))
        if self._beside is not None:
            looked_at = (self._beside.large,) if self._beside.large else ()
            keys = (*looked_at, *keys, *self._beside.thumbnails)
        if keys:
            self._want_images(tuple(dict.fromkeys(keys)))

    def tell(self, event: SessionEvent) -> None:
        """Tell every view."""
        # A copy: a listener may end listening, its own or another's.
        for listener in tuple(self._listeners):
            listener(event)
