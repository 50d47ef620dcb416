"""Upload photos with a signed request, as a site's own program does; the demo needs it."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Self

import httpx

from modstation.core.clock import SystemClock
from modstation.core.errors import Refused
from modstation.remote.addresses import Addresses
from modstation.remote.exchange import MIB, Bounds, perform
from modstation.remote.parsing import parse_object
from modstation.remote.translation import error_for
from modstation.remote.transport import DeadlineTransport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from modstation.core.accounts import Credentials
    from modstation.core.clock import Clock

UPLOAD = Bounds(4 * MIB, 120.0)


def signature(parameters: Mapping[str, str], secret: str) -> str:
    """The request signature, version 2 with SHA-256 (reference, Cloudinary §1.3)."""
    pairs = sorted(
        f"{name}={value}".replace("&", "%26") for name, value in parameters.items() if value
    )
    return hashlib.sha256(("&".join(pairs) + secret).encode()).hexdigest()


class Uploader:
    """Uploads to one account; ``upload`` may be called by several threads."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._credentials = credentials
        self._clock = clock or SystemClock()
        self._url = Addresses(credentials.account).under_cloud("image", "upload")
        self._client = httpx.Client(
            transport=transport or DeadlineTransport(credentials.account.api_base),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(30.0),
        )

    def __enter__(self) -> Self:
        """Nothing to open: connections are made when they are needed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def upload(self, body: bytes, *, public_id: str, moderation: str) -> None:
        """Upload one photo and ask for its moderation.

        ``RemoteError`` if the service does not take it; ``Refused`` also if it took it without
        putting it under moderation (an add-on out of quota does that, reference §2.4).
        """
        now = self._clock.now().astimezone(UTC)
        fields = {
            "moderation": moderation,
            "public_id": public_id,
            "timestamp": str(int(now.timestamp())),
        }
        fields["signature"] = signature(fields, self._credentials.secret)
        fields["api_key"] = self._credentials.account.api_key
        request = self._client.build_request(
            "POST", self._url, data=fields, files={"file": ("photo", body)}
        )
        answer = perform(self._client, request, UPLOAD)
        if answer.status != 200:
            raise error_for(answer.status, answer.headers, answer.body, now=now, asset=False)
        if not parse_object(answer.body).get("moderation"):
            raise Refused(f"“{public_id}” was uploaded, but is not under moderation.")
