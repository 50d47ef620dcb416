"""What the network process tells, as far as it concerns the session in front of the reviewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.session_events import ConnectionMoved, Message, OriginalMoved, Tone, TripMoved
from modstation.app.shredder import PURGED
from modstation.core.events import (
    ConflictFound,
    ConnectionChanged,
    Event,
    HeldElsewhere,
    ImageCached,
    ImageFailed,
    ImageProgress,
    PastDecisionsTold,
    QueueChanged,
    TripProgress,
)
from modstation.core.language import translate

if TYPE_CHECKING:
    from modstation.app.review_session import ReviewSession


class NetworkNews:
    """Takes the events of the network process, and keeps why pictures did not come."""

    def __init__(self, desk: ReviewSession) -> None:
        self._desk = desk
        self._problems: dict[str, str] = {}

    def take(self, event: Event) -> None:
        """React to an event of the network process."""
        match event:
            case ConnectionChanged():
                self._desk.connection = event
                self._desk.tell(ConnectionMoved(event))
            case QueueChanged(counts=counts, view=view):
                # Those of another view were on their way when it was changed.
                if view == self._desk.view.listed:
                    self._desk.take_counts(counts)
                    self._desk.more_ahead()
            case HeldElsewhere():
                # What is in memory is read anew; the image on the stage stays.
                self._desk.look_everywhere()
            case ImageProgress(key=key, got=got, total=total):
                self._desk.tell(OriginalMoved(key, got, total))
            case ImageCached(key=key, rendition="original"):
                self._desk.frames.image_cached(key, "original")
                self._desk.tell(OriginalMoved(key, here=True))
            case ImageFailed(key=key, rendition="original", message=message):
                # The picture on the stage is another one and stays.
                self._desk.tell(OriginalMoved(key, failed=message))
            case ImageCached(key=key, rendition=rendition):
                self._problems.pop(key, None)
                if self._desk.frames.image_cached(key, rendition) and key == self._desk.current_key:
                    # Another picture under the same name: it has to be seen before a decision.
                    self._desk.look_anew()
            case ImageFailed(key=key, message=message):
                self._problems[key] = message
                self._desk.frame_ready(key)
                self._desk.frames.tiles.tell(key)
            case TripProgress():
                self._desk.tell(TripMoved(event))
            case PastDecisionsTold():
                self._desk.tell(event)
            case ConflictFound(key=key, theirs=theirs):
                name = key.split("/", 2)[-1]
                text = translate(
                    "ReviewSession", "Somebody else settled {name} as {theirs}: see Outbox."
                ).format(name=name, theirs=theirs)
                self._desk.tell(Message(text, Tone.PROBLEM))

    def problem(self, key: str) -> str | None:
        """Why the picture of an entry could not be fetched, in words."""
        return str(PURGED) if self._desk.frames.purged(key) else self._problems.get(key)
