"""The real service on a free loopback port, and faults injected in front of it.

    with LiveService(tmp_path) as service:
        service.upload(jpeg, public_id="cat", moderation="manual")
        service.faults.add(Fault.DROP_AFTER, method="POST", path="/resources/")
        ...
        assert service.status_of("cat") == "approved"
        assert service.changes_of("cat") == 1

``stop()`` and ``start()`` keep port and data. The service itself has no test switches: faults are
an ASGI middleware that stands here.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from enum import Enum, auto
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from sqlalchemy import func, select

from modstation.core.clock import Clock, Ids, SystemClock, TimeOrderedIds
from modstation.service.app import application
from modstation.service.run import Server, bind, cloudinary_url
from modstation.service.schema import assets, decision_history, notifications
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings


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
        reset = format_datetime(_utc(moment), usegmt=True)
        headers = [
            (b"x-featureratelimit-limit", b"500"),
            (b"x-featureratelimit-remaining", b"0"),
            (b"x-featureratelimit-reset", reset.encode()),
        ]
        body = b'{"error":{"message":"Rate Limit Exceeded. Limit of 500 api operations reached."}}'
        return await _answer(send, status, body, headers=headers)


_PAGE = b"<html><body><h1>Sign in to the hotel network</h1></body></html>"


def _utc(timestamp: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(timestamp, UTC)


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
    while not cycle.disconnected:
        await asyncio.sleep(0.001)


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the service's decision history."""

    public_id: str
    asset_id: str
    from_status: str | None
    to_status: str
    changed: bool
    decision_id: str | None
    actor: str | None
    reason: str | None
    note: str | None


class LiveService:
    """The real service under uvicorn in a thread of this process."""

    def __init__(
        self,
        data: Path,
        *,
        cloud: str = "testing",
        clock: Clock | None = None,
        ids: Ids | None = None,
        **settings: Any,
    ) -> None:
        self.settings = ServiceSettings(Path(data) / "service", cloud=cloud, port=0, **settings)
        self.clock = clock or SystemClock()
        self.ids = ids or TimeOrderedIds()
        self.faults = FaultPlan(self.clock)
        self.service: Service | None = None
        self._thread: threading.Thread | None = None
        self._server: Server | None = None
        self.port = 0
        self.start()

    # -- life

    def start(self) -> None:
        """Start, on the same data and (after the first time) the same port."""
        listener = bind("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        # Kept for the next start, so that an address a client remembers stays valid.
        self.settings = replace(self.settings, port=self.port)
        self.service = Service(self.settings, clock=self.clock, ids=self.ids)
        owner = self.service.owner
        self.cloud, self.key, self.secret = owner.cloud, owner.api_key, owner.secret
        self.faults.app = application(self.service)
        started = threading.Event()
        self._server = _Announcing(self.faults, started)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="live-service"
        )
        self._thread.start()
        if not started.wait(20):
            raise RuntimeError("the service did not start")

    def stop(self) -> None:
        """Stop in order; the data stays."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive(), "the service did not stop"
        self._server = self._thread = self.service = None

    def __enter__(self) -> LiveService:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._server is not None

    # -- addresses

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """The address every API path follows."""
        return f"{self.url}/v1_1/{self.cloud}"

    @property
    def cloudinary_url(self) -> str:
        assert self.service is not None
        return cloudinary_url(self.service.owner, "127.0.0.1", self.port)

    @property
    def authorization(self) -> str:
        """The value of an Authorization header that is accepted."""
        return "Basic " + b64encode(f"{self.key}:{self.secret}".encode()).decode()

    # -- what a client does, over HTTP

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One authenticated request to the API; ``path`` as after the cloud's name."""
        with httpx.Client(auth=(self.key, self.secret), trust_env=False, timeout=30) as client:
            return client.request(method, f"{self.api}{path}", **options)

    def upload(self, file: Path | bytes | None = None, **options: Any) -> dict[str, Any]:
        """Upload over HTTP; options are the Upload API's parameters. Lists are sent as such."""
        name = options.pop("filename", None)
        if isinstance(file, Path):
            name, content = name or file.name, file.read_bytes()
        else:
            content = picture() if file is None else file
        resource_type = options.pop("resource_type", "image")
        answer = self.request(
            "POST",
            f"/{resource_type}/upload",
            data={key: value for key, value in options.items() if value is not None},
            files={"file": (name or "photo.jpg", content)},
        )
        answer.raise_for_status()
        return dict(answer.json())

    def fill(self, count: int, *, moderation: str = "manual", prefix: str = "photo") -> list[str]:
        """Upload ``count`` different small pictures; their public IDs, in order of upload."""
        names = [f"{prefix}-{number:04}" for number in range(count)]
        for number, name in enumerate(names):
            self.upload(picture(number), public_id=name, moderation=moderation)
        return names

    def asset(self, public_id: str, resource_type: str = "image") -> dict[str, Any]:
        """The Admin API's answer about one asset."""
        from urllib.parse import quote

        answer = self.request(
            "GET", f"/resources/{resource_type}/upload/{quote(public_id, safe='')}"
        )
        answer.raise_for_status()
        return dict(answer.json())

    def decide(self, public_id: str, status: str) -> dict[str, Any]:
        """Decide as someone else would, through the Admin API."""
        from urllib.parse import quote

        answer = self.request(
            "POST",
            f"/resources/image/upload/{quote(public_id, safe='')}",
            data={"moderation_status": status},
        )
        answer.raise_for_status()
        return dict(answer.json())

    # -- what the service knows, from its database (works only while it runs)

    def status_of(self, public_id: str) -> str | None:
        """The asset's moderation status; None if there is no such asset or no moderation."""
        with self._rows() as connection:
            return connection.scalar(
                select(assets.c.moderation_status).where(
                    assets.c.public_id == public_id, assets.c.deleted_us.is_(None)
                )
            )

    def statuses(self) -> dict[str, str | None]:
        """Every live asset's moderation status by public ID."""
        with self._rows() as connection:
            rows = connection.execute(
                select(assets.c.public_id, assets.c.moderation_status).where(
                    assets.c.deleted_us.is_(None)
                )
            )
            return {public_id: status for public_id, status in rows}

    def decisions(self, public_id: str | None = None) -> list[Decision]:
        """The decision history, oldest first; also decisions that changed nothing."""
        column = decision_history.c
        names = Decision.__dataclass_fields__
        query = select(*(column[name] for name in names)).order_by(column.id)
        if public_id is not None:
            query = query.where(column.public_id == public_id)
        with self._rows() as connection:
            return [Decision(*row) for row in connection.execute(query)]

    def changes_of(self, public_id: str) -> int:
        """How many times the asset's status really changed."""
        return sum(decision.changed for decision in self.decisions(public_id))

    def notification_states(self) -> dict[str, int]:
        """How many notifications are ``waiting``, ``delivered``, ``given_up``."""
        with self._rows() as connection:
            rows = connection.execute(
                select(notifications.c.state, func.count()).group_by(notifications.c.state)
            )
            return {state: count for state, count in rows}

    @contextmanager
    def _rows(self) -> Iterator[Any]:
        assert self.service is not None, "the service is stopped"
        with self.service.ledger.read() as connection:
            yield connection


class _Announcing(Server):
    def __init__(self, app: Any, started: threading.Event) -> None:
        super().__init__(app, grace_seconds=2)
        self._announce: Callable[[], None] = started.set

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


def picture(number: int = 0, size: tuple[int, int] = (320, 240), format: str = "JPEG") -> bytes:
    """A small real picture, different for every number."""
    red, green, blue = (number * 37) % 256, (number * 91 + 60) % 256, (number * 151 + 120) % 256
    image = Image.new("RGB", size, (red, green, blue))
    step = max(8, size[0] // 20)
    image.paste((255 - red, 255 - green, 255 - blue), (step, step, size[0] // 2, size[1] // 2))
    out = BytesIO()
    image.save(out, format)
    return out.getvalue()
