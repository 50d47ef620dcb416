"""The client of the Admin API: Cloudinary's, and whatever speaks like it."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx

from modstation.core.errors import (
    AssetGone,
    ImageTooLarge,
    Refused,
    Unknown,
    UnsafeAddress,
)
from modstation.core.language import later
from modstation.remote.acknowledgement import Confirmed, check_named, confirm
from modstation.remote.addresses import Addresses, is_asset_id, is_doubtful
from modstation.remote.batch import (
    BatchItem,
    Capabilities,
    batch_body,
    parse_capabilities,
    parse_results,
)
from modstation.remote.claims import Claimed, parse_claimed
from modstation.remote.exchange import (
    MIB,
    Answer,
    AnswerTooLarge,
    Bounds,
    perform,
    same_target,
)
from modstation.remote.known_quota import KnownQuota
from modstation.remote.parsing import Page, parse_asset, parse_object, parse_page
from modstation.remote.past import parse_past
from modstation.remote.translation import error_for, error_text, quota_of
from modstation.remote.transport import DeadlineTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modstation.core.accounts import Credentials
    from modstation.core.assets import Asset, AssetRef, ModerationStatus
    from modstation.core.clock import Clock
    from modstation.core.decisions import PastDecision
    from modstation.core.outbox import Operation
    from modstation.core.pacing import Quota

MOST_LISTED = 500
# 500 items with metadata and machine labels take about 1 MiB.
LISTING = Bounds(32 * MIB, 60.0)
ONE_ASSET = Bounds(4 * MIB, 20.0)
SMALL = Bounds(1 * MIB, 15.0)
# The program is about to end; a lease ends by itself, too.
LAST_WORD = Bounds(1 * MIB, 2.0)
BATCH = Bounds(8 * MIB, 60.0)
DOWNLOAD_SECONDS = 90.0
TIMEOUTS = httpx.Timeout(connect=10.0, read=20.0, write=20.0, pool=20.0)
USER_AGENT = "modstation/0.1"


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A delivered picture and what the answer said of it."""

    body: bytes
    content_length: int | None
    etag: str | None
    content_type: str | None


@dataclass(frozen=True, slots=True)
class _Update:
    """A verdict on one asset and the form it is sent in."""

    ref: AssetRef
    status: ModerationStatus
    asset_id: str | None
    form: bytes


class AdminClient:
    """One account's Admin API over one ``httpx.Client``; its methods may be called by any thread.

    The secret goes to the account's own origin only, nothing follows a redirect, no cookie is
    kept. ``quota`` is what the last answer said. ``transport`` is the seam for tests.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        account = credentials.account
        self._addresses = Addresses(account)
        self._clock = clock
        token = base64.b64encode(f"{account.api_key}:{credentials.secret}".encode())
        self._authorization = f"Basic {token.decode('ascii')}"
        self._client = httpx.Client(
            transport=transport or DeadlineTransport(account.api_base),
            timeout=TIMEOUTS,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._quota = KnownQuota()
        self._no_downloads = threading.Event()

    @property
    def quota(self) -> Quota | None:
        """The account's quota as the last answer told it."""
        return self._quota.lowest

    def abort_downloads(self) -> None:
        """Give up the pictures and past decisions that are under way; there will be no more."""
        self._no_downloads.set()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    # -- reading

    def ping(self) -> None:
        """Return when the service answers as a service does; ``RemoteError`` otherwise."""
        answer = self._call("GET", self._addresses.under_cloud("ping"), SMALL)
        parse_object(answer.body)

    def list_assets(
        self,
        kind: str,
        status: ModerationStatus,
        *,
        cursor: str | None = None,
        limit: int = MOST_LISTED,
        direction: str = "asc",
        reasons: bool = False,
    ) -> Page:
        """One page of the images of ``kind`` and ``status``, by default the oldest first.

        ``reasons``: with what each was ever given as a reason, of a service that
        ``capabilities`` say tells ``listed_reasons``.
        """
        query = {
            "max_results": str(max(1, min(limit, MOST_LISTED))),
            "direction": direction,
            "moderations": "true",
            "tags": "true",
            "context": "true",
        }
        if reasons:
            query["modstation_reasons"] = "true"
        if cursor:
            query["next_cursor"] = cursor
        url = self._addresses.listing(kind, status.value, query)
        return parse_page(self._call("GET", url, LISTING).body, kind=kind, status=status)

    def read_asset(self, ref: AssetRef, asset_id: str | None = None) -> Asset:
        """The asset as it stands now; it may be another picture under the same public ID."""
        if is_doubtful(ref.public_id) and is_asset_id(asset_id):
            url = self._addresses.asset_by_id(str(asset_id))
        else:
            url = self._addresses.asset(ref)
        document = parse_object(self._call("GET", url, ONE_ASSET, asset=True).body)
        check_named(document, ref=ref, asset_id=None)
        if document.get("placeholder") is True and document.get("bytes") == 0:
            raise AssetGone(later("Client", "The image was deleted."))
        asset = parse_asset(document, ref=ref)
        if asset is None:
            raise Unknown(later("Client", "The answer does not say how the image stands."))
        return asset

    # -- deciding

    def set_status(
        self,
        ref: AssetRef,
        status: ModerationStatus,
        *,
        asset_id: str | None = None,
        details: str | None = None,
    ) -> Confirmed:
        """Set the moderation status of one asset; an answer counts only by ``acknowledgement``.

        A doubtful public ID is never trusted to a path: the asset ID is used, and without one
        the path is first proved by reading. ``Refused`` if neither way leads to this asset.
        ``details`` are those of ``batch.update_details``, for a service that takes them.
        """
        form = {"moderation_status": status.value}
        if details is not None:
            form["modstation_decision"] = details
        verdict = _Update(ref, status, asset_id, urlencode(form).encode("ascii"))
        if is_doubtful(ref.public_id):
            return self._set_doubtful(verdict)
        return self._set("POST", self._addresses.asset(ref), verdict)

    def write_context(
        self, ref: AssetRef, context: Mapping[str, str], *, asset_id: str | None = None
    ) -> None:
        """Let an asset's context be this: an update may replace it as a whole.

        ``Refused`` for a doubtful public ID without an asset ID. ``Unknown`` unless the answer
        names this asset.
        """
        method, url = "POST", self._addresses.asset(ref)
        if is_doubtful(ref.public_id):
            if not is_asset_id(asset_id):
                raise Refused(
                    later(
                        "Client",
                        "The public ID cannot be addressed safely, and there is no asset ID.",
                    )
                )
            method, url = "PUT", self._addresses.asset_by_id(str(asset_id))
        pairs = "|".join(f"{_escaped(name)}={_escaped(value)}" for name, value in context.items())
        answer = self._call(
            method,
            url,
            ONE_ASSET,
            content=urlencode({"context": pairs}).encode("ascii"),
            content_type="application/x-www-form-urlencoded",
            asset=True,
        )
        check_named(parse_object(answer.body), ref=ref, asset_id=asset_id, whole=True)

    def capabilities(self) -> Capabilities | None:
        """What the service offers beyond Cloudinary's API; None when it offers nothing."""
        url = self._addresses.under_cloud("modstation", "capabilities")
        answer = self._exchange("GET", url, SMALL)
        if answer.status in {400, 404, 405}:
            # Cloudinary, and everything else that does not know the address.
            return None
        self._check(answer, asset=False)
        return parse_capabilities(answer.body)

    def claim(self, asset_ids: Sequence[str], *, holder: str, name: str, seconds: int) -> Claimed:
        """Lease assets to this station, at a service whose ``capabilities`` say ``claims``."""
        body = {"holder": holder, "name": name, "seconds": seconds, "asset_ids": list(asset_ids)}
        url = self._addresses.under_cloud("modstation", "claims")
        answer = self._call(
            "POST", url, SMALL, content=json.dumps(body).encode(), content_type="application/json"
        )
        return parse_claimed(answer.body)

    def release_claims(self, holder: str) -> None:
        """Give back all that this station has leased."""
        url = self._addresses.under_cloud("modstation", "claims", "release")
        body = json.dumps({"holder": holder}).encode()
        self._call("POST", url, LAST_WORD, content=body, content_type="application/json")

    def post_decisions(self, operations: Sequence[Operation]) -> list[BatchItem]:
        """Post many decisions in one request, to a service whose ``capabilities`` say ``batch``."""
        url = self._addresses.under_cloud("modstation", "decisions")
        answer = self._call(
            "POST", url, BATCH, content=batch_body(operations), content_type="application/json"
        )
        return parse_results(answer.body, operations, request_id=answer.request_id)

    def past_decisions(self, ref: AssetRef, limit: int) -> tuple[PastDecision, ...]:
        """The last decisions on one asset, newest first, of a service that ``capabilities`` say
        keeps a ``decision_history``.
        """
        url = self._addresses.past_decisions(ref, limit)
        answer = self._exchange("GET", url, SMALL, give_up=self._no_downloads)
        self._check(answer, asset=True)
        return parse_past(answer.body)

    # -- pictures

    def pixels_url(self, ref: AssetRef, edge: int | None) -> str:
        """Where ``download`` gets a picture that is not delivered, if the service shows such.

        Its original with ``edge`` None, else a rendition that fits a square of so many pixels.
        ``Refused`` if the public ID cannot be addressed safely.
        """
        return self._addresses.pixels(ref, edge)

    def download(
        self,
        url: str,
        *,
        limit_bytes: int,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Downloaded:
        """Fetch a delivered picture, without credentials but for an address of ``pixels_url``.

        ``progress`` is told in this thread how many bytes have come, and of how many if known.
        ``UnsafeAddress`` for an address that may not be called, ``AssetGone`` when it is not
        delivered, ``ImageTooLarge`` beyond ``limit_bytes``, ``Unknown`` when it is cut short.
        """
        if self._addresses.is_pixels(url):
            request = same_target(self._request(url, self._authorization), url)
        else:
            request = self._request(self._addresses.check_delivery(url))
        try:
            answer = perform(
                self._client,
                request,
                Bounds(limit_bytes, DOWNLOAD_SECONDS),
                give_up=self._no_downloads,
                progress=progress,
            )
        except AnswerTooLarge as error:
            raise ImageTooLarge(
                later("Client", "The image has more than {limit_bytes} bytes.").format(
                    limit_bytes=limit_bytes
                )
            ) from error
        if answer.status != 200:
            raise error_for(
                answer.status, answer.headers, answer.body[:MIB], now=self._clock.now(), asset=True
            )
        substitute = answer.headers.get("x-cld-error")
        if substitute is not None:
            # 200 with a default picture in the asset's place (reference §6).
            raise AssetGone(
                later("Client", "The service delivers a substitute: {error_text}").format(
                    error_text=error_text(answer.headers, b"") or ""
                )
            )
        packed = "content-encoding" in answer.headers
        length = "" if packed else answer.headers.get("content-length", "")
        etag = answer.headers.get("etag", "").removeprefix("W/").strip('"')
        return Downloaded(
            body=answer.body,
            content_length=int(length) if length.isascii() and length.isdigit() else None,
            etag=etag or None,
            content_type=answer.headers.get("content-type"),
        )

    # -- underneath

    def _set_doubtful(self, wanted: _Update) -> Confirmed:
        if is_asset_id(wanted.asset_id):
            return self._set("PUT", self._addresses.asset_by_id(str(wanted.asset_id)), wanted)
        url = self._addresses.asset(wanted.ref)
        try:
            found = self._call("GET", url, ONE_ASSET, asset=True)
            check_named(parse_object(found.body), ref=wanted.ref, asset_id=None, whole=True)
        except (AssetGone, Unknown) as error:
            raise Refused(
                later(
                    "Client", "The public ID cannot be addressed safely, and there is no asset ID."
                )
            ) from error
        return self._set("POST", url, wanted)

    def _set(self, method: str, url: str, wanted: _Update) -> Confirmed:
        answer = self._call(
            method,
            url,
            ONE_ASSET,
            content=wanted.form,
            content_type="application/x-www-form-urlencoded",
            asset=True,
        )
        return confirm(
            parse_object(answer.body),
            ref=wanted.ref,
            asset_id=wanted.asset_id,
            target=wanted.status,
            request_id=answer.request_id,
        )

    def _call(
        self,
        method: str,
        url: str,
        bounds: Bounds,
        *,
        content: bytes | None = None,
        content_type: str | None = None,
        asset: bool = False,
    ) -> Answer:
        answer = self._exchange(method, url, bounds, content=content, content_type=content_type)
        self._check(answer, asset=asset)
        return answer

    def _exchange(
        self,
        method: str,
        url: str,
        bounds: Bounds,
        *,
        content: bytes | None = None,
        content_type: str | None = None,
        give_up: threading.Event | None = None,
    ) -> Answer:
        headers = {"Authorization": self._authorization, "Accept-Encoding": "gzip"}
        if content_type is not None:
            headers["Content-Type"] = content_type
        request = self._client.build_request(method, url, headers=headers, content=content)
        answer = perform(self._client, same_target(request, url), bounds, give_up=give_up)
        self._quota.note(quota_of(answer.headers, now=self._clock.now()))
        return answer

    def _check(self, answer: Answer, *, asset: bool) -> None:
        if answer.status != 200:
            raise error_for(
                answer.status, answer.headers, answer.body, now=self._clock.now(), asset=asset
            )

    def _request(self, url: str, authorization: str | None = None) -> httpx.Request:
        # identity: the byte count is compared with the listing's.
        headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
        if authorization is not None:
            headers["Authorization"] = authorization
        try:
            return self._client.build_request("GET", url, headers=headers)
        except httpx.InvalidURL as error:
            raise UnsafeAddress(later("Client", "The picture's address cannot be read.")) from error


def _escaped(text: str) -> str:
    """A name or a value of a context, whose own signs are ``=`` and ``|``."""
    return text.replace("=", "\\=").replace("|", "\\|")
