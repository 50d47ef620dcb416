"""Places in lists as the text a caller gives back for the next page."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, TypeVar

import msgspec

from modstation.service.faults import BadRequest
from modstation.service.wire import clean

_T = TypeVar("_T", bound=tuple[Any, ...])
Place = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]


def write_cursor(*position: str | int) -> str:
    """A place in a list as text; the first part names the list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read_cursor(cursor: str, listed: str, shape: type[_T]) -> _T:
    """The position a cursor names; one made for another list is refused."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position: _T = msgspec.json.decode(text, type=shape)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise BadRequest("Invalid value for next_cursor") from error
    if position[0] != listed:
        raise BadRequest("Invalid value for next_cursor")
    for part in position:
        if isinstance(part, str):
            clean(part, "next_cursor")
    return position
