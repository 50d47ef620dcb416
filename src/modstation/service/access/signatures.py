"""Digests both sides compute: of requests, answers and notifications (reference 1.3, 4.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.service.access.cloud_settings import SignatureAlgorithm

_UNSIGNED = frozenset({"file", "cloud_name", "resource_type", "api_key", "signature"})
_HASH_OF_LENGTH = {40: "sha1", 64: "sha256"}


def string_to_sign(parameters: Mapping[str, object], *, version: int) -> str:
    """The parameters as they are signed; version 2 escapes ``&``, version 1 does not."""
    pairs = []
    for name, value in parameters.items():
        if name in _UNSIGNED or value is None or value in ("", []):
            continue
        pair = f"{name}={_spelled(value)}"
        pairs.append(pair.replace("&", "%26") if version >= 2 else pair)
    return "&".join(sorted(pairs))


def signature_matches(given: str, parameters: Mapping[str, object], secret: str) -> bool:
    """Whether ``given`` signs these parameters in either version, with sha1 or sha256."""
    algorithm = _HASH_OF_LENGTH.get(len(given))
    if algorithm is None or not given.isascii():
        return False
    matches = False
    for version in (1, 2):
        expected = _hex(string_to_sign(parameters, version=version) + secret, algorithm)
        # Not ``or``: both versions are always computed and compared in full.
        matches |= hmac.compare_digest(expected, given.lower())
    return matches


def answer_signature(public_id: str, version: int, secret: str) -> str:
    """What an upload's answer carries so that a client can believe it."""
    parameters = {"public_id": public_id, "version": version}
    return _hex(string_to_sign(parameters, version=1) + secret, "sha1")


def notification_signature(
    body: bytes, timestamp: int, secret: str, algorithm: SignatureAlgorithm
) -> str:
    """A plain digest, not an HMAC, over the very bytes that are sent."""
    return hashlib.new(algorithm, body + f"{timestamp}{secret}".encode()).hexdigest()


def delivery_signature_matches(given: str, path: str, secret: str) -> bool:
    """Whether ``given`` (what stands between ``s--`` and ``--``) signs a delivery path.

    ``path`` is as it stands in the address, still escaped: transformations and public ID with
    extension, without the version. Short signatures are of either hash, long ones sha256.
    """
    matches = False
    for algorithm in {8: ("sha1", "sha256"), 32: ("sha256",)}.get(len(given), ()):
        digest = hashlib.new(algorithm, f"{path}{secret}".encode()).digest()
        expected = base64.urlsafe_b64encode(digest)[: len(given)]
        # Not ``or``: every hash is always computed and compared in full.
        matches |= hmac.compare_digest(expected, given.encode())
    return matches


def search_signature_matches(given: str, lifetime: str, query: str, secret: str) -> bool:
    """Whether ``given`` signs a search's address, as the SDKs' ``Search.to_url`` does."""
    expected = _hex(f"{lifetime}{query}{secret}", "sha256")
    return hmac.compare_digest(expected.encode(), given.encode())


def _spelled(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_spelled(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _hex(text: str, algorithm: str) -> str:
    return hashlib.new(algorithm, text.encode("utf-8", "surrogatepass")).hexdigest()
