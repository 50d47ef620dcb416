"""The station's work without a window: pull, push and single decisions, in one process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from modstation.app.paths import make_private_folder
from modstation.core.assets import AssetRef, obstacle
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.decisions import DecisionDraft, Reveal, Verdict
from modstation.core.errors import ReviewError
from modstation.core.outbox import OperationState
from modstation.store.station_store import StationStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modstation.app.paths import AccountFolder
    from modstation.core.outbox import Operation
    from modstation.core.policy import Policy, Reason
    from modstation.core.queue import QueueEntry

RESOURCE_TYPES = ("image", "video", "raw")
DELIVERY_TYPES = ("upload", "private", "authenticated")


@contextmanager
def opened_store(folder: AccountFolder) -> Iterator[StationStore]:
    """The account's database, made if there is none; ``StoreError`` if it cannot be used."""
    make_private_folder(folder.path)
    store = StationStore.open(folder.station_db, clock=SystemClock(), ids=TimeOrderedIds())
    try:
        yield store
    finally:
        store.close()


def find_asset(
    store: StationStore,
    public_id: str,
    *,
    resource_type: str | None = None,
    delivery_type: str | None = None,
) -> QueueEntry:
    """The one asset on this machine with that public ID.

    ``ReviewError`` "unknown" if there is none, "ambiguous" if several types carry the ID.
    """
    found = [
        entry
        for resource in ([resource_type] if resource_type else RESOURCE_TYPES)
        for delivery in ([delivery_type] if delivery_type else DELIVERY_TYPES)
        if (entry := store.entry(AssetRef(resource, delivery, public_id).key)) is not None
    ]
    if not found:
        raise ReviewError(
            f"There is no image “{public_id}” on this machine. Run “modstation pull” first, and"
            " look whether the public ID is complete (folders included, no file extension).",
            code="unknown",
        )
    if len(found) > 1:
        kinds = ", ".join(
            f"{entry.asset.ref.resource_type}/{entry.asset.ref.delivery_type}" for entry in found
        )
        raise ReviewError(
            f"“{public_id}” stands for several images: {kinds}. Say which with --type and"
            " --resource-type.",
            code="ambiguous",
        )
    return found[0]


def chosen_reason(policy: Policy, verdict: Verdict, code: str | None) -> Reason | None:
    """The policy's reason with that code; ``ReviewError`` if the policy does not allow it so."""
    if code is None:
        if verdict is Verdict.REJECT and policy.require_reason:
            raise ReviewError(
                f"The policy wants a reason for every rejection: {_codes(policy)}.",
                code="reason_required",
            )
        return None
    if verdict is not Verdict.REJECT:
        raise ReviewError("Only a rejection has a reason.", code="reason_not_allowed")
    reason = policy.by_code(code)
    if reason is None:
        raise ReviewError(
            f"The policy has no reason “{code}”. It has: {_codes(policy)}.", code="reason_unknown"
        )
    return reason


def _codes(policy: Policy) -> str:
    return ", ".join(reason.code for reason in policy.reasons) or "none"


def draft_decision(
    entry: QueueEntry,
    verdict: Verdict,
    *,
    actor: str,
    policy: Policy,
    reason: Reason | None = None,
    note: str | None = None,
) -> DecisionDraft:
    """The decision of somebody who named the image instead of looking at it here.

    ``ReviewError`` "queued" if an earlier moderation has to answer first.
    """
    asset = entry.asset
    stopped = obstacle(asset)
    if stopped is not None:
        raise ReviewError(f"“{asset.ref.public_id}”: {stopped}", code="queued")
    return DecisionDraft(
        ref=asset.ref,
        verdict=verdict,
        actor=actor,
        asset_id=asset.asset_id,
        version=asset.version,
        kind=entry.kind,
        status_seen=asset.status,
        expected=frozenset({asset.status}),
        reason_code=reason.code if reason else None,
        policy_version=policy.version,
        note=note,
        # Nobody was shown the picture here.
        reveal=Reveal.NONE,
        # How the service stood was read at the last pull, however long ago that was.
        decided_offline=True,
    )


def forget_pictures(folder: AccountFolder, keys: Sequence[str]) -> None:
    """Destroy the cached pictures of these images for good: they are not kept again either."""
    from modstation.store.images import open_image_store

    with open_image_store(folder.images_db, clock=SystemClock()) as images:
        images.purge(keys, never_again=True)


def forget_all_pictures(folder: AccountFolder) -> int:
    """Destroy every cached picture of an account, and say how many there were."""
    from modstation.store.images import open_image_store

    if not folder.images_db.exists():
        return 0
    with open_image_store(folder.images_db, clock=SystemClock()) as images:
        return images.purge_all()


def latest_operations(store: StationStore) -> dict[AssetRef, Operation]:
    """The last operation of every asset that was decided here and not taken back."""
    states = [state for state in OperationState if state is not OperationState.CANCELLED]
    latest: dict[AssetRef, Operation] = {}
    after: str | None = None
    while operations := store.operations(states, limit=200, after=after):
        # Identifiers sort by time, so a later one of the same asset replaces the earlier.
        latest.update({operation.ref: operation for operation in operations})
        after = operations[-1].operation_id
    return latest
