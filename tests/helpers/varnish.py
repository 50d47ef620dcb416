"""A real Varnish of Debian's package, with the shipped configuration, in front of a service.

with Varnish(tmp_path) as cache, LiveService(tmp_path, purge_nodes=(cache.url,)) as live:
    cache.start(live.port)
    httpx.get(f"{cache.url}/testing/image/upload/cat.jpg")
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self

_PROGRAM = "/usr/sbin/varnishd"
_VCL = Path(__file__).parents[2] / "resources" / "varnish" / "modstation.vcl"


def missing() -> str:
    """Why no cache can be started here; empty if one can."""
    if not Path(_PROGRAM).exists():
        return "Varnish is not installed (Debian: varnish)"
    if shutil.which("cc") is None:
        return "Varnish needs a C compiler for its configuration (Debian: gcc)"
    return ""


class Varnish:
    """One cache node; ``stop`` and ``start`` keep its port, not what it holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "varnish"
        self._folder.mkdir(parents=True)
        self._log = folder / "varnish.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, service_port: int) -> None:
        """Start, empty; returns once it takes requests."""
        shipped = _VCL.read_text(encoding="utf-8")
        assert '.port = "8787"' in shipped
        vcl = self._folder.with_name("test.vcl")
        vcl.write_text(shipped.replace('"8787"', f'"{service_port}"'), encoding="utf-8")
        command = [_PROGRAM, "-F", "-j", "none", "-n", str(self._folder), "-f", str(vcl)]
        command += ["-a", f"127.0.0.1:{self.port}", "-s", "malloc,32m"]
        command += ["-p", "thread_pools=1", "-p", "thread_pool_min=10"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                try:
                    self._process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
                raise RuntimeError(self._log.read_text()) from None
            return
        raise RuntimeError("Varnish did not start")

    def stop(self) -> None:
        """Stop it and its child."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
