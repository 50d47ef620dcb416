"""API keys: several for each cloud, and the states they go through.

    active    calls are accepted; the oldest active key signs notifications (reference 4.1)
    retired   no call is accepted any more; signed delivery addresses stay valid, since they stand
              in pages that were published long ago
    revoked   nothing is accepted, and the secret is gone from the database

Rotating makes a new key and names the time the old ones retire, so that a site can change over in
between. A cloud always keeps a key that is active without an end.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from modstation.core.errors import SettingsError
from modstation.service.schema import api_keys, clouds

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstation.service.access.sealing import Seal

ACTIVE = "active"
RETIRED = "retired"
REVOKED = "revoked"

_LETTERS = string.ascii_letters + string.digits
# All of them are tried on a signed delivery address.
_MOST_KEYS = 20


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. ``sealed`` is empty once it is revoked, ``secret`` until it was opened."""

    api_key: str
    cloud: str
    created_us: int
    retired_us: int | None = None
    revoked_us: int | None = None
    sealed: bytes = field(default=b"", repr=False)
    secret: str = field(default="", repr=False)

    def state(self, now_us: int) -> str:
        """``active``, ``retired`` or ``revoked`` at that time."""
        if self.revoked_us is not None:
            return REVOKED
        return ACTIVE if self.retired_us is None or now_us < self.retired_us else RETIRED

    def active(self, now_us: int) -> bool:
        """Whether calls with it are accepted at that time."""
        return self.state(now_us) == ACTIVE

    def opened(self, seal: Seal) -> ApiKey:
        """The same with its secret; raises SettingsError (sealing.py)."""
        return replace(self, secret=seal.open(self.sealed))


def keys_of(connection: Connection, cloud: str) -> list[ApiKey]:
    """The keys of a cloud, the oldest first, without their secrets."""
    column = api_keys.c
    rows = connection.execute(
        select(api_keys).where(column.cloud == cloud).order_by(column.created_us, column.api_key)
    )
    return [
        ApiKey(
            row.api_key,
            row.cloud,
            row.created_us,
            row.retired_us,
            row.revoked_us,
            row.sealed_secret,
        )
        for row in rows
    ]


def cloud_of_key(connection: Connection, api_key: str) -> str | None:
    """The cloud a key belongs to, in whatever state; None for one that is not known."""
    found: str | None = connection.scalar(
        select(api_keys.c.cloud).where(api_keys.c.api_key == api_key)
    )
    return found


def add_key(connection: Connection, seal: Seal, cloud: str, *, now_us: int) -> ApiKey:
    """Make a key, active from now on; raises SettingsError if there is no such cloud.

    Also if ``seal`` does not open the keys that are there: every replica needs the same one.
    """
    keys = _locked(connection, cloud)
    known = connection.scalar(
        select(api_keys.c.sealed_secret).where(api_keys.c.revoked_us.is_(None)).limit(1)
    )
    if known is not None:
        seal.open(known)
    if sum(key.revoked_us is None for key in keys) >= _MOST_KEYS:
        raise SettingsError(f"“{cloud}” has {_MOST_KEYS} keys already. Revoke old ones first.")
    secret = "".join(secrets.choice(_LETTERS) for _ in range(27))
    key = ApiKey(
        "".join(secrets.choice(string.digits) for _ in range(15)),
        cloud,
        # Keys are told apart by age, also two of the same instant.
        max([now_us, *(key.created_us + 1 for key in keys)]),
        sealed=seal.close(secret),
        secret=secret,
    )
    connection.execute(
        insert(api_keys).values(
            api_key=key.api_key,
            cloud=cloud,
            sealed_secret=key.sealed,
            created_us=key.created_us,
        )
    )
    return key


def rotate_keys(
    connection: Connection, seal: Seal, cloud: str, *, now_us: int, overlap_us: int
) -> ApiKey:
    """Make a new key and have all others retire after the overlap, or sooner if they would have."""
    new = add_key(connection, seal, cloud, now_us=now_us)
    for key in keys_of(connection, cloud):
        if key.api_key != new.api_key and key.active(now_us):
            _retire(connection, key, now_us + overlap_us)
    return new


def retire_key(connection: Connection, cloud: str, api_key: str, *, at_us: int) -> None:
    """Accept no calls with a key from that time on; SettingsError for the last active one."""
    _retire(connection, _leaving(connection, cloud, api_key), at_us)


def revoke_key(connection: Connection, cloud: str, api_key: str, *, now_us: int) -> None:
    """Accept nothing of a key and destroy its secret; SettingsError for the last active one."""
    _leaving(connection, cloud, api_key)
    connection.execute(
        update(api_keys)
        .where(api_keys.c.api_key == api_key)
        .values(revoked_us=now_us, sealed_secret=b"")
    )


def _leaving(connection: Connection, cloud: str, api_key: str) -> ApiKey:
    keys = _locked(connection, cloud)
    found = next((key for key in keys if key.api_key == api_key), None)
    if found is None:
        raise SettingsError(f"“{cloud}” has no key {api_key}.")
    if found.revoked_us is not None:
        raise SettingsError(f"{api_key} is revoked already.")
    rest = (key for key in keys if key is not found)
    if not any(key.retired_us is None and key.revoked_us is None for key in rest):
        raise SettingsError(f"{api_key} is the last active key of “{cloud}”. Make another first.")
    return found


def _retire(connection: Connection, key: ApiKey, at_us: int) -> None:
    if key.retired_us is None or at_us < key.retired_us:
        connection.execute(
            update(api_keys).where(api_keys.c.api_key == key.api_key).values(retired_us=at_us)
        )


def _locked(connection: Connection, cloud: str) -> list[ApiKey]:
    """The keys of a cloud; nobody else changes them until this transaction ends."""
    found = connection.scalar(select(clouds.c.name).where(clouds.c.name == cloud).with_for_update())
    if found is None:
        raise SettingsError(f"There is no cloud “{cloud}”.")
    return keys_of(connection, cloud)
