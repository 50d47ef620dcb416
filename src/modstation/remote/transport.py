"""The way to the network: one connection pool, and a deadline that covers a whole exchange.

A time-out per read is no bound: a server that sends one byte every few seconds never exceeds it.
So every socket operation is given what is left of the exchange's deadline.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from modstation.core.accounts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# 8 posts, 3 pictures, a listing, and room for a connection that is being closed.
CONNECTIONS = 16
KEEPALIVE_SECONDS = 30.0

_local = threading.local()


# How late a read notices that it is to be given up.
GIVE_UP_SECONDS = 0.25


@contextlib.contextmanager
def deadline(seconds: float, give_up: threading.Event | None = None) -> Iterator[None]:
    """Let every socket operation of this thread end ``seconds`` from now at the latest.

    Reads also end, as if they had timed out, when ``give_up`` is set.
    """
    _local.end = time.monotonic() + seconds
    _local.give_up = give_up
    try:
        yield
    finally:
        _local.end = _local.give_up = None


def remaining(timeout: float | None) -> float | None:
    """The smaller of ``timeout`` and what is left of this thread's deadline (at least 1 ms)."""
    end: float | None = getattr(_local, "end", None)
    if end is None:
        return timeout
    left = max(end - time.monotonic(), 0.001)
    return left if timeout is None else min(timeout, left)


def expired() -> bool:
    """This thread's deadline is over."""
    end: float | None = getattr(_local, "end", None)
    return end is not None and time.monotonic() >= end


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        give_up: threading.Event | None = getattr(_local, "give_up", None)
        until = time.monotonic() + (3600.0 if timeout is None else timeout)
        while not expired() and time.monotonic() < until:
            left = remaining(until - time.monotonic())
            if give_up is None:
                return self._inner.read(max_bytes, left)
            if give_up.is_set():
                break
            with contextlib.suppress(httpcore.ReadTimeout):
                return self._inner.read(max_bytes, min(left or 0.0, GIVE_UP_SECONDS))
        raise httpcore.ReadTimeout

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if expired():
            raise httpcore.WriteTimeout
        self._inner.write(buffer, remaining(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _DeadlineStream(
            self._inner.start_tls(ssl_context, server_hostname, remaining(timeout))
        )

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _DeadlineBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _DeadlineStream(
            self._inner.connect_tcp(
                host, port, remaining(timeout), local_address, socket_options or ()
            )
        )


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class DeadlineTransport(httpx.BaseTransport):
    """httpcore's pool under ``deadline``; the target goes over the wire byte for byte.

    Raises httpcore's exceptions; ``translation`` knows them.
    """

    def __init__(self, origin: str) -> None:
        context = _ssl_context() if urlsplit(origin).scheme == "https" else None
        self._direct = _pool(context, proxy=None)
        proxy = _proxy_for(origin)
        self._pool = self._direct if proxy is None else _pool(context, proxy=proxy)
        self._tls_later = context is None
        self._making_tls = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return the answer with its body unread."""
        if self._tls_later and request.url.scheme == "https":
            self._make_tls()
        pool = self._direct if is_loopback(request.url.host) else self._pool
        assert isinstance(request.stream, httpx.SyncByteStream)
        answer = pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert not isinstance(answer.stream, bytes)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),  # type: ignore[arg-type]  # the sync half of a union
            extensions=answer.extensions,
        )

    def _make_tls(self) -> None:
        # A service on this machine may deliver from elsewhere; only then are the company's
        # certificates needed (45 ms to load). By the first of three threads that fetch: a pool
        # that is replaced while another uses it would never be closed.
        with self._making_tls:
            if self._tls_later:
                self._pool = _pool(_ssl_context(), proxy=None)
                self._tls_later = False

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
        self._direct.close()


def _ssl_context() -> ssl.SSLContext:
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _pool(
    context: ssl.SSLContext | None, *, proxy: httpcore.Proxy | None
) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(
        ssl_context=context,
        proxy=proxy,
        max_connections=CONNECTIONS,
        max_keepalive_connections=CONNECTIONS,
        keepalive_expiry=KEEPALIVE_SECONDS,
        http1=True,
        http2=False,
        network_backend=_DeadlineBackend(),
    )


def _proxy_for(origin: str) -> httpcore.Proxy | None:
    """The proxy the environment names for ``origin``; never one for this machine."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    address = getproxies().get(parts.scheme)
    if not address:
        return None
    proxy = urlsplit(address if "://" in address else f"http://{address}")
    if proxy.scheme not in {"http", "https"} or not proxy.hostname:
        return None
    port = proxy.port or (443 if proxy.scheme == "https" else 80)
    auth = (proxy.username or "", proxy.password or "") if proxy.username else None
    return httpcore.Proxy(f"{proxy.scheme}://{proxy.hostname}:{port}", auth=auth)
