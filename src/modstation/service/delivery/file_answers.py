"""A file as an HTTP answer: whole, in part, unchanged, or its head alone (RFC 9110)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from modstation.core.clock import from_us

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from starlette.requests import Request

_CHUNK = 1 << 20
#: What is not known to be harmless to show.
DOWNLOAD = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file: how many, and how to read those from one place to before another."""

    size: int
    read: Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class File:
    """What is handed out. ``open`` finds the bytes; what a client has already is never opened."""

    content_type: str
    etag: str
    modified_us: int
    open: Callable[[], Awaitable[Content]]


async def respond(request: Request, file: File, headers: Mapping[str, str]) -> Response:
    """The file as the answer to a GET or HEAD, with these headers beside those of the file."""
    told = {
        "ETag": f'"{file.etag}"',
        "Last-Modified": format_datetime(from_us(file.modified_us), usegmt=True),
        "Accept-Ranges": "bytes",
        # The content decides what a browser makes of it, and it may make nothing active of it.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        **headers,
    }
    if file.content_type == DOWNLOAD:
        told.setdefault("Content-Disposition", "attachment")
    if _unchanged(request, file):
        return Response(status_code=304, headers=told)
    content = await file.open()
    # A range of a HEAD means nothing (RFC 9110, 14.2).
    part = _range(request, file, content.size) if request.method == "GET" else None
    if part == (0, 0):
        told["Content-Range"] = f"bytes */{content.size}"
        return Response(status_code=416, headers=told)
    start, end = part or (0, content.size)
    if part is not None:
        told["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    told["Content-Length"] = str(end - start)
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=told, media_type=file.content_type)
    # The first piece now: if the bytes are gone, the answer can still say so.
    first = await run_in_threadpool(content.read, start, min(end, start + _CHUNK))
    if start + len(first) == end:
        return Response(first, status, told, media_type=file.content_type)
    body = _stream(content, first, start + len(first), end)
    return StreamingResponse(body, status, told, media_type=file.content_type)


async def _stream(content: Content, first: bytes, start: int, end: int) -> AsyncIterator[bytes]:
    yield first
    while start < end:
        chunk = await run_in_threadpool(content.read, start, min(end, start + _CHUNK))
        yield chunk
        start += len(chunk)


def _unchanged(request: Request, file: File) -> bool:
    given = request.headers.get("if-none-match")
    if given is not None:
        tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
        return "*" in tags or f'"{file.etag}"' in tags
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return file.modified_us // 1_000_000 <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False


def _range(request: Request, file: File, size: int) -> tuple[int, int] | None:
    """The part asked for, end excluded; None for the whole, (0, 0) for one that is not there.

    Several ranges are answered with the whole file, as is whatever is no range.
    """
    unit, equals, given = request.headers.get("range", "").partition("=")
    if unit.strip().lower() != "bytes" or not equals or "," in given:
        return None
    # A date is no strong validator within its second, a weak tag never: both mean the whole.
    if request.headers.get("if-range", f'"{file.etag}"').strip() != f'"{file.etag}"':
        return None
    first, dash, last = given.strip().partition("-")
    if not dash or any(part and not (part.isascii() and part.isdigit()) for part in (first, last)):
        return None
    if len(first) > 15 or len(last) > 15 or not (first or last):
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    elif last and int(last) < int(first):
        return None
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    return (start, end) if start < end else (0, 0)
