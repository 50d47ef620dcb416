"""An S3 endpoint on loopback: moto's server in a process of its own, a bucket per test."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
from typing import Any, Self

import httpx
import obstore
from obstore.store import from_url

_PROGRAM = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""


def missing() -> str:
    """Why there can be no endpoint here; empty if there can."""
    found = importlib.util.find_spec("moto")
    return "" if found else "moto's server is not installed (the test extra)"


class ObjectStorage:
    """The endpoint; ends with the process that started it."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._server.stdout is not None
        self.endpoint = f"http://127.0.0.1:{int(self._server.stdout.readline())}"
        self._numbers = itertools.count(1)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use the endpoint."""
        return {"AWS_ALLOW_HTTP": "true"} | {k.upper(): v for k, v in self._configuration.items()}

    @property
    def _configuration(self) -> dict[str, str]:
        return {
            "aws_endpoint": self.endpoint,
            "aws_region": "us-east-1",
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }

    def digests(self, url: str) -> dict[str, str]:
        """What is stored under a storage URL, by name: the MD5 of the bytes that are there."""
        store: Any = from_url(url, config=self._configuration, client_options={"allow_http": True})
        return {
            found["path"]: found["e_tag"].strip('"')
            for page in obstore.list(store)
            for found in page
        }

    def bucket(self) -> str:
        """The storage URL of a new bucket."""
        name = f"bucket-{next(self._numbers)}"
        httpx.put(f"{self.endpoint}/{name}", trust_env=False).raise_for_status()
        return f"s3://{name}"

    def close(self) -> None:
        """Stop it."""
        self._server.communicate(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
