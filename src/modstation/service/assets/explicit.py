"""The Upload API's ``explicit``: what an upload may ask for, done to a stored asset.

With ``moderation`` it begins a new run, as if the file had come again (reference 2.2); with
``eager`` it makes renditions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.amendments import bench
from modstation.service.assets.asset_events import receivers, tell_changed
from modstation.service.assets.descriptions import descriptions
from modstation.service.assets.listings import named, not_found
from modstation.service.assets.metadata_fields import fields_of, values_after
from modstation.service.assets.representations import upload_document
from modstation.service.faults import BadRequest
from modstation.service.moderation.moderating import asked_for, run_of, start
from modstation.service.uploads.eager import check_eager, eager_documents, eager_of, make_eager
from modstation.service.uploads.promises import promise_eager
from modstation.service.uploads.unsupported import refuse_other_format, refuse_unsupported_explicit
from modstation.service.wire import Json

if TYPE_CHECKING:
    from starlette.responses import Response

    from modstation.service.calls import Call


async def explicit(call: Call) -> Response:
    """Change one stored asset and answer as an upload does."""
    return Json(await run_in_threadpool(_explicit, call))


def _explicit(call: Call) -> dict[str, Any]:
    parameters, service = call.parameters, call.service
    resource_type, delivery_type = named(call)
    public_id = parameters.text("public_id")
    if public_id is None:
        raise BadRequest("Missing required parameter - public_id")
    refuse_unsupported_explicit(parameters)
    cloud = call.caller.cloud
    asked = asked_for(service, cloud, parameters.text("moderation"), resource_type)
    urls = receivers(call)
    words = descriptions(parameters)
    eager, later = eager_of(parameters), parameters.flag("eager_async")
    run, made = None, []
    if asked or eager:
        with service.ledger.read() as connection:
            found = stored.find(connection, cloud, resource_type, delivery_type, public_id)
        if found is None or found.deleted:
            raise not_found(public_id)
        check_eager(found, eager)
        made = [] if later else make_eager(service, found, eager)
        run = run_of(service, found, asked) if asked else None
    with service.ledger.write() as connection:
        before = stored.find(
            connection, cloud, resource_type, delivery_type, public_id, locked=True
        )
        if before is None or before.deleted:
            raise not_found(public_id)
        if (asked or eager) and found is not None and before.version_id != found.version_id:
            # What machines have just said, or made, is of another picture.
            raise BadRequest(f"public_id ({public_id[:80]}) is being uploaded by others")
        refuse_other_format(parameters, before.format)
        if "metadata" in words:
            fields = fields_of(connection, call.caller.cloud)
            words["metadata"] = values_after(fields, before.metadata, words["metadata"])
        after = replace(before, **words)
        after = replace(after, backup=parameters.flag("backup", default=before.backup))
        if asked and urls:
            after = replace(after, notification_url=urls[0])
        if after != before:
            after = replace(after, updated_us=to_us(service.clock.now()))
            stored.save(connection, before, after)
            tell_changed(connection, call, [(before, after)])
        if run is not None:
            after, announce_verdicts = start(connection, bench(call), after, run, known=True)
            announce_verdicts()
        if eager and later:
            batch_id = promise_eager(connection, service, call, after, eager)
            made = [{"status": "processing", "batch_id": batch_id}] * len(eager)
    service.wake()
    document = upload_document(after, base=call.base, secret=call.caller.secret, pages=None)
    if eager:
        document["eager"] = eager_documents(after, eager, made, call.base)
    return document
