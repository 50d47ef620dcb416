"""The thread that owns the reviewer's connection: short tasks, the most urgent first."""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

from modstation.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.store.station_store import StationStore

T = TypeVar("T")


class Priority(IntEnum):
    """What goes first: what the moderator decided, then what comes next, then the rest."""

    DECIDE = 0
    WINDOW = 1
    REST = 2


def ignore(_: object) -> None:
    """Nobody waits for the answer."""


@dataclass(order=True, slots=True)
class _Task:
    priority: Priority
    number: int
    run: Callable[[StationStore], Any] = field(compare=False)
    done: Callable[[Any], None] = field(compare=False)
    failed: Callable[[StoreError], None] = field(compare=False)


class StoreThread:
    """Runs tasks on one ``StationStore`` that it opens, and closes, in its own thread.

    ``deliver`` brings an answer to the thread that wants it (the window posts it to its event
    loop). A known error goes to the task's ``failed``; anything else is a bug and goes to
    ``crashed``, and the thread goes on. If the store cannot be opened every task fails with that
    error, and each next one tries again.
    """

    def __init__(
        self,
        open: Callable[[], StationStore],  # noqa: A002 - what it does is open
        deliver: Callable[[Callable[[], None]], None],
        crashed: Callable[[BaseException], None],
        *,
        name: str = "store",
    ) -> None:
        self._open = open
        self._deliver = deliver
        self._crashed = crashed
        self._tasks: list[_Task] = []
        self._last_number = 0
        self._changed = threading.Condition()
        self._closing = False
        self._store: StationStore | None = None
        # A daemon: after a crash of the window nobody may be left to close it. What SQLite has
        # committed stays, whenever the thread ends.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(
        self,
        priority: Priority,
        task: Callable[[StationStore], T],
        done: Callable[[T], None] = ignore,
        failed: Callable[[StoreError], None] = ignore,
    ) -> None:
        """Run ``task`` when its turn comes; one of ``done`` and ``failed`` is delivered after it.

        ``RuntimeError`` after ``close``: what is not accepted must not look accepted.
        """
        with self._changed:
            if self._closing:
                raise RuntimeError("the store thread is closed")
            self._last_number += 1
            heapq.heappush(self._tasks, _Task(priority, self._last_number, task, done, failed))
            self._changed.notify()

    def close(self, *, drain: bool = True) -> None:
        """Finish what was accepted, close the store and wait for the thread to end.

        ``drain`` false finishes the decisions only and drops the rest.
        """
        with self._changed:
            self._closing = True
            if not drain:
                self._tasks = [task for task in self._tasks if task.priority is Priority.DECIDE]
                heapq.heapify(self._tasks)
            self._changed.notify()
        self._thread.join()

    def _next(self) -> _Task | None:
        with self._changed:
            while not self._tasks and not self._closing:
                self._changed.wait()
            return heapq.heappop(self._tasks) if self._tasks else None

    def _run(self) -> None:
        try:
            while (task := self._next()) is not None:
                self._perform(task)
        finally:
            if self._store is not None:
                self._store.close()

    def _perform(self, task: _Task) -> None:
        try:
            if self._store is None:
                self._store = self._open()
            answer = task.run(self._store)
        except StoreError as error:
            # Bound now: the name ``error`` is gone when the delivery runs.
            self._hand_over(task.failed, error)
        except BaseException as error:  # noqa: BLE001 - a bug: told, never swallowed
            crash = error
            self._deliver(lambda: self._crashed(crash))
        else:
            self._hand_over(task.done, answer)

    def _hand_over(self, receive: Callable[[Any], None], value: object) -> None:
        if receive is not ignore:
            self._deliver(lambda: receive(value))
