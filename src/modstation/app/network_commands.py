"""What the station has asked of its network process, kept until the thread it concerns takes it."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from modstation.app import network_messages as messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.network_prefetch import Prefetcher
    from modstation.core.queue import QueueView


@dataclass(frozen=True, slots=True)
class Asked:
    """What the engine's thread is to do: look now, change to or from offline, list another view."""

    wake: bool = False
    offline: bool | None = None
    view: QueueView | None = None


class Commands:
    """What the station has asked for and the engine's thread has not done yet."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked = Asked()
        self._crash: BaseException | None = None
        self.closing = False
        self.on_interrupt: Callable[[], None] | None = None
        # Who decided on that asset? Nobody is asked while another process has the folder.
        self.on_question: Callable[[str], None] | None = None
        # Kept for a prefetcher that is made later, while another process has the folder.
        self._prefetch: Prefetcher | None = None
        self._focus: tuple[str, ...] = ()
        self._original: str | None = None
        self._choice: bool | None = None
        self._view: QueueView | None = None
        self._purge: list[str] = []
        self._trip: tuple[str, ...] | None = None

    def take(self, message: dict[str, Any]) -> None:
        """Act on one message of the station; called by the reading thread."""
        if messages.FOCUS in message:
            keys = tuple(str(key) for key in message[messages.FOCUS])
            with self._changed:
                self._focus, prefetch = keys, self._prefetch
            if prefetch is not None:
                prefetch.focus(keys)
        elif messages.ORIGINAL in message:
            key = str(message[messages.ORIGINAL])
            with self._changed:
                self._original, prefetch = key, self._prefetch
            if prefetch is not None:
                prefetch.original(key)
        elif messages.OFFLINE in message:
            offline = bool(message[messages.OFFLINE])
            with self._changed:
                self._choice, prefetch = offline, self._prefetch
            if prefetch is not None:
                prefetch.set_offline(offline=offline)
            self._set(offline=offline)
        elif messages.VIEW in message:
            view = messages.view_of(message[messages.VIEW])
            with self._changed:
                self._view, prefetch = view, self._prefetch
            if prefetch is not None:
                prefetch.change_view(view)
            self._set(view=view)
        elif messages.TAKE in message:
            taken = tuple(str(key) for key in message[messages.TAKE])
            with self._changed:
                self._trip, prefetch = taken, self._prefetch
            if prefetch is not None:
                prefetch.take_along(taken)
        elif messages.PURGE in message:
            doomed = [str(key) for key in message[messages.PURGE]]
            with self._changed:
                prefetch = self._prefetch
                if prefetch is None:
                    self._purge += doomed
                    self._changed.notify()
            if prefetch is not None:
                prefetch.purge(doomed)
        elif messages.PAST in message:
            if self.on_question is not None:
                self.on_question(str(message[messages.PAST]))
        elif messages.WAKE in message:
            self._set(wake=True)
        elif messages.CLOSE in message:
            self.end()

    def end(self, crash: BaseException | None = None) -> None:
        """Let the process end: the station closed it or is gone, or a thread failed."""
        with self._changed:
            self._crash = self._crash or crash
            self.closing = True
            self._changed.notify()
        if self.on_interrupt is not None:
            self.on_interrupt()

    def serve(self, prefetch: Prefetcher) -> None:
        """Hand what concerns pictures to ``prefetch``, also what was asked for before."""
        with self._changed:
            # All under the lock: what is asked for meanwhile must come after it.
            self._prefetch = prefetch
            prefetch.focus(self._focus)
            if self._original is not None:
                prefetch.original(self._original)
            if self._choice is not None:
                prefetch.set_offline(offline=self._choice)
            if self._view is not None:
                prefetch.change_view(self._view)
            if self._trip is not None:
                prefetch.take_along(self._trip)
            if self._purge:
                prefetch.purge(self._purge)

    def wait_for_the_end(self, seconds: float) -> bool:
        """Wait so long and say whether to end; what else is asked for stays asked for.

        Raises what a thread failed with.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.closing or self._purge, seconds)
            if self._crash is not None:
                raise self._crash
            return self.closing

    def to_purge(self) -> list[str]:
        """What is to be destroyed although there is no prefetcher to do it; asked for once."""
        with self._changed:
            keys, self._purge = self._purge, []
        return keys

    def wait(self, seconds: float) -> Asked:
        """Wait for something to do and say what it is; raises what a thread failed with."""
        with self._changed:
            if self._asked == Asked() and not self.closing and seconds > 0:
                self._changed.wait(seconds)
            asked, self._asked = self._asked, Asked()
            if self._crash is not None:
                raise self._crash
        return asked

    def _set(
        self, *, wake: bool = False, offline: bool | None = None, view: QueueView | None = None
    ) -> None:
        with self._changed:
            asked = self._asked
            self._asked = Asked(
                wake or asked.wake,
                offline if offline is not None else asked.offline,
                view or asked.view,
            )
            self._changed.notify()
        if offline and self.on_interrupt is not None:
            self.on_interrupt()


def read_commands(pipe: BinaryIO, commands: Commands) -> None:
    """Hand on the station's messages until it closes the pipe or ends."""
    for line in pipe:
        commands.take(json.loads(line))
    commands.end()
