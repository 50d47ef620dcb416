"""Uploading a picture, signed as the official SDKs sign it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Self

import httpx

from modstation.core.clock import Clock, SystemClock
from modstation.core.errors import Unknown
from modstation.core.language import later
from modstation.remote.addresses import Addresses
from modstation.remote.client import TIMEOUTS, USER_AGENT
from modstation.remote.exchange import MIB, Bounds, perform, same_target
from modstation.remote.parsing import parse_asset, parse_object
from modstation.remote.translation import error_for
from modstation.remote.transport import DeadlineTransport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.core.accounts import Credentials
    from modstation.core.assets import Asset

UPLOAD = Bounds(4 * MIB, 120.0)


def sign(parameters: Mapping[str, str], secret: str) -> str:
    """The signature of an upload's parameters: version 2, SHA-1, hex (reference §1.3)."""
    pairs = (f"{name}={value}".replace("&", "%26") for name, value in sorted(parameters.items()))
    # What the wire asks for; nothing of ours rests on SHA-1.
    return hashlib.sha1(("&".join(pairs) + secret).encode(), usedforsecurity=False).hexdigest()


class Uploader:
    """The Upload API of one account; ``upload`` may be called by several threads."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        account = credentials.account
        self._addresses = Addresses(account)
        self._credentials = credentials
        self._clock = clock or SystemClock()
        self._client = httpx.Client(
            transport=transport or DeadlineTransport(account.api_base),
            timeout=TIMEOUTS,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def upload(
        self,
        body: bytes,
        *,
        public_id: str,
        moderation: str,
        filename: str = "photo.jpg",
        notification_url: str | None = None,
    ) -> Asset:
        """Upload one image and return the asset; ``RemoteError`` if the service did not take it."""
        now = self._clock.now()
        parameters = {
            "moderation": moderation,
            "public_id": public_id,
            "timestamp": str(int(now.timestamp())),
        }
        if notification_url is not None:
            parameters["notification_url"] = notification_url
        fields = {
            **parameters,
            "api_key": self._credentials.account.api_key,
            "signature": sign(parameters, self._credentials.secret),
        }
        url = self._addresses.under_cloud("image", "upload")
        request = self._client.build_request(
            "POST", url, data=fields, files={"file": (filename, body)}
        )
        answer = perform(self._client, same_target(request, url), UPLOAD)
        if answer.status != 200:
            raise error_for(answer.status, answer.headers, answer.body, now=now, asset=False)
        asset = parse_asset(parse_object(answer.body))
        if asset is None or asset.ref.public_id != public_id:
            raise Unknown(
                later("Uploader", "The answer does not name the uploaded image and its status.")
            )
        return asset
