"""A loopback server that shows the very bytes a client sends and answers with given ones."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Self


def answer(body: bytes = b"{}", *, status: str = "200 OK", headers: str = "") -> bytes:
    """A plain answer with its length."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    return head.encode() + body


@dataclass(slots=True)
class RawServer:
    """Answers the n-th connection with the n-th answer (the last one again and again).

    ``drip``: seconds between two bytes of the answer. The connection is closed after each.
    """

    answers: list[bytes] = field(default_factory=lambda: [answer()])
    drip: float = 0.0
    requests: list[bytes] = field(default_factory=list)
    _listener: socket.socket = field(init=False)
    _thread: threading.Thread = field(init=False)
    _closing: bool = False

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="raw-server")
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def lines(self) -> list[str]:
        """The request lines that came."""
        return [request.split(b"\r\n", 1)[0].decode("latin-1") for request in self.requests]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._closing = True
        with socket.create_connection(self._listener.getsockname(), 5):
            pass
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self._closing:
                    return
                connection.settimeout(5)
                try:
                    self.requests.append(_read_request(connection))
                    number = min(len(self.requests), len(self.answers)) - 1
                    self._send(connection, self.answers[number])
                except OSError:
                    continue  # the client had enough

    def _send(self, connection: socket.socket, content: bytes) -> None:
        if not self.drip:
            connection.sendall(content)
            return
        for position in range(len(content)):
            if self._closing:
                return
            connection.sendall(content[position : position + 1])
            time.sleep(self.drip)


def _read_request(connection: socket.socket) -> bytes:
    content = b""
    while b"\r\n\r\n" not in content:
        part = connection.recv(65536)
        if not part:
            return content
        content += part
    head, _, body = content.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
