"""The Admin API's changing half: update and delete (reference 3.3, 3.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets import restoring, stored
from modstation.service.assets.asset_events import tell_changed, tell_deleted
from modstation.service.assets.asset_lists import Window, list_assets, list_prefix
from modstation.service.assets.asset_names import DELIVERY_TYPES, RESOURCE_TYPES
from modstation.service.assets.backups import delete_asset
from modstation.service.assets.descriptions import descriptions
from modstation.service.assets.listings import check_value, named, not_found
from modstation.service.assets.metadata_fields import fields_of, values_after
from modstation.service.assets.representations import asset_document
from modstation.service.assets.word_lists import checked_resource_type, list_tagged
from modstation.service.faults import BadRequest
from modstation.service.moderation.consequences import Bench
from modstation.service.moderation.decision_details import OF_AN_UPDATE, details_of_update
from modstation.service.moderation.states import SETTABLE
from modstation.service.moderation.values import KINDS
from modstation.service.moderation.verdicts import CONFLICT, Verdict, apply_verdicts
from modstation.service.notifications.destinations import check_url
from modstation.service.uploads.unsupported import refuse_unsupported_update
from modstation.service.wire import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets.asset_lists import Page
    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call

_MOST_DELETED = 1000


async def update(call: Call) -> Response:
    """Change one asset, named by type and public ID."""
    if call.path["public_id"] == "restore" and "public_ids" in call.parameters:
        # ``restore`` is a legal public ID too; the body says which is meant.
        return await restoring.restore(call)
    resource_type, delivery_type = named(call)
    public_id = call.path["public_id"]

    def find(connection: Connection) -> Asset | None:
        return stored.find(
            connection, call.caller.cloud, resource_type, delivery_type, public_id, locked=True
        )

    return Json(await run_in_threadpool(_update, call, find, public_id))


async def update_by_id(call: Call) -> Response:
    """Change one asset, named by its identifier."""
    asset_id = call.path["asset_id"]

    def find(connection: Connection) -> Asset | None:
        return stored.find_by_id(connection, call.caller.cloud, asset_id, locked=True)

    return Json(await run_in_threadpool(_update, call, find, asset_id))


async def update_by_body(call: Call) -> Response:
    """Change one asset, named in the body; ``kind`` may name the moderation that is meant."""
    parameters = call.parameters
    public_id = parameters.text("public_id")
    if public_id is None:
        raise BadRequest("Missing required parameter - public_id")
    resource_type = parameters.text("resource_type") or "image"
    delivery_type = parameters.text("type") or "upload"
    check_value("resource_type", resource_type, RESOURCE_TYPES)
    check_value("type", delivery_type, DELIVERY_TYPES)

    def find(connection: Connection) -> Asset | None:
        return stored.find(
            connection, call.caller.cloud, resource_type, delivery_type, public_id, locked=True
        )

    return Json(await run_in_threadpool(_update, call, find, public_id))


async def delete(call: Call) -> Response:
    """Delete assets of one type by public IDs, prefix, or all."""
    return Json(await run_in_threadpool(_delete, call))


async def delete_by_ids(call: Call) -> Response:
    """Delete assets by their identifiers."""
    return Json(await run_in_threadpool(_delete_by_ids, call))


async def delete_by_tag(call: Call) -> Response:
    """Delete the assets of one resource type that have a tag, up to 1000 a call."""
    return Json(await run_in_threadpool(_delete_by_tag, call))


def bench(call: Call) -> Bench:
    """What a decision made through this call needs to know."""
    service = call.service
    return Bench(call.caller.cloud, call.caller.api_key, call.base, to_us(service.clock.now()))


def _update(call: Call, find: Callable[[Connection], Asset | None], what: str) -> dict[str, Any]:
    parameters = call.parameters
    status = parameters.text("moderation_status")
    if status is not None:
        check_value("moderation_status", status, SETTABLE)
    kind = parameters.text("kind")
    if kind is not None:
        check_value("kind", kind, KINDS)
    refuse_unsupported_update(parameters)
    edits = descriptions(parameters)
    url = check_url(call.service.guard, parameters.text("notification_url"))
    said = details_of_update(parameters)
    with call.service.ledger.write() as connection:
        asset = find(connection)
        if asset is None or asset.deleted:
            raise not_found(what)
        if edits:
            before = asset
            if "metadata" in edits:
                fields = fields_of(connection, call.caller.cloud)
                edits["metadata"] = values_after(fields, asset.metadata, edits["metadata"])
            asset = replace(asset, **edits, updated_us=to_us(call.service.clock.now()))
            stored.save_described(connection, [asset])
            tell_changed(connection, call, [(before, asset)])
        if status is not None:
            verdict = Verdict(
                status,
                asset.resource_type,
                asset.type,
                asset.public_id,
                asset_id=asset.asset_id,
                kind=kind,
                notification_url=url,
                **said,
            )
            outcome = apply_verdicts(connection, bench(call), [verdict])[0]
            if outcome.result == CONFLICT:
                raise BadRequest(f"{OF_AN_UPDATE}: this decision_id is of another decision")
            assert outcome.asset is not None
            asset = outcome.asset
    call.service.wake()
    return asset_document(asset, base=call.base)


def _delete(call: Call) -> dict[str, Any]:
    resource_type, delivery_type = named(call)
    parameters, cloud = call.parameters, call.caller.cloud
    public_ids = parameters.names("public_ids", comma=False)
    prefix = parameters.text("prefix")
    everything = parameters.flag("all")
    if not (public_ids or prefix or everything):
        raise BadRequest("Missing required parameter - public_ids, prefix or all")
    if len(public_ids) > _MOST_DELETED:
        raise BadRequest(f"public_ids: at most {_MOST_DELETED} at a time")
    cursor = None
    with call.service.ledger.write() as connection:
        if public_ids:
            names = [(resource_type, delivery_type, public_id) for public_id in public_ids]
            found = stored.find_by_names(connection, cloud, names, locked=True)
        else:
            window = _deleting(call)
            page = (
                list_prefix(connection, cloud, resource_type, delivery_type, prefix, window)
                if prefix
                else list_assets(connection, cloud, resource_type, delivery_type, window)
            )
            found, cursor = _still_there(connection, page), page.next_cursor
        _delete_all(call, connection, found)
    return _deleted(call, found, public_ids, cursor)


def _delete_by_tag(call: Call) -> dict[str, Any]:
    resource_type, cloud = checked_resource_type(call), call.caller.cloud
    with call.service.ledger.write() as connection:
        page = list_tagged(connection, cloud, resource_type, call.path["tag"], _deleting(call))
        found = _still_there(connection, page)
        _delete_all(call, connection, found)
    return _deleted(call, found, [], page.next_cursor)


def _deleting(call: Call) -> Window:
    return Window(_MOST_DELETED, call.parameters.text("next_cursor"), ascending=True)


def _still_there(connection: Connection, page: Page) -> list[Asset]:
    """The assets of a page, locked: someone else may have deleted some meanwhile."""
    return stored.find_numbered(connection, [asset.seq for asset in page.assets], locked=True)


def _delete_by_ids(call: Call) -> dict[str, Any]:
    asset_ids = call.parameters.names("asset_ids")
    if not 0 < len(asset_ids) <= _MOST_DELETED:
        raise BadRequest(f"asset_ids: 1 to {_MOST_DELETED} at a time")
    with call.service.ledger.write() as connection:
        found = stored.find_by_ids(connection, call.caller.cloud, asset_ids, locked=True)
        _delete_all(call, connection, found)
    return _deleted(call, found, [], None)


def _delete_all(call: Call, connection: Connection, found: list[Asset]) -> None:
    if _keeps_originals(call):
        return
    now_us = to_us(call.service.clock.now())
    for asset in found:
        delete_asset(connection, asset, now_us)
    tell_deleted(connection, call, found)


def _keeps_originals(call: Call) -> bool:
    """Whether only derived files are meant; ours are a cache and no assets of their own."""
    parameters = call.parameters
    return parameters.flag("keep_original") or bool(parameters.raw("transformations"))


def _deleted(
    call: Call, found: list[Asset], asked: list[str], cursor: str | None
) -> dict[str, Any]:
    call.service.wake()
    originals = 0 if _keeps_originals(call) else 1
    deleted = dict.fromkeys(asked, "not_found") | {a.public_id: "deleted" for a in found}
    answer: dict[str, Any] = {
        "deleted": deleted,
        "deleted_counts": {
            public_id: {"original": originals if what == "deleted" else 0, "derived": 0}
            for public_id, what in deleted.items()
        },
        "partial": cursor is not None,
    }
    if cursor is not None:
        answer["next_cursor"] = cursor
    return answer
