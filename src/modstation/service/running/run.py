"""``modstation serve``: a service on one port until it is told to stop."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from typing import IO, TYPE_CHECKING

import uvicorn

from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.errors import SettingsError
from modstation.service.app import create_app
from modstation.service.running.open_files import allow_open_files
from modstation.service.running.request_heads import HeadsInTime

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import ASGIApp

    from modstation.service.access.api_keys import ApiKey
    from modstation.service.settings import ServiceSettings

GRACE_SECONDS = 10


def serve(settings: ServiceSettings, out: IO[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 0 after an orderly end, 1 if a background part failed.

    Prints the ``CLOUDINARY_URL`` to use, and ``ready`` once requests are accepted. Raises
    SettingsError if the port is taken or a setting cannot work.
    """
    out = sys.stdout if out is None else out
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        server.should_exit = True

    allow_open_files()
    with bind(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
        app = create_app(settings, clock=SystemClock(), ids=TimeOrderedIds(), on_failure=fail)
        address = cloudinary_url(app.service.owner, settings.host, port)
        print(f"CLOUDINARY_URL={address}", file=out, flush=True)  # the CLI's output
        server = Server(app, lambda: print("ready", file=out, flush=True))  # the CLI's output
        stop_in_order()
        server.run(sockets=[listener])
    return 1 if failed.is_set() else 0


class Server(uvicorn.Server):
    """uvicorn, set up for this service; calls ``ready`` once it accepts requests.

    Requests in hand have ``grace_seconds`` to finish when it is told to stop.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], object] = lambda: None,
        *,
        grace_seconds: int = GRACE_SECONDS,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=HeadsInTime,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=grace_seconds,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises SettingsError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: asyncio turns Nagle's delay off only on sockets that say they are
    # TCP, and with it every answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(f"Cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def cloudinary_url(owner: ApiKey, host: str, port: int) -> str:
    """What a Cloudinary SDK is configured with to use this service."""
    # A service that listens everywhere is reached on this machine by the loopback address.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    host = f"[{host}]" if ":" in host else host
    return (
        f"cloudinary://{owner.api_key}:{owner.secret}@{owner.cloud}"
        f"?upload_prefix=http://{host}:{port}"
    )


def stop_in_order() -> None:
    """Let SIGTERM and SIGINT end the server and not the process."""
    # uvicorn raises the signal again after it has stopped; without a handler of our own that
    # would end an orderly stop as a kill.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopped)


def _stopped(_number: int, _frame: FrameType | None) -> None:
    """Nothing: the server has stopped already."""
