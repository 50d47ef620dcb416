"""Where a request goes: URLs of the Admin API, built one quoted segment at a time.

A public ID is data. It is cut at its slashes, each piece is quoted whole, and a piece that a
proxy could read as a path instruction makes the address *doubtful*: the caller then names the
asset by its asset ID, or proves by reading that the address means this asset and no other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from modstation.core.accounts import Account, is_loopback
from modstation.core.errors import Refused, UnsafeAddress
from modstation.core.language import later

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.core.assets import AssetRef

RESOURCE_TYPES = frozenset({"image", "video", "raw"})
# The word after the resource type also names lists and actions; an asset of such a "type" would
# be addressed as one of those (reference, Cloudinary §3).
_NOT_DELIVERY_TYPES = frozenset({"moderations", "tags", "context", "metadata", "restore", "backup"})
_DELIVERY_TYPE = re.compile(r"[A-Za-z0-9_]{1,64}")
_ASSET_ID = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"[A-Za-z0-9_]{1,64}")


def is_asset_id(text: object) -> bool:
    """32 lower-case hex digits, the only form that stands for itself behind ``/resources/``."""
    return isinstance(text, str) and bool(_ASSET_ID.fullmatch(text))


def is_addressable_type(resource_type: str, delivery_type: str) -> bool:
    """Both words are such that a path made of them can only mean an asset."""
    return (
        resource_type in RESOURCE_TYPES
        and bool(_DELIVERY_TYPE.fullmatch(delivery_type))
        and delivery_type not in _NOT_DELIVERY_TYPES
    )


def quote_segment(segment: str) -> str:
    """One path segment with everything escaped that is not a letter, digit, ``_``, ``~`` or ``-``.

    ``.`` and ``..`` become ``%2E`` and ``%2E%2E``. ``UnicodeEncodeError`` for lone surrogates.
    """
    if segment in {".", ".."}:
        return "%2E" * len(segment)
    return quote(segment, safe="")


def is_doubtful(public_id: str) -> bool:
    """Somebody on the way may read this public ID as something else than a name.

    Dot segments and empty segments are folded by some proxies even when they are escaped;
    ``restore`` is an action of the API as well as a legal name; NUL and backslash end or cut
    paths on some servers.
    """
    segments = public_id.split("/")
    return (
        any(segment in {"", ".", ".."} for segment in segments)
        or public_id == "restore"
        or "\0" in public_id
        or "\\" in public_id
    )


class Addresses:
    """The URLs of one account; ``UnsafeAddress`` if its origin may not be given a secret."""

    def __init__(self, account: Account) -> None:
        parts = urlsplit(account.api_base)
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
            raise UnsafeAddress(
                later("Addresses", "“{address}” is not the address of a service.").format(
                    address=account.api_base
                )
            )
        if parts.username is not None or parts.password is not None:
            raise UnsafeAddress(
                later("Addresses", "The service's address must not contain a user name.")
            )
        if parts.scheme == "http" and not account.allow_http and not is_loopback(host):
            raise UnsafeAddress(
                later("Addresses", "{host} would get the secret over plain http.").format(host=host)
            )
        self._account = account
        self._host = host
        self._root = f"{account.api_base.rstrip('/')}/v1_1/{quote_segment(account.cloud)}"

    def under_cloud(self, *segments: str, query: Mapping[str, str] | None = None) -> str:
        """A URL below the cloud, each segment quoted."""
        path = "/".join([self._root, *(quote_segment(segment) for segment in segments)])
        return f"{path}?{urlencode(query)}" if query else path

    def listing(self, kind: str, status: str, query: Mapping[str, str]) -> str:
        """The list of images of one moderation kind and status."""
        if not _WORD.fullmatch(kind):
            raise Refused(
                later("Addresses", "“{kind}” is not a moderation kind.").format(kind=kind)
            )
        return self.under_cloud("resources", "image", "moderations", kind, status, query=query)

    def asset(self, ref: AssetRef) -> str:
        """The URL of an asset by its public ID; ``Refused`` if there can be none."""
        if not is_addressable_type(ref.resource_type, ref.delivery_type) or not ref.public_id:
            raise Refused(
                later("Addresses", "“{image}” cannot be addressed.").format(image=ref.key)
            )
        try:
            return self.under_cloud(
                "resources", ref.resource_type, ref.delivery_type, *ref.public_id.split("/")
            )
        except UnicodeEncodeError as error:
            raise Refused(
                later("Addresses", "The public ID is not valid text, so it cannot be addressed.")
            ) from error

    def asset_by_id(self, asset_id: str) -> str:
        """The URL of an asset by its asset ID."""
        if not is_asset_id(asset_id):
            raise Refused(later("Addresses", "That is not an asset ID."))
        return self.under_cloud("resources", asset_id)

    def pixels(self, ref: AssetRef, edge: int | None) -> str:
        """Where our own service shows an asset in any state, to whoever has the account's key.

        Its original with ``edge`` None.
        ``Refused`` if the public ID cannot be addressed safely.
        """
        if is_doubtful(ref.public_id):
            raise Refused(later("Addresses", "The public ID cannot be addressed safely."))
        self.asset(ref)
        size = {} if edge is None else {"w": str(edge), "h": str(edge)}
        names = (ref.resource_type, ref.delivery_type, *ref.public_id.split("/"), "pixels")
        return self.under_cloud("modstation", "resources", *names, query=size)

    def past_decisions(self, ref: AssetRef, limit: int) -> str:
        """Where our own service tells who decided on an asset; ``Refused`` like ``pixels``."""
        if is_doubtful(ref.public_id):
            raise Refused(later("Addresses", "The public ID cannot be addressed safely."))
        self.asset(ref)
        names = (ref.resource_type, ref.delivery_type, *ref.public_id.split("/"), "decisions")
        query = {"max_results": str(limit)}
        return self.under_cloud("modstation", "resources", *names, query=query)

    def is_pixels(self, url: str) -> bool:
        """Say whether ``url`` is one that ``pixels`` made: the secret may go there."""
        return url.isascii() and url.startswith(f"{self._root}/modstation/resources/")

    def check_delivery(self, url: str) -> str:
        """Return the delivery URL if a picture may be fetched from it, else ``UnsafeAddress``.

        https anywhere; plain http only to this machine when the service is on it too, or to the
        service's own host when the account allows plain http. The URL comes with a listing, so
        it must not be able to make us call a neighbour.
        """
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError as error:
            raise UnsafeAddress(
                later("Addresses", "The picture's address cannot be read.")
            ) from error
        if not host or parts.username is not None or parts.password is not None:
            raise UnsafeAddress(later("Addresses", "The picture's address is not a plain address."))
        if parts.scheme == "https":
            return url
        if parts.scheme == "http":
            if is_loopback(host) and is_loopback(self._host):
                return url
            if self._account.allow_http and host == self._host:
                return url
        raise UnsafeAddress(
            later("Addresses", "The picture would be fetched over plain http from {host}.").format(
                host=host
            )
        )
