"""Has the pictures near the reviewer fingerprinted: a few at a time, when nothing waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modstation.core.queue import Order
from modstation.media.fingerprinter import Unprinted
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.stage_looking import StageLooking
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.likeness import Fingerprint
    from modstation.core.queue import QueueEntry, QueueView
    from modstation.media.fingerprinter import Printed
    from modstation.store.station_store import StationStore

# As many as the worker does in half a second: when a picture has to be decoded it is soon done.
AT_ONCE = 4
# Pictures not on this machine are passed over until they arrive; no more are remembered than are
# looked at.
_ASKED = 64


class Worker(Protocol):
    """What makes fingerprints: ``media.fingerprinter.Fingerprinter`` in the program."""

    def want(self, pictures: Sequence[Unprinted]) -> None:
        """Fingerprint these; the answer comes once, for all of them."""
        ...


class Desk(Protocol):
    """Where the reviewer stands: ``ReviewSession``."""

    view: QueueView
    looking: StageLooking

    @property
    def current(self) -> QueueEntry | None:
        """The entry on the stage."""
        ...

    def reload(self) -> None:
        """Look at the stored queue again."""
        ...


def _nobody() -> None:
    return


def _keep(
    made: tuple[str, str | None, Fingerprint | None],
) -> Callable[[StationStore], None]:
    return lambda store: store.likeness.put([made])


class Fingerprinting:
    """Asks the store what has no fingerprint yet, the worker for it, and the store to keep it.

    Nothing is begun before the first image was painted, nor while ``idle`` says that pictures are
    being decoded for the window. ``on_kept`` is told when more is known.
    """

    def __init__(
        self,
        store: StoreTasks,
        worker: Worker,
        desk: Desk,
        *,
        idle: Callable[[], bool],
    ) -> None:
        self.on_kept: Callable[[], None] = _nobody
        self._store = store
        self._worker = worker
        self._desk = desk
        self._idle = idle
        self._begun = False
        self._busy = False
        self._not_here: set[str] = set()

    def tick(self) -> None:
        """Once a second: go on, if there is something to do and the last is done."""
        current, view = self._desk.current, self._desk.view
        self._begun = self._begun or self._desk.looking.look.painted_at is not None
        if self._busy or current is None or not self._begun or not self._idle():
            return
        self._busy = True

        def task(store: StationStore) -> list[tuple[str, str | None]]:
            return store.likeness.unprinted(view, around=current.position, limit=_ASKED)

        self._store.submit(Priority.REST, task, self._found, self._failed)

    def image_cached(self, key: str) -> None:
        """The picture is on this machine now."""
        self._not_here.discard(key)

    def printed(self, results: Sequence[Printed]) -> None:
        """The worker is done with what it was given."""
        self._not_here.update(result.key for result in results if not result.here)
        made = [(one.key, one.revision, one.fingerprint) for one in results if one.here]
        left = len(made)
        self._busy = bool(left)

        def done(_: None) -> None:
            nonlocal left
            left -= 1
            if left:
                return
            self._busy = False
            if self._desk.view.order is Order.TOGETHER:
                self._desk.reload()
            self.on_kept()
            self.tick()

        # One by one: a decision waits for no more than one of them.
        for one in made:
            self._store.submit(Priority.REST, _keep(one), done, self._failed)

    def _found(self, missing: list[tuple[str, str | None]]) -> None:
        wanted = [Unprinted(*one) for one in missing if one[0] not in self._not_here][:AT_ONCE]
        # What is not asked for any more was passed by: it may be forgotten.
        self._not_here &= {key for key, _ in missing}
        if wanted:
            self._worker.want(wanted)
        else:
            self._busy = False

    def _failed(self, _error: StoreError) -> None:
        # Tried again with the next tick; what the moderator does tells of a store in trouble.
        self._busy = False
