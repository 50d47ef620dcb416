"""The Upload API's ``rename``: another public ID or type for a stored asset (reference 3.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.asset_events import tell_renamed
from modstation.service.assets.asset_names import DELIVERY_TYPES, check_public_id
from modstation.service.assets.backups import erase
from modstation.service.assets.folders import folder_path
from modstation.service.assets.listings import check_value, named, not_found
from modstation.service.assets.representations import upload_document
from modstation.service.faults import BadRequest
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call


async def rename(call: Call) -> Response:
    """Rename one asset; ``overwrite`` lets it take the place of another one."""
    return Json(await run_in_threadpool(_rename, call))


def _rename(call: Call) -> dict[str, Any]:
    resource_type, delivery_type = named(call)
    source, target = _required(call, "from_public_id"), _required(call, "to_public_id")
    check_public_id(target)
    to_type = call.parameters.text("to_type") or delivery_type
    check_value("to_type", to_type, DELIVERY_TYPES)
    overwrite = call.parameters.flag("overwrite")
    here, there = (resource_type, delivery_type, source), (resource_type, to_type, target)
    with call.service.ledger.write() as connection:
        found = stored.find_whole_names(connection, call.caller.cloud, (here, there))
        asset = found.get(here)
        if asset is None or asset.deleted:
            raise not_found(source)
        if here != there:
            in_the_way = found.get(there)
            if in_the_way is not None:
                if not (overwrite or in_the_way.deleted):
                    raise _taken(target)
                erase(connection, in_the_way, to_us(call.service.clock.now()))
            asset = _moved(call, connection, asset, to_type, target)
        document = upload_document(asset, base=call.base, secret=call.caller.secret, pages=None)
    call.service.wake()
    for name in ("context", "metadata"):
        # They are in the answer for whoever asks.
        if not call.parameters.flag(name):
            document.pop(name, None)
    return document


def _moved(call: Call, connection: Connection, asset: Asset, to_type: str, target: str) -> Asset:
    old_folder, _, old_name = asset.public_id.rpartition("/")
    folder, _, name = target.rpartition("/")
    after = replace(
        asset,
        public_id=target,
        type=to_type,
        # The folder and the display name follow, where they were the old public ID's.
        asset_folder=(
            folder_path(folder)
            if asset.asset_folder == folder_path(old_folder)
            else asset.asset_folder
        ),
        display_name=name if asset.display_name == old_name else asset.display_name,
        updated_us=to_us(call.service.clock.now()),
    )
    stored.save(connection, asset, after)
    tell_renamed(connection, call, asset, after)
    return after


def _taken(public_id: str) -> BadRequest:
    return BadRequest(f"to_public_id({public_id}) already exists")


def _required(call: Call, name: str) -> str:
    value = call.parameters.text(name)
    if value is None:
        raise BadRequest(f"Missing required parameter - {name}")
    return value
