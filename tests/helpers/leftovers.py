"""What a test leaves running: threads, child processes, Qt's timers and threads."""

from __future__ import annotations

import gc
import sys
import threading
import time
from pathlib import Path

# Started once by the interpreter, a library or a fixture of the run, and kept for its life.
KEPT_THREADS = ("pydevd", "asyncio_", "QueueFeederThread")
KEPT_PROCESSES = ("resource_tracker", "forkserver", "modstation-pg-", "moto.server")


def threads() -> set[threading.Thread]:
    """Every running thread that Python started, but the ones a library keeps."""
    return {
        thread
        for thread in threading.enumerate()
        # A thread of Qt's that once ran a slot stays in the list for ever (until Python 3.13).
        if not isinstance(thread, threading._DummyThread)
        and not thread.name.startswith(KEPT_THREADS)
        # c-ares lets go of its channels there; the library never ends it.
        and "_run_safe_shutdown_loop" not in thread.name
    }


def processes() -> dict[str, str]:
    """Number and command of every living child process; only Linux tells."""
    found = {}
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            pids = listing.read_text().split()
        except OSError:  # the thread is gone
            continue
        for pid in pids:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # the process is gone
                continue
            # Just after exec the command is still empty: only the state tells a zombie.
            if state != "Z" and not any(kept in command for kept in KEPT_PROCESSES):
                found[pid] = command.strip()
    return found


def qt_objects() -> dict[int, str]:
    """Active timers and running threads that Python code made, by identity."""
    core, shiboken = sys.modules.get("PySide6.QtCore"), sys.modules.get("shiboken6")
    if core is None or shiboken is None:
        return {}
    found = {}
    timer, kinds = core.QTimer, (core.QTimer, core.QThread)
    for thing in gc.get_objects():
        if isinstance(thing, kinds) and shiboken.isValid(thing):
            busy = thing.isActive() if isinstance(thing, timer) else thing.isRunning()
            if busy:
                found[id(thing)] = f"{type(thing).__name__} {thing.objectName()!r}"
    return found


def wait_until_gone(before: set[threading.Thread], children: dict[str, str], seconds: float) -> str:
    """Say what is still running that was not there before, after a grace; empty if nothing."""
    end = time.monotonic() + seconds
    while True:
        left = threads() - before
        born = [f"{pid} {name}" for pid, name in processes().items() if pid not in children]
        if not left and not born:
            return ""
        if time.monotonic() > end:
            names = [f"thread {thread.name!r}" for thread in left]
            return ", ".join(sorted([*names, *(f"process {child}" for child in born)]))
        for thread in left:
            thread.join(0.05)
        time.sleep(0.01)  # a process that is not ours to wait for cannot be joined
