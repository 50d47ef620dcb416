"""Images at rest: each sealed with a key of its own, that key wrapped by the cache's master key.

The master key comes from the account's API secret and a salt in the cache file, so there is no
second secret to keep and a changed secret makes the whole cache unreadable. Forgetting an image's
wrapped key destroys the image. A decode worker gets one image's ciphertext and that image's key.

Worker processes import this module: the key derivation is imported only where it is used.
"""

from __future__ import annotations

import json
import os
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
KEY_BYTES: Final = 32
OVERHEAD_BYTES: Final = NONCE_BYTES + TAG_BYTES


class SealBroken(Exception):
    """The bytes or the key are not the ones that were sealed under this name."""


class SealedBytes(NamedTuple):
    """An image's ciphertext (nonce first, tag last) and its own key, wrapped the same way."""

    sealed: bytes
    wrapped_key: bytes


class Sealer:
    """Seals and unwraps under one account's master key; holds that key, so keep it out of logs."""

    def __init__(self, secret: str, salt: bytes) -> None:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        def derive(purpose: bytes) -> bytes:
            kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=purpose)
            return kdf.derive(secret.encode())

        self._master = AESGCM(derive(b"modstation image cache master key 1"))
        self.check_value: Final = derive(b"modstation image cache key check 1")
        """Tells one master key from another without giving either away."""

    def seal(self, asset_key: str, rendition: str, body: bytes) -> SealedBytes:
        """Seal ``body`` so that it opens only as this asset, this rendition and this length."""
        name = _associated_data(asset_key, rendition, len(body))
        key = os.urandom(KEY_BYTES)
        nonce = os.urandom(NONCE_BYTES)
        wrapping_nonce = os.urandom(NONCE_BYTES)
        return SealedBytes(
            sealed=nonce + AESGCM(key).encrypt(nonce, body, name),
            wrapped_key=wrapping_nonce + self._master.encrypt(wrapping_nonce, key, name),
        )

    def unwrap(self, asset_key: str, rendition: str, length: int, wrapped_key: bytes) -> bytes:
        """The image's own key, or ``SealBroken``."""
        name = _associated_data(asset_key, rendition, length)
        nonce, wrapped = wrapped_key[:NONCE_BYTES], wrapped_key[NONCE_BYTES:]
        return _decrypt(self._master, nonce, wrapped, name)


def open_sealed(asset_key: str, rendition: str, sealed: bytes | bytearray, key: bytes) -> bytes:
    """The image's bytes, or ``SealBroken``; only a decode worker calls this."""
    if len(key) != KEY_BYTES:
        raise SealBroken
    name = _associated_data(asset_key, rendition, len(sealed) - OVERHEAD_BYTES)
    # Views: a slice would copy megabytes.
    parts = memoryview(sealed)
    return _decrypt(AESGCM(key), parts[:NONCE_BYTES], parts[NONCE_BYTES:], name)


def _decrypt(
    cipher: AESGCM, nonce: bytes | memoryview, data: bytes | memoryview, name: bytes
) -> bytes:
    try:
        return cipher.decrypt(nonce, data, name)
    except (InvalidTag, ValueError) as error:
        raise SealBroken from error


def _associated_data(asset_key: str, rendition: str, length: int) -> bytes:
    # JSON, because a plain join lets ("a/b", "c") and ("a", "b/c") pass for each other.
    return json.dumps(["modstation image 1", asset_key, rendition, length]).encode()
