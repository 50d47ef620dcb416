"""The network process: everything that waits for the service, away from the process that paints.

Started by ``network_link`` with one line of specification on its standard input; ends when that
input ends. Nothing goes to standard output but events, one line of JSON each.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, BinaryIO

from modstation.app import network_messages as messages
from modstation.app.languages import load_language
from modstation.app.network_commands import Asked, Commands, read_commands
from modstation.app.network_lock import NetworkLock
from modstation.app.paths import AccountFolder, make_private_folder
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.errors import ModstationError, StoreError
from modstation.core.events import Connection, ConnectionChanged, QueueChanged
from modstation.core.language import translate, use

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from modstation.core.events import Event
    from modstation.sync.engine import StepReport, SyncEngine

# Decisions are stored by another process: how late their due time may be noticed.
POLL_SECONDS = 0.5
LOCK_POLL_SECONDS = 0.5

EXIT_DONE, EXIT_CRASHED, EXIT_BAD_START, EXIT_STORE = 0, 1, 2, 3

_log = logging.getLogger(__name__)


class EventWriter:
    """Writes events to the station; any thread may. A closed pipe ends the process in order."""

    def __init__(self, pipe: BinaryIO, on_gone: Callable[[], None]) -> None:
        self._pipe = pipe
        self._on_gone = on_gone
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write one event."""
        with self._lock:
            try:
                self._pipe.write(messages.event_line(event))
                self._pipe.flush()
            except OSError:
                self._on_gone()


def run(
    spec: messages.NetworkSpec,
    commands: Commands,
    notify: Callable[[Event], None],
    *,
    checkpoint: Callable[[str], None] | None = None,
) -> None:
    """Work until ``commands`` says to end; ``StoreError`` if the database cannot be used.

    Waits as long as another process has the data folder's lock.
    """
    folder = AccountFolder(Path(spec.folder))
    make_private_folder(folder.path)
    lock = NetworkLock(folder.network_lock)
    if not lock.acquire():
        notify(
            ConnectionChanged(
                Connection.STANDBY, translate("NetworkProcess", "Another station is at work here.")
            )
        )
        while not lock.acquire():
            ended = commands.wait_for_the_end(LOCK_POLL_SECONDS)
            # The process at work refuses from then on to keep them; nobody has to tell it.
            if doomed := commands.to_purge():
                # Not at the top: a process that only stands by needs little.
                from modstation.app.unattended import forget_pictures

                forget_pictures(folder, doomed)
            if ended:
                return
        notify(ConnectionChanged(Connection.STARTING))
    try:
        _work(spec, folder, commands, notify, checkpoint)
    finally:
        lock.release()


def _work(
    spec: messages.NetworkSpec,
    folder: AccountFolder,
    commands: Commands,
    notify: Callable[[Event], None],
    checkpoint: Callable[[str], None] | None,
) -> None:
    # Here, not at the top: a process that only stands by needs none of these.
    from modstation.app.network_past import PastQuestions
    from modstation.app.network_prefetch import Prefetcher
    from modstation.media.cache import ImageCache
    from modstation.remote.client import AdminClient
    from modstation.store.images import open_image_store
    from modstation.store.station_store import StationStore
    from modstation.sync.engine import SyncEngine, no_checkpoint
    from modstation.sync.settings import SyncSettings

    clock, ids = SystemClock(), TimeOrderedIds()
    with ExitStack() as closing:
        store = StationStore.open(folder.station_db, clock=clock, ids=ids)
        closing.callback(store.close)
        client = AdminClient(spec.credentials, clock=clock)
        closing.callback(client.close)

        def open_cache() -> ImageCache:
            return ImageCache(
                open_image_store(folder.images_db, clock=clock),
                secret=spec.secret,
                limit_bytes=spec.cache_bytes,
            )

        prefetch = Prefetcher(
            open_store=lambda: StationStore.open(folder.station_db, clock=clock, ids=ids),
            open_cache=open_cache,
            download=client.download,
            pixels_url=client.pixels_url,
            view=spec.view,
            edge=spec.review_edge,
            ahead_bytes=spec.cache_bytes,
            clock=clock,
            notify=notify,
            crashed=commands.end,
            offline=spec.offline,
        )
        closing.callback(prefetch.close)
        questions = PastQuestions(
            open_store=lambda: StationStore.open(folder.station_db, clock=clock, ids=ids),
            ask=client.past_decisions,
            notify=notify,
            crashed=commands.end,
        )
        closing.callback(questions.close)
        commands.on_question = questions.ask
        closing.callback(client.abort_downloads)
        commands.serve(prefetch)

        last = [Connection.STARTING]

        def tell(event: Event) -> None:
            if isinstance(event, QueueChanged):
                prefetch.look_again()
            elif isinstance(event, ConnectionChanged):
                prefetch.connection(event.connection)
                if event.connection is not last[-1]:
                    last[:] = [event.connection]
                    _log.info("connection: %s %s", event.connection, event.message)
            notify(event)

        engine = SyncEngine(
            store,
            client,
            view=spec.view,
            clock=clock,
            random=SystemRandom(),
            settings=SyncSettings(
                refresh=timedelta(seconds=spec.refresh_seconds),
                backlog_limit=spec.backlog_limit,
                write_reasons=spec.write_reasons,
                actor=spec.actor,
            ),
            notify=tell,
            checkpoint=checkpoint or no_checkpoint,
        )
        closing.callback(engine.close)
        closing.callback(engine.give_back)
        engine.set_offline(offline=spec.offline)
        commands.on_interrupt = engine.interrupt
        _loop(engine, commands, clock.now)


def _loop(engine: SyncEngine, commands: Commands, now: Callable[[], datetime]) -> None:
    report: StepReport | None = None
    while True:
        # The first time too: what was asked for while another process had the folder counts.
        seconds = 0.0
        if report is not None and not report.worked:
            seconds = _seconds_until(engine.next_at(), now())
            # Due, and yet it did nothing: a rule holds it back that only time changes.
            if report.next_at is not None and report.next_at <= now():
                seconds = max(seconds, POLL_SECONDS / 2)
        asked = commands.wait(seconds)
        if commands.closing:
            return
        if asked.view is not None:
            engine.change_view(asked.view)
        if asked.offline is not None:
            engine.set_offline(offline=asked.offline)
        if asked.wake:
            engine.refresh()
        if (
            report is None
            or report.worked
            or asked != Asked()
            or _seconds_until(engine.next_at(), now()) <= 0
        ):
            report = engine.step()


def _seconds_until(moment: datetime | None, now: datetime) -> float:
    """At most one poll: the database may have been given something else by then."""
    if moment is None:
        return POLL_SECONDS
    return min(POLL_SECONDS, (moment - now).total_seconds())


def main(pipe_in: BinaryIO | None = None, pipe_out: BinaryIO | None = None) -> int:
    """Read the specification, work, and say by the exit code how it ended."""
    # The station decides when this process ends, not the terminal it was started from.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming = pipe_in or sys.stdin.buffer
    outgoing = pipe_out or sys.stdout.buffer
    try:
        spec = messages.parse_spec(incoming.readline())
    except (ValueError, KeyError, TypeError):
        return EXIT_BAD_START
    return serve(spec, incoming, outgoing)


def serve(
    spec: messages.NetworkSpec,
    incoming: BinaryIO,
    outgoing: BinaryIO,
    *,
    checkpoint: Callable[[str], None] | None = None,
) -> int:
    """Work on a pipe's commands until it ends; the exit code."""
    # Not at the top: logging handlers take 10 ms, and a bad start needs none.
    from modstation.app.diagnostics import start_log, stop_log, write_crash_report

    handler = start_log(Path(spec.log), "network", secrets=(spec.secret,))
    use(load_language(spec.language))
    commands = Commands()
    notify = EventWriter(outgoing, commands.end)
    # A daemon: nothing can end a read of a pipe that the station keeps open.
    threading.Thread(
        target=_reading, args=(incoming, commands), name="commands", daemon=True
    ).start()
    try:
        run(spec, commands, notify, checkpoint=checkpoint)
    except StoreError as error:
        # Rows may be left in flight: the next process verifies them when it starts.
        _log.warning("ends: %s", error)
        notify(ConnectionChanged(Connection.TROUBLE, f"{error.title}: {error.message}"))
        return EXIT_STORE
    except ModstationError as error:
        _log.warning("ends: %s", error)
        notify(ConnectionChanged(Connection.TROUBLE, f"{error.title}: {error.message}"))
        return EXIT_BAD_START
    except Exception as error:  # noqa: BLE001 - a bug: reported, and the process ends by it
        _log.exception("ends by a bug")
        write_crash_report(Path(spec.log), error, secrets=(spec.secret,))
        return EXIT_CRASHED
    finally:
        stop_log(handler)
    return EXIT_DONE


def _reading(pipe: BinaryIO, commands: Commands) -> None:
    try:
        read_commands(pipe, commands)
    except BaseException as error:  # noqa: BLE001 - the main thread raises it again
        commands.end(error)


if __name__ == "__main__":
    code = main()
    # Not sys.exit(): the reading thread sits in a read of standard input, whose lock the
    # interpreter would wait for.
    sys.stdout.flush()
    os._exit(code)
