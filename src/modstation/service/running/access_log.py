"""One line of JSON for every request, and its figures for Prometheus.

A line never holds a query, a header, a body, or the signature or token in some addresses.
"""

from __future__ import annotations

import json
import logging
import re
import time
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING, Any

from modstation.core.errors import SettingsError
from modstation.service.running.metrics import REQUEST_SECONDS, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from modstation.core.clock import Clock
    from modstation.service.access.credentials import Caller

STDERR = "-"
# Of a route's variable parts, those that stand for a proof.
_SECRET_PARTS = ("signature", "token")
_SIGNATURE = re.compile(r"s--[A-Za-z0-9_-]*--")
# Escaped, it still fits into one write: workers append to the same file.
_LONGEST_PATH = 1000
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class AccessLog:
    """Writes lines to a file, which a log rotation may move away, or to stderr for ``-``.

    Raises SettingsError if the file cannot be written.
    """

    def __init__(self, where: str) -> None:
        try:
            self._handler = (
                logging.StreamHandler() if where == STDERR else WatchedFileHandler(where)
            )
        except OSError as error:
            raise SettingsError(f"The access log cannot be written: {error}") from error

    def write(self, line: dict[str, Any]) -> None:
        """Write one line."""
        # Past logging's tree: no other handler sees the line, and no level hides it.
        text = json.dumps(line, separators=(",", ":"))
        self._handler.handle(logging.makeLogRecord({"msg": text}))

    def close(self) -> None:
        """Let go of the file."""
        self._handler.close()


class Observed:
    """Measures every request that the application answers, and logs it."""

    def __init__(
        self, app: ASGIApp, routes: Iterable[Route], log: AccessLog | None, clock: Clock
    ) -> None:
        self._app = app
        self._templates: dict[object, str] = {route.endpoint: route.path for route in routes}
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # What the server answers for an application that answers nothing.
        status, size = 500, 0

        async def observe(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, observe)
        finally:
            self._note(scope, status, size, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        route = self._templates.get(scope.get("endpoint"), "none")
        # The labels come from a closed set: a stranger must not be able to make new ones.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        REQUESTS.labels(method, route, str(status)).inc()
        REQUEST_SECONDS.labels(method, route).observe(seconds)
        if self._log is None:
            return
        caller: Caller | None = scope["state"].get("caller")
        parameters = scope.get("path_params", {})
        self._log.write(
            {
                "time": self._clock.now().isoformat(timespec="milliseconds"),
                "request_id": scope["state"].get("request_id"),
                "method": scope["method"][:20],
                "route": route,
                "path": _shown(scope["path"], parameters),
                "status": status,
                "ms": round(seconds * 1000, 1),
                "bytes": size,
                "cloud": caller.cloud if caller else parameters.get("cloud"),
                "key": None if caller is None else caller.token_id or caller.api_key,
            }
        )


def _shown(path: str, parameters: dict[str, Any]) -> str:
    """The path without what signs it or opens it."""
    for name in _SECRET_PARTS:
        if part := parameters.get(name):
            path = path.replace(f"/{part}", "/…", 1)
    return _SIGNATURE.sub("s--…--", path)[:_LONGEST_PATH]
