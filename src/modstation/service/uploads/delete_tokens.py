"""Tokens by which whoever uploaded a file may take it back for ten minutes (reference 2.3).

A browser that uploaded without an account holds nothing but the token. The database holds its
digest: whoever reads that cannot delete anything.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.asset_events import tell_deleted
from modstation.service.assets.backups import delete_asset
from modstation.service.faults import BadRequest
from modstation.service.schema import delete_tokens
from modstation.service.wire import Json

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row
    from starlette.responses import Response

    from modstation.service.access.credentials import Caller
    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call
    from modstation.service.service import Service
    from modstation.service.wire import Parameters

_USABLE_US = 600_000_000
# Forgotten with each new one, so that no more are kept than are made in ten minutes.
_FORGOTTEN_AT_ONCE = 20


def issue_delete_token(connection: Connection, asset: Asset, now_us: int) -> str:
    """A fresh token for the file an asset has now; committed with its upload."""
    column = delete_tokens.c
    old = select(column.digest).where(column.expires_us <= now_us).limit(_FORGOTTEN_AT_ONCE)
    # Rows that another upload is forgetting are left to it.
    old = old.with_for_update(skip_locked=True)
    connection.execute(delete(delete_tokens).where(column.digest.in_(old)))
    token = secrets.token_hex(32)
    connection.execute(
        insert(delete_tokens).values(
            digest=_digest(token),
            cloud=asset.cloud,
            asset_id=asset.asset_id,
            version_id=asset.version_id,
            expires_us=now_us + _USABLE_US,
        )
    )
    return token


def holder_of_token(service: Service, parameters: Parameters, cloud: str) -> Caller:
    """On whose behalf the call's token was issued; raises BadRequest if it is good no more."""
    with service.ledger.read() as connection:
        _row(connection, parameters, cloud, to_us(service.clock.now()))
    caller = service.credentials.signing_key(cloud)
    if caller is None:
        raise _refusal()
    return caller


async def delete_by_token(call: Call) -> Response:
    """Delete the asset a token was issued for; a token works once."""
    return Json(await run_in_threadpool(_delete_by_token, call))


def _delete_by_token(call: Call) -> dict[str, str]:
    now_us = to_us(call.service.clock.now())
    with call.service.ledger.write() as connection:
        row = _row(connection, call.parameters, call.caller.cloud, now_us)
        asset = stored.find_by_id(connection, row.cloud, row.asset_id, locked=True)
        connection.execute(delete(delete_tokens).where(delete_tokens.c.digest == row.digest))
        # Another file under the same name is not the one that may be taken back.
        if asset is None or asset.deleted or asset.version_id != row.version_id:
            return {"result": "not found"}
        delete_asset(connection, asset, now_us)
        tell_deleted(connection, call, [asset], "delete_by_token")
    call.service.wake()
    return {"result": "ok"}


def _row(connection: Connection, parameters: Parameters, cloud: str, now_us: int) -> Row[Any]:
    token = parameters.text("token")
    if token is None:
        raise BadRequest("Missing required parameter - token")
    row = connection.execute(
        select(delete_tokens)
        .where(
            delete_tokens.c.digest == _digest(token),
            delete_tokens.c.cloud == cloud,
            delete_tokens.c.expires_us > now_us,
        )
        .with_for_update()
    ).first()
    if row is None:
        raise _refusal()
    return row


def _refusal() -> BadRequest:
    return BadRequest("Invalid token: it is unknown, was used, or is older than 10 minutes")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
