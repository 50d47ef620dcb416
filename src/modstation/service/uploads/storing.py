"""The upload's transaction: first the bytes, then the row.

Whatever dies in between leaves a blob nobody lists, never an asset without a file. The blob's
removal is noted before it exists and struck out with the row, so what a kill leaves behind is
known and need not be searched for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.backups import drop_blob, supersede
from modstation.service.assets.representations import upload_document, upload_notification
from modstation.service.faults import BadRequest
from modstation.service.moderation.consequences import Bench
from modstation.service.moderation.moderating import asked_for, run_of, start
from modstation.service.notifications.announcing import announce
from modstation.service.notifications.destinations import check_url
from modstation.service.running.metrics import UPLOADED_BYTES, UPLOADS
from modstation.service.schema import blob_jobs
from modstation.service.uploads.delete_tokens import issue_delete_token
from modstation.service.uploads.drafting import check_format, draft_asset
from modstation.service.uploads.eager import check_eager, eager_documents, eager_of, make_eager
from modstation.service.uploads.file_facts import facts_of
from modstation.service.uploads.incoming_conversion import converted
from modstation.service.uploads.promises import promise_eager

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset
    from modstation.service.service import Service
    from modstation.service.uploads.incoming_file import IncomingFile
    from modstation.service.uploads.upload_order import Order

    #: Gets the answer that is about to be committed; may raise to take everything back.
    Settle = Callable[[Connection, dict[str, Any]], None]

#: What an upload met: the answer says so by these keys.
EXISTING = "existing"
OVERWRITTEN = "overwritten"

# Within this an upload has stored its bytes and committed, or its process is dead.
_UNFINISHED_US = 3_600_000_000
# Each time means that someone else's upload came first and was deleted at once.
_MOST_RACES = 5


def note_unfinished(service: Service, blob: str) -> int:
    """Have a blob that is about to be stored removed in an hour; the number to strike it out by."""
    # After a power cut nobody refers to the blob either; the row that does waits for the disk.
    with service.ledger.write(durable=False) as connection:
        return drop_blob(connection, blob, to_us(service.clock.now()), _UNFINISHED_US)


def strike_out(connection: Connection, removal: int) -> None:
    """Keep a blob after all; raises BadRequest if its removal has begun."""
    if not connection.execute(delete(blob_jobs).where(blob_jobs.c.id == removal)).rowcount:
        raise BadRequest("The upload took too long")


def store_file(
    service: Service, order: Order, file: IncomingFile, settle: Settle | None = None
) -> dict[str, Any]:
    """Make the file an asset, or the new version of one; the answer's document.

    ``settle`` is what else belongs into the transaction. Raises BadRequest, and leaves nothing
    then.
    """
    parameters = order.parameters
    url = check_url(service.guard, parameters.text("notification_url"))
    overwrite = parameters.flag("overwrite", default=True)
    eager, later = eager_of(parameters), parameters.flag("eager_async")
    came = facts_of(file.content, order.resource_type)
    check_format(parameters, file.name, came)
    content, facts = converted(parameters, file.content, came, service.decoder)
    cloud, requested = order.caller.cloud, parameters.text("moderation")
    asked = asked_for(service, cloud, requested, facts.resource_type)
    draft = draft_asset(service, order, file.name, facts, asked)
    check_eager(draft, eager)
    now_us = draft.created_us
    content.seek(0)
    removal = note_unfinished(service, draft.blob)
    service.blobs.put(draft.blob, content)
    # Kept under the blob's name, so a kill leaves no more of them than of the blob.
    made = [] if later else make_eager(service, draft, eager)
    run = run_of(service, draft, asked, file.name)
    with service.ledger.write() as connection:
        strike_out(connection, removal)
        asset, mark = _store(connection, draft, overwrite=overwrite)
        if mark != EXISTING:
            bench = Bench(cloud, order.caller.api_key, order.base, now_us)
            asset, announce_verdicts = start(
                connection, bench, asset, run, known=asset.asset_id != draft.asset_id
            )
        # Of one that was there before, only the same bytes are known to have as many.
        pages = facts.pages if asset.etag == facts.etag else None
        document = upload_document(asset, base=order.base, secret=order.caller.secret, pages=pages)
        if mark:
            document[mark] = True
        if eager and mark != EXISTING:
            if later:
                batch_id = promise_eager(connection, service, order, asset, eager)
                made = [{"status": "processing", "batch_id": batch_id}] * len(eager)
            document["eager"] = eager_documents(asset, eager, made, order.base)
        if mark != EXISTING:
            told = upload_notification(document, now_us=now_us, request_id=order.request_id)
            if asset.batch_id is not None:
                told["batch_id"] = asset.batch_id
            announce(
                connection,
                cloud=asset.cloud,
                api_key=asset.api_key,
                event="upload",
                document=told,
                asset_id=asset.asset_id,
                now_us=now_us,
                urls=[url] if url else (),
                batch_id=asset.batch_id,
            )
            announce_verdicts()
            # Only now: no letter tells the token.
            if parameters.flag("return_delete_token"):
                document["delete_token"] = issue_delete_token(connection, asset, now_us)
        if settle is not None:
            settle(connection, document)
    if mark != EXISTING:
        UPLOADS.labels(asset.resource_type).inc()
        UPLOADED_BYTES.inc(asset.bytes)
    service.wake()
    return document


def _store(connection: Connection, draft: Asset, *, overwrite: bool) -> tuple[Asset, str | None]:
    """Insert or overwrite; says which of EXISTING and OVERWRITTEN it was, None for a new one."""
    named = (draft.cloud, draft.resource_type, draft.type, draft.public_id)
    for _ in range(_MOST_RACES):
        old = stored.find(connection, *named, locked=True)
        if old is not None and not old.deleted:
            if overwrite:
                return supersede(connection, old, draft), OVERWRITTEN
            drop_blob(connection, draft.blob, draft.created_us)
            return old, EXISTING
        if old is not None:
            return supersede(connection, old, draft), None
        try:
            with connection.begin_nested():
                return stored.add(connection, draft), None
        except IntegrityError:
            # On PostgreSQL another upload of this public ID has committed since it was looked
            # for; now it is found, and this one goes over it.
            continue
    raise BadRequest(f"public_id ({draft.public_id[:80]}) is being uploaded by others")
