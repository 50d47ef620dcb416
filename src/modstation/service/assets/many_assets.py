"""The Upload API's ``tags``, ``context`` and ``metadata``: many stored assets in one call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.access.clouds import hold_cloud
from modstation.service.assets import stored
from modstation.service.assets.asset_events import tell_changed
from modstation.service.assets.descriptions import checked_pairs, checked_tags
from modstation.service.assets.listings import named
from modstation.service.assets.metadata_fields import fields_of, values_after
from modstation.service.faults import BadRequest
from modstation.service.schema import asset_tags
from modstation.service.wire import Json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.assets.stored import Asset
    from modstation.service.calls import Call

# What is beyond them is left out of the answer, as Cloudinary does.
_MOST_ASSETS = 1000
_MOST_TAGGINGS = 10_000
_TAG_COMMANDS = ("add", "remove", "replace", "remove_all", "set_exclusive")
_CONTEXT_COMMANDS = ("add", "remove_all")
#: SDKs leave these out of the signature of the calls of this module.
NOT_SIGNED = frozenset({"notification_url", "batch_id"})


async def tags(call: Call) -> Response:
    """Add, remove or replace tags of up to 1000 assets; answers those that are there."""
    return Json(await run_in_threadpool(_tags, call))


async def context(call: Call) -> Response:
    """Add to the context of up to 1000 assets, or remove it; answers those that are there."""
    return Json(await run_in_threadpool(_context, call))


async def metadata(call: Call) -> Response:
    """Give up to 1000 assets values of structured metadata; answers those that are there."""
    return Json(await run_in_threadpool(_metadata, call))


def asked_assets(call: Call) -> list[tuple[str, str, str]]:
    """The names a call on many assets gives; raises BadRequest if it gives none."""
    resource_type, delivery_type = named(call)
    public_ids = list(dict.fromkeys(call.parameters.names("public_ids", comma=False)))
    if not public_ids:
        raise BadRequest("Missing required parameter - public_ids")
    return [(resource_type, delivery_type, public_id) for public_id in public_ids[:_MOST_ASSETS]]


def _tags(call: Call) -> dict[str, Any]:
    command = _command(call, _TAG_COMMANDS)
    given = _given_tags(call, command)
    names = asked_assets(call)
    if len(given) * len(names) > _MOST_TAGGINGS:
        raise BadRequest(
            f"The number of tags multiplied by the number of public IDs must not exceed "
            f"{_MOST_TAGGINGS}"
        )
    with call.service.ledger.write() as connection:
        if command == "set_exclusive":
            found = _with_others(connection, call, given, names)
        else:
            found = stored.find_by_names(connection, call.caller.cloud, names, locked=True)
        asked = set(names)
        changed = []
        for asset in found:
            named_here = (asset.resource_type, asset.type, asset.public_id) in asked
            tags = _tags_after(command if named_here else "remove", asset.tags, given)
            changed.append(replace(asset, tags=tags))
        save_changed(call, connection, found, changed)
    call.service.wake()
    return answer_of(names, found)


def _tags_after(command: str, old: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    if command in ("add", "set_exclusive"):
        return checked_tags((*old, *given))
    if command == "remove":
        return tuple(tag for tag in old if tag not in given)
    return given if command == "replace" else ()


def _context(call: Call) -> dict[str, Any]:
    command = _command(call, _CONTEXT_COMMANDS)
    given = call.parameters.pairs("context")
    if command == "add" and not given:
        raise BadRequest("Missing required parameter - context")
    names = asked_assets(call)

    def change(old: dict[str, str]) -> dict[str, str]:
        if command == "remove_all":
            return {}
        # An empty value takes its key away.
        return checked_pairs({k: v for k, v in (old | given).items() if v}, "context")

    with call.service.ledger.write() as connection:
        found = stored.find_by_names(connection, call.caller.cloud, names, locked=True)
        changed = [replace(asset, context=change(asset.context)) for asset in found]
        save_changed(call, connection, found, changed)
    call.service.wake()
    return answer_of(names, found)


def _metadata(call: Call) -> dict[str, Any]:
    given = checked_pairs(call.parameters.pairs("metadata"), "metadata")
    if not given:
        raise BadRequest("Missing required parameter - metadata")
    names, cloud = asked_assets(call), call.caller.cloud
    with call.service.ledger.write() as connection:
        fields = fields_of(connection, cloud)
        # Also where no asset is there to take them, the values are looked at.
        values_after(fields, {}, given)
        found = stored.find_by_names(connection, cloud, names, locked=True)
        changed = [
            replace(asset, metadata=values_after(fields, asset.metadata, given)) for asset in found
        ]
        save_changed(call, connection, found, changed)
    call.service.wake()
    return answer_of(names, found)


def save_changed(
    call: Call, connection: Connection, before: list[Asset], after: list[Asset]
) -> None:
    """Write those back of which the words really changed, and tell of them."""
    now_us = to_us(call.service.clock.now())
    changes = [
        (old, replace(new, updated_us=now_us))
        for old, new in zip(before, after, strict=True)
        if new != old
    ]
    stored.save_described(connection, [new for _, new in changes])
    tell_changed(connection, call, changes)


def answer_of(names: Iterable[tuple[str, str, str]], found: list[Asset]) -> dict[str, Any]:
    """The public IDs a call on many assets was applied to, in the order they were asked for."""
    there = {(asset.resource_type, asset.type, asset.public_id) for asset in found}
    return {"public_ids": [name[2] for name in names if name in there]}


def _command(call: Call, commands: tuple[str, ...]) -> str:
    command = call.parameters.text("command")
    if command is None:
        raise BadRequest("Missing required parameter - command")
    if command not in commands:
        raise BadRequest(f"Invalid command - {command[:80]}. Must be one of: {', '.join(commands)}")
    return command


def _given_tags(call: Call, command: str) -> tuple[str, ...]:
    given = call.parameters.names("tag") or call.parameters.names("tags")
    if command == "remove_all":
        return ()
    if not given:
        raise BadRequest("Missing required parameter - tag")
    return checked_tags(given)


def _with_others(
    connection: Connection,
    call: Call,
    given: tuple[str, ...],
    names: list[tuple[str, str, str]],
) -> list[Asset]:
    """The named assets and those that have one of these tags; BadRequest if they are too many."""
    # Of two calls that look at once neither would see the tags that the other is about to set.
    hold_cloud(connection, call.caller.cloud)
    kept = [asset.seq for asset in stored.find_by_names(connection, call.caller.cloud, names)]
    others = connection.scalars(
        select(asset_tags.c.asset_seq)
        .distinct()
        .where(
            asset_tags.c.cloud == call.caller.cloud,
            asset_tags.c.resource_type == call.path["resource_type"],
            asset_tags.c.tag.in_(given),
            asset_tags.c.asset_seq.not_in(kept),
        )
        .limit(_MOST_ASSETS + 1)
    ).all()
    if len(others) > _MOST_ASSETS:
        raise BadRequest(f"set_exclusive: more than {_MOST_ASSETS} other assets have this tag")
    return stored.find_numbered(connection, [*kept, *others], locked=True)
