"""The one boundary where library faults and status codes become ``RemoteError``.

Nothing below raises httpx or httpcore errors past this module, nothing above knows them.
One meaning per answer:

    nothing was sent (refused, no name, no TLS, proxy said no)  -> Unreachable
    sent, and no whole answer, 3xx, other 2xx, 5xx, 408, HTML   -> Unknown
    401, 403 in the service's own words                         -> NotAuthorized, otherwise Unknown
    404 in the service's own words                              -> AssetGone, otherwise Unknown
    420, 429                                                    -> Throttled until its hour is over
    every other 4xx                                             -> Refused
"""

from __future__ import annotations

import contextlib
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpcore
import httpx

from modstation.core.errors import (
    AssetGone,
    NotAuthorized,
    Refused,
    RemoteError,
    Throttled,
    Unknown,
    Unreachable,
)
from modstation.core.language import later
from modstation.core.pacing import Quota

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The quota is an hourly one: an answer that names a later end is mistaken or hostile.
LONGEST_WAIT = timedelta(hours=2)
# An end that has passed by our clock must not make us ask again at once.
SHORTEST_WAIT = timedelta(seconds=5)
_LONGEST_TEXT = 300
_TRY_AGAIN = re.compile(r"Try again on (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
# Error texts repeat signatures ("Invalid Signature <hex>"); these must not reach a log.
_LONG_HEX = re.compile(r"[0-9a-fA-F]{32,}")

_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
_PERHAPS_SENT = (
    httpx.HTTPError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the HTTP libraries' errors into ours; everything else passes."""
    try:
        yield
    except _NOTHING_SENT as error:
        raise Unreachable(
            later("Translation", "The service cannot be reached ({reason}).").format(
                reason=_reason(error)
            )
        ) from error
    except _PERHAPS_SENT as error:
        raise Unknown(
            later("Translation", "The connection broke before the answer ({reason}).").format(
                reason=_reason(error)
            )
        ) from error


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return clean_text(text)


def clean_text(text: str) -> str:
    """A text from outside made fit for a log and a status line."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return _LONG_HEX.sub("…", printable)[:_LONGEST_TEXT].strip()


def error_text(headers: Mapping[str, str], body: bytes) -> str | None:
    """What the service itself says went wrong, or None if it is somebody else who speaks.

    Its own words are ``{"error": {"message": …}}`` or the header ``X-Cld-Error``.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        error = document.get("error")
        if isinstance(error, dict) and isinstance(error.get("message"), str):
            return clean_text(error["message"])
        if isinstance(error, str):
            return clean_text(error)
    header = headers.get("x-cld-error")
    return clean_text(header) if header else None


def error_for(
    status: int, headers: Mapping[str, str], body: bytes, *, now: datetime, asset: bool
) -> RemoteError:
    """The error that an answer other than 200 means; ``asset``: one asset was asked for."""
    said = error_text(headers, body)
    request_id = headers.get("x-request-id")
    words = (
        later("Translation", "The service says: {said}").format(said=said)
        if said
        else later("Translation", "The service answered {status}.").format(status=str(status))
    )
    if status in {401, 403}:
        if said is None:
            # A firewall or a proxy dislikes this one request; the key may be as good as ever.
            return Unknown(words, http_status=status, request_id=request_id)
        return NotAuthorized(words, http_status=status, request_id=request_id)
    if status == 404:
        if said is None:
            # A page of a proxy or of another program, not a word about the asset.
            return Unknown(words, http_status=status, request_id=request_id)
        gone = AssetGone if asset else Refused
        return gone(words, http_status=status, request_id=request_id)
    if status == 407:
        return Unreachable(
            later("Translation", "The proxy wants a name and a password."), http_status=status
        )
    if status in {420, 429}:
        return Throttled(
            words,
            http_status=status,
            request_id=request_id,
            retry_at=_retry_at(headers, said or "", now=now),
        )
    if 400 <= status < 500 and status != 408:
        return Refused(words, http_status=status, request_id=request_id)
    return Unknown(words, http_status=status, request_id=request_id)


def quota_of(headers: Mapping[str, str], *, now: datetime) -> Quota | None:
    """The quota an answer's headers tell, or None if they do not.

    The end of the hour is corrected by the difference between our clock and the answer's
    ``Date``, and never lies further away than ``LONGEST_WAIT``.
    """
    try:
        limit = int(headers["x-featureratelimit-limit"])
        left = int(headers["x-featureratelimit-remaining"])
    except (KeyError, ValueError):
        return None
    reset = _our_time(headers.get("x-featureratelimit-reset"), headers, now=now)
    if reset is None or limit < 0:
        return None
    return Quota(limit, max(0, min(left, limit)), min(reset, now + LONGEST_WAIT))


def _retry_at(headers: Mapping[str, str], said: str, *, now: datetime) -> datetime | None:
    moments: list[datetime] = []
    after = headers.get("retry-after", "").strip()
    if after.isascii() and after.isdigit():
        moments.append(now + timedelta(seconds=min(int(after[:9]), 86_400)))
    for text in (after, headers.get("x-featureratelimit-reset")):
        moment = _our_time(text, headers, now=now)
        if moment is not None:
            moments.append(moment)
    found = _TRY_AGAIN.search(said)
    if found and not moments:
        with contextlib.suppress(ValueError):
            moments.append(datetime.fromisoformat(found[1]).replace(tzinfo=UTC))
    if not moments:
        return None
    return min(max(*moments, now + SHORTEST_WAIT), now + LONGEST_WAIT)


def _our_time(text: str | None, headers: Mapping[str, str], *, now: datetime) -> datetime | None:
    moment = _http_date(text)
    if moment is None:
        return None
    served = _http_date(headers.get("date"))
    return moment if served is None else now + (moment - served)


def _http_date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)
