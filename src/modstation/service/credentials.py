"""Who calls: API keys, and the two ways to show one, Basic and a signature (reference 1.2).

Signatures can only be checked with the secret itself, so a hash of it will not do. Secrets are
kept sealed in the database with a key that lives in a file of its own (``service.key``, mode
0600, in the data folder): a copy or backup of the database alone opens nothing, and
``modstation serve`` can print the same ``CLOUDINARY_URL`` at every start.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import insert, select, update

from modstation.core.clock import to_us
from modstation.core.errors import SettingsError
from modstation.service.cloud_settings import stored_settings
from modstation.service.faults import NotAuthenticated
from modstation.service.schema import api_keys, clouds
from modstation.service.signatures import signature_matches

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from modstation.service.cloud_settings import CloudSettings
    from modstation.service.ledger import Ledger
    from modstation.service.wire import Parameters

_STALE_SECONDS = 3600
# Clocks of callers run ahead too; a signature from far in the future would never become stale.
_AHEAD_SECONDS = 3600
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Caller:
    """A key that proved itself; the secret stays out of every repr and log."""

    cloud: str
    api_key: str
    secret: str = field(repr=False)


class Credentials:
    """The API keys of every cloud of this service."""

    def __init__(self, ledger: Ledger, key_file: Path) -> None:
        self._ledger = ledger
        self._seal = Fernet(_sealing_key(key_file))
        self._known: dict[str, Caller] = {}

    def ensure_cloud(self, cloud: str, now: datetime, settings: CloudSettings) -> Caller:
        """The cloud's first key; makes the cloud and the key if there are none.

        ``settings`` are those of a cloud that has none of its own yet.
        """
        with self._ledger.write() as connection:
            found = connection.scalar(
                select(api_keys.c.api_key)
                .where(api_keys.c.cloud == cloud)
                .order_by(api_keys.c.created_us, api_keys.c.api_key)
            )
            if found is None:
                found = "".join(secrets.choice(string.digits) for _ in range(15))
                secret = "".join(secrets.choice(_LETTERS) for _ in range(27))
                connection.execute(insert(clouds).values(name=cloud, created_us=to_us(now)))
                connection.execute(
                    insert(api_keys).values(
                        api_key=found,
                        cloud=cloud,
                        sealed_secret=self._seal.encrypt(secret.encode()),
                        created_us=to_us(now),
                    )
                )
            connection.execute(
                update(clouds)
                .where(clouds.c.name == cloud, clouds.c.settings.is_(None))
                .values(settings=stored_settings(settings))
            )
        caller = self.of_key(found)
        assert caller is not None
        return caller

    def of_key(self, api_key: str) -> Caller | None:
        """The holder of a key; raises SettingsError if ``service.key`` does not open it."""
        if api_key in self._known:
            return self._known[api_key]
        with self._ledger.read() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.api_key == api_key)).first()
        if row is None:
            return None
        try:
            secret = self._seal.decrypt(row.sealed_secret).decode()
        except InvalidToken as error:
            raise SettingsError(
                "service.key does not open the API secrets in the database: it was replaced."
            ) from error
        caller = Caller(row.cloud, api_key, secret)
        self._known[api_key] = caller
        return caller

    def by_header(self, authorization: str, cloud: str) -> Caller | None:
        """Say who calls by an ``Authorization`` header; None if it has neither Basic nor Bearer.

        Needs no body. Raises NotAuthenticated, for every Bearer token too: this service issues
        none.
        """
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            raise NotAuthenticated("Invalid credentials")
        if scheme.lower() != "basic":
            return None
        return _of_cloud(self._by_password(given.strip()), cloud)

    def by_signature(
        self,
        parameters: Parameters,
        cloud: str,
        now: datetime,
        not_signed: frozenset[str] = frozenset(),
    ) -> Caller:
        """Say who calls by the signature of all parameters; raises NotAuthenticated.

        ``not_signed`` are those that a client may have left out of it.
        """
        if "signature" not in parameters and "api_key" not in parameters:
            raise NotAuthenticated("Invalid credentials")
        api_key = parameters.text("api_key") or ""
        signature = parameters.text("signature") or ""
        caller = self.of_key(api_key)
        if caller is None:
            raise NotAuthenticated(f"Unknown API key {api_key}")
        # The answer shows the string to sign, as Cloudinary's does, but never the secret.
        signed = parameters.signed()
        without = {name: value for name, value in signed.items() if name not in not_signed}
        if not (
            signature_matches(signature, signed, caller.secret)
            or signature_matches(signature, without, caller.secret)
        ):
            raise NotAuthenticated(parameters.explain_signature(signature))
        _check_age(parameters.text("timestamp"), now)
        return _of_cloud(caller, cloud)

    def _by_password(self, given: str) -> Caller:
        try:
            api_key, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except ValueError as error:  # neither base64, nor ASCII, nor UTF-8
            raise NotAuthenticated("Invalid credentials") from error
        caller = self.of_key(api_key)
        if caller is None:
            raise NotAuthenticated("unknown api_key")
        if not hmac.compare_digest(caller.secret.encode(), secret.encode()):
            raise NotAuthenticated("Invalid credentials")
        return caller


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


def _sealing_key(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        pass
    key = Fernet.generate_key()
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(key)
        out.flush()
        os.fsync(out.fileno())
    try:
        # link, not replace: of two services that start at once the first one's key stays.
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return file.read_bytes()
