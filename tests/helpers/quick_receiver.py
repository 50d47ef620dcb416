"""A receiver of notifications for ten thousand of them: one thread, connections kept open."""

from __future__ import annotations

import asyncio
import threading
from typing import Self

from helpers.receiver import Received

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class QuickReceiver:
    """Answers 200 to every POST and keeps what came, until closed; ``bodies`` each once."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.bodies: dict[bytes, None] = {}
        self._arrived = threading.Condition()
        self._wanted = 0
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        started = threading.Event()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._serve(started),), name="receiver"
        )
        self._thread.start()
        started.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    def wait_for(self, count: int, seconds: float) -> None:
        """Return once that many different ones have come; fails after ``seconds``."""
        with self._arrived:
            self._wanted = count
            came = self._arrived.wait_for(lambda: len(self.bodies) >= count, seconds)
        assert came, f"{len(self.bodies)} of {count} notifications came"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    async def _serve(self, started: threading.Event) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        started.set()
        await self._closing.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                names = dict(line.lower().split(": ", 1) for line in head[1:-2])
                body = await reader.readexactly(int(names["content-length"]))
                self._take(
                    Received(
                        body, names["x-cld-timestamp"], names["x-cld-signature"], head[0].split()[1]
                    )
                )
                writer.write(_ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            # The sender hung up or was killed in the middle, or this is being closed.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def _take(self, note: Received) -> None:
        self.received.append(note)
        self.bodies[note.body] = None
        if len(self.bodies) >= self._wanted:
            with self._arrived:
                self._arrived.notify_all()
