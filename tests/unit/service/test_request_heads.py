"""Whoever connects says what they want within a time."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService
from modstation.service.running.request_heads import HeadsInTime

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"


def read_until_closed(connection: socket.socket, *, dripping: bytes) -> bytes:
    """What comes until the other side closes, while a byte is sent now and then."""
    connection.settimeout(0.05)
    found = b""
    for _ in range(200):
        try:
            piece = connection.recv(4096)
            if not piece:
                return found
            found += piece
        except TimeoutError:
            connection.sendall(dripping)
        except ConnectionError:
            return found
    raise AssertionError("the connection stays open")


@pytest.mark.parametrize("before", [b"", WHOLE])
def test_a_head_that_never_ends_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    monkeypatch.setattr(HeadsInTime, "head_seconds", 0.5)
    with (
        LiveService(tmp_path) as live,
        socket.create_connection(("127.0.0.1", live.port)) as connection,
    ):
        connection.sendall(before + b"GET /nowhere HTTP/1.1\r\nX: ")
        answer = read_until_closed(connection, dripping=b"y")
        assert answer.count(b"HTTP/1.1 ") == (1 if before else 0)
        assert live.request("GET", "/ping").status_code == 200
