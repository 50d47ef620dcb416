"""A trivial load balancer in front of replicas: in turn, and the next one if one refuses."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import urllib3

if TYPE_CHECKING:
    from helpers.serve_process import ServeProcess


class Balancer:
    """Sends each request to the next replica; safe to use from many threads."""

    def __init__(self, replicas: list[ServeProcess]) -> None:
        self._lock = threading.Lock()
        self._replicas = list(replicas)
        self._turn = itertools.count()
        self._pools = urllib3.PoolManager(
            maxsize=16, headers=urllib3.make_headers(basic_auth=":".join(replicas[0].auth))
        )

    def replace(self, old: ServeProcess, new: ServeProcess) -> None:
        """Take another replica in the place of one that is gone."""
        with self._lock:
            self._replicas[self._replicas.index(old)] = new

    def request(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and document of an answer; what broke off in the middle is sent once more.

        A request is repeated as a client would: it may have been carried out.
        """
        while True:
            with self._lock:
                replica = self._replicas[next(self._turn) % len(self._replicas)]
            try:
                answer = self._pools.request(
                    method,
                    f"{replica.api}{quote(path)}",
                    retries=False,
                    timeout=60,
                    **options,
                )
            except (urllib3.exceptions.HTTPError, OSError):
                continue
            if answer.status == 429:
                continue
            return answer.status, answer.json()

    def content(self, url: str) -> bytes:
        """What is delivered at an address."""
        return self._pools.request("GET", url, headers={}, timeout=60).data

    def close(self) -> None:
        """Let go of every connection."""
        self._pools.clear()
