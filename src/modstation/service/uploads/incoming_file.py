"""Where an uploaded file comes from: a part of the request, text in it, or an address.

(reference 2.1)
"""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING

from modstation.service.faults import BadRequest
from modstation.service.uploads.remote_file import check_remote, fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modstation.service.calls import Call
    from modstation.service.service import Service

_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*);base64,", re.IGNORECASE)
_ADDRESS = re.compile(r"(https?|ftp|s3|gs):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """What was uploaded: content open for reading, its name if it had one."""

    content: IO[bytes]
    name: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file is: in ``file``, or still at the address ``remote``."""

    file: IncomingFile | None = None
    remote: str | None = None


def source_of(call: Call) -> Source:
    """Where the file of an upload is; raises BadRequest if there is none or it cannot be read."""
    upload = call.parameters.file
    text: object
    if upload is None:
        text = call.parameters.raw("file")
    elif upload.filename is not None:
        if not upload.size:
            raise BadRequest("Empty file")
        return Source(IncomingFile(upload.file, upload.filename))
    else:
        # The whole call may be made again (retrying.py).
        upload.file.seek(0)
        most = call.service.settings.text_bytes
        if (upload.size or 0) > most:
            raise BadRequest(f"File size too large. Got {upload.size}. Maximum is {most}.")
        text = upload.file.read().decode("utf-8", "replace")
    if text is None or text == "":
        raise BadRequest("Missing required parameter - file")
    if not isinstance(text, str):
        raise BadRequest("Invalid value for parameter file")
    if scheme := _ADDRESS.match(text):
        if scheme[1].lower() not in ("http", "https"):
            raise BadRequest(
                f"Unsupported source URL: {scheme[1].lower()} addresses are not fetched by this "
                "service, http and https are"
            )
        check_remote(call.service.guard, text.strip())
        return Source(remote=text.strip())
    return Source(IncomingFile(BytesIO(_decoded(text)), None))


@contextmanager
def opened(
    service: Service,
    source: Source,
    most_bytes: int,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[IncomingFile]:
    """The file, fetched if need be; raises BadRequest if it cannot be, GivenUp when stopping."""
    if source.remote is None:
        assert source.file is not None
        yield source.file
        return
    with fetched(
        service.guard,
        source.remote,
        most_bytes=most_bytes,
        seconds=service.settings.fetch_seconds,
        stopping=stopping,
    ) as (content, name):
        yield IncomingFile(content, name)


def _decoded(text: str) -> bytes:
    match = _DATA_URI.match(text)
    if match is None:
        raise BadRequest("Invalid value for parameter file")
    try:
        content = base64.b64decode(re.sub(r"\s+", "", text[match.end() :]), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("Invalid value for parameter file: not base64") from error
    if not content:
        raise BadRequest("Empty file")
    return content
