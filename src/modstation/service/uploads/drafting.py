"""The asset an upload makes, of what was asked for and what the file says (reference 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modstation.core.clock import to_us
from modstation.service.assets.asset_names import DELIVERY_TYPES, public_id_for, split_name
from modstation.service.assets.descriptions import descriptions
from modstation.service.assets.folders import folder_path
from modstation.service.assets.metadata_fields import fields_of, values_after
from modstation.service.assets.stored import Asset
from modstation.service.blobs import blob_name
from modstation.service.delivery.images import same_format
from modstation.service.faults import BadRequest
from modstation.service.moderation.states import begin, overall
from modstation.service.notifications.destinations import check_batch, check_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modstation.service.moderation.values import Asked
    from modstation.service.service import Service
    from modstation.service.uploads.file_facts import Facts
    from modstation.service.uploads.upload_order import Order
    from modstation.service.wire import Parameters


def check_format(parameters: Parameters, name: str | None, facts: Facts) -> None:
    """Raise BadRequest unless a file may have the format it has, or the name says it has."""
    allowed = parameters.names("allowed_formats")
    found = facts.format or split_name(_file_name(parameters, name))[1]
    if allowed and found not in {same_format(item) for item in allowed}:
        raise BadRequest(f"Image file format {found} not allowed")


def check_type(parameters: Parameters) -> str:
    """The delivery type asked for; raises BadRequest for one there is not."""
    delivery_type = parameters.text("type") or "upload"
    if delivery_type not in DELIVERY_TYPES:
        raise BadRequest(f"Invalid value {delivery_type} for parameter type")
    return delivery_type


def draft_asset(
    service: Service, order: Order, name: str | None, facts: Facts, asked: Sequence[Asked]
) -> Asset:
    """The asset an upload makes if there is none of its public ID; raises BadRequest.

    ``asked`` are its moderations (moderating.py).
    """
    parameters = order.parameters
    now_us = to_us(service.clock.now())
    stem, extension = split_name(_file_name(parameters, name))
    delivery_type = check_type(parameters)
    entries = begin([one.kind for one in asked])
    asset_id, version_id = service.ids.new(), service.ids.new()
    public_id = public_id_for(parameters, stem, extension, facts.resource_type, service.ids)
    folder, _, name = public_id.rpartition("/")
    words: dict[str, Any] = {
        "tags": (),
        "context": {},
        "metadata": {},
        "display_name": stem if parameters.flag("use_filename_as_display_name") else name,
        "asset_folder": folder_path(folder),
    } | descriptions(parameters)
    with service.ledger.read() as connection:
        fields = fields_of(connection, order.caller.cloud)
    words["metadata"] = values_after(fields, {}, words["metadata"], fresh=True)
    return Asset(
        seq=0,
        asset_id=asset_id,
        cloud=order.caller.cloud,
        resource_type=facts.resource_type,
        type=delivery_type,
        public_id=public_id,
        version=now_us // 1_000_000,
        version_id=version_id,
        format=facts.format,
        width=facts.width,
        height=facts.height,
        bytes=facts.size,
        etag=facts.etag,
        blob=blob_name(asset_id, version_id),
        original_filename="" if parameters.flag("discard_original_filename") else stem,
        **words,
        moderation=entries,
        moderation_kind=entries[0].kind if entries else None,
        moderation_status=overall(entries),
        notification_url=check_url(service.guard, parameters.text("notification_url")),
        api_key=order.caller.api_key,
        backup=parameters.flag("backup"),
        withdrawn=False,
        created_us=now_us,
        updated_us=now_us,
        batch_id=check_batch(parameters.text("batch_id")),
    )


def _file_name(parameters: Parameters, name: str | None) -> str:
    return parameters.text("filename_override") or name or "file"
