"""Where an uploaded file comes from: a part of the request, or text in it (reference 2.1)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING

from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from modstation.service.calls import Call

_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*);base64,", re.IGNORECASE)
_REMOTE = re.compile(r"(https?|ftp|s3|gs):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """What was uploaded: content open for reading, its name if it had one."""

    content: IO[bytes]
    name: str | None


def refuse_parts(call: Call) -> None:
    """A part of a file must not be taken for the file; one part that is all of it may be."""
    headers = call.request.headers
    given = headers.get("content-range")
    part = re.fullmatch(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})", given or "bytes 0-0/1")
    whole = part is not None and part[1] == "0" and int(part[2]) + 1 == int(part[3])
    if not whole or headers.get("x-upload-total-parts", "1") != "1":
        raise BadRequest("Uploading in parts is not supported by this service")


def incoming_file(call: Call) -> IncomingFile:
    """The file of an upload; raises BadRequest if there is none, or none that can be read."""
    upload = call.parameters.file
    text: object
    if upload is None:
        text = call.parameters.raw("file")
    elif upload.filename is not None:
        if not upload.size:
            raise BadRequest("Empty file")
        return IncomingFile(upload.file, upload.filename)
    else:
        most = call.service.settings.text_bytes
        if (upload.size or 0) > most:
            raise BadRequest(f"File size too large. Got {upload.size}. Maximum is {most}.")
        text = upload.file.read().decode("utf-8", "replace")
    if text is None or text == "":
        raise BadRequest("Missing required parameter - file")
    if not isinstance(text, str):
        raise BadRequest("Invalid value for parameter file")
    if _REMOTE.match(text):
        raise BadRequest("Fetching a remote file is not supported by this service")
    match = _DATA_URI.match(text)
    if match is None:
        raise BadRequest("Invalid value for parameter file")
    try:
        content = base64.b64decode(re.sub(r"\s+", "", text[match.end() :]), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("Invalid value for parameter file: not base64") from error
    if not content:
        raise BadRequest("Empty file")
    return IncomingFile(BytesIO(content), None)
