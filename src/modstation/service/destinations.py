"""Where notifications can go: the addresses that callers and accounts name (reference 2.3, 4)."""

from __future__ import annotations

from urllib.parse import urlsplit

from modstation.service.faults import BadRequest

#: Receivers of one event in all: the call's own and the account's (reference 2.3).
MOST_URLS = 30
_LONGEST_URL = 2000


def check_url(url: str | None, name: str = "notification_url") -> str | None:
    """A receiver's address, or None; raises BadRequest for one nothing can be sent to.

    Whether the host may be reached is asked when it is sent to: names change their addresses.
    """
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(url) > _LONGEST_URL:
        raise BadRequest(f"Invalid value for parameter {name}")
    return url


def lane_of(url: str) -> str:
    """The host and port a URL is sent to, without any password: what is dead or slow together."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()
