"""The Upload API: ``upload`` (reference 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.announcing import announce
from modstation.service.asset_names import DELIVERY_TYPES, public_id_for, split_name
from modstation.service.assets import Asset
from modstation.service.blobs import blob_name
from modstation.service.descriptions import descriptions
from modstation.service.destinations import check_url
from modstation.service.faults import BadRequest
from modstation.service.file_facts import facts_of
from modstation.service.images import same_format
from modstation.service.incoming_file import incoming_file, refuse_parts
from modstation.service.moderation import begin, overall
from modstation.service.moderation_values import read_values
from modstation.service.removals import drop_blob
from modstation.service.representations import upload_document, upload_notification
from modstation.service.storing import note_unfinished, store, strike_out
from modstation.service.unsupported import refuse_other_format, refuse_unsupported_upload
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call
    from modstation.service.file_facts import Facts
    from modstation.service.incoming_file import IncomingFile


async def upload(call: Call) -> Response:
    """Store a file as an asset and answer its document."""
    return Json(await run_in_threadpool(_upload, call))


def _upload(call: Call) -> dict[str, Any]:
    service, parameters = call.service, call.parameters
    refuse_parts(call)
    refuse_unsupported_upload(parameters)
    file = incoming_file(call)
    facts = facts_of(file.content, call.path.get("resource_type", "auto"))
    now_us = to_us(service.clock.now())
    draft = _draft(call, file, facts, now_us)
    file.content.seek(0)
    overwrite = parameters.flag("overwrite", default=True)
    removal = note_unfinished(service, draft.blob)
    service.blobs.put(draft.blob, file.content)
    with service.ledger.write() as connection:
        strike_out(connection, removal)
        asset, mark = store(connection, draft, overwrite=overwrite)
        if mark == "existing":
            drop_blob(connection, draft.blob, now_us)
        # Of one that was there before, only the same bytes are known to have as many.
        pages = facts.pages if asset.etag == facts.etag else None
        document = upload_document(asset, base=call.base, secret=call.caller.secret, pages=pages)
        if mark:
            document[mark] = True
        url = check_url(parameters.text("notification_url"))
        if mark != "existing":
            announce(
                connection,
                cloud=asset.cloud,
                api_key=asset.api_key,
                event="upload",
                document=upload_notification(document, now_us=now_us, request_id=call.request_id),
                asset_id=asset.asset_id,
                now_us=now_us,
                urls=[url] if url else (),
            )
    service.wake()
    return document


def _draft(call: Call, file: IncomingFile, facts: Facts, now_us: int) -> Asset:
    service, parameters = call.service, call.parameters
    stem, extension = split_name(parameters.text("filename_override") or file.name or "file")
    allowed = parameters.names("allowed_formats")
    if allowed and (facts.format or extension) not in {same_format(item) for item in allowed}:
        raise BadRequest(f"Image file format {facts.format or extension} not allowed")
    refuse_other_format(parameters, facts.format)
    delivery_type = parameters.text("type") or "upload"
    if delivery_type not in DELIVERY_TYPES:
        raise BadRequest(f"Invalid value {delivery_type} for parameter type")
    requested = parameters.text("moderation")
    kinds = service.settings.moderation_kinds
    asked = read_values(requested, resource_type=facts.resource_type, available=kinds)
    entries = begin([one.kind for one in asked])
    asset_id, version_id = service.ids.new(), service.ids.new()
    public_id = public_id_for(parameters, stem, extension, facts.resource_type, service.ids)
    folder, _, name = public_id.rpartition("/")
    words = {
        "tags": (),
        "context": {},
        "metadata": {},
        "display_name": stem if parameters.flag("use_filename_as_display_name") else name,
        "asset_folder": folder,
    } | descriptions(parameters)
    return Asset(
        seq=0,
        asset_id=asset_id,
        cloud=call.caller.cloud,
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
        original_filename=stem,
        **words,
        moderation=entries,
        moderation_kind=entries[0].kind if entries else None,
        moderation_status=overall(entries),
        notification_url=check_url(parameters.text("notification_url")),
        api_key=call.caller.api_key,
        backup=parameters.flag("backup"),
        withdrawn=False,
        created_us=now_us,
        updated_us=now_us,
    )
