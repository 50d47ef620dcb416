"""Search: expressions, order, pages, counts (reference 3.5).

A search reads the assets in the order asked for. What it may cost is bounded: so many searches at
a time, so many seconds each, and matches are counted up to a hundred thousand, once: the cursor
takes the count along to the next page.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import msgspec
from sqlalchemy import and_, case, func, select

from modstation.service.assets import stored
from modstation.service.assets.cursors import Place, read_cursor, write_cursor
from modstation.service.assets.representations import only_fields, search_item
from modstation.service.calls import base_of
from modstation.service.faults import BadRequest, NotAuthenticated
from modstation.service.running.time_limit import time_limit
from modstation.service.schema import assets as table
from modstation.service.search.conditions import condition, is_looked_up
from modstation.service.search.language import parse
from modstation.service.search.order import SORTABLE, beyond, keys_of, live
from modstation.service.search.query import read_query
from modstation.service.wire import Json, Parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call
    from modstation.service.search.query import Aggregate, Query
    from modstation.service.service import Service

SECONDS = 10.0
MOST_COUNTED = 100_000
_LIFETIME = re.compile("[0-9]{1,9}")


async def search(call: Call) -> Response:
    """Find assets by an expression."""
    query = read_query(call.parameters)
    return Json(await _limited(call.service, call.caller.cloud, query, call.base))


async def search_by_url(request: Request) -> Response:
    """Find assets for whoever has a signed search URL, and let caches keep the answer.

    The signature is a digest over the lifetime, the query and the secret, as the SDKs make it
    (``Search.to_url``); the lifetime says how long the answer may be kept.
    """
    service: Service = request.app.state.service
    path = request.path_params
    query, lifetime = path["query"], path["lifetime"]
    if not _LIFETIME.fullmatch(lifetime):
        raise BadRequest("Invalid search URL")
    signed = await anyio.to_thread.run_sync(
        service.credentials.signs_search, path["cloud"], path["signature"], lifetime, query
    )
    if not signed:
        raise NotAuthenticated("Invalid URL signature")
    asked = read_query(Parameters(_decoded(query) | _cursor(path.get("cursor"))))
    answer = await _limited(service, path["cloud"], asked, base_of(request, service))
    return Json(answer, headers={"Cache-Control": f"public, max-age={lifetime}"})


async def _limited(service: Service, cloud: str, query: Query, base: str) -> dict[str, Any]:
    return await anyio.to_thread.run_sync(
        _search, service, cloud, query, base, limiter=service.searchers
    )


def _search(service: Service, cloud: str, query: Query, base: str) -> dict[str, Any]:
    started = time.monotonic()
    now = service.clock.now()
    tree = parse(query.expression)
    few = is_looked_up(tree)
    matching = and_(table.c.cloud == cloud, live(few=few), condition(tree, cloud=cloud, now=now))
    keys = keys_of(query.sort, few=few)
    with service.ledger.read() as connection, time_limit(connection, SECONDS):
        total, after = _place(query)
        page = _page(connection, query.limit, keys, matching, after)
        if total is None and len(page) <= query.limit:
            total = len(page)
        elif total is None:
            counted = select(table.c.seq).where(matching).limit(MOST_COUNTED).subquery()
            total = connection.scalar(select(func.count()).select_from(counted)) or 0
        counts = {each.field: _counts(connection, each, matching) for each in query.aggregates}
    found, more = page[: query.limit], len(page) > query.limit
    items = [search_item(asset, base=base, wanted=query.wanted) for asset, _ in found]
    answer: dict[str, Any] = {
        "total_count": total,
        "time": int((time.monotonic() - started) * 1000),
        "resources": [only_fields(item, list(query.fields)) for item in items],
    }
    if counts:
        answer["aggregations"] = counts
    if more:
        answer["next_cursor"] = write_cursor(query.name, total, *found[-1][1])
    return answer


def _place(query: Query) -> tuple[int | None, Sequence[Any] | None]:
    if query.cursor is None:
        return None, None
    kinds = [SORTABLE[name][1] for name, _ in query.sort]
    shape: Any = tuple.__class_getitem__((str, Place, *kinds, Place))
    _, total, *after = read_cursor(query.cursor, query.name, shape)
    return total, after


def _page(
    connection: Connection,
    limit: int,
    keys: list[tuple[ColumnElement[Any], bool]],
    matching: ColumnElement[bool],
    after: Sequence[Any] | None,
) -> list[tuple[Asset, tuple[Any, ...]]]:
    if after is not None:
        matching = and_(matching, beyond(keys, after))
    statement = (
        select(*(key.label(f"key_{number}") for number, (key, _) in enumerate(keys)))
        .where(matching)
        .order_by(*(key.asc() if ascending else key.desc() for key, ascending in keys))
        .limit(limit + 1)
    )
    places = [tuple(row) for row in connection.execute(statement)]
    # The page's places first, which an index may know; then exactly those rows.
    found = {
        asset.seq: asset for asset in stored.find_numbered(connection, [p[-1] for p in places])
    }
    return [(found[place[-1]], place) for place in places]


def _counts(
    connection: Connection, aggregate: Aggregate, matching: ColumnElement[bool]
) -> dict[str, int]:
    column, _ = SORTABLE[aggregate.field]
    if not aggregate.ranges:
        rows = connection.execute(
            select(column, func.count()).where(matching).group_by(column).order_by(column)
        )
        # Without a value there is nothing to count under.
        return {name: count for name, count in rows if name}
    sums = [
        func.coalesce(func.sum(case((and_(column >= low, column < high), 1), else_=0)), 0)
        for _, low, high in aggregate.ranges
    ]
    row = connection.execute(select(*sums).where(matching)).one()
    names = [name for name, _, _ in aggregate.ranges]
    return dict(zip(names, (int(count) for count in row), strict=True))


def _decoded(query: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(
            base64.urlsafe_b64decode(query.encode() + b"=" * (-len(query) % 4))
        )
    except (binascii.Error, msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadRequest("Invalid search URL") from error
    if not isinstance(document, dict):
        raise BadRequest("Invalid search URL")
    return {name: value for name, value in document.items() if value is not None}


def _cursor(given: str | None) -> dict[str, Any]:
    return {"next_cursor": given} if given else {}
