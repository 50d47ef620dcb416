"""Where notifications can go: the addresses that callers and accounts name (reference 2.3, 4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modstation.service.faults import BadRequest
from modstation.service.outside.address_guard import AddressRefused

if TYPE_CHECKING:
    from modstation.service.outside.address_guard import AddressGuard

#: Receivers of one event in all: the call's own and the account's (reference 2.3).
MOST_URLS = 30
POLL = "poll"
_LONGEST_URL = 2000
_LONGEST_HOST = 300
_ANY_BATCH = "poll://*"
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_LONGEST_BATCH = 255


def check_url(
    guard: AddressGuard | None, url: str | None, name: str = "notification_url"
) -> str | None:
    """A receiver's address, or None; raises BadRequest for one nothing can be sent to.

    Whether a host with a name may be reached is asked when it is sent to: names change their
    addresses. Without a guard it is asked then in any case.
    """
    if url is None:
        return None
    if is_poll(url):
        if url != _ANY_BATCH:
            address_of_channel(url.removeprefix("poll://"), name)
        return url
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and len(parts.hostname.encode()) <= _LONGEST_HOST
            and parts.port != 0
        )
    except ValueError:
        usable = False
    # Bytes, not letters: both stand in indexes, which have a limit on PostgreSQL.
    if not usable or len(url.encode()) > _LONGEST_URL:
        raise BadRequest(f"Invalid value for parameter {name}")
    try:
        if guard is not None:
            guard.check_written(parts.hostname or "")
    except AddressRefused as error:
        raise BadRequest(f"Invalid value for parameter {name}: {error}") from error
    return url


def lane_of(url: str) -> str:
    """The host and port a URL is sent to, without any password: what is dead or slow together."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def is_poll(url: str) -> bool:
    """Whether letters to it wait in the pull buffer for whoever comes for them (reference 4.3)."""
    return url.startswith("poll://")


def address_in_buffer(url: str, batch_id: str | None) -> str | None:
    """Where in the buffer a ``poll://`` letter goes; None if nobody could come for it."""
    if url != _ANY_BATCH:
        return address_of_channel(url.removeprefix("poll://"))
    return None if batch_id is None else address_of_batch(batch_id)


def address_of_channel(channel: str, name: str = "channel") -> str:
    """A named channel's place in the buffer; raises BadRequest for what is no name."""
    if not _CHANNEL.fullmatch(channel):
        raise BadRequest(f"Invalid value {channel[:80]} for parameter {name}")
    return f"channel:{channel}"


def address_of_batch(batch_id: str) -> str:
    """A batch's place in the buffer; raises BadRequest for an identifier that is too long."""
    return f"batch:{check_batch(batch_id)}"


def check_batch(batch_id: str | None) -> str | None:
    """The identifier of a batch, or None; raises BadRequest for one that is too long."""
    if batch_id is not None and len(batch_id) > _LONGEST_BATCH:
        raise BadRequest("Invalid value for parameter batch_id")
    return batch_id
