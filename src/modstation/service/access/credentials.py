"""Who calls: Basic, Bearer or a signature, on every endpoint (reference 1.2).

What the database says of a cloud is believed for two seconds, so a key or token that is revoked
stops within those on every replica; a new one is not known yet, is looked up and works at once.
"""

from __future__ import annotations

import base64
import hmac
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from modstation.core.clock import to_us
from modstation.service.access.api_keys import cloud_of_key, keys_of
from modstation.service.access.cloud_settings import CloudSettings, cloud_settings
from modstation.service.access.signatures import (
    delivery_signature_matches,
    search_signature_matches,
    signature_matches,
)
from modstation.service.access.tokens import digest, find_token
from modstation.service.faults import NotAuthenticated

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from modstation.core.clock import Clock
    from modstation.service.access.api_keys import ApiKey
    from modstation.service.access.sealing import Seal
    from modstation.service.access.tokens import Token
    from modstation.service.ledger import Ledger
    from modstation.service.wire import Parameters

T = TypeVar("T")

_STALE_SECONDS = 3600
# Clocks of callers run ahead too; a signature from far in the future would never become stale.
_AHEAD_SECONDS = 3600
_BELIEVED = timedelta(seconds=2)
_MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who proved itself; the secret stays out of every repr and log.

    The bearer of a token acts with the oldest active key of its cloud, and so does whoever
    uploads without a signature: that one is not ``signed``.
    """

    cloud: str
    api_key: str
    secret: str = field(repr=False)
    token_id: str | None = None
    signed: bool = True


@dataclass(frozen=True, slots=True)
class _Ring:
    """The keys of a cloud that are not revoked, opened, and its settings."""

    keys: tuple[ApiKey, ...]
    settings: CloudSettings

    def find(self, api_key: str) -> ApiKey | None:
        return next((key for key in self.keys if key.api_key == api_key), None)


class Credentials:
    """The keys and tokens of every cloud of this service; safe to use from many threads."""

    def __init__(self, ledger: Ledger, seal: Seal, clock: Clock) -> None:
        self._ledger = ledger
        self._seal = seal
        self._clock = clock
        self._rings: _Remembered[_Ring] = _Remembered(clock)
        self._tokens: _Remembered[Token] = _Remembered(clock)

    def by_header(self, authorization: str, cloud: str, *, admin: bool) -> Caller | None:
        """Say who calls by an ``Authorization`` header; None if it has neither Basic nor Bearer.

        Needs no body. Raises NotAuthenticated, in the words of the Admin or the Upload API.
        """
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return _of_cloud(self._by_token(given.strip()), cloud)
        if scheme.lower() != "basic":
            return None
        return _of_cloud(self._by_password(given.strip(), cloud, admin=admin), cloud)

    def by_signature(
        self,
        parameters: Parameters,
        cloud: str,
        not_signed: frozenset[str] = frozenset(),
        *,
        admin: bool,
    ) -> Caller:
        """Say who calls by the signature of all parameters; raises NotAuthenticated.

        ``not_signed`` are those that a client may have left out of it.
        """
        if "signature" not in parameters and "api_key" not in parameters:
            raise NotAuthenticated("Invalid credentials")
        signature = parameters.text("signature") or ""
        caller = self._of_key(parameters.text("api_key") or "", cloud, admin=admin)
        # The answer shows the string to sign, as Cloudinary's does, but never the secret.
        signed = parameters.signed()
        without = {name: value for name, value in signed.items() if name not in not_signed}
        if not (
            signature_matches(signature, signed, caller.secret)
            or signature_matches(signature, without, caller.secret)
        ):
            raise NotAuthenticated(parameters.explain_signature(signature))
        _check_age(parameters.text("timestamp"), self._clock.now())
        return _of_cloud(caller, cloud)

    def signing_key(self, cloud: str) -> Caller | None:
        """The oldest active key of a cloud, which signs what the service says of its own accord."""
        now_us = to_us(self._clock.now())
        for key in self._ring(cloud).keys:
            if key.active(now_us):
                return Caller(cloud, key.api_key, key.secret)
        return None

    def signs_address(self, cloud: str, signature: str, path: str) -> bool:
        """Whether a key of the cloud, a retired one too, signed a delivery path (signatures.py)."""
        return self._signs(cloud, partial(delivery_signature_matches, signature, path))

    def signs_search(self, cloud: str, signature: str, lifetime: str, query: str) -> bool:
        """Whether a key of the cloud, a retired one too, signed a search's address."""
        return self._signs(cloud, partial(search_signature_matches, signature, lifetime, query))

    def settings_of(self, cloud: str) -> CloudSettings:
        """The settings of a cloud, up to two seconds old: for limits, which need no transaction."""
        return self._ring(cloud).settings

    def _signs(self, cloud: str, matches: Callable[[str], bool]) -> bool:
        for anew in (False, True):
            found = False
            for key in self._ring(cloud, anew=anew).keys:
                # Not ``any``: how long it takes must not say which key signed.
                found |= matches(key.secret)
            if found:
                return True
        return False

    def known_settings(self, cloud: str) -> CloudSettings | None:
        """The same without asking the database; None if that would be needed."""
        ring = self._rings.known(cloud)
        return None if ring is None else ring.settings

    def _by_token(self, given: str) -> Caller:
        of_digest = digest(given)
        token = self._tokens.get(of_digest, lambda: self._read_token(of_digest))
        if token is None or not token.usable(to_us(self._clock.now())):
            raise NotAuthenticated("Invalid credentials")
        key = self.signing_key(token.cloud)
        if key is None:
            raise NotAuthenticated("Invalid credentials")
        return Caller(key.cloud, key.api_key, key.secret, token.token_id)

    def _by_password(self, given: str, cloud: str, *, admin: bool) -> Caller:
        try:
            api_key, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except ValueError as error:  # neither base64, nor ASCII, nor UTF-8
            raise NotAuthenticated("Invalid credentials") from error
        caller = self._of_key(api_key, cloud, admin=admin)
        if not hmac.compare_digest(caller.secret.encode(), secret.encode()):
            raise NotAuthenticated("Invalid credentials")
        return caller

    def _of_key(self, api_key: str, cloud: str, *, admin: bool) -> Caller:
        """The holder of an active key, whatever cloud it is of; raises NotAuthenticated."""
        key = self._ring(cloud).find(api_key)
        if key is None and _sayable(api_key):
            with self._ledger.read() as connection:
                home = cloud_of_key(connection, api_key)
            if home is not None:
                key = self._ring(home).find(api_key) or self._ring(home, anew=True).find(api_key)
        if key is None or not key.active(to_us(self._clock.now())):
            # Clients look for these very words (reference 1.2).
            raise NotAuthenticated(
                "unknown api_key" if admin else f"Unknown API key {api_key[:100]}"
            )
        return Caller(key.cloud, key.api_key, key.secret)

    def _ring(self, cloud: str, *, anew: bool = False) -> _Ring:
        if not _sayable(cloud):
            return _Ring((), CloudSettings())
        ring = self._rings.get(cloud, lambda: self._read_ring(cloud), anew=anew)
        return ring or _Ring((), CloudSettings())

    def _read_ring(self, cloud: str) -> _Ring | None:
        with self._ledger.read() as connection:
            keys = [key for key in keys_of(connection, cloud) if key.revoked_us is None]
            settings = cloud_settings(connection, cloud)
        # A cloud that is not there is not remembered: strangers choose the names.
        return _Ring(tuple(key.opened(self._seal) for key in keys), settings) if keys else None

    def _read_token(self, of_digest: str) -> Token | None:
        with self._ledger.read() as connection:
            return find_token(connection, of_digest)


class _Remembered(Generic[T]):
    """What was read a moment ago, by name; what is not there is never remembered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[datetime, T]] = {}

    def known(self, name: str) -> T | None:
        with self._lock:
            found = self._kept.get(name)
        # A clock that was set back must not prolong anything.
        if found is None or not timedelta(0) <= self._clock.now() - found[0] < _BELIEVED:
            return None
        return found[1]

    def get(self, name: str, read: Callable[[], T | None], *, anew: bool = False) -> T | None:
        if not anew and (found := self.known(name)) is not None:
            return found
        now = self._clock.now()
        value = read()
        with self._lock:
            if value is None:
                self._kept.pop(name, None)
            else:
                if len(self._kept) >= _MOST_REMEMBERED:
                    self._kept.clear()
                self._kept[name] = (now, value)
        return value


def _sayable(name: str) -> bool:
    """Whether a database can be asked for it: PostgreSQL refuses NUL and half characters."""
    return name.isascii() and name.isprintable()


def _of_cloud(caller: Caller, cloud: str) -> Caller:
    if caller.cloud != cloud:
        raise NotAuthenticated("cloud_name mismatch")
    return caller


def _check_age(timestamp: str | None, now: datetime) -> None:
    if timestamp is None or not timestamp.isascii() or not timestamp.isdigit():
        raise NotAuthenticated("Missing required parameter - timestamp")
    if len(timestamp) > 12:
        raise NotAuthenticated("Invalid timestamp")
    age = now.timestamp() - int(timestamp)
    if age > _STALE_SECONDS:
        raise NotAuthenticated(
            f"Stale request - reported time is {timestamp} which is more than 1 hour ago"
        )
    if age < -_AHEAD_SECONDS:
        raise NotAuthenticated(f"Invalid timestamp - {timestamp} is in the future")
