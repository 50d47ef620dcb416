"""Past decisions as our own service tells them: foreign text, taken with care."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from modstation.core.assets import ModerationStatus
from modstation.core.decisions import PastDecision, who_settled
from modstation.core.errors import Unknown
from modstation.remote.past import parse_past

APPROVED, REJECTED = ModerationStatus.APPROVED, ModerationStatus.REJECTED
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WHOLE = {
    "to_status": "rejected",
    "decided_at": "2026-01-02T03:04:05Z",
    "actor": "kim",
    "reason": "nudity",
    "note": "left\ncorner",
    "changed": True,
}


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (
            WHOLE,
            [PastDecision(REJECTED, THEN, "kim", "nudity", "left corner")],
        ),
        ({"to_status": "approved"}, [PastDecision(APPROVED)]),
        ({"to_status": "approved", "changed": False}, [PastDecision(APPROVED, changed=False)]),
        (
            {"to_status": "approved", "decided_at": "soon", "actor": 7, "reason": [], "note": ""},
            [PastDecision(APPROVED)],
        ),
        (
            {"to_status": "approved", "actor": "a\u202eb\x00", "note": "x" * 5000},
            [PastDecision(APPROVED, actor="a b", note="x" * 2000)],
        ),
        ({"to_status": "perhaps"}, []),
        ({"to_status": None}, []),
        ("rejected", []),
    ],
)
def test_a_decision_is_told_as_far_as_it_can_be_understood(
    row: Any, found: list[PastDecision]
) -> None:
    assert list(parse_past(json.dumps({"decisions": [row]}).encode())) == found


@pytest.mark.parametrize("document", [{}, {"decisions": None}, {"decisions": {"0": WHOLE}}])
def test_an_answer_without_decisions_is_no_answer(document: dict[str, Any]) -> None:
    with pytest.raises(Unknown):
        parse_past(json.dumps(document).encode())


def test_who_settled_it_is_the_last_who_changed_its_status() -> None:
    past = (
        PastDecision(REJECTED, actor="again", changed=False),
        PastDecision(REJECTED, actor="kim"),
        PastDecision(APPROVED, actor="sam"),
        PastDecision(REJECTED, actor="first"),
    )
    settled = who_settled(past, REJECTED)
    assert settled is not None
    assert settled.actor == "kim"
    assert who_settled(past, ModerationStatus.PENDING) is None
