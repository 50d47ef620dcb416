"""Lists by what is written on assets: tag, context, folder; and the tags there are (reference 3.2).

All of them are read from an index that ends in (creation, row), so that a page costs the same
wherever it is in the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal, select
from starlette.concurrency import run_in_threadpool

from modstation.service.assets import asset_lists
from modstation.service.assets.asset_names import RESOURCE_TYPES
from modstation.service.assets.cursors import read_cursor, write_cursor
from modstation.service.assets.folders import folder_path
from modstation.service.assets.listings import check_value, listed_answer, window_of
from modstation.service.assets.word_index import value_digest
from modstation.service.faults import BadRequest
from modstation.service.schema import asset_context, asset_tags
from modstation.service.wire import Json

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets.asset_lists import Page, Window
    from modstation.service.calls import Call


async def by_tag(call: Call) -> Response:
    """The assets that have a tag."""
    return Json(await run_in_threadpool(_by_tag, call))


async def by_context(call: Call) -> Response:
    """The assets whose context has a key, or that key with one value."""
    return Json(await run_in_threadpool(_by_context, call))


async def by_asset_folder(call: Call) -> Response:
    """The assets of every type that stand in a folder, not those below it."""
    return Json(await run_in_threadpool(_by_asset_folder, call))


async def tags_in_use(call: Call) -> Response:
    """The tags of all assets of one type, in the order of their bytes."""
    return Json(await run_in_threadpool(_tags_in_use, call))


def list_tagged(
    connection: Connection, cloud: str, resource_type: str, tag: str, window: Window
) -> Page:
    """One page of the assets that have a tag, by creation."""
    index = asset_tags.c
    keys = select(index.asset_seq, index.created_us).where(
        index.cloud == cloud, index.resource_type == resource_type, index.tag == tag
    )
    return asset_lists.list_found(connection, keys, f"{resource_type}/tags/{tag}", window)


def _by_tag(call: Call) -> dict[str, Any]:
    resource_type = checked_resource_type(call)
    window = window_of(call)
    with call.service.ledger.read() as connection:
        page = list_tagged(connection, call.caller.cloud, resource_type, call.path["tag"], window)
    return listed_answer(call, page)


def _by_context(call: Call) -> dict[str, Any]:
    resource_type = checked_resource_type(call)
    key = call.parameters.text("key")
    if key is None:
        raise BadRequest("Missing required parameter - key")
    value = call.parameters.text("value")
    index = asset_context.c
    keys = select(index.asset_seq, index.created_us).where(
        index.cloud == call.caller.cloud,
        index.resource_type == resource_type,
        index.key == key,
    )
    listed = f"{resource_type}/context/{value_digest(key)}"
    if value is not None:
        keys = keys.where(index.value_digest == value_digest(value))
        listed += f"/{value_digest(value)}"
    window = window_of(call)
    with call.service.ledger.read() as connection:
        page = asset_lists.list_found(connection, keys, listed, window)
    return listed_answer(call, page)


def _by_asset_folder(call: Call) -> dict[str, Any]:
    folder = call.parameters.text("asset_folder")
    if folder is None:
        raise BadRequest("Missing required parameter - asset_folder")
    window = window_of(call)
    with call.service.ledger.read() as connection:
        page = asset_lists.list_folder(connection, call.caller.cloud, folder_path(folder), window)
    return listed_answer(call, page)


def _tags_in_use(call: Call) -> dict[str, Any]:
    resource_type, parameters = checked_resource_type(call), call.parameters
    cloud, prefix = call.caller.cloud, parameters.text("prefix") or ""
    limit = parameters.number("max_results", default=10, low=1, high=500)
    cursor, listed = parameters.text("next_cursor"), f"{resource_type}/tags//{prefix}"
    after = read_cursor(cursor, listed, tuple[str, str])[1] if cursor else None
    with call.service.ledger.read() as connection:
        found = _tags_after(connection, cloud, resource_type, prefix, after, limit + 1)
    answer: dict[str, Any] = {"tags": found[:limit]}
    if len(found) > limit:
        answer["next_cursor"] = write_cursor(listed, found[limit - 1])
    return answer


def _tags_after(
    connection: Connection,
    cloud: str,
    resource_type: str,
    prefix: str,
    after: str | None,
    limit: int,
) -> list[str]:
    """The next tags that are in use.

    Each is looked up behind the one before it: DISTINCT reads every row of a tag that a million
    assets have.
    """
    index = asset_tags.c
    lowest = select(func.min(index.tag).label("tag"), literal(1).label("place")).where(
        index.cloud == cloud,
        index.resource_type == resource_type,
        index.tag < prefix + "\U0010ffff",
    )
    first = lowest.where(index.tag >= prefix if after is None else index.tag > after)
    steps = first.cte("steps", recursive=True)
    following = (
        select(func.min(index.tag))
        .where(
            index.cloud == cloud,
            index.resource_type == resource_type,
            index.tag < prefix + "\U0010ffff",
            index.tag > steps.c.tag,
        )
        .scalar_subquery()
    )
    steps = steps.union_all(
        select(following, steps.c.place + 1).where(steps.c.tag.is_not(None), steps.c.place < limit)
    )
    rows = connection.scalars(
        select(steps.c.tag).where(steps.c.tag.is_not(None)).order_by(steps.c.place)
    )
    return list(rows)


def checked_resource_type(call: Call) -> str:
    """The call's resource type; raises BadRequest for one there is not."""
    resource_type = call.path["resource_type"]
    check_value("resource_type", resource_type, RESOURCE_TYPES)
    return resource_type
