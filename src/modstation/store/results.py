"""What the store answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.assets import ModerationStatus
    from modstation.core.decisions import Decision, Verdict
    from modstation.core.language import Sentence
    from modstation.core.outbox import Operation
    from modstation.core.queue import Counts, QueueEntry, QueuePosition, UndoStep


@dataclass(frozen=True, slots=True)
class Saved:
    """A decision that is on the disk, its operation, and the counters after it."""

    decision: Decision
    operation: Operation
    counts: Counts


@dataclass(frozen=True, slots=True)
class Returned:
    """An asset whose decision was taken back.

    ``position`` is where it stands in the queue again; None if it is not back in a queue, because
    an earlier choice for it counts again or somebody else settled it.
    """

    key: str
    position: QueuePosition | None


@dataclass(frozen=True, slots=True)
class Undone:
    """A step was taken back and nothing of it will be posted.

    ``step``, ``key``, ``position`` and ``verdict`` are those of its last decision, ``members`` all
    of them; ``left`` counts those that were, or may have been, posted and therefore still stand.
    """

    step: UndoStep
    key: str
    position: QueuePosition | None
    verdict: Verdict
    counts: Counts
    members: tuple[Returned, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True)
class NeedsReversal:
    """The decision was posted, or perhaps: only a new one the other way can take it back.

    ``verdict`` and ``posted_status`` are those of the step's last decision, not of the reversal;
    ``decision_ids`` names every decision of the step.
    """

    step: UndoStep
    verdict: Verdict
    posted_status: ModerationStatus
    decision_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a slice of the queue holds that fits a filter.

    ``looked``: rows of the slice; ``edge``: the last of them, None if the queue ends there.
    """

    entries: list[QueueEntry]
    looked: int
    edge: QueuePosition | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A decision, what became of it, and its asset as it is known now."""

    decision: Decision
    operation: Operation
    entry: QueueEntry


@dataclass(frozen=True, slots=True)
class ListState:
    """How far the listing of a view has got.

    ``cursor`` is where the pass goes on (None: at its beginning), ``complete`` whether the last
    pass reached its end, ``backlog`` how many assets wait in the view.
    """

    cursor: str | None = None
    pass_id: str | None = None
    started_at: datetime | None = None
    complete: bool = False
    backlog: int = 0


@dataclass(frozen=True, slots=True)
class PageResult:
    """What a page of a listing changed, in assets.

    ``ignored``: our own acknowledgement is newer than the page. ``left``: no longer listed.
    ``unreadable``: the public ID is no text that can be stored (lone surrogates).
    """

    arrived: int = 0
    changed: int = 0
    unchanged: int = 0
    ignored: int = 0
    left: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class ItemProblem:
    """Why one rendition of one asset could not be fetched; ``retry_at`` is None if never again.

    ``revision`` is the upload it was (``Asset.revision``): of another one nothing is known.
    """

    key: str
    rendition: str
    message: Sentence
    permanent: bool
    retry_at: datetime | None
    at: datetime
    revision: str | None = None
