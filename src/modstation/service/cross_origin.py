"""Pages of other sites as callers: browsers upload from a shop's page, and show it what came of it.

Every answer may be read by any page. None is given for a cookie, so nobody's rights are lent to a
page: what a call may do is in its signature, its token or its preset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_API = ("/v1_1/", "/v2/")
# What looks after the service is no business of pages.
_NOT_FOR_PAGES = frozenset({"/healthz", "/readyz", "/metrics"})
_ANYONE = (b"access-control-allow-origin", b"*")
_READABLE = (
    b"access-control-expose-headers",
    b"X-Cld-Error, X-Request-Id, "
    + b", ".join(b"X-FeatureRateLimit-" + name for name in (b"Limit", b"Remaining", b"Reset")),
)
_METHODS = "GET, HEAD, POST, PUT, DELETE"
_HEADERS = (
    "X-Requested-With, Content-Range, Content-Type, Authorization, X-Unique-Upload-Id, "
    "X-Upload-Part-Number, X-Upload-Total-Parts"
)


class CrossOrigin:
    """Lets pages of any site read the answers.

    Starlette's middleware does so only where a page asks, and an answer that a cache keeps from
    somebody else's request would then be closed to pages.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] in _NOT_FOR_PAGES:
            await self._app(scope, receive, send)
            return

        async def send_to_anyone(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = [each for each in message.get("headers", []) if each[0] != _ANYONE[0]]
                message["headers"] = [*told, _ANYONE, _READABLE]
            await send(message)

        await self._app(scope, receive, send_to_anyone)


def preflight(scope: Scope) -> Response | None:
    """The answer to a browser that asks whether a page may make a call; None for all else."""
    if scope["method"] != "OPTIONS" or not scope["path"].startswith(_API):
        return None
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": "7200",
        },
    )
