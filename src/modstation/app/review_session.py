"""One reviewer's session: what is on the stage, what a key may do to it, what comes next.

Everything here runs on one thread and touches memory only. Work on the database is handed to the
store thread, pictures to the frame pipeline; both answer through the mailbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.deciding import Attempt
from modstation.app.look import Look, Shown
from modstation.app.pace import Pace, PaceMeter
from modstation.app.queue_window import QueueWindow, StripItem, StripState
from modstation.app.session_events import (
    ConnectionMoved,
    CountsChanged,
    CoverChanged,
    CurrentChanged,
    FrameReady,
    Message,
    ReversalOffered,
    SessionEvent,
    StripChanged,
    Tone,
)
from modstation.app.taking_back import TakingBack
from modstation.core.errors import ReviewError
from modstation.core.events import (
    ConflictFound,
    Connection,
    ConnectionChanged,
    Event,
    ImageCached,
    ImageFailed,
    QueueChanged,
)
from modstation.core.protection import is_protected
from modstation.core.queue import WINDOW, Counts, QueueEntry, QueueView
from modstation.media.frames import DecodeResult, Frame
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.deciding import SessionRules
    from modstation.app.frame_pipeline import FramePipeline
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.decisions import Verdict
    from modstation.core.errors import StoreError
    from modstation.core.policy import Policy, Reason
    from modstation.store.results import Saved
    from modstation.store.station_store import StationStore

# Fewer entries than this ahead of the current one: ask the store for more.
REFILL_BELOW = 32
# Entries kept behind the current one, for going back without waiting for the store.
BEHIND = 16
STRIP_BEFORE = 6
STRIP_AFTER = 12
# Decided while the service could not be asked: compared with it before it is posted.
_OFFLINE = {
    Connection.OFFLINE,
    Connection.OFFLINE_CHOSEN,
    Connection.NOT_AUTHORIZED,
    Connection.TROUBLE,
}


class ReviewSession:
    """The queue in front of the reviewer and the rules of deciding.

    ``monotonic`` gives seconds; ``want_images`` tells the network process which keys come next.
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
    ) -> None:
        self.view = view
        self.policy = policy
        self.rules = rules
        self.frames = frames
        self.counts = Counts()
        self.connection = ConnectionChanged(Connection.STARTING)
        # The store has answered once: an empty stage now means an empty queue.
        self.loaded = False
        self.look = Look(protected=False)
        self._store = store
        self._monotonic = monotonic
        self._want_images = want_images
        self._listeners: list[Callable[[SessionEvent], None]] = []
        self._window = QueueWindow(self.protected)
        self._asking = False
        self._ask_again = False
        self._at_start = False
        self._at_end = False
        self._problems: dict[str, str] = {}
        self._pace = PaceMeter()
        self._taking_back = TakingBack(store, rules, self)

    # -- for the views

    def listen(self, listener: Callable[[SessionEvent], None]) -> None:
        """Tell ``listener`` everything from now on."""
        self._listeners.append(listener)

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
        return self._problems.get(key)

    def protected(self, entry: QueueEntry) -> bool:
        """The image starts covered."""
        return is_protected(
            entry.asset, self.rules.protection, policy_protects=self.policy.protect_all
        )

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

    def pace(self) -> Pace:
        """Decisions of this session, and an hourly rate once there are enough to say."""
        return self._pace.read()

    # -- loading

    def start(self) -> None:
        """Load the first entries and the counters."""
        self.reload()

    def reload(self) -> None:
        """Look at the stored queue again: entries may have come or gone by other hands."""
        if self._asking:
            self._ask_again = True
            return
        self._asking = True
        current = self.current
        around = current.position if current else None
        view = self.view

        def read(store: StationStore) -> tuple[list[QueueEntry], int, Counts]:
            entries = store.window(view, around=around, before=BEHIND, after=WINDOW)
            if not entries and around is not None:
                entries = store.window(view, around=None, before=0, after=WINDOW)
                behind = 0
            else:
                behind = sum(around is not None and e.position < around for e in entries)
            return entries, behind, store.counts(view)

        def failed(error: StoreError) -> None:
            self._asking = False
            self.tell(Message(f"{error.title}: {error.message}", Tone.PROBLEM))

        self._store.submit(Priority.WINDOW, read, self._take_window, failed)

    def _take_window(self, answer: tuple[list[QueueEntry], int, Counts]) -> None:
        entries, behind, counts = answer
        first, self._asking, self.loaded = not self.loaded, False, True
        before = self.current
        self._window.merge(entries)
        # Read to its edge: no need to ask again before the network process brings something.
        self._at_start = behind < BEHIND
        self._at_end = len(entries) - behind < WINDOW
        self.take_counts(counts)
        now = self.current
        if first or (now and now.key) != (before and before.key):
            self._new_current()
        elif now and before and now.asset.revision != before.asset.revision:
            # Another picture under the same name: it has to be seen before a decision.
            self.frames.forget(now.key)
            self._new_current()
        self._show_surroundings()
        if self._ask_again:
            self._ask_again = False
            self.reload()

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
            raise ReviewError("There is no picture to uncover yet.", code="no-picture")

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

    def _moved(self, moved: bool, edge: str) -> None:  # noqa: FBT001  # a private pair of words
        if not moved:
            if self._at_start if edge == "first" else self._at_end:
                raise ReviewError(f"This is the {edge} image of the queue.", code="edge")
            self.reload()
            raise ReviewError("What comes next is still being read.", code="edge")
        self._look_elsewhere()

    def _look_elsewhere(self) -> None:
        self._new_current()
        self.drop_reversal()
        self._after_step()

    # -- deciding

    def decide(self, verdict: Verdict, *, reason: Reason | None = None) -> None:
        """Record a verdict for the image on the stage and show the next one.

        ``ReviewError`` codes: ``empty`` and those of ``Attempt.refuse``.
        """
        entry = self.current
        if entry is None:
            raise ReviewError("There is no image to decide.", code="empty")
        now = self._monotonic()
        shown = isinstance(self.current_frame(), Frame)
        attempt = Attempt(entry, verdict, reason, self.look, shown, now)
        attempt.refuse(self.rules, self.policy)
        offline = self.connection.connection in _OFFLINE
        draft = attempt.draft(self.rules, self.policy, self.view, offline=offline)
        hold = self.rules.hold
        self._pace.decided(now)
        self._take(StripState(verdict.status.value))
        self._store.submit(
            Priority.DECIDE,
            lambda store: store.decide(draft, hold=hold),
            self._saved,
            lambda error: self._not_saved(entry, error),
        )
        self._after_step()

    def skip(self) -> None:
        """Put the image at the back of the queue."""
        entry = self.current
        if entry is None:
            raise ReviewError("There is no image to skip.", code="empty")
        view = self.view
        self._take(StripState.SKIPPED)

        def done(_position: object) -> None:
            self._window.release(entry.key)
            self._at_end = False
            self._refill_if_low()

        self._store.submit(
            Priority.DECIDE,
            lambda store: store.skip(entry.key, view),
            done,
            lambda error: self._not_saved(entry, error),
        )
        self._after_step()

    def _take(self, state: StripState) -> None:
        self._window.take_current(state)
        self.drop_reversal()
        self._new_current()

    def _saved(self, saved: Saved) -> None:
        # What the store answers from now on knows of it: if it says that the image waits, it was
        # uploaded anew.
        self._window.release(saved.operation.ref.key)
        self.take_counts(saved.counts)

    def _not_saved(self, entry: QueueEntry, error: StoreError) -> None:
        self._put_back(entry)
        self.tell(
            Message(f"Not saved, the image is back. {error.title}: {error.message}", Tone.PROBLEM)
        )

    # -- undoing

    def undo(self) -> None:
        """Take the last decision back; if it is posted, offer to reverse it, then reverse it."""
        self._taking_back.undo()

    def redo(self) -> None:
        """Make the decision again that was undone last."""
        self._taking_back.redo()

    def drop_reversal(self) -> None:
        """Leave the posted decision as it is."""
        self._taking_back.drop()

    def taken_back(self, entry: QueueEntry | None) -> None:
        """A decision counts no more; its image, if it waits again, comes on the stage."""
        self._pace.taken_back()
        if entry is not None:
            self._put_back(entry)

    def made_again(self, saved: Saved) -> None:
        """A decision counts again: its image leaves the queue."""
        index = self._window.index_of(saved.operation.ref.key)
        if index is not None and self._window.move_to(index):
            self._pace.decided(self._monotonic())
            self._take(StripState(saved.operation.target.value))
            self._window.release(saved.operation.ref.key)
        self._after_step()

    def _put_back(self, entry: QueueEntry) -> None:
        self._window.put_back(entry)
        self._new_current()
        self._show_surroundings()

    # -- posting

    def post_now(self) -> None:
        """Post the decisions that are still held for undo."""
        view = self.view

        def done(answer: tuple[int, Counts]) -> None:
            released, counts = answer
            self.take_counts(counts)
            text = f"Posting {released} held decisions now." if released else "Nothing is held."
            self.tell(Message(text, Tone.DONE if released else Tone.INFO))

        self._store.submit(
            Priority.DECIDE,
            lambda store: (store.release_held(), store.counts(view)),
            done,
            self._not_released,
        )

    def _not_released(self, error: StoreError) -> None:
        self.tell(Message(f"Not posted yet. {error.title}: {error.message}", Tone.PROBLEM))

    # -- what the network process and the decoder tell

    def take_event(self, event: Event) -> None:
        """React to an event of the network process."""
        match event:
            case ConnectionChanged():
                self.connection = event
                self.tell(ConnectionMoved(event))
            case QueueChanged(counts=counts):
                self.take_counts(counts)
                self._at_end = False
                self._refill_if_low()
            case ImageCached(key=key, rendition=rendition):
                self._problems.pop(key, None)
                if self.frames.image_cached(key, rendition) and key == self._window.current_key:
                    # Another picture under the same name: it has to be seen before a decision.
                    self._new_current()
            case ImageFailed(key=key, message=message):
                self._problems[key] = message
                self.frame_ready(key)
            case ConflictFound(key=key, theirs=theirs):
                name = key.split("/", 2)[-1]
                text = f"Somebody else settled {name} as {theirs}: see Outbox."
                self.tell(Message(text, Tone.PROBLEM))
            case _:
                pass

    def conflict_settled(self, key: str) -> None:
        """A conflict was settled here: the image may come back to be looked at again."""
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
        self.look = Look(protected=entry is not None and self.protected(entry))
        self.tell(CurrentChanged(entry.key if entry else None))

    def _after_step(self) -> None:
        # The stage has been told already; what follows may take its time.
        self._show_surroundings()
        self._refill_if_low()

    def _refill_if_low(self) -> None:
        low_ahead = self._window.ahead < REFILL_BELOW and not self._at_end
        low_behind = self._window.behind < STRIP_BEFORE and not self._at_start
        if low_ahead or low_behind:
            self.reload()

    def _show_surroundings(self) -> None:
        focus = self._window.focus()
        strip = [item.key for item in self.strip()]
        self.frames.focus(focus, strip, self._window.revisions())
        if focus is not None:
            self._want_images(focus.in_order())
        self.tell(StripChanged())

    def tell(self, event: SessionEvent) -> None:
        """Tell every view."""
        for listener in self._listeners:
            listener(event)
