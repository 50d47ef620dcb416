"""Services the bench posts to: the scripted one, and ours as ``modstation serve`` runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from helpers.perf_programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextmanager
def scripted(pending: int, update_ms: float, picture: Path) -> Iterator[tuple[Program, str]]:
    """A service from templates; also gives its CLOUDINARY_URL."""
    with Program("scripted_server.py", str(pending), str(update_ms), str(picture)) as server:
        port = server.hear()["port"]
        yield server, f"cloudinary://key:secret@bench?upload_prefix=http://127.0.0.1:{port}"


@contextmanager
def ours(folder: Path) -> Iterator[str]:
    """Our service on loopback; gives its CLOUDINARY_URL."""
    command = [sys.executable, "-m", "modstation", "serve", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "MODSTATION_HOME": str(folder)},
    )
    try:
        assert process.stdout is not None
        url = ""
        for line in process.stdout:
            url = line.partition("=")[2].strip() or url
            if line.strip() == "ready":
                break
        assert url, "the service did not start"
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def upload(url: str, public_ids: Sequence[str], picture: Path) -> None:
    """Upload a picture under many names, each pending, with the official SDK."""
    code = (
        "import sys; from cloudinary import uploader\n"
        "for name in sys.argv[2:]:\n"
        "    uploader.upload(sys.argv[1], public_id=name, moderation='manual')\n"
    )

    def part(names: Sequence[str]) -> None:
        subprocess.run(
            [sys.executable, "-c", code, str(picture), *names],
            env={**os.environ, "CLOUDINARY_URL": url},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    half = len(public_ids) // 2
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(part, [public_ids[:half], public_ids[half:]]))
