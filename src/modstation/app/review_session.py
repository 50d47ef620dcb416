"""One reviewer's session: what is on the stage, what a key may do to it, what comes next.

Everything here runs on one thread and touches memory only. Work on the database is handed to the
store thread, pictures to the frame pipeline; both answer through the mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from modstation.app.look import Look
from modstation.app.queue_window import QueueWindow, StripItem, StripState
from modstation.app.session_events import (
    ConnectionMoved,
    CountsChanged,
    CoverChanged,
    CurrentChanged,
    FrameReady,
    Message,
    ReversalClosed,
    ReversalOffered,
    SessionEvent,
    StripChanged,
    Tone,
)
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import DecisionDraft, Verdict
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
from modstation.core.protection import Protection, is_protected
from modstation.core.queue import WINDOW, Counts, QueueEntry, QueueView
from modstation.media.frames import DecodeResult, Frame
from modstation.store.station_store import NeedsReversal, Saved, StationStore, Undone
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.frame_pipeline import FramePipeline
    from modstation.core.errors import StoreError
    from modstation.core.policy import Policy, Reason

T = TypeVar("T")

# Fewer entries than this ahead of the current one: ask the store for more.
REFILL_BELOW = 32
STRIP_BEFORE = 6
STRIP_AFTER = 12
# Decided while the service could not be asked: compared with it before it is posted.
_OFFLINE = {
    Connection.OFFLINE,
    Connection.OFFLINE_CHOSEN,
    Connection.NOT_AUTHORIZED,
    Connection.TROUBLE,
}


class StoreTasks(Protocol):
    """What runs tasks on the database: ``store.store_thread.StoreThread`` in the program."""

    def submit(
        self,
        priority: Priority,
        task: Callable[[StationStore], T],
        done: Callable[[T], None] = ...,
        failed: Callable[[StoreError], None] = ...,
    ) -> None:
        """Run ``task`` later; exactly one of ``done`` and ``failed`` is called afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class SessionRules:
    """The settings a session needs; ``painted_before`` is in seconds."""

    actor: str
    hold: timedelta = timedelta(seconds=10)
    painted_before: float = 0.150
    protection: Protection = Protection.AUTO


@dataclass(frozen=True, slots=True)
class Pace:
    """How the session is going; ``per_hour`` once there are enough decisions to say."""

    decided: int
    per_hour: float | None


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
        self._at_end = False
        self._reversal: ReversalOffered | None = None
        self._problems: dict[str, str] = {}
        self._decision_times: list[float] = []

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
        return self._reversal

    def strip(self, before: int = STRIP_BEFORE, after: int = STRIP_AFTER) -> list[StripItem]:
        """The filmstrip: what was decided last, then the entries around the current one."""
        return self._window.strip(before, after)

    def pace(self) -> Pace:
        """Decisions of this session, and an hourly rate once there are enough to say."""
        times = self._decision_times
        if len(times) < 5 or times[-1] - times[0] < 5:
            return Pace(len(times), None)
        return Pace(len(times), (len(times) - 1) * 3600 / (times[-1] - times[0]))

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

        def read(store: StationStore) -> tuple[list[QueueEntry], Counts]:
            entries = store.window(view, around=around, before=STRIP_BEFORE, after=WINDOW)
            if not entries and around is not None:
                entries = store.window(view, around=None, before=0, after=WINDOW)
            return entries, store.counts(view)

        def failed(error: StoreError) -> None:
            self._asking = False
            self._tell(Message(f"{error.title}: {error.message}", Tone.PROBLEM))

        self._store.submit(Priority.WINDOW, read, self._take_window, failed)

    def _take_window(self, answer: tuple[list[QueueEntry], Counts]) -> None:
        entries, counts = answer
        first, self._asking, self.loaded = not self.loaded, False, True
        before = self.current
        self._window.merge(entries)
        # Read to its end: no need to ask again before the network process brings something.
        self._at_end = len(entries) < WINDOW
        self._take_counts(counts)
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

    def _take_counts(self, counts: Counts) -> None:
        if counts != self.counts:
            self.counts = counts
            self._tell(CountsChanged(counts))

    # -- looking

    def painted(self, key: str) -> None:
        """The stage has put the current image, or its error card, on the screen."""
        if key == self._window.current_key and self.look.painted_at is None:
            self.look.painted_at = self._monotonic()

    def peek(self, *, on: bool) -> None:
        """Uncover the image while a key is held."""
        if self.look.peek(on=on, now=self._monotonic()):
            self._tell(CoverChanged(self.covered))

    def toggle_reveal(self) -> None:
        """Uncover this image until it is decided, or cover it again."""
        if self.look.toggle_latch(self._monotonic()):
            self._tell(CoverChanged(self.covered))

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
            self._new_current()
            self._after_step()

    def _moved(self, moved: bool, edge: str) -> None:  # noqa: FBT001  # a private pair of words
        if not moved:
            raise ReviewError(f"This is the {edge} image of the queue.", code="edge")
        self._new_current()
        self._after_step()

    # -- deciding

    def decide(self, verdict: Verdict, *, reason: Reason | None = None) -> None:
        """Record a verdict for the image on the stage and show the next one.

        ``ReviewError`` codes: ``empty``, ``queued``, ``not-painted``, ``needs-reveal``,
        ``cannot-approve-unseen``, ``needs-reason``.
        """
        entry = self._decidable(verdict, reason)
        now = self._monotonic()
        draft = self._draft(entry, verdict, reason, now)
        hold = self.rules.hold
        self._decision_times.append(now)
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

    def _decidable(self, verdict: Verdict, reason: Reason | None) -> QueueEntry:
        entry = self.current
        if entry is None:
            raise ReviewError("There is no image to decide.", code="empty")
        if entry.asset.status in {ModerationStatus.QUEUED, ModerationStatus.ABORTED}:
            raise ReviewError(
                "This image still waits for an earlier moderation; it cannot be decided yet.",
                code="queued",
            )
        shown_for = self.look.painted_for(self._monotonic())
        if shown_for is None or shown_for < self.rules.painted_before:
            raise ReviewError(
                "Not decided: this image was not on the screen yet.", code="not-painted"
            )
        if verdict is Verdict.APPROVE:
            if not isinstance(self.current_frame(), Frame):
                raise ReviewError(
                    "An image that cannot be shown cannot be approved; reject or skip it.",
                    code="cannot-approve-unseen",
                )
            if self.look.protected and not self.look.uncovered_once:
                raise ReviewError(
                    "Uncover the image first (hold Space, or V); rejecting needs no look.",
                    code="needs-reveal",
                )
        if verdict is Verdict.REJECT and self.policy.require_reason and reason is None:
            raise ReviewError("The policy asks for a reason: press 1 to 0.", code="needs-reason")
        return entry

    def _draft(
        self, entry: QueueEntry, verdict: Verdict, reason: Reason | None, now: float
    ) -> DecisionDraft:
        return DecisionDraft(
            ref=entry.asset.ref,
            verdict=verdict,
            actor=self.rules.actor,
            asset_id=entry.asset.asset_id,
            version=entry.asset.version,
            kind=entry.asset.kind or self.view.kind,
            status_seen=entry.asset.status,
            expected=frozenset({entry.asset.status}),
            reason_code=reason.code if reason else None,
            policy_version=self.policy.version,
            note=self.look.note,
            reveal=self.look.reveal(),
            reveal_ms=self.look.revealed_ms(now),
            dwell_ms=self.look.dwell_ms(now),
            decided_offline=self.connection.connection in _OFFLINE,
        )

    def _take(self, state: StripState) -> None:
        self._window.take_current(state)
        self.drop_reversal()
        self._new_current()

    def _saved(self, saved: Saved) -> None:
        # What the store answers from now on knows of it: if it says that the image waits, it was
        # uploaded anew.
        self._window.release(saved.operation.ref.key)
        self._take_counts(saved.counts)

    def _not_saved(self, entry: QueueEntry, error: StoreError) -> None:
        self._put_back(entry)
        self._tell(
            Message(f"Not saved, the image is back. {error.title}: {error.message}", Tone.PROBLEM)
        )

    # -- undoing

    def undo(self) -> None:
        """Take the last decision back; if it is posted, offer to reverse it.

        Pressed again while the offer stands, it posts the opposite verdict.
        """
        if self._reversal is not None:
            self._reverse(self._reversal)
            return
        actor = self.rules.actor

        def task(store: StationStore) -> tuple[Undone | NeedsReversal | None, QueueEntry | None]:
            result = store.undo(actor=actor)
            return result, store.entry(result.key) if isinstance(result, Undone) else None

        self._store.submit(Priority.DECIDE, task, self._take_undo, self._not_undone)

    def redo(self) -> None:
        """Make the decision again that was undone last."""
        rules = self.rules

        def done(saved: Saved | None) -> None:
            if saved is None:
                self._tell(Message("Nothing to redo.", Tone.REFUSED))
                return
            self._take_counts(saved.counts)
            index = self._window.index_of(saved.operation.ref.key)
            if index is not None and self._window.move_to(index):
                self._decision_times.append(self._monotonic())
                self._take(StripState(saved.operation.target.value))
                self._window.release(saved.operation.ref.key)
            self._after_step()

        self._store.submit(
            Priority.DECIDE,
            lambda store: store.redo(actor=rules.actor, hold=rules.hold),
            done,
            self._not_undone,
        )

    def drop_reversal(self) -> None:
        """Leave the posted decision as it is."""
        if self._reversal is not None:
            self._reversal = None
            self._tell(ReversalClosed())

    def _not_undone(self, error: StoreError) -> None:
        self._tell(Message(f"Not undone. {error.title}: {error.message}", Tone.PROBLEM))

    def _take_undo(self, answer: tuple[Undone | NeedsReversal | None, QueueEntry | None]) -> None:
        result, entry = answer
        if isinstance(result, NeedsReversal):
            self._reversal = ReversalOffered(
                result.step, result.verdict.opposite, result.posted_status
            )
            self._tell(self._reversal)
        elif isinstance(result, Undone):
            if self._decision_times:
                self._decision_times.pop()
            if entry is not None and result.position is not None:
                self._put_back(replace(entry, position=result.position))
            self._take_counts(result.counts)
            self._tell(Message(f"Taken back: {result.step.label}.", Tone.DONE))
        else:
            self._tell(Message("Nothing to undo.", Tone.REFUSED))

    def _reverse(self, offer: ReversalOffered) -> None:
        self.drop_reversal()
        rules = self.rules

        def done(saved: Saved) -> None:
            self._take_counts(saved.counts)
            name, word = saved.operation.ref.public_id, saved.operation.target.value
            self._tell(Message(f"{name} will be posted as {word}.", Tone.DONE))

        self._store.submit(
            Priority.DECIDE,
            lambda store: store.reverse(offer.step.decision_id, actor=rules.actor, hold=rules.hold),
            done,
            self._not_undone,
        )

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
            self._take_counts(counts)
            text = f"Posting {released} held decisions now." if released else "Nothing is held."
            self._tell(Message(text, Tone.DONE if released else Tone.INFO))

        self._store.submit(
            Priority.DECIDE,
            lambda store: (store.release_held(), store.counts(view)),
            done,
            self._not_undone,
        )

    # -- what the network process and the decoder tell

    def take_event(self, event: Event) -> None:
        """React to an event of the network process."""
        match event:
            case ConnectionChanged():
                self.connection = event
                self._tell(ConnectionMoved(event))
            case QueueChanged(counts=counts):
                self._take_counts(counts)
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
                self._tell(Message(text, Tone.PROBLEM))
            case _:
                pass

    def conflict_settled(self, key: str) -> None:
        """A conflict was settled here: the image may come back to be looked at again."""
        self._window.release(key)
        self.reload()

    def frame_ready(self, key: str) -> None:
        """A frame for the stage was decoded, or failed to be."""
        if key == self._window.current_key:
            self._tell(FrameReady(key))

    def thumbnail_ready(self, _key: str) -> None:
        """A picture for the filmstrip was decoded."""
        self._tell(StripChanged())

    # -- inside

    def _new_current(self) -> None:
        entry = self.current
        self.look = Look(protected=entry is not None and self.protected(entry))
        self._tell(CurrentChanged(entry.key if entry else None))

    def _after_step(self) -> None:
        # The stage has been told already; what follows may take its time.
        self._show_surroundings()
        self._refill_if_low()

    def _refill_if_low(self) -> None:
        if self._window.ahead < REFILL_BELOW and not self._at_end:
            self.reload()

    def _show_surroundings(self) -> None:
        focus = self._window.focus()
        strip = [item.key for item in self.strip()]
        self.frames.focus(focus, strip, self._window.revisions())
        if focus is not None:
            self._want_images(focus.in_order())
        self._tell(StripChanged())

    def _tell(self, event: SessionEvent) -> None:
        for listener in self._listeners:
            listener(event)
