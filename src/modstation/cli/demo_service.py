"""A moderation service of the demo's own: started, taken away, brought back, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modstation.core.accounts import parse_cloudinary_url
from modstation.core.errors import Unreachable

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from modstation.core.accounts import Credentials

START_SECONDS = 60.0
STOP_SECONDS = 20.0
URL_LINE = "CLOUDINARY_URL="


class DemoService:
    """``modstation serve`` in a process of its own on a free port of this machine.

    ``pause`` and ``resume`` end it and start it again on the same port and folder: for a station
    that is what a lost network looks like, open connections included.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._url = ""

    def __enter__(self) -> Self:
        """Start it; ``Unreachable`` with its last words if it does not come up."""
        self.resume()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.pause()

    @property
    def credentials(self) -> Credentials:
        """The account it made for its owner."""
        return parse_cloudinary_url(self._url, name="demo")

    def resume(self) -> None:
        """Start it and wait until it accepts requests."""
        if self._process is not None:
            return
        command = [sys.executable, "-m", "modstation", "serve", "--host", "127.0.0.1"]
        command += ["--port", str(self._port), "--data", str(self._folder), "--cloud", "demo"]
        # In a file: a pipe that nobody reads would stop the service once it is full.
        errors = self._folder.with_suffix(".log")
        with errors.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        self._process = process
        ready = threading.Event()
        self._reader = threading.Thread(
            target=self._read, args=(process, ready), name="demo-service-output"
        )
        self._reader.start()
        if ready.wait(START_SECONDS) and process.poll() is None and self._url:
            self._port = urlsplit(self.credentials.account.api_base).port or 0
            return
        self.pause()
        words = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise Unreachable(f"The demo's service did not start. {words[-1] if words else ''}")

    def pause(self) -> None:
        """End it and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            # On Windows this is TerminateProcess: the service must survive that too.
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._reader is not None:
            self._reader.join()
        if process.stdout is not None:
            process.stdout.close()

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        """Take in what it prints until it ends; the address holds the secret and stays here."""
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(URL_LINE):
                self._url = line.removeprefix(URL_LINE).strip()
            elif line.strip() == "ready":
                ready.set()
        ready.set()
