"""The Admin API's reading half: queues, lists, one asset (reference 3.1, 3.2)."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.asset_lists import Page, Window, list_assets, list_prefix, list_queue
from modstation.service.assets.asset_names import DELIVERY_TYPES, RESOURCE_TYPES
from modstation.service.assets.backups import versions_of
from modstation.service.assets.representations import asset_document, list_item, only_fields
from modstation.service.faults import BadRequest, NotFound
from modstation.service.moderation.given_reasons import given_reasons
from modstation.service.moderation.states import STATUSES
from modstation.service.moderation.values import KINDS
from modstation.service.search.values import span
from modstation.service.wire import Json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call
    from modstation.service.moderation.given_reasons import Given

_OPTIONAL = ("tags", "context", "metadata", "moderations")
_MOST_IDS = 100


async def queue(call: Call) -> Response:
    """The assets of one moderation kind and status."""
    return Json(await run_in_threadpool(_queue, call))


async def resources(call: Call) -> Response:
    """Stored assets, by prefix, by public IDs, or all."""
    return Json(await run_in_threadpool(_resources, call))


async def by_asset_ids(call: Call) -> Response:
    """Stored assets by their identifiers."""
    return Json(await run_in_threadpool(_by_asset_ids, call))


async def resource_types(call: Call) -> Response:
    """The resource types there are."""
    return Json({"resource_types": sorted(RESOURCE_TYPES)})


async def resource(call: Call) -> Response:
    """One asset, by type and public ID."""
    return Json(await run_in_threadpool(_resource, call))


async def resource_by_id(call: Call) -> Response:
    """One asset, by its identifier."""
    return Json(await run_in_threadpool(_resource_by_id, call))


def named(call: Call) -> tuple[str, str]:
    """The call's resource type and delivery type, checked."""
    resource_type = call.path["resource_type"]
    delivery_type = call.path.get("type") or call.parameters.text("type") or "upload"
    check_value("resource_type", resource_type, RESOURCE_TYPES)
    check_value("type", delivery_type, DELIVERY_TYPES)
    return resource_type, delivery_type


def check_value(name: str, value: str, allowed: frozenset[str]) -> None:
    """Raise BadRequest unless the value is one of the allowed ones."""
    if value not in allowed:
        raise BadRequest(f"Invalid value {value[:80]} for parameter {name}")


def not_found(what: str) -> NotFound:
    """The fault for an asset that is not there."""
    return NotFound(f"Resource not found - {what}")


def _queue(call: Call) -> dict[str, Any]:
    resource_type, kind, status = (call.path[name] for name in ("resource_type", "kind", "status"))
    check_value("resource_type", resource_type, RESOURCE_TYPES)
    check_value("moderation_kind", kind, KINDS)
    check_value("moderation_status", status, STATUSES)
    window = window_of(call)
    with call.service.ledger.read() as connection:
        page = list_queue(connection, call.caller.cloud, resource_type, kind, status, window)
        given = _given(call, connection, page.assets)
    return listed_answer(call, page, kind, given)


def _resources(call: Call) -> dict[str, Any]:
    resource_type, delivery_type = named(call)
    cloud, parameters = call.caller.cloud, call.parameters
    public_ids = parameters.names("public_ids", comma=False)
    if len(public_ids) > _MOST_IDS:
        raise BadRequest(f"public_ids: at most {_MOST_IDS} at a time")
    window, prefix, since_us = window_of(call), parameters.text("prefix"), _since(call)
    if since_us is not None and (public_ids or prefix):
        raise BadRequest("start_at cannot be combined with prefix or public_ids")
    with call.service.ledger.read() as connection:
        if public_ids:
            names = [(resource_type, delivery_type, public_id) for public_id in public_ids]
            found = tuple(stored.find_by_names(connection, cloud, names))
            page = Page(found, None)
        elif prefix:
            page = list_prefix(connection, cloud, resource_type, delivery_type, prefix, window)
        else:
            page = list_assets(
                connection, cloud, resource_type, delivery_type, window, since_us=since_us
            )
    return listed_answer(call, page)


def _by_asset_ids(call: Call) -> dict[str, Any]:
    asset_ids = call.parameters.names("asset_ids")
    if not 0 < len(asset_ids) <= _MOST_IDS:
        raise BadRequest(f"asset_ids: 1 to {_MOST_IDS} at a time")
    with call.service.ledger.read() as connection:
        found = stored.find_by_ids(connection, call.caller.cloud, asset_ids)
    return listed_answer(call, Page(tuple(found), None))


def _resource(call: Call) -> dict[str, Any]:
    resource_type, delivery_type = named(call)
    public_id = call.path["public_id"]
    with call.service.ledger.read() as connection:
        asset = stored.find(connection, call.caller.cloud, resource_type, delivery_type, public_id)
        return _document(call, connection, asset, public_id)


def _resource_by_id(call: Call) -> dict[str, Any]:
    asset_id = call.path["asset_id"]
    with call.service.ledger.read() as connection:
        asset = stored.find_by_id(connection, call.caller.cloud, asset_id)
        return _document(call, connection, asset, asset_id)


def _given(call: Call, connection: Connection, listed: Iterable[Asset]) -> dict[str, Given]:
    """The reasons of these assets, where the call asks for what only this service can tell."""
    return given_reasons(connection, listed) if call.parameters.flag("modstation_reasons") else {}


def _document(call: Call, connection: Connection, asset: Asset | None, what: str) -> dict[str, Any]:
    if asset is None:
        raise not_found(what)
    versions = versions_of(connection, asset) if call.parameters.flag("versions") else None
    document = asset_document(asset, base=call.base, versions=versions)
    given = _given(call, connection, [asset])
    if asset.asset_id in given:
        document["modstation"] = given[asset.asset_id].document()
    return only_fields(document, call.parameters.names("fields"))


def _since(call: Call) -> int | None:
    """The first moment a list is to show, which SDKs write as ISO 8601 or as HTTP dates."""
    given = call.parameters.text("start_at")
    if given is None:
        return None
    try:
        return to_us(parsedate_to_datetime(given).astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    found = span(given, call.service.clock.now())
    if found is None:
        raise BadRequest(f"Invalid value {given[:40]} for parameter start_at")
    return found[0]


def window_of(call: Call) -> Window:
    """The part of a list a call asks for."""
    parameters = call.parameters
    direction = (parameters.text("direction") or "desc").lower()
    if direction in ("1", "-1"):
        direction = "asc" if direction == "1" else "desc"
    check_value("direction", direction, frozenset({"asc", "desc"}))
    limit = parameters.number("max_results", default=10, low=1, high=500)
    return Window(limit, parameters.text("next_cursor"), ascending=direction == "asc")


def listed_answer(
    call: Call, page: Page, kind: str | None = None, given: Mapping[str, Given] | None = None
) -> dict[str, Any]:
    """The answer of every list of assets: the items as the call wants them, and the cursor."""
    parameters = call.parameters
    fields = parameters.names("fields")
    asked = {name for name in _OPTIONAL if parameters.flag(name)}
    # Naming a field asks for it.
    asked |= {"moderations" if name == "moderation" else name for name in fields}
    wanted, given = frozenset(asked), given or {}

    def item(asset: Asset) -> dict[str, Any]:
        document = list_item(asset, base=call.base, wanted=wanted, kind=kind)
        if asset.asset_id in given:
            document["modstation"] = given[asset.asset_id].document()
        return only_fields(document, fields)

    answer: dict[str, Any] = {"resources": [item(asset) for asset in page.assets]}
    if page.next_cursor:
        answer["next_cursor"] = page.next_cursor
    return answer
