"""Faults in front of the real service: dropped connections, wrong pages, exhausted quotas.

An ASGI middleware of the tests. The service has no switches for it.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modstation.core.clock import Clock


class Fault(Enum):
    """What happens to a request."""

    DROP_BEFORE = auto()  # connection closed, the service never saw it
    DROP_AFTER = auto()  # the service acted, the answer is lost
    ERROR_BEFORE = auto()  # 500, the service never saw it
    ERROR_AFTER = auto()  # the service acted, the answer is 500
    HTML_BEFORE = auto()  # 200 with an HTML page, the service never saw it
    HTML_AFTER = auto()  # the service acted, the answer is 200 with an HTML page
    LIMIT_420 = auto()  # 420 with X-FeatureRateLimit-* headers, the service never saw it
    LIMIT_429 = auto()  # the same as 429
    TRUNCATE = auto()  # the service acted; half the body, then the connection closes
    EMPTY = auto()  # the service acted; its status, an empty body
    DELAY = auto()  # the answer comes ``seconds`` late
    REPLACE = auto()  # the service acted; ``body`` with ``status`` instead of its answer


@dataclass(slots=True)
class Rule:
    """One fault and the requests it hits; ``times`` None means until removed."""

    fault: Fault
    method: str | None = None
    path: str = ""
    times: int | None = 1
    seconds: float = 0.5
    reset_in: float = 2.0
    status: int = 200
    body: bytes = b""
    hits: int = 0

    def takes(self, method: str, path: str) -> bool:
        return (
            (self.times is None or self.hits < self.times)
            and self.method in (None, method)
            and self.path in path
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it reached the service's door. ``status`` None: no answer was given."""

    method: str
    path: str
    status: int | None
    fault: Fault | None


@dataclass(slots=True)
class FaultPlan:
    """ASGI middleware: applies the first rule that takes a request; keeps a log of requests."""

    clock: Clock
    app: Any = None
    rules: list[Rule] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault, **options: Any) -> Rule:
        """Add a rule: ``method=``, ``path=`` (a part of it), ``times=``, ``seconds=`` …"""
        rule = Rule(fault, **options)
        with self.lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Remove every rule."""
        with self.lock:
            self.rules.clear()

    def requests(self, method: str | None = None, path: str = "") -> list[Seen]:
        """The requests so far, by method and a part of the path."""
        with self.lock:
            return [r for r in self.seen if method in (None, r.method) and path in r.path]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, path = scope["method"], scope["raw_path"].decode("ascii")
        rule = self._take(method, path)
        fault = rule.fault if rule else None
        status: int | None = None
        try:
            if rule is None:
                status = await _passed(self.app, scope, receive, send)
            else:
                status = await self._apply(rule, scope, receive, send)
        finally:
            with self.lock:
                self.seen.append(Seen(method, path, status, fault))

    def _take(self, method: str, path: str) -> Rule | None:
        with self.lock:
            for rule in self.rules:
                if rule.takes(method, path):
                    rule.hits += 1
                    return rule
        return None

    async def _apply(self, rule: Rule, scope: Any, receive: Any, send: Any) -> int | None:
        fault = rule.fault
        if fault is Fault.DELAY:
            await asyncio.sleep(rule.seconds)
            return await _passed(self.app, scope, receive, send)
        if fault is Fault.DROP_BEFORE:
            await _drop(send)
            return None
        if fault is Fault.ERROR_BEFORE:
            return await _answer(send, 500, b'{"error":{"message":"General Error"}}')
        if fault is Fault.HTML_BEFORE:
            return await _answer(send, 200, _PAGE, b"text/html")
        if fault in (Fault.LIMIT_420, Fault.LIMIT_429):
            return await self._limited(420 if fault is Fault.LIMIT_420 else 429, rule, send)
        held = _Held()
        await self.app(scope, receive, held)
        if fault is Fault.DROP_AFTER:
            await _drop(send)
            return None
        if fault is Fault.ERROR_AFTER:
            return await _answer(send, 500, b'{"error":{"message":"General Error"}}')
        if fault is Fault.HTML_AFTER:
            return await _answer(send, 200, _PAGE, b"text/html")
        if fault is Fault.REPLACE:
            return await _answer(send, rule.status, rule.body)
        if fault is Fault.EMPTY:
            return await _answer(send, held.status, b"")
        await send({"type": "http.response.start", "status": held.status, "headers": held.headers})
        half = bytes(held.body[: len(held.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _drop(send, at_once=False)
        return held.status

    async def _limited(self, status: int, rule: Rule, send: Any) -> int:
        moment = self.clock.now().timestamp() + rule.reset_in
        reset = format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True)
        headers = [
            (b"x-featureratelimit-limit", b"500"),
            (b"x-featureratelimit-remaining", b"0"),
            (b"x-featureratelimit-reset", reset.encode()),
        ]
        body = b'{"error":{"message":"Rate Limit Exceeded. Limit of 500 api operations reached."}}'
        return await _answer(send, status, body, headers=headers)


_PAGE = b"<html><body><h1>Sign in to the hotel network</h1></body></html>"


class _Held:
    """Takes an answer instead of the network."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message["headers"]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


async def _passed(app: Any, scope: Any, receive: Any, send: Any) -> int | None:
    status = None

    async def noting(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    await app(scope, receive, noting)
    return status


async def _answer(
    send: Any,
    status: int,
    body: bytes,
    kind: bytes = b"application/json",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> int:
    length = (b"content-length", str(len(body)).encode())
    told = [(b"content-type", kind), length, *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
    return status


async def _drop(send: Any, *, at_once: bool = True) -> None:
    """Close the connection under the answer; uvicorn's own send knows the transport."""
    cycle = send.__self__
    if at_once:
        cycle.transport.abort()
    else:
        cycle.transport.close()
    while not cycle.disconnected:  # noqa: ASYNC110 - uvicorn tells of it in no other way
        await asyncio.sleep(0.001)
