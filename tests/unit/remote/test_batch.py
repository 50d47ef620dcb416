"""Many decisions in one request: what is not said of one has not happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.errors import AssetGone, Unknown
from modstation.core.outbox import Acknowledged, Failed, Observed, Operation, OperationState
from modstation.remote.batch import (
    MOST_DECISIONS,
    Capabilities,
    batch_body,
    parse_capabilities,
    parse_results,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def operation(number: int, **fields: Any) -> Operation:
    return Operation(
        operation_id=f"o{number}",
        decision_id=f"d{number}",
        ref=AssetRef("image", "upload", f"p{number}"),
        target=ModerationStatus.REJECTED,
        state=OperationState.IN_FLIGHT,
        due_at=NOW,
        decided_at=NOW,
        **fields,
    )


def result(number: int, outcome: str = "applied", status: Any = "rejected") -> dict[str, Any]:
    return {"decision_id": f"d{number}", "outcome": outcome, "moderation_status": status}


def outcome_of(*results: Any) -> Any:
    (item,) = parse_results(json.dumps({"results": list(results)}).encode(), [operation(1)])
    assert item.operation_id == "o1"
    return item.outcome


def test_each_operation_gets_its_own_outcome() -> None:
    body = json.dumps(
        {
            "results": [
                result(3, "conflict", "approved"),
                result(1),
                result(2, "already_applied"),
                result(4, "not_found", None),
            ]
        }
    ).encode()
    items = parse_results(body, [operation(number) for number in range(1, 6)])
    kinds = [type(item.outcome) for item in items]
    assert kinds == [Acknowledged, Acknowledged, Observed, Failed, Failed]
    gone, missing = items[3].outcome, items[4].outcome
    assert isinstance(gone, Failed)
    assert isinstance(gone.error, AssetGone)
    assert isinstance(missing, Failed)
    assert isinstance(missing.error, Unknown)


@pytest.mark.parametrize(
    "results",
    [
        (),
        (None,),
        ("applied",),
        (result(2),),
        (result(1), result(1)),
        (result(1), result(1, "conflict", "approved")),
        (result(1, status=None),),
        (result(1, status="exploded"),),
        (result(1, status="approved"),),
        (result(1, "applied", "pending"),),
        (result(1, "conflict", "pending"),),
        (result(1, "sure"),),
        ({"decision_id": "d1"},),
        ({"decision_id": ["d1"], "outcome": "applied", "moderation_status": "rejected"},),
    ],
)
def test_what_is_missing_double_or_contradicts_itself_has_not_succeeded(
    results: tuple[Any, ...],
) -> None:
    outcome = outcome_of(*results)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, Unknown)


@pytest.mark.parametrize("body", [b"{}", b'{"results":{}}', b"[]", b"<html>"])
def test_an_answer_without_results_is_unknown_for_all(body: bytes) -> None:
    with pytest.raises(Unknown):
        parse_results(body, [operation(1)])


def test_a_decision_says_what_it_expects_and_who_made_it() -> None:
    (item,) = json.loads(
        batch_body([operation(1, asset_id="a" * 32, reason_code="nudity", note="n", actor="mod")])
    )["decisions"]
    assert item == {
        "decision_id": "d1",
        "resource_type": "image",
        "type": "upload",
        "public_id": "p1",
        "status": "rejected",
        "expected": ["pending"],
        "decided_at": "2026-01-01T00:00:00+00:00",
        "asset_id": "a" * 32,
        "reason": "nudity",
        "note": "n",
        "actor": "mod",
    }


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"batch_decisions": {"max": 500}}, Capabilities(500)),
        ({"batch_decisions": {"max": 10, "checks_version": True}}, Capabilities(10, True)),
        ({"batch_decisions": {"max": 10**9}}, Capabilities(MOST_DECISIONS)),
        ({"batch_decisions": {"max": 0}}, Capabilities()),
        ({"batch_decisions": {"max": True}}, Capabilities()),
        ({"batch_decisions": {"max": "500"}}, Capabilities()),
        ({"batch_decisions": True}, Capabilities()),
        ({"rejected_pixels": True}, Capabilities(rejected_pixels=True)),
        (
            {"batch_decisions": {"max": 5}, "rejected_pixels": True},
            Capabilities(5, rejected_pixels=True),
        ),
        ({"rejected_pixels": "yes"}, Capabilities()),
        ({"decision_history": {"max": 100}}, Capabilities(decision_history=True)),
        ({"decision_history": True}, Capabilities()),
        ({}, Capabilities()),
    ],
)
def test_capabilities_are_taken_only_in_a_known_form(
    document: dict[str, Any], found: Capabilities
) -> None:
    assert parse_capabilities(json.dumps(document).encode()) == found
