"""A call that may wait (network, keyring), run beside the window; its answer comes as a signal."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from modstation.core.errors import ModstationError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class _Answer(QObject):
    came = Signal(object, object)


class Errand(Generic[T]):
    """Runs ``task`` in a thread; then ``done`` or, for an error we know, ``failed`` here.

    A bug in the task reaches the crash handler of the window's thread. After ``forget`` nothing
    is told any more.
    """

    def __init__(
        self,
        task: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[ModstationError], None],
    ) -> None:
        self._task = task
        self._done = done
        self._failed = failed
        self._forgotten = False
        self._answer = _Answer()
        self._answer.came.connect(self._take, Qt.ConnectionType.QueuedConnection)
        # A daemon: a person who closes the window does not wait for a keyring that hangs.
        self._thread = threading.Thread(target=self._run, name="errand", daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """Nobody waits for the answer any more."""
        self._forgotten = True

    def _run(self) -> None:
        try:
            answer = self._task()
        except BaseException as error:  # noqa: BLE001 - carried to the window's thread
            self._answer.came.emit(None, error)
        else:
            self._answer.came.emit(answer, None)

    def _take(self, answer: T, error: BaseException | None) -> None:
        if self._forgotten:
            return
        if isinstance(error, ModstationError):
            self._failed(error)
        elif error is not None:
            raise error
        else:
            self._done(answer)
