"""What is to be decoded, in which order, and what is being decoded now."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from modstation.media.frames import DecodeRequest, Rendition

if TYPE_CHECKING:
    from collections.abc import Iterable

_Name: TypeAlias = tuple[str, str | None, Rendition, tuple[int, int], int, int]


@dataclass(slots=True, eq=False)
class Job:
    """A request on a worker; a newer request for the same picture takes its place."""

    request: DecodeRequest


class DecodePlan:
    """The one list all workers take from; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[DecodeRequest] = []
        self._running: dict[_Name, Job] = {}
        self._one_at_a_time = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    @property
    def idle(self) -> bool:
        """Whether nothing waits for a worker and none is at work."""
        with self._lock:
            return not (self._queue or self._running)

    def replace(self, requests: Iterable[DecodeRequest]) -> int:
        """Make this the plan, first is first, and say how many wait for a worker.

        What runs goes on running; when it is wanted still, it takes on the new request.
        """
        wanted: dict[_Name, DecodeRequest] = {}
        for request in requests:
            wanted.setdefault(_name(request), request)
        with self._lock:
            if self._closed:
                return 0
            for name, job in self._running.items():
                if name in wanted:
                    job.request = wanted.pop(name)
            self._queue = list(wanted.values())
            return len(self._queue)

    def take_one_at_a_time(self, *, on: bool) -> int:
        """Let no second worker begin while one is at work, or end that; how many wait for one."""
        with self._lock:
            self._one_at_a_time = on
            return len(self._queue)

    def take(self) -> Job | None:
        """The most wanted request, now running; None when there is nothing to do."""
        with self._lock:
            if not self._queue or (self._one_at_a_time and self._running):
                return None
            request = self._queue.pop(0)
            job = self._running[_name(request)] = Job(request)
            return job

    def finish(self, job: Job) -> DecodeRequest | None:
        """The request that the job's result belongs to; None once the plan is closed."""
        with self._lock:
            del self._running[_name(job.request)]
            return None if self._closed else job.request

    def close(self) -> None:
        """Want nothing any more."""
        with self._lock:
            self._closed = True
            self._queue = []


def _name(request: DecodeRequest) -> _Name:
    part = (request.rendition, request.box, request.frame, request.count)
    return request.asset_key, request.revision, *part
