"""The station's end of the network process: starts it, talks to it, starts it again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from modstation.app import network_messages as messages
from modstation.app.paths import make_private_folder
from modstation.core.events import Connection, ConnectionChanged
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.core.events import Event
    from modstation.core.queue import QueueView

RESTART_FIRST_SECONDS = 0.2
RESTART_MOST_SECONDS = 30.0
# A process that lived this long was healthy; its death starts the back-off anew.
HEALTHY_SECONDS = 60.0
CLOSE_SECONDS = 5.0
# Of what goes wrong before the process has its own log, so much is kept over its restarts.
START_LOG_BYTES = 256 * 1024
# -P: whatever lies in the current folder must not be imported in place of our modules.
COMMAND = (sys.executable, "-P", "-m", "modstation.app.network_process")


class NetworkLink:
    """One network process and the two threads that talk to it; they only sleep on its pipes.

    ``on_event`` is called on the reading thread, in the order the child wrote; ``crashed`` gets
    a bug of these threads. What is asked is never waited for: a child that does not read costs
    the caller nothing.
    """

    def __init__(
        self,
        spec: messages.NetworkSpec,
        *,
        on_event: Callable[[Event], None],
        crashed: Callable[[BaseException], None],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._spec = spec
        self._on_event = on_event
        self._crashed = crashed
        self._command = tuple(command)
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._queue: deque[dict[str, Any]] = deque()
        self._focus: list[str] | None = None
        self._new_focus = False
        self._original: str | None = None
        # Of the whole run: a process that died may not have done it.
        self._purged: dict[str, None] = {}
        self._trip: list[str] = []
        self._cannot_start = ""
        self._offline = spec.offline
        self._view = spec.view
        self._closing = False
        self._threads = [
            threading.Thread(target=self._guarded, args=(self._read,), name="network-read"),
            threading.Thread(target=self._guarded, args=(self._write,), name="network-write"),
        ]

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the process; it comes up while the caller goes on.

        One that cannot be started is told as trouble, and tried again.
        """
        make_private_folder(Path(self._spec.log))
        self._spawn()
        for thread in self._threads:
            thread.start()

    # -- what the station asks for

    def wake(self) -> None:
        """Look at the outbox and the queue now."""
        self._put({messages.WAKE: True})

    def focus(self, keys: Sequence[str]) -> None:
        """Fetch these pictures first, in this order; only the last word counts."""
        with self._changed:
            self._focus, self._new_focus = list(keys), True
            self._changed.notify_all()

    def change_view(self, view: QueueView) -> None:
        """List, and fetch ahead for, another view."""
        with self._changed:
            self._view = view
        self._put(messages.view_message(view))

    def want_original(self, key: str) -> None:
        """Fetch the original of one image."""
        with self._changed:
            self._original = key
        self._put({messages.ORIGINAL: key})

    def want_past(self, key: str) -> None:
        """Ask the service who decided on an image; a process that dies meanwhile owes nothing."""
        self._put({messages.PAST: key})

    def take_along(self, keys: Sequence[str]) -> None:
        """Fetch exactly these pictures too, and keep them until other ones are named, or none."""
        with self._changed:
            self._trip = list(keys)
        self._put({messages.TAKE: list(keys)})

    def purge(self, keys: Sequence[str]) -> None:
        """Destroy these pictures, end their fetching, and never keep them again."""
        with self._changed:
            self._purged.update(dict.fromkeys(keys))
        self._put({messages.PURGE: list(keys)})

    def set_offline(self, *, offline: bool) -> None:
        """Use no network, or use it again."""
        with self._changed:
            self._offline = offline
        self._put({messages.OFFLINE: offline})

    def close(self) -> None:
        """Let the child settle what is in its hands, and wait until it has ended."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        started = [thread for thread in self._threads if thread.ident is not None]
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in started:
            thread.join(max(0.0, deadline - time.monotonic()))
        process = self._process
        if process is not None and process.poll() is None:
            # Killing it loses nothing: what is in flight is verified at the next start.
            process.kill()
        for thread in started:
            thread.join()

    # -- the reading thread

    def _read(self) -> None:
        pause = RESTART_FIRST_SECONDS
        while True:
            began = time.monotonic()
            process = self._process
            why = self._cannot_start if process is None else self._listen(process)
            with self._changed:
                if self._closing:
                    self._changed.notify_all()
                    return
            if time.monotonic() - began > HEALTHY_SECONDS:
                pause = RESTART_FIRST_SECONDS
            self._on_event(ConnectionChanged(Connection.TROUBLE, why))
            with self._changed:
                if self._changed.wait_for(lambda: self._closing, pause):
                    return
            self._spawn()
            pause = min(pause * 2, RESTART_MOST_SECONDS)

    def _listen(self, process: subprocess.Popen[bytes]) -> str:
        """Hand on events until the process ends, and say why it did."""
        assert process.stdout is not None
        said = ""
        with process.stdout as pipe:
            for line in pipe:
                if not line.endswith(b"\n"):
                    # Killed in the middle of a word.
                    break
                event = messages.parse_event(line)
                if isinstance(event, ConnectionChanged):
                    said = event.message if event.connection is Connection.TROUBLE else ""
                self._on_event(event)
        code = process.wait()
        if said and code > 0:
            # Its own words for what it ended by say more than a number.
            return said
        return translate(
            "NetworkLink", "The network process ended ({ending}) and is started again."
        ).format(ending=_ending(code))

    # -- the writing thread

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._new_focus or self._closing)
                sent = list(self._queue)
                self._queue.clear()
                if self._new_focus:
                    sent.append({messages.FOCUS: self._focus})
                    self._new_focus = False
                closing, process = self._closing, self._process
            if process is None:
                # The next one is told what counts when it starts.
                if closing:
                    return
                continue
            assert process.stdin is not None
            if closing:
                sent.append({messages.CLOSE: True})
            # The child may be gone; the reading thread sees it too, and the next child is told
            # what counts.
            with contextlib.suppress(OSError, ValueError):
                for message in sent:
                    process.stdin.write(messages.line(message))
                process.stdin.flush()
            if closing:
                _close_quietly(process.stdin)
                return

    # -- both

    def _spawn(self) -> None:
        try:
            # Not under the lock, for which the window's thread may wait.
            process = self._started()
        except OSError as error:
            process = None
            self._cannot_start = translate(
                "NetworkLink", "The network process cannot be started ({strerror})."
            ).format(strerror=error.strerror)
        with self._changed:
            before, self._process = self._process, process
            if before is not None and before.stdin is not None:
                _close_quietly(before.stdin)
            if process is not None:
                self._tell_first(process)
            self._changed.notify_all()

    def _started(self) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if k != "CLOUDINARY_URL"}
        log = Path(self._spec.log) / "network-start.log"
        full = log.exists() and log.stat().st_size > START_LOG_BYTES
        with log.open("wb" if full else "ab") as errors:
            # Only what goes wrong before the process has its own log.
            return subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
            )

    def _tell_first(self, process: subprocess.Popen[bytes]) -> None:
        """Give a new process its specification; what it has to know beside goes into the queue."""
        assert process.stdin is not None
        if self._closing:
            # It came up too late: with no specification it ends.
            _close_quietly(process.stdin)
            return
        # It may be dead already: the reading thread sees its end.
        with contextlib.suppress(OSError):
            spec = replace(self._spec, offline=self._offline, view=self._view)
            process.stdin.write(messages.spec_line(spec))
            process.stdin.flush()
        self._queue.clear()
        if self._trip:
            self._queue.append({messages.TAKE: self._trip})
        if self._purged:
            self._queue.append({messages.PURGE: list(self._purged)})
        if self._original is not None:
            self._queue.append({messages.ORIGINAL: self._original})
        self._new_focus = self._focus is not None

    def _put(self, message: dict[str, Any]) -> None:
        with self._changed:
            # Asked again, it comes last: "offline" must not end as "online" asked in between.
            if message in self._queue:
                self._queue.remove(message)
            self._queue.append(message)
            self._changed.notify_all()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the crash handler
            self._crashed(error)


def _close_quietly(pipe: IO[bytes]) -> None:
    # What was left in its buffer has nobody to go to.
    with contextlib.suppress(OSError):
        pipe.close()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
