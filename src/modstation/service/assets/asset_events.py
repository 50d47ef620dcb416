"""What receivers are told of stored assets: changed words, new names, deletions (reference 4.2).

Each asset has a letter of its own, with a list of one, so that the letters of an asset keep their
order whatever else a call did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modstation.core.clock import to_us
from modstation.service.assets.representations import instant
from modstation.service.notifications.announcing import Announcement, announce_all
from modstation.service.notifications.destinations import check_batch, check_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call


def tell_changed(
    connection: Connection, call: Call, changes: Iterable[tuple[Asset, Asset]]
) -> None:
    """Tell of tags, context, metadata and display names that are not what they were."""
    told: list[tuple[str, Asset, dict[str, Any]]] = []
    for before, after in changes:
        named = _named(after)
        if set(before.tags) != set(after.tags):
            added = [tag for tag in after.tags if tag not in before.tags]
            removed = [tag for tag in before.tags if tag not in after.tags]
            resources: Any = [named | {"added": added, "removed": removed}]
            told.append(("resource_tags_changed", after, {"resources": resources}))
        if before.context != after.context:
            resources = {after.public_id: named | _difference(before.context, after.context)}
            told.append(("resource_context_changed", after, {"resources": resources}))
        if before.metadata != after.metadata:
            resources = [named | _difference(before.metadata, after.metadata)]
            told.append(("resource_metadata_changed", after, {"resources": resources}))
        if before.display_name != after.display_name:
            names = {
                "previous_display_name": before.display_name,
                "new_display_name": after.display_name,
            }
            told.append(("resource_display_name_changed", after, {"resources": [named | names]}))
    _tell(connection, call, told)


def tell_deleted(
    connection: Connection, call: Call, deleted: Iterable[Asset], event: str = "delete"
) -> None:
    """Tell that assets are gone."""
    told = [
        (event, asset, {"resources": [_named(asset) | {"version": asset.version}]})
        for asset in deleted
    ]
    _tell(connection, call, told)


def tell_renamed(connection: Connection, call: Call, before: Asset, after: Asset) -> None:
    """Tell that an asset has another public ID or type."""
    names = {
        "asset_id": after.asset_id,
        "resource_type": after.resource_type,
        "type": before.type,
        "to_type": after.type,
        "from_public_id": before.public_id,
        "to_public_id": after.public_id,
        "display_name": after.display_name,
    }
    _tell(connection, call, [("rename", after, names)])


def receivers(call: Call) -> tuple[str, ...]:
    """The receivers a call names for itself; raises BadRequest for an address of no use."""
    url = check_url(call.service.guard, call.parameters.text("notification_url"))
    return (url,) if url else ()


def _tell(
    connection: Connection, call: Call, told: Iterable[tuple[str, Asset, dict[str, Any]]]
) -> None:
    now_us = to_us(call.service.clock.now())
    common = {
        "timestamp": instant(now_us),
        "request_id": call.request_id,
        "notification_context": {
            "triggered_at": instant(now_us),
            "triggered_by": {"source": "api", "id": call.caller.api_key},
        },
    }
    urls = receivers(call)
    batch_id = check_batch(call.parameters.text("batch_id"))
    announce_all(
        connection,
        [
            Announcement(event, document | common, a.asset_id, urls, batch_id or a.batch_id)
            for event, a, document in told
        ],
        cloud=call.caller.cloud,
        api_key=call.caller.api_key,
        now_us=now_us,
    )


def _named(asset: Asset) -> dict[str, Any]:
    return {
        "asset_id": asset.asset_id,
        "public_id": asset.public_id,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "asset_folder": asset.asset_folder,
        "display_name": asset.display_name,
    }


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    def pairs(names: Iterable[str], values: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{"name": name, "value": values[name]} for name in names]

    return {
        "added": pairs((name for name in after if name not in before), after),
        "removed": pairs((name for name in before if name not in after), before),
        "updated": pairs(
            (name for name in after if name in before and before[name] != after[name]), after
        ),
    }
