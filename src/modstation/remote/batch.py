"""Decisions by the hundred: the extension of modstation's own service, discovered, never assumed.

The service applies each decision at most once per ``decision_id`` and only while the asset has
one of the ``expected`` statuses, so a lost answer is answered by sending the same again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modstation.core.assets import ModerationStatus
from modstation.core.errors import AssetGone, Unknown
from modstation.core.language import later
from modstation.core.outbox import Acknowledged, Failed, Observed, Outcome
from modstation.remote.addresses import is_asset_id
from modstation.remote.parsing import Json, parse_object, parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modstation.core.language import Sentence
    from modstation.core.outbox import Operation

MOST_DECISIONS = 500
MOST_CLAIMED = 500


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this service can do beyond Cloudinary's API.

    ``batch`` is the most decisions in one request. ``checks_version``: the service itself refuses
    a decision on a picture that was replaced since, so that nobody has to read it first.
    ``rejected_pixels``: it shows the account's owner what it no longer delivers.
    ``decision_history``: it tells who decided on an asset, when and why. ``listed_reasons``: its
    lists tell the reasons too. ``update_details``: an update of one asset takes them. ``claims`` is
    the most assets that one call leases to a moderator.
    """

    batch: int = 0
    checks_version: bool = False
    rejected_pixels: bool = False
    decision_history: bool = False
    listed_reasons: bool = False
    update_details: bool = False
    claims: int = 0


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What one request said about one operation."""

    operation_id: str
    outcome: Outcome


def parse_capabilities(body: bytes) -> Capabilities:
    """Read the capabilities document; what has an unknown form is not offered."""
    document = parse_object(body)
    found = Capabilities(
        rejected_pixels=document.get("rejected_pixels") is True,
        decision_history=isinstance(document.get("decision_history"), dict),
        listed_reasons=document.get("listed_reasons") is True,
        update_details=document.get("update_details") is True,
        claims=_most(document.get("claims"), MOST_CLAIMED),
    )
    decisions = document.get("batch_decisions")
    batch = _most(decisions, MOST_DECISIONS)
    if not (batch and isinstance(decisions, dict)):
        return found
    return replace(found, batch=batch, checks_version=decisions.get("checks_version") is True)


def _most(offer: Json, highest: int) -> int:
    """How many at a time an offer allows; 0 for one that is not understood."""
    most = offer.get("max") if isinstance(offer, dict) else None
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        return 0
    return min(most, highest)


def batch_body(operations: Sequence[Operation]) -> bytes:
    """The request for these operations, in their order."""
    decisions: list[dict[str, object]] = []
    for operation in operations:
        item: dict[str, object] = {
            "resource_type": operation.ref.resource_type,
            "type": operation.ref.delivery_type,
            "public_id": operation.ref.public_id,
            "status": operation.target.value,
            "expected": sorted(status.value for status in operation.expected),
            **_details(operation),
        }
        optional = {
            "asset_id": operation.asset_id if is_asset_id(operation.asset_id) else None,
            "version": operation.version,
        }
        item.update({name: value for name, value in optional.items() if value is not None})
        decisions.append(item)
    return json.dumps({"decisions": decisions}, separators=(",", ":")).encode()


def update_details(operation: Operation) -> str:
    """What an update of one asset says of its decision, to a service that takes it."""
    return json.dumps(_details(operation), separators=(",", ":"))


def _details(operation: Operation) -> dict[str, str]:
    optional = {
        "reason": operation.reason_code,
        "note": operation.note,
        "actor": operation.actor,
    }
    return {
        "decision_id": operation.decision_id,
        "decided_at": operation.decided_at.isoformat(),
        **{name: value for name, value in optional.items() if value is not None},
    }


def parse_results(
    body: bytes, operations: Sequence[Operation], *, request_id: str | None = None
) -> list[BatchItem]:
    """One outcome for every operation that was sent, in their order.

    An operation that is missing from the answer, or in it twice, has not succeeded.
    """
    results = parse_object(body).get("results")
    if not isinstance(results, list):
        raise Unknown(later("Batch", "The answer holds no results."))
    found: dict[str, list[dict[str, Json]]] = {}
    for result in results:
        if isinstance(result, dict) and isinstance(result.get("decision_id"), str):
            found.setdefault(result["decision_id"], []).append(result)
    return [
        _item(operation, found.get(operation.decision_id, []), request_id)
        for operation in operations
    ]


def _item(
    operation: Operation, results: list[dict[str, Json]], request_id: str | None
) -> BatchItem:
    if len(results) != 1:
        return _unclear(
            operation,
            later("Batch", "The answer speaks twice about this decision.")
            if results
            else later("Batch", "The answer says nothing about this decision."),
        )
    result = results[0]
    outcome = result.get("outcome")
    if outcome == "not_found":
        return BatchItem(
            operation.operation_id,
            Failed(AssetGone(later("Batch", "The service has no such image."))),
        )
    try:
        status = ModerationStatus(str(result.get("moderation_status")))
    except ValueError:
        return _unclear(operation, later("Batch", "The answer names no status."))
    when = parse_time(result.get("updated_at"))
    if outcome in {"applied", "already_applied"} and status is operation.target:
        return BatchItem(operation.operation_id, Acknowledged(status, when, request_id))
    actor = result.get("actor")
    seen = Observed(status, when, actor if isinstance(actor, str) else None)
    if outcome == "already_applied":
        # This very decision was applied before, whatever happened to the asset since.
        return BatchItem(operation.operation_id, seen)
    if outcome == "conflict" and (status is operation.target or status not in operation.expected):
        return BatchItem(operation.operation_id, seen)
    return _unclear(operation, later("Batch", "The answer contradicts itself."))


def _unclear(operation: Operation, message: Sentence) -> BatchItem:
    return BatchItem(operation.operation_id, Failed(Unknown(message)))
