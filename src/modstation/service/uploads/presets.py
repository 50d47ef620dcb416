"""Upload presets: parameters kept under a name (reference 2.3).

A signed upload that names one takes from it what it does not say itself. An unsigned upload may
say little, and what the preset says counts more: it is the owner's word, not the stranger's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, insert, select, update

from modstation.service.faults import BadRequest, NotAuthenticated
from modstation.service.schema import upload_presets
from modstation.service.wire import Parameters

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modstation.service.access.credentials import Caller
    from modstation.service.service import Service

#: What an unsigned upload may say (reference 2.3); all else is passed over.
_UNSIGNED = frozenset(
    {
        "context",
        "custom_coordinates",
        "face_coordinates",
        "file",
        "filename_override",
        "folder",
        "metadata",
        "public_id",
        "regions",
        "tags",
    }
)


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset of a cloud; ``settings`` are upload parameters as they came."""

    name: str
    unsigned: bool
    settings: dict[str, Any]


def prove_upload(service: Service, parameters: Parameters, cloud: str) -> Caller:
    """Say who uploads: the holder of a key by signature, or anyone, without one, by a preset.

    Raises NotAuthenticated for a wrong signature, BadRequest if neither is given.
    """
    if "signature" in parameters:
        return service.credentials.by_signature(parameters, cloud, admin=False)
    if parameters.text("upload_preset") is None:
        raise BadRequest("Upload preset must be specified when using unsigned upload")
    key = service.credentials.signing_key(cloud)
    if key is None:
        raise NotAuthenticated("Invalid credentials")
    return replace(key, signed=False)


def with_preset(connection: Connection, caller: Caller, given: Parameters) -> Parameters:
    """The parameters of an upload together with those of the preset it names.

    Raises BadRequest for a preset that is not there or not for this upload.
    """
    name = given.text("upload_preset")
    if name is None:
        return given
    preset = find_preset(connection, caller.cloud, name)
    if preset is None:
        raise BadRequest("Upload preset not found")
    if not caller.signed and not preset.unsigned:
        raise BadRequest("Upload preset must be whitelisted for unsigned uploads")
    settings = dict(preset.settings)
    if settings.pop("disallow_public_id", False) and given.text("public_id") is not None:
        raise BadRequest(f"Upload preset {name} does not allow public_id")
    said = {name: value for name, value in given.signed().items() if name != "upload_preset"}
    if caller.signed:
        filled = settings | {name: value for name, value in said.items() if value not in ("", [])}
        return Parameters(filled, given.file)
    allowed = {name: value for name, value in said.items() if name in _UNSIGNED}
    return Parameters(allowed | settings | {"overwrite": False}, given.file)


def find_preset(
    connection: Connection, cloud: str, name: str, *, locked: bool = False
) -> Preset | None:
    """The preset of that name; ``locked`` to be changed."""
    query = select(upload_presets).where(*_named(cloud, name))
    row = connection.execute(query.with_for_update() if locked else query).first()
    return None if row is None else _preset(row)


def list_presets(connection: Connection, cloud: str, after: str, limit: int) -> list[Preset]:
    """Up to ``limit`` presets by name, those after ``after``."""
    column = upload_presets.c
    rows = connection.execute(
        select(upload_presets)
        .where(column.cloud == cloud, column.name > after)
        .order_by(column.name)
        .limit(limit)
    )
    return [_preset(row) for row in rows]


def save_preset(connection: Connection, cloud: str, preset: Preset, *, new: bool) -> None:
    """Write a preset; IntegrityError if a new one has the name of another."""
    values = {
        "unsigned": preset.unsigned,
        "settings": msgspec.json.encode(preset.settings).decode(),
    }
    if new:
        named = {"cloud": cloud, "name": preset.name}
        connection.execute(insert(upload_presets).values(**named, **values))
    else:
        connection.execute(
            update(upload_presets).where(*_named(cloud, preset.name)).values(**values)
        )


def remove_preset(connection: Connection, cloud: str, name: str) -> bool:
    """Forget a preset; False if there is none."""
    return bool(connection.execute(delete(upload_presets).where(*_named(cloud, name))).rowcount)


def _named(cloud: str, name: str) -> tuple[Any, Any]:
    return upload_presets.c.cloud == cloud, upload_presets.c.name == name


def _preset(row: Any) -> Preset:
    return Preset(row.name, row.unsigned, msgspec.json.decode(row.settings))
