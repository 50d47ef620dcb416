"""With which key an account's letters are signed, and how (reference 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.service.access.signatures import notification_signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.service.access.credentials import Credentials

    #: The body's bytes and the time as Unix seconds to the signature.
    Sign = Callable[[bytes, int], str]
    #: A cloud to what signs its letters.
    SignerOf = Callable[[str], Sign]


def signer_of(credentials: Credentials, cloud: str) -> Sign:
    """What signs a cloud's letters: its oldest active key, with the digest it chose."""
    key = credentials.signing_key(cloud)
    secret = key.secret if key else ""
    algorithm = credentials.settings_of(cloud).signature_algorithm
    return lambda body, timestamp: notification_signature(body, timestamp, secret, algorithm)
