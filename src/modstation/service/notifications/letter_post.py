"""One letter to one receiver over HTTP: signed, bounded in time, never to a forbidden address.

Redirects are not followed and answers' bodies not read: a receiver has no say in where the
service connects to or what it holds in memory. Names are resolved without a thread, so that a
thousand of them which nobody answers for hold up nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

import aiohttp
import truststore
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import AsyncResolver
from yarl import URL

from modstation.service.outside.address_guard import AddressRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.service.outside.address_guard import AddressGuard

# A connection that is kept longer is likely to be closed by the receiver just when it is used.
_KEEPALIVE_SECONDS = 4.0
_NO_ADDRESS = "the address cannot be used"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said: an HTTP status, or in words why there is none.

    ``refused``: the service itself will not send there, now or later.
    """

    status: int | None
    error: str | None = None
    refused: bool = False


class LetterPost:
    """An HTTP client for many receivers at once; used and closed in the event loop it began in."""

    def __init__(self, guard: AddressGuard, timeout: float) -> None:
        self._guard = guard
        self._timeout = timeout
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                # The sender bounds what is in flight; a limit here would make one wait for another.
                limit=0,
                resolver=_GuardedResolver(guard),
                ssl=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                keepalive_timeout=_KEEPALIVE_SECONDS,
            ),
            # Where nobody is, half the time is enough to find out.
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=timeout / 2),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "modstation"},
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Let go of every connection."""
        await self._session.close()

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST the body and wait for a status; whatever goes wrong is said in words."""
        try:
            return await self._send(URL(url), body, headers)
        except AddressRefused as error:
            return Answer(None, str(error), refused=True)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Answer(
                None, self._in_words(error), refused=isinstance(error, aiohttp.InvalidURL)
            )
        except ValueError:
            return Answer(None, _NO_ADDRESS, refused=True)

    async def _send(self, url: URL, body: bytes, headers: Mapping[str, str]) -> Answer:
        if url.host is not None and _is_address(url.host):
            # The connector asks a resolver for names only.
            self._guard.check(url.host, [url.host])
        try:
            return await self._post(url, body, headers)
        except aiohttp.ServerDisconnectedError:
            # The receiver let go of a kept connection as it was used again. At least once means
            # that this may be said twice.
            return await self._post(url, body, headers)

    async def _post(self, url: URL, body: bytes, headers: Mapping[str, str]) -> Answer:
        async with self._session.post(
            url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            return Answer(answer.status)

    def _in_words(self, error: Exception) -> str:
        match error:
            case asyncio.TimeoutError():
                return f"no answer within {self._timeout:g} seconds"
            case aiohttp.ClientConnectorDNSError():
                return "no such host"
            case aiohttp.ClientConnectorCertificateError():
                return "the certificate is not trusted"
            case aiohttp.ClientSSLError():
                return "no secure connection could be made"
            case aiohttp.ClientConnectorError():
                return f"no connection: {os.strerror(error.os_error.errno or 0).lower()}"
            case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
                return "the connection ended before an answer"
            case aiohttp.InvalidURL():
                return _NO_ADDRESS
            case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
                return "the answer was not HTTP"
        return f"not sent: {type(error).__name__}"


class _GuardedResolver(AbstractResolver):
    """Addresses that may be connected to; what is checked here is what is connected to."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._inner = AsyncResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The host's addresses; raises AddressRefused, OSError if there are none."""
        found = await self._inner.resolve(host, port, family)
        self._guard.check(host, [each["host"] for each in found])
        return found

    async def close(self) -> None:
        """Let go of the name servers."""
        await self._inner.close()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
