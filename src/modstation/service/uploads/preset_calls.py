"""The Admin API's ``upload_presets`` (reference 3.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from modstation.service.assets.asset_names import random_name
from modstation.service.assets.cursors import read_cursor, write_cursor
from modstation.service.assets.descriptions import descriptions
from modstation.service.delivery.transformations import spelled_out
from modstation.service.faults import AlreadyExists, BadRequest, NotFound
from modstation.service.notifications.destinations import check_url
from modstation.service.uploads.presets import (
    Preset,
    find_preset,
    list_presets,
    remove_preset,
    save_preset,
)
from modstation.service.uploads.unsupported import refuse_unsupported_upload
from modstation.service.wire import Json, Parameters

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call
    from modstation.service.outside.address_guard import AddressGuard

_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff/?#]{1,255}")
_MOST_BYTES = 64 * 1024
_LISTED = "upload_presets"
# Of a call, and not of the uploads that name the preset.
_NOT_SETTINGS = frozenset(
    {
        "api_key",
        "cloud_name",
        "external_id",
        "file",
        "name",
        "public_id",
        "resource_type",
        "signature",
        "timestamp",
        "unsigned",
        "upload_preset",
    }
)
_FLAGS = frozenset(
    {
        "async",
        "backup",
        "disallow_public_id",
        "discard_original_filename",
        "eager_async",
        "invalidate",
        "live",
        "overwrite",
        "return_delete_token",
        "unique_filename",
        "use_asset_folder_as_public_id_prefix",
        "use_filename",
        "use_filename_as_display_name",
    }
)


async def presets(call: Call) -> Response:
    """List the presets of a cloud by name."""
    return Json(await run_in_threadpool(_list, call))


async def preset(call: Call) -> Response:
    """Tell one preset."""
    return Json(await run_in_threadpool(_get, call))


async def create(call: Call) -> Response:
    """Make a preset; without a name it gets one."""
    return Json(await run_in_threadpool(_create, call))


async def change(call: Call) -> Response:
    """Set some of a preset's settings, leave the others."""
    return Json(await run_in_threadpool(_change, call))


async def remove(call: Call) -> Response:
    """Forget a preset."""
    return Json(await run_in_threadpool(_remove, call))


def _list(call: Call) -> dict[str, Any]:
    limit = call.parameters.number("max_results", default=10, low=1, high=500)
    cursor = call.parameters.text("next_cursor")
    after = "" if cursor is None else read_cursor(cursor, _LISTED, tuple[str, str])[1]
    with call.service.ledger.read() as connection:
        found = list_presets(connection, call.caller.cloud, after, limit + 1)
    answer: dict[str, Any] = {"presets": [_document(one) for one in found[:limit]]}
    if len(found) > limit:
        answer["next_cursor"] = write_cursor(_LISTED, found[limit - 1].name)
    return answer


def _get(call: Call) -> dict[str, Any]:
    name = call.path["name"]
    with call.service.ledger.read() as connection:
        found = find_preset(connection, call.caller.cloud, name)
    if found is None:
        raise _not_found(name)
    return _document(found)


def _create(call: Call) -> dict[str, Any]:
    name = call.parameters.text("name") or random_name(call.service.ids, 8)
    if not _NAME.fullmatch(name) or name != name.strip() or name in (".", ".."):
        raise BadRequest(f"Invalid value {name[:80]} for parameter name")
    made = Preset(name, call.parameters.flag("unsigned"), _settings(call))
    try:
        with call.service.ledger.write() as connection:
            save_preset(connection, call.caller.cloud, made, new=True)
    except IntegrityError as error:
        raise AlreadyExists(f"Upload preset {name} already exists") from error
    return {"message": "created", "name": name}


def _change(call: Call) -> dict[str, Any]:
    name = call.path["name"]
    settings = _settings(call)
    with call.service.ledger.write() as connection:
        found = find_preset(connection, call.caller.cloud, name, locked=True)
        if found is None:
            raise _not_found(name)
        unsigned = call.parameters.flag("unsigned", default=found.unsigned)
        changed = Preset(name, unsigned, _checked(call.service.guard, found.settings | settings))
        save_preset(connection, call.caller.cloud, changed, new=False)
    return {"message": "updated"}


def _remove(call: Call) -> dict[str, Any]:
    name = call.path["name"]
    with call.service.ledger.write() as connection:
        if not remove_preset(connection, call.caller.cloud, name):
            raise _not_found(name)
    return {"message": "deleted"}


def _settings(call: Call) -> dict[str, Any]:
    """The upload parameters a call gives; raises BadRequest for what no upload could use."""
    given = call.parameters.signed()
    settings = {name: value for name, value in given.items() if name not in _NOT_SETTINGS}
    return _checked(call.service.guard, settings)


def _checked(guard: AddressGuard, given: dict[str, Any]) -> dict[str, Any]:
    parameters = Parameters(given)
    refuse_unsupported_upload(parameters)
    check_url(guard, parameters.text("notification_url"))
    settings = dict(given)
    for name in _FLAGS & given.keys():
        settings[name] = parameters.flag(name)
    words = descriptions(parameters)
    if "tags" in words:
        settings["tags"] = list(words["tags"])
    for name in ("context", "metadata"):
        if name in words:
            settings[name] = words[name]
    if "allowed_formats" in parameters:
        settings["allowed_formats"] = parameters.names("allowed_formats")
    try:
        size = len(msgspec.json.encode(settings))
    except UnicodeEncodeError as error:
        raise BadRequest("A value in the request is no text") from error
    if size > _MOST_BYTES:
        raise BadRequest(f"An upload preset may have {_MOST_BYTES} bytes")
    return settings


def _document(preset: Preset) -> dict[str, Any]:
    settings = dict(preset.settings)
    if isinstance(settings.get("transformation"), str):
        settings["transformation"] = spelled_out(settings["transformation"])
    return {"name": preset.name, "unsigned": preset.unsigned, "settings": settings}


def _not_found(name: str) -> NotFound:
    return NotFound(f"Can't find upload preset named {name[:80]}")
