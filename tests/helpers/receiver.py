"""A site's end of notifications: takes POSTs, keeps the exact bytes, answers as told."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Received:
    """One notification as it arrived."""

    body: bytes
    timestamp: str
    signature: str
    path: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Receiver:
    """Listens until closed, on a free port unless told one.

    ``answers`` are the statuses of the next requests, then 200.
    """

    def __init__(self, answers: list[int] | None = None, port: int = 0) -> None:
        self.answers = answers or []
        #: Where a 3xx answer points to.
        self.location: str | None = None
        #: Paths whose callers get no answer until this is closed.
        self.silent_paths: set[str] = set()
        #: Whether an answer's body never ends.
        self.endless = False
        self.received: list[Received] = []
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    # The sender was killed in the middle: nothing arrived.
                    return
                note = Received(
                    body,
                    self.headers["X-Cld-Timestamp"],
                    self.headers["X-Cld-Signature"],
                    self.path,
                )
                if self.path in receiver.silent_paths:
                    receiver._closing.wait(30)
                    return
                self.send_response(receiver._take(note))
                if receiver.location is not None:
                    self.send_header("Location", receiver.location)
                if not receiver.endless:
                    self.send_header("Content-Length", "0")
                self.end_headers()
                while receiver.endless and not receiver._closing.wait(0.01):
                    try:
                        self.wfile.write(b"x" * 65536)
                    except OSError:  # the caller has hung up
                        return

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def wait_for(self, count: int, seconds: float = 10) -> list[Received]:
        """The notifications, once there are ``count``; fails after ``seconds``."""
        assert self.has(count, seconds), f"{len(self.received)} of {count} notifications came"
        return list(self.received)

    def has(self, count: int, seconds: float) -> bool:
        """Whether there are ``count`` notifications within ``seconds``."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.received) >= count, seconds)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _take(self, note: Received) -> int:
        with self._arrived:
            self.received.append(note)
            self._arrived.notify_all()
            return self.answers.pop(0) if self.answers else 200
