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

import threading
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx
from PIL import Image
from sqlalchemy import func, select

from helpers.fault_plan import Fault, FaultPlan, Rule, Seen
from modstation.core.clock import Clock, Ids, SystemClock, TimeOrderedIds
from modstation.service.app import application
from modstation.service.running.run import Server, bind, cloudinary_url
from modstation.service.schema import assets, decision_history, notifications
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

__all__ = ["Decision", "Fault", "FaultPlan", "LiveService", "Rule", "Seen", "picture"]


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
        # Receivers and web sites of tests are on loopback, which callers may not name otherwise.
        settings.setdefault("allow_networks", ("127.0.0.0/8",))
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

    def __enter__(self) -> Self:
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
        # ``verify``: building a TLS context takes 30 ms and nothing here speaks TLS.
        with httpx.Client(
            auth=(self.key, self.secret), trust_env=False, timeout=30, verify=False
        ) as client:
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

    def without_extension(self) -> None:
        """From now on like Cloudinary: nothing under ``/modstation/``, one update a request."""
        self.faults.add(Fault.REPLACE, path="/modstation/", times=None, status=404, body=b"{}")

    def fill(self, count: int, *, moderation: str = "manual", prefix: str = "photo") -> list[str]:
        """Upload ``count`` different small pictures; their public IDs, in order of upload."""
        names = [f"{prefix}-{number:04}" for number in range(count)]
        for number, name in enumerate(names):
            self.upload(picture(number), public_id=name, moderation=moderation)
        return names

    def asset(self, public_id: str, resource_type: str = "image") -> dict[str, Any]:
        """The Admin API's answer about one asset."""
        answer = self.request(
            "GET", f"/resources/{resource_type}/upload/{quote(public_id, safe='')}"
        )
        answer.raise_for_status()
        return dict(answer.json())

    def decide(self, public_id: str, status: str) -> dict[str, Any]:
        """Decide as someone else would, through the Admin API."""
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
            return dict(rows.all())

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
            return dict(rows.all())

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


def picture(number: int = 0, size: tuple[int, int] = (320, 240), kind: str = "JPEG") -> bytes:
    """A small real picture, different for every number."""
    red, green, blue = (number * 37) % 256, (number * 91 + 60) % 256, (number * 151 + 120) % 256
    image = Image.new("RGB", size, (red, green, blue))
    step = max(8, size[0] // 20)
    image.paste((255 - red, 255 - green, 255 - blue), (step, step, size[0] // 2, size[1] // 2))
    out = BytesIO()
    image.save(out, kind)
    return out.getvalue()
