"""The Admin API's ``metadata_fields``: definitions of structured metadata and their datasources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import msgspec
from sqlalchemy import delete, func, insert, select, update
from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets.listings import check_value
from modstation.service.assets.metadata_fields import (
    LISTED,
    MOST_ENTRIES,
    Entry,
    Field,
    FieldType,
    checked_validation,
    fields_of,
)
from modstation.service.faults import BadRequest, NotFound
from modstation.service.schema import metadata_fields
from modstation.service.wire import Json, clean, too_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection
    from starlette.responses import Response

    from modstation.service.calls import Call
    from modstation.service.wire import Parameters

_MOST_FIELDS = 500
_LONGEST = 255
_RESTRICTIONS = ("readonly_ui", "hidden_ui", "excluded_from_search")
_ORDERS = frozenset({"label", "external_id", "created_at"})


async def fields(call: Call) -> Response:
    """The fields there are, in their order."""
    return Json(await run_in_threadpool(_fields, call))


async def field(call: Call) -> Response:
    """One field."""
    return Json(await run_in_threadpool(_field, call))


async def add(call: Call) -> Response:
    """Define a field."""
    return Json(await run_in_threadpool(_add, call))


async def update_field(call: Call) -> Response:
    """Change a field's definition; its type and its external ID stay."""
    return Json(await run_in_threadpool(_change, call, _redefined, field_document))


async def remove(call: Call) -> Response:
    """Delete a field's definition."""
    return Json(await run_in_threadpool(_remove, call))


async def reorder(call: Call) -> Response:
    """Put the fields into another order."""
    return Json(await run_in_threadpool(_reorder, call))


async def update_datasource(call: Call) -> Response:
    """Add entries to a field's datasource, or change their values."""
    return Json(await run_in_threadpool(_change, call, _with_entries, _datasource))


async def delete_entries(call: Call) -> Response:
    """Take entries out of a field's datasource."""
    return Json(await run_in_threadpool(_change, call, _without_entries, _datasource))


async def restore_entries(call: Call) -> Response:
    """Bring deleted entries of a datasource back."""
    return Json(await run_in_threadpool(_change, call, _restored_entries, _datasource))


async def order_entries(call: Call) -> Response:
    """Sort a datasource by its values."""
    return Json(await run_in_threadpool(_change, call, _ordered_entries, _datasource))


def field_document(of: Field) -> dict[str, Any]:
    """A field as every answer tells it."""
    document: dict[str, Any] = {
        "external_id": of.external_id,
        "type": of.type,
        "label": of.label,
        "mandatory": of.mandatory,
        "default_value": of.default_value,
        "default_disabled": of.default_disabled,
        "validation": of.validation,
        "restrictions": {name: of.restrictions.get(name, False) for name in _RESTRICTIONS},
    }
    if of.type in LISTED:
        document["allow_dynamic_list_values"] = False
        document["datasource"] = {
            "values": [
                {"external_id": e.external_id, "value": e.value, "state": "active"}
                for e in of.entries
                if e.active
            ]
        }
    return document


def _fields(call: Call) -> dict[str, Any]:
    wanted = call.parameters.names("external_ids")
    with call.service.ledger.read() as connection:
        found = fields_of(connection, call.caller.cloud)
    listed = [each for name, each in found.items() if not wanted or name in wanted]
    return {"metadata_fields": [field_document(each) for each in listed]}


def _field(call: Call) -> dict[str, Any]:
    with call.service.ledger.read() as connection:
        return field_document(_named(call, fields_of(connection, call.caller.cloud)))


def _add(call: Call) -> dict[str, Any]:
    parameters, cloud = call.parameters, call.caller.cloud
    kind = _required(parameters, "type")
    check_value("type", kind, frozenset(get_args(FieldType)))
    fresh = _redefined(
        call,
        Field(
            external_id=_short(parameters, "external_id") or call.service.ids.new(),
            type=kind,  # type: ignore[arg-type]  # one of them, as was checked
            label=_required(parameters, "label"),
            entries=_entries_after(call, (), kind),
        ),
    )
    column = metadata_fields.c
    with call.service.ledger.write() as connection:
        there = fields_of(connection, cloud)
        if fresh.external_id in there:
            raise BadRequest(f"external_id {fresh.external_id} already exists")
        if len(there) >= _MOST_FIELDS:
            raise BadRequest(f"At most {_MOST_FIELDS} metadata fields can be defined")
        last = connection.scalar(select(func.max(column.position)).where(column.cloud == cloud))
        connection.execute(
            insert(metadata_fields).values(
                cloud=cloud,
                external_id=fresh.external_id,
                position=0 if last is None else last + 1,
                created_us=to_us(call.service.clock.now()),
                definition=msgspec.json.encode(fresh).decode(),
            )
        )
    return field_document(fresh)


def _change(
    call: Call,
    change: Callable[[Call, Field], Field],
    answer: Callable[[Field], dict[str, Any]],
) -> dict[str, Any]:
    with call.service.ledger.write() as connection:
        after = change(call, _named(call, fields_of(connection, call.caller.cloud, locked=True)))
        column = metadata_fields.c
        connection.execute(
            update(metadata_fields)
            .where(column.cloud == call.caller.cloud, column.external_id == after.external_id)
            .values(definition=msgspec.json.encode(after).decode())
        )
    return answer(after)


def _remove(call: Call) -> dict[str, Any]:
    column = metadata_fields.c
    with call.service.ledger.write() as connection:
        gone = _named(call, fields_of(connection, call.caller.cloud, locked=True))
        connection.execute(
            delete(metadata_fields).where(
                column.cloud == call.caller.cloud, column.external_id == gone.external_id
            )
        )
    return {"message": "ok"}


def _reorder(call: Call) -> dict[str, Any]:
    order_by = _required(call.parameters, "order_by")
    check_value("order_by", order_by, _ORDERS)
    cloud, column = call.caller.cloud, metadata_fields.c
    with call.service.ledger.write() as connection:
        found = fields_of(connection, cloud, locked=True)
        created = dict(
            connection.execute(
                select(column.external_id, column.created_us).where(column.cloud == cloud)
            ).all()
        )

        def key(of: Field) -> tuple[Any, str]:
            first = {
                "label": of.label.casefold(),
                "external_id": of.external_id,
                "created_at": created[of.external_id],
            }[order_by]
            return first, of.external_id

        ordered = sorted(found.values(), key=key, reverse=_descending(call))
        for position, each in enumerate(ordered):
            _place(connection, cloud, each.external_id, position)
    return {"metadata_fields": [field_document(each) for each in ordered]}


def _place(connection: Connection, cloud: str, external_id: str, position: int) -> None:
    column = metadata_fields.c
    connection.execute(
        update(metadata_fields)
        .where(column.cloud == cloud, column.external_id == external_id)
        .values(position=position)
    )


def _redefined(call: Call, of: Field) -> Field:
    """The field with what the call says of it; what it does not mention stays."""
    parameters = call.parameters
    if parameters.flag("allow_dynamic_list_values"):
        raise BadRequest(
            "Invalid value true for parameter allow_dynamic_list_values: "
            "this service does not support it"
        )
    after = msgspec.structs.replace(
        of,
        label=_short(parameters, "label") or of.label,
        mandatory=parameters.flag("mandatory", default=of.mandatory),
        default_disabled=parameters.flag("default_disabled", default=of.default_disabled),
    )
    if "restrictions" in parameters:
        given = _document(parameters, "restrictions")
        restrictions = {name: given.get(name) in (True, "true", "1") for name in _RESTRICTIONS}
        after = msgspec.structs.replace(after, restrictions=restrictions)
    if "validation" in parameters:
        rule = checked_validation(_document(parameters, "validation"), of.type)
        after = msgspec.structs.replace(after, validation=rule)
    if "default_value" in parameters:
        after = msgspec.structs.replace(
            after, default_value=after.value_of(_as_text(parameters.raw("default_value")))
        )
    if after.mandatory and after.default_value is None:
        raise BadRequest("default_value is required for a mandatory field")
    return after


def _with_entries(call: Call, of: Field) -> Field:
    return msgspec.structs.replace(of, entries=_entries_after(call, of.entries, of.type))


def _without_entries(call: Call, of: Field) -> Field:
    return _switched(call, of, active=False)


def _restored_entries(call: Call, of: Field) -> Field:
    return _switched(call, of, active=True)


def _switched(call: Call, of: Field, *, active: bool) -> Field:
    wanted = set(call.parameters.names("external_ids", comma=False))
    if not wanted:
        raise BadRequest("Missing required parameter - external_ids")
    unknown = wanted - {entry.external_id for entry in of.entries}
    if unknown:
        raise BadRequest(f"Datasource entry {min(unknown)[:80]} does not exist")
    entries = tuple(
        msgspec.structs.replace(entry, active=active) if entry.external_id in wanted else entry
        for entry in of.entries
    )
    return msgspec.structs.replace(of, entries=entries)


def _ordered_entries(call: Call, of: Field) -> Field:
    check_value("order_by", _required(call.parameters, "order_by"), frozenset({"value"}))
    entries = sorted(of.entries, key=lambda e: e.value.casefold(), reverse=_descending(call))
    return msgspec.structs.replace(of, entries=tuple(entries))


def _entries_after(call: Call, before: Iterable[Entry], kind: str) -> tuple[Entry, ...]:
    """A datasource with the entries a call gives: known ones get another value, others follow."""
    parameters = call.parameters
    given = parameters.raw("values")
    if given is None and "datasource" in parameters:
        given = _document(parameters, "datasource").get("values")
    if kind not in LISTED:
        if given is not None:
            raise BadRequest(f"Invalid value for parameter datasource: none for type {kind}")
        return ()
    if not isinstance(given, list) or not given:
        raise BadRequest("Missing required parameter - datasource")
    entries = {entry.external_id: entry for entry in before}
    for item in given:
        if not isinstance(item, dict) or not isinstance(item.get("value"), str):
            raise BadRequest("Invalid value for parameter datasource")
        value = clean(item["value"], "datasource")
        external_id = item.get("external_id")
        if external_id is None:
            external_id = call.service.ids.new()
        if not isinstance(external_id, str) or not 0 < len(external_id) <= _LONGEST:
            raise BadRequest("Invalid value for parameter datasource")
        entries[external_id] = Entry(clean(external_id, "datasource"), value[:_LONGEST])
    if len(entries) > MOST_ENTRIES:
        raise BadRequest(f"datasource: at most {MOST_ENTRIES} values")
    return tuple(entries.values())


def _datasource(of: Field) -> dict[str, Any]:
    return {
        "values": [
            {"external_id": entry.external_id, "value": entry.value}
            for entry in of.entries
            if entry.active
        ]
    }


def _named(call: Call, found: dict[str, Field]) -> Field:
    name = call.path["external_id"]
    if name not in found:
        raise NotFound(f"External ID {name[:80]} doesn't exist")
    return found[name]


def _descending(call: Call) -> bool:
    direction = (call.parameters.text("direction") or "asc").lower()
    check_value("direction", direction, frozenset({"asc", "desc"}))
    return direction == "desc"


def _required(parameters: Parameters, name: str) -> str:
    value = _short(parameters, name)
    if value is None:
        raise BadRequest(f"Missing required parameter - {name}")
    return value


def _short(parameters: Parameters, name: str) -> str | None:
    value = parameters.text(name)
    if value is not None and len(value) > _LONGEST:
        raise BadRequest(f"{name} is too long: more than {_LONGEST} characters")
    return value


def _document(parameters: Parameters, name: str) -> dict[str, Any]:
    value = parameters.raw(name)
    if isinstance(value, str):
        if too_deep(value.encode()):
            raise BadRequest(f"Invalid value for parameter {name}: nested too deeply")
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise BadRequest(f"Invalid value for parameter {name}") from error
    if not isinstance(value, dict):
        raise BadRequest(f"Invalid value for parameter {name}")
    return value


def _as_text(value: object) -> str:
    """A default as a caller writes values of assets."""
    if isinstance(value, str):
        return clean(value, "default_value", lines=True)
    return msgspec.json.encode(value).decode()
