"""A service that costs nothing: answers the Admin API from templates, as slowly as it is told.

Arguments: how many pending images there are, the milliseconds an update takes, and a JPEG to
deliver for every picture. Says ``{"port": N}`` and then answers each line of standard input with
how much it has served, until that ends. Updates are answered with the status that was asked for.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

CLOUD = "bench"
FIRST_DAY = 1_750_000_000  # seconds since the epoch: the first image of the list

_ITEM = (
    '{"asset_id":"%032x","public_id":"queue/photo-%07d","format":"jpg","version":1750000000,'
    '"resource_type":"image","type":"upload","created_at":"%s","bytes":%d,"width":1280,'
    '"height":960,"asset_folder":"queue","display_name":"photo-%07d","tags":["bench"],'
    '"etag":"%032x","url":"http://127.0.0.1:%d/bench/image/upload/v1750000000/queue/photo-%07d.jpg",'
    '"secure_url":"http://127.0.0.1:%d/bench/image/upload/v1750000000/queue/photo-%07d.jpg",'
    '"moderation_status":"%s","moderation_kind":"manual",'
    '"moderation":[{"kind":"manual","status":"%s","updated_at":"2025-06-15T15:06:40Z"}]}'
)


class Server:
    """What is served, and how much of it has been."""

    def __init__(self, pending: int, update_ms: float, picture: bytes) -> None:
        self.pending = pending
        self.update_seconds = update_ms / 1000
        self.picture = picture
        self.port = 0
        self.served = {"pages": 0, "updates": 0, "readings": 0, "pictures": 0}

    def item(self, number: int, status: str) -> str:
        moment = _iso(FIRST_DAY + number)
        size = len(self.picture)
        return _ITEM % (
            *(number, number, moment, size, number, number),
            *(self.port, number, self.port, number, status, status),
        )

    async def answer(self, method: str, target: str, body: bytes) -> tuple[int, str, bytes]:
        parts = urlsplit(target)
        path = unquote(parts.path)
        if path.startswith(f"/{CLOUD}/image/upload/"):
            self.served["pictures"] += 1
            return 200, "image/jpeg", self.picture
        rest = path.removeprefix(f"/v1_1/{CLOUD}/")
        if rest == "ping":
            return _json('{"status":"ok"}')
        if rest.startswith("resources/image/moderations/"):
            return self._page(parse_qs(parts.query))
        if rest.startswith("resources/image/upload/queue/photo-"):
            number = int(rest.rpartition("-")[2])
            if method == "GET":
                self.served["readings"] += 1
                return _json(self.item(number, "pending"))
            await asyncio.sleep(self.update_seconds)
            self.served["updates"] += 1
            text = body.decode()
            fields = json.loads(text) if text.startswith("{") else parse_qs(text)
            status = fields["moderation_status"]
            return _json(self.item(number, status if isinstance(status, str) else status[0]))
        return 404, "application/json", b'{"error":{"message":"Resource not found"}}'

    def _page(self, query: dict[str, list[str]]) -> tuple[int, str, bytes]:
        first = int(query.get("next_cursor", ["0"])[0])
        last = min(first + int(query.get("max_results", ["10"])[0]), self.pending)
        items = ",".join(self.item(number, "pending") for number in range(first, last))
        more = f',"next_cursor":"{last}"' if last < self.pending else ""
        self.served["pages"] += 1
        return _json(f'{{"resources":[{items}]{more}}}')

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                method, target, _ = first.split(" ")
                fields = dict(line.lower().split(": ", 1) for line in lines if line)
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                status, kind, content = await self.answer(method, target, body)
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _iso(seconds: int) -> str:
    day, rest = divmod(seconds, 86_400)
    text = _days.get(day)
    if text is None:
        import time

        text = _days[day] = time.strftime("%Y-%m-%dT", time.gmtime(seconds))
    return f"{text}{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}Z"


_days: dict[int, str] = {}


def _json(text: str) -> tuple[int, str, bytes]:
    return 200, "application/json", text.encode()


async def serve(picture: bytes) -> None:
    pending, update_ms = int(sys.argv[1]), float(sys.argv[2])
    server = Server(pending, update_ms, picture)
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0, limit=1 << 20)
    server.port = listening.sockets[0].getsockname()[1]
    print(json.dumps({"port": server.port}), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(server.served), flush=True)
    listening.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[3]).read_bytes()))
