"""The Admin API's ``folders``: list, create, delete (reference 1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, or_, select
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets.asset_events import receivers
from modstation.service.assets.cursors import read_cursor, write_cursor
from modstation.service.assets.folders import ensure_folders, folder_path
from modstation.service.assets.representations import instant
from modstation.service.faults import BadRequest, NotFound
from modstation.service.notifications.announcing import announce
from modstation.service.schema import assets, folders
from modstation.service.wire import Json, clean

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row
    from starlette.responses import Response

    from modstation.service.calls import Call

_LONGEST = 255
_MOST_LISTED = 500


async def root_folders(call: Call) -> Response:
    """The folders that stand in no other."""
    return Json(await run_in_threadpool(_below, call, ""))


async def subfolders(call: Call) -> Response:
    """The folders right below one."""
    return Json(await run_in_threadpool(_below, call, _path(call)))


async def create(call: Call) -> Response:
    """Make a folder, and those above it that are missing."""
    return Json(await run_in_threadpool(_create, call, _path(call)))


async def remove(call: Call) -> Response:
    """Delete a folder and the empty ones below it; none may hold an asset."""
    return Json(await run_in_threadpool(_remove, call, _path(call)))


def _path(call: Call) -> str:
    path = folder_path(clean(call.path["path"], "folder"))
    if not path or len(path) > _LONGEST or not {".", ".."}.isdisjoint(path.split("/")):
        raise BadRequest(f"Invalid value {call.path['path'][:80]} for parameter folder")
    return path


def _below(call: Call, parent: str) -> dict[str, Any]:
    cloud, parameters, column = call.caller.cloud, call.parameters, folders.c
    limit = parameters.number("max_results", default=_MOST_LISTED, low=1, high=_MOST_LISTED)
    cursor, listed = parameters.text("next_cursor"), f"folders/{parent}"
    inside: list[ColumnElement[bool]] = [column.cloud == cloud, column.parent == parent]
    query = select(folders).where(*inside).order_by(column.path).limit(limit + 1)
    if cursor is not None:
        query = query.where(column.path > read_cursor(cursor, listed, tuple[str, str])[1])
    with call.service.ledger.read() as connection:
        if parent:
            _found(connection, cloud, parent)
        rows = connection.execute(query).all()
        total = connection.scalar(select(func.count()).select_from(folders).where(*inside))
    more = len(rows) > limit
    return {
        "folders": [_document(row) for row in rows[:limit]],
        "next_cursor": write_cursor(listed, rows[limit - 1].path) if more else None,
        "total_count": total,
    }


def _create(call: Call, path: str) -> dict[str, Any]:
    now_us = to_us(call.service.clock.now())
    with call.service.ledger.write() as connection:
        if ensure_folders(connection, call.caller.cloud, [path], now_us):
            _tell(connection, call, "create_folder", path, now_us)
        row = _found(connection, call.caller.cloud, path)
    call.service.wake()
    return {"success": True} | _document(row)


def _remove(call: Call, path: str) -> dict[str, Any]:
    cloud, column = call.caller.cloud, folders.c
    now_us = to_us(call.service.clock.now())
    # What is below begins with the path and a slash, and 0 is the character after it.
    here = or_(column.path == path, (column.path > f"{path}/") & (column.path < f"{path}0"))
    with call.service.ledger.write() as connection:
        _found(connection, cloud, path)
        holding = exists().where(
            assets.c.cloud == cloud,
            assets.c.asset_folder == column.path,
            assets.c.deleted_us.is_(None),
        )
        # Locked first: what was being uploaded into them is committed after this.
        connection.execute(
            select(column.path).where(column.cloud == cloud, here).order_by(column.path)
            .with_for_update()
        )  # fmt: skip
        if connection.scalar(
            select(column.path).where(column.cloud == cloud, here, holding).limit(1)
        ):
            raise BadRequest("Folder is not empty")
        gone = connection.scalars(
            delete(folders).where(column.cloud == cloud, here).returning(column.path)
        ).all()
        for each in sorted(gone):
            _tell(connection, call, "delete_folder", each, now_us)
    call.service.wake()
    return {"deleted": sorted(gone)}


def _found(connection: Connection, cloud: str, path: str) -> Row[Any]:
    column = folders.c
    row = connection.execute(
        select(folders).where(column.cloud == cloud, column.path == path)
    ).first()
    if row is None:
        raise NotFound(f"Can't find folder with path {path[:_LONGEST]}")
    return row


def _tell(connection: Connection, call: Call, event: str, path: str, now_us: int) -> None:
    announce(
        connection,
        cloud=call.caller.cloud,
        api_key=call.caller.api_key,
        event=event,
        document={
            "timestamp": instant(now_us),
            "request_id": call.request_id,
            "folder_name": path.rpartition("/")[2],
            "folder_path": path,
        },
        asset_id=None,
        now_us=now_us,
        urls=receivers(call),
    )


def _document(row: Row[Any]) -> dict[str, Any]:
    return {
        "name": row.path.rpartition("/")[2],
        "path": row.path,
        "external_id": row.external_id,
    }
