"""Destroys every copy of a picture whose rejection asks for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.session_events import Message, PicturePurged, Tone
from modstation.core.language import later, translate
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.frame_pipeline import FramePipeline
    from modstation.app.session_events import SessionEvent
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError

PURGED = later(
    "Shredder",
    "Its copies on this machine were destroyed when it was rejected, and it"
    " is never fetched again.",
)


class Shredder:
    """Empties cache and memory of a picture, and keeps it from being fetched again.

    ``stop_fetching`` tells the network process and waits for nothing; ``destroy`` works on the
    image cache, may wait for the disk and fails with ``StoreError``: it runs in the store thread.
    """

    def __init__(
        self,
        store: StoreTasks,
        frames: FramePipeline,
        tell: Callable[[SessionEvent], None],
        *,
        stop_fetching: Callable[[Sequence[str]], None],
        destroy: Callable[[Sequence[str]], object],
    ) -> None:
        self._store = store
        self._frames = frames
        self._tell = tell
        self._stop_fetching = stop_fetching
        self._destroy = destroy

    def shred(self, key: str, *, if_saved: Callable[[], bool]) -> None:
        """Destroy the picture after its decision; ``if_saved`` is asked in the store thread.

        Behind the decision in the same queue, so that closing the window cannot come between.
        """

        def task(_store: object) -> bool:
            saved = if_saved()
            if saved:
                self._destroy([key])
            return saved

        def done(saved: bool) -> None:  # noqa: FBT001 - what the task answered
            if saved:
                self._forget(key)

        def failed(error: StoreError) -> None:
            self._forget(key)
            text = translate(
                "Shredder",
                "The copy of the picture could not be destroyed: {message} Run"
                " “modstation purge” when the window is closed.",
            ).format(message=error.message)
            self._tell(Message(text, Tone.PROBLEM))

        self._store.submit(Priority.DECIDE, task, done, failed)

    def _forget(self, key: str) -> None:
        self._stop_fetching([key])
        self._frames.purge(key)
        self._tell(PicturePurged(key))
