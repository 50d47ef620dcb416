"""What the review session tells its views; each view decides what it redraws."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from modstation.core.events import PastDecisionsTold
from modstation.core.language import number, translate

if TYPE_CHECKING:
    from modstation.core.assets import ModerationStatus
    from modstation.core.decisions import Verdict
    from modstation.core.events import ConnectionChanged, TripProgress
    from modstation.core.policy import Reason
    from modstation.core.queue import Counts, QueueEntry, QueueView, UndoStep


class Tone(Enum):
    """How a message is meant."""

    INFO = "info"
    DONE = "done"
    REFUSED = "refused"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class CurrentChanged:
    """Another entry is on the stage, or none (``key`` is None)."""

    key: str | None


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """Something else is reviewed from now on; its entries follow."""

    view: QueueView


@dataclass(frozen=True, slots=True)
class FrameReady:
    """The picture of ``key`` can be painted now, or its error card can."""

    key: str


@dataclass(frozen=True, slots=True)
class OriginalMoved:
    """What became of an original that was asked for: bytes came, all of them are here, or why not.

    ``here``: it is on this machine; ``failed`` says why it does not come.
    """

    key: str
    got: int = 0
    total: int | None = None
    here: bool = False
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class StripChanged:
    """Entries around the current one came, went or changed their state."""


@dataclass(frozen=True, slots=True)
class EntriesLeft:
    """Several entries were decided at one stroke, wherever they stood in the queue."""

    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class EntriesReturned:
    """Entries wait again, each at its place: their decision was taken back or not saved."""

    entries: tuple[QueueEntry, ...]


@dataclass(frozen=True, slots=True)
class PicturePurged:
    """Every copy of the picture of ``key`` is destroyed: nothing made of it may be kept either."""

    key: str


@dataclass(frozen=True, slots=True)
class FlagChanged:
    """The current image was bookmarked, or its bookmark removed."""

    flagged: bool


@dataclass(frozen=True, slots=True)
class CoverChanged:
    """The current image was covered or uncovered."""

    covered: bool


@dataclass(frozen=True, slots=True)
class CountsChanged:
    """The kept counters moved."""

    counts: Counts


@dataclass(frozen=True, slots=True)
class ConnectionMoved:
    """The way to the service changed."""

    change: ConnectionChanged


@dataclass(frozen=True, slots=True)
class TripMoved:
    """More of what is taken along is here."""

    progress: TripProgress


@dataclass(frozen=True, slots=True)
class Message:
    """A line for the moderator; ``REFUSED`` ones tell why a key did nothing."""

    text: str
    tone: Tone = Tone.INFO


@dataclass(frozen=True, slots=True)
class ReversalOffered:
    """The last decision is posted; the undo key, pressed again, posts ``verdict`` instead.

    Of several ``decision_ids``, each gets the opposite of its own verdict.
    """

    step: UndoStep
    verdict: Verdict
    posted: ModerationStatus
    decision_ids: tuple[str, ...]

    @property
    def text(self) -> str:
        """What stands on the screen while the offer does."""
        if len(self.decision_ids) > 1:
            what = translate(
                "SessionEvents", "{count} images decided at one stroke are posted"
            ).format(count=number(len(self.decision_ids)))
        else:
            what = translate("SessionEvents", "{name} is posted as {status}").format(
                name=self.step.key.split("/", 2)[-1], status=self.posted.word
            )
        rest = translate(
            "SessionEvents", "that cannot be undone, only reversed. Going on drops this."
        )
        return f"{what}; {rest}"


@dataclass(frozen=True, slots=True)
class KeymapChanged:
    """Other keys count now; buttons and hints follow."""


@dataclass(frozen=True, slots=True)
class OverrideExplained:
    """A verdict on a settled image was asked for; the same key, pressed again, gives it."""

    key: str
    verdict: Verdict
    reason: Reason | None
    effects: str


@dataclass(frozen=True, slots=True)
class ReversalClosed:
    """The offer was taken or dropped."""


SessionEvent: TypeAlias = (
    CurrentChanged
    | ViewChanged
    | FrameReady
    | OriginalMoved
    | StripChanged
    | EntriesLeft
    | EntriesReturned
    | PicturePurged
    | FlagChanged
    | CoverChanged
    | CountsChanged
    | ConnectionMoved
    | TripMoved
    | Message
    | ReversalOffered
    | OverrideExplained
    | ReversalClosed
    | KeymapChanged
    | PastDecisionsTold
)
