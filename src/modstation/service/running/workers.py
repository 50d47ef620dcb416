"""``modstation serve --workers``: several processes that accept on one port, and their parent.

The parent holds the data folder's lock and the listening socket and serves nothing itself. A
worker that dies is replaced; a worker whose parent died stops in order, as it would for a signal.
Nothing passes between workers: what they share is in the database.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import IO, TYPE_CHECKING, Any

from prometheus_client.multiprocess import mark_process_dead

from modstation.core.clock import SystemClock, TimeOrderedIds, to_us
from modstation.service.access.clouds import ensure_cloud
from modstation.service.running.administration import administer
from modstation.service.running.data_lock import lock_data
from modstation.service.running.open_files import allow_open_files
from modstation.service.running.run import (
    GRACE_SECONDS,
    Server,
    bind,
    cloudinary_url,
    stop_in_order,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from types import FrameType

    from modstation.service.settings import ServiceSettings

log = logging.getLogger(__name__)

_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_STOP = "stop"
_READY = "ready"
# Beside the requests' grace: background work in hand, and the end of the process.
_SECONDS_TO_END = GRACE_SECONDS + 20
# A worker that lived this long did not die of its start.
_SETTLED_SECONDS = 30
_LONGEST_PAUSE = 30


def serve_many(
    settings: ServiceSettings,
    workers: int,
    configure: Callable[[], object],
    out: IO[str] | None = None,
) -> int:
    """Serve with so many workers until SIGTERM or SIGINT; 0 after an orderly end.

    ``configure`` is called in each worker first, for its log. Prints the ``CLOUDINARY_URL``, and
    ``ready`` once all workers accept requests. Raises SettingsError, StoreDamaged or StoreTooNew.
    """
    out = sys.stdout if out is None else out
    clock = SystemClock()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = lock_data(settings)
    try:
        with bind(settings.host, settings.port) as listener:
            # Migrations and the first key are made once, before anybody could race for them.
            with administer(settings, clock, make=True) as place, place.ledger.write() as writing:
                now_us = to_us(clock.now())
                owner = ensure_cloud(
                    writing, place.seal, settings.cloud, settings.new_cloud, now_us
                )
            address = cloudinary_url(owner, settings.host, listener.getsockname()[1])
            print(f"CLOUDINARY_URL={address}", file=out, flush=True)  # the CLI's output
            return _Parent(settings, workers, listener, configure, out).run()
    finally:
        if lock is not None:
            lock.release()


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    line: Connection
    started: float = field(default_factory=time.monotonic)
    ready: bool = False


class _Parent:
    """Keeps so many workers running."""

    def __init__(
        self,
        settings: ServiceSettings,
        count: int,
        listener: socket.socket,
        configure: Callable[[], object],
        out: IO[str],
    ) -> None:
        self._settings = settings
        self._count = count
        self._listener = listener
        self._configure = configure
        self._out = out
        self._workers: list[_Worker] = []
        self._announced = False
        self._stopping = False
        self._failures = 0
        self._pause_until = 0.0

    def run(self) -> int:
        """Start the workers and stay until told to stop."""
        self._bell, ring = socket.socketpair()
        with self._bell, ring:

            def stop(_number: int, _frame: FrameType | None) -> None:
                self._stopping = True
                ring.send(b".")

            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, stop)
            # One folder for all of them, by which their figures are added up.
            os.environ[_METRICS] = tempfile.mkdtemp(prefix="modstation-metrics-")
            try:
                return self._supervise()
            finally:
                shutil.rmtree(os.environ.pop(_METRICS), ignore_errors=True)

    def _supervise(self) -> int:
        while not self._stopping:
            while len(self._workers) < self._count and time.monotonic() >= self._pause_until:
                self._workers.append(self._start())
            self._wait()
            for worker in [worker for worker in self._workers if not worker.process.is_alive()]:
                self._bury(worker)
                if not self._announced:
                    # It cannot even start: another would not fare better.
                    self._end()
                    return 1
        return 0 if self._end() else 1

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_work, args=(self._settings, self._listener, theirs, self._configure)
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _wait(self) -> None:
        """Until a worker is ready or ends, a signal comes, or a pause is over."""
        lines: dict[Any, _Worker] = {
            worker.line: worker for worker in self._workers if not worker.ready
        }
        ends = [worker.process.sentinel for worker in self._workers]
        pause = self._pause_until - time.monotonic()
        missing = len(self._workers) < self._count
        for found in wait([*lines, *ends, self._bell], max(0.0, pause) if missing else None):
            if worker := lines.get(found):
                try:
                    worker.ready = worker.line.recv() == _READY
                except EOFError:  # it ends; its sentinel says so too
                    worker.process.join(1)
        if not self._announced and all(worker.ready for worker in self._workers):
            self._announced = True
            print(_READY, file=self._out, flush=True)  # the CLI's output

    def _bury(self, worker: _Worker) -> None:
        """Let go of a worker that ended, and say when another is started."""
        self._workers.remove(worker)
        worker.line.close()
        mark_process_dead(worker.process.pid, os.environ[_METRICS])  # type: ignore[no-untyped-call]  # untyped there
        if self._stopping:
            return
        log.error("a worker ended with %s; another is started", worker.process.exitcode)
        if time.monotonic() - worker.started > _SETTLED_SECONDS:
            self._failures = 0
        # At once the first time; then ever later, so that a broken machine is not kept busy.
        pause = min(_LONGEST_PAUSE, 2**self._failures - 1)
        self._pause_until = time.monotonic() + pause
        self._failures += 1

    def _end(self) -> bool:
        """Have all workers stop in order; False if one had to be killed or failed."""
        # As long as one process has it open, callers are let in whom nobody will answer.
        self._listener.close()
        for worker in self._workers:
            try:
                worker.line.send(_STOP)
            except OSError:  # it has ended already
                continue
        over = time.monotonic() + _SECONDS_TO_END
        orderly = True
        for worker in self._workers:
            worker.process.join(max(0.0, over - time.monotonic()))
            if worker.process.is_alive():
                log.error("a worker did not stop and is killed")
                worker.process.kill()
                worker.process.join()
            orderly = orderly and worker.process.exitcode == 0
            worker.line.close()
        self._workers = []
        return orderly


def _work(
    settings: ServiceSettings,
    listener: socket.socket,
    line: Connection,
    configure: Callable[[], object],
) -> None:
    """One worker, in its own process."""
    from modstation.service.app import create_app

    configure()
    allow_open_files()
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        server.should_exit = True

    def listen() -> None:
        try:
            line.recv()
        except EOFError:
            log.warning("the parent is gone")
        server.should_exit = True

    app = create_app(
        settings, clock=SystemClock(), ids=TimeOrderedIds(), on_failure=fail, lock=False
    )
    server = Server(app, lambda: line.send(_READY))
    threading.Thread(target=listen, name="parent-line", daemon=True).start()
    stop_in_order()
    server.run(sockets=[listener])
    sys.exit(1 if failed.is_set() else 0)
