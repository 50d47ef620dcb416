"""A review session on a real database whose answers come when the test lets them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from helpers.assets import MANUAL_PENDING, open_store
from modstation.app.deciding import SessionRules
from modstation.app.frame_pipeline import FramePipeline
from modstation.app.look import Shown
from modstation.app.review_session import ReviewSession
from modstation.app.session_events import Message, SessionEvent
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.errors import StoreError
from modstation.core.policy import Policy
from modstation.store.store_thread import Priority, ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from modstation.core.queue import QueueView
    from modstation.store.station_store import StationStore

T = TypeVar("T")


@dataclass(slots=True)
class HandStore:
    """Runs tasks when it is told to: the most urgent first, like the store's own thread."""

    store: StationStore
    waiting: list[tuple[Priority, int, Callable[[StationStore], Any], Any, Any]] = field(
        default_factory=list
    )
    answers: list[Callable[[], None]] = field(default_factory=list)
    number: int = 0
    failing: StoreError | None = None

    def submit(
        self,
        priority: Priority,
        task: Callable[[StationStore], T],
        done: Callable[[T], None] = ignore,
        failed: Callable[[StoreError], None] = ignore,
    ) -> None:
        self.number += 1
        self.waiting.append((priority, self.number, task, done, failed))

    def work(self) -> None:
        """Do everything that was asked; the answers are on their way."""
        while self.waiting:
            job = min(self.waiting, key=lambda job: job[:2])
            self.waiting.remove(job)
            _, _, task, done, failed = job
            if self.failing is not None:
                error, self.failing = self.failing, None
                self.answers.append(lambda failed=failed, error=error: failed(error))
                continue
            try:
                answer = task(self.store)
            except StoreError as error:
                self.answers.append(lambda failed=failed, error=error: failed(error))
            else:
                self.answers.append(lambda done=done, answer=answer: done(answer))

    def deliver(self) -> None:
        """Let the answers arrive."""
        while self.answers:
            self.answers.pop(0)()

    def settle(self) -> None:
        """Work and deliver until nothing is asked any more."""
        while self.waiting or self.answers:
            self.work()
            self.deliver()


class SessionDesk:
    """One session; every image counts as painted as soon as the test says so."""

    def __init__(self, folder: Path, *, view: QueueView = MANUAL_PENDING) -> None:
        self.clock = ManualClock()
        self.store = open_store(folder, clock=self.clock, ids=CountingIds())
        self.tasks = HandStore(self.store)
        self.events: list[SessionEvent] = []
        self.wanted: list[tuple[str, ...]] = []
        self.views: list[QueueView] = []
        self.frames = FramePipeline(on_ready=lambda _key: None, on_thumbnail=lambda _key: None)
        self.session = ReviewSession(
            store=self.tasks,
            frames=self.frames,
            view=view,
            policy=Policy("1", "Test", ()),
            rules=SessionRules("mod", timedelta(seconds=10), 0.0),
            monotonic=lambda: self.clock.now().timestamp(),
            want_images=self._want,
            follow_view=self.views.append,
            purge_images=lambda _keys: None,
            destroy_copies=lambda _keys: None,
        )
        self.session.listen(self.events.append)

    def _want(self, keys: Sequence[str]) -> None:
        self.wanted.append(tuple(keys))

    def close(self) -> None:
        self.store.close()

    @property
    def current(self) -> str | None:
        """The public ID on the stage."""
        entry = self.session.current
        return entry.asset.ref.public_id if entry else None

    @property
    def messages(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Message)]

    def start(self) -> None:
        self.session.start()
        self.tasks.settle()

    def see(self) -> None:
        """The current image, or its card, is painted."""
        assert self.session.current is not None
        self.session.looking.painted(self.session.current.key, Shown.PICTURE)
