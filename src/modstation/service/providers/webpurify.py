"""``webpurify``: WebPurify's people decide on images, through its REST API.

A picture is handed in by its address and a name of ours, so that an attempt that was cut short
is found again and not paid for twice. The decision is always read from WebPurify itself: whoever
knows a callback's address could send one.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from modstation.service.moderation.states import APPROVED, REJECTED
from modstation.service.providers.asking import Answer, Away, NeverSeen, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.service.providers.asking import Address

log = logging.getLogger(__name__)

ENDPOINT = "https://im-api1.webpurify.com/services/rest/"
# ``flagged`` is a match with a list of known abuse: nobody here is to look at it either.
_VERDICTS = {"approved": APPROVED, "declined": REJECTED, "flagged": REJECTED}
_FLAGGED = "Matched a list of known abuse. Do not open it; follow your escalation procedure."
_NO_SUCH_IMAGE = "105"
_NOT_AN_ADDRESS = "103"
_XML_ERROR = re.compile(r'<err\s+code="(\d{1,6})"(?:\s+msg="([^"]{0,200})")?')


@dataclass(frozen=True, slots=True)
class WebPurifyAccount:
    """Whose account it is; ``sandbox`` decides without people. The key stays out of every repr."""

    key: str = field(repr=False)
    endpoint: str = ENDPOINT
    sandbox: bool = False
    look_seconds: float = 60.0
    timeout: float = 15.0


class WebPurify:
    """WebPurify's image moderation; ``close`` it when done."""

    def __init__(self, account: WebPurifyAccount) -> None:
        self._account = account
        self._mode = "sandbox" if account.sandbox else "live"
        self._client = httpx.Client(
            timeout=account.timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "modstation"},
        )
        self.look_seconds = account.look_seconds

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def hand_in(self, address: Address) -> str:
        """Submit a picture; WebPurify's ``imgid``."""
        said = self._call(
            "imgcheck",
            imgurl=address.picture,
            customimgid=address.reference,
            callback=address.callback,
        )
        return _ticket(said)

    def find(self, address: Address) -> str:
        """The ``imgid`` of what was handed in under our reference."""
        return _ticket(self._call("imgstatus", customimgid=address.reference))

    def look(self, ticket: str) -> Answer | None:
        """The decision, or None while it is ``pending``."""
        status = self._call("imgstatus", imgid=ticket).get("status")
        if status not in _VERDICTS:
            if status != "pending":
                log.warning("WebPurify says of an image: %.40r", status)
            return None
        verdict = _VERDICTS[str(status)]
        return Answer(verdict, verdict, _FLAGGED if status == "flagged" else None)

    def _call(self, operation: str, **parameters: str) -> Mapping[str, Any]:
        form = {
            "method": f"webpurify.{self._mode}.{operation}",
            "api_key": self._account.key,
            "format": "json",
            **parameters,
        }
        try:
            # A body and not a query: the key must not stand in anybody's access log.
            answer = self._client.post(self._account.endpoint, data=form)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Away(type(error).__name__) from error
        if answer.status_code != 200:
            raise Away(f"HTTP {answer.status_code}")
        return _said(answer.text)


def _said(text: str) -> Mapping[str, Any]:
    """What an answer holds; raises NeverSeen, Refused or Away for the errors it may tell."""
    # Errors may come as XML although JSON was asked for.
    if found := _XML_ERROR.search(text):
        raise _fault(found[1], found[2] or "")
    try:
        said = msgspec.json.decode(text, type=dict[str, dict[str, Any]])["rsp"]
    except (msgspec.MsgspecError, KeyError) as error:
        raise Away("its answer cannot be read") from error
    fault = said.get("err")
    if fault is not None:
        told = fault.get("@attributes", {}) if isinstance(fault, dict) else {}
        raise _fault(str(told.get("code", "")), str(told.get("msg", "")))
    return said


def _fault(code: str, message: str) -> Exception:
    if code == _NO_SUCH_IMAGE:
        return NeverSeen(message)
    if code == _NOT_AN_ADDRESS:
        return Refused(message)
    # A wrong key or an empty licence can be set right while the picture waits.
    return Away(f"error {code}: {message[:80]}")


def _ticket(said: Mapping[str, Any]) -> str:
    ticket = said.get("imgid")
    if not isinstance(ticket, str) or not ticket:
        raise Away("its answer names no image")
    return ticket
