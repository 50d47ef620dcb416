"""``serve`` in a process of its own, as ``modstation serve`` runs it, to be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PROGRAM = """
import json, os, sys, threading
from pathlib import Path
from modstation.service.running.run import serve
from modstation.service.settings import ServiceSettings
def end_with_the_test():
    os.read(0, 1)
    os._exit(9)
threading.Thread(target=end_with_the_test, daemon=True).start()
sys.exit(serve(ServiceSettings(Path(sys.argv[1]), **json.loads(sys.argv[2]))))
"""


class ServeProcess:
    """A service on loopback; ``settings`` are those of ServiceSettings that JSON can hold."""

    def __init__(
        self,
        data: Path,
        port: int = 0,
        *,
        environment: Mapping[str, str] | None = None,
        ready: bool = True,
        **settings: Any,
    ) -> None:
        here = {
            "cloud": "killed",
            "port": port,
            "allow_networks": ["127.0.0.0/8"],
            # So long are the letters that a killed service had in hand with nobody.
            "notification_timeout": 2.0,
        }
        settings = here | settings
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(data), json.dumps(settings)],
            # Never written to: it closes when the test that should have ended this has failed.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        if ready:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return once it accepts requests; for several that start at once."""
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip().removeprefix("CLOUDINARY_URL=")
        assert self._process.stdout.readline() == "ready\n", self.result()[1]
        parts = urlsplit(self.address)
        self.auth = (parts.username or "", parts.password or "")
        prefix = parse_qs(parts.query)["upload_prefix"][0]
        self.port = urlsplit(prefix).port or 0
        self.api = f"{prefix}/v1_1/{parts.hostname}"

    def client(self) -> httpx.Client:
        return httpx.Client(auth=self.auth, trust_env=False, verify=False, timeout=20)

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; the exit code and what it wrote to stderr."""
        self._process.send_signal(number)
        return self.result()

    def result(self) -> tuple[int, str]:
        """The exit code of one that ends by itself, and what it wrote to stderr."""
        code = self._process.wait(30)
        streams = self._process.stdin, self._process.stdout, self._process.stderr
        assert self._process.stderr is not None
        errors = self._process.stderr.read()
        for stream in streams:
            assert stream is not None
            stream.close()
        return code, errors
