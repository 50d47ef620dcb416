"""Bearer tokens: made for one cloud, kept as digests only (reference 1.2).

A token is random and long, so its plain SHA-256 says nothing of it and needs no salt. It can do
what a key of its cloud can; what has to be signed for its bearer, the cloud's oldest key signs.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from modstation.core.errors import SettingsError
from modstation.service.schema import api_tokens, clouds

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Named, so that whoever finds one in a repository knows what it opens.
_PREFIX = "modstation_"


@dataclass(frozen=True, slots=True)
class Token:
    """One token as it is listed: never the token itself."""

    token_id: str
    cloud: str
    note: str
    created_us: int
    expires_us: int | None
    revoked_us: int | None

    def usable(self, now_us: int) -> bool:
        """Whether calls with it are accepted at that time."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)


def create_token(
    connection: Connection, cloud: str, *, note: str, now_us: int, expires_us: int | None
) -> tuple[Token, str]:
    """Make a token; it is told this once. Raises SettingsError if there is no such cloud."""
    if connection.scalar(select(clouds.c.name).where(clouds.c.name == cloud)) is None:
        raise SettingsError(f"There is no cloud “{cloud}”.")
    token = Token(secrets.token_hex(6), cloud, note, now_us, expires_us, None)
    bearer = _PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        insert(api_tokens).values(
            token_id=token.token_id,
            cloud=cloud,
            digest=digest(bearer),
            note=note,
            created_us=now_us,
            expires_us=expires_us,
        )
    )
    return token, bearer


def tokens_of(connection: Connection, cloud: str | None = None) -> list[Token]:
    """The tokens of a cloud, or of all, the oldest first."""
    query = select(api_tokens).order_by(api_tokens.c.created_us, api_tokens.c.token_id)
    if cloud is not None:
        query = query.where(api_tokens.c.cloud == cloud)
    return [_token(row) for row in connection.execute(query)]


def revoke_token(connection: Connection, token_id: str, *, now_us: int) -> None:
    """Accept a token no more; raises SettingsError if there is none, or it was revoked before."""
    changed = connection.execute(
        update(api_tokens)
        .where(api_tokens.c.token_id == token_id, api_tokens.c.revoked_us.is_(None))
        .values(revoked_us=now_us)
    ).rowcount
    if not changed:
        raise SettingsError(f"There is no token {token_id} to revoke.")


def find_token(connection: Connection, of_digest: str) -> Token | None:
    """The token of a digest, in whatever state."""
    row = connection.execute(select(api_tokens).where(api_tokens.c.digest == of_digest)).first()
    return None if row is None else _token(row)


def digest(bearer: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(bearer.encode()).hexdigest()


def _token(row: Any) -> Token:
    return Token(row.token_id, row.cloud, row.note, row.created_us, row.expires_us, row.revoked_us)
