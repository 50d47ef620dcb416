"""What images were given as reasons: told with a list to whoever asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService

REJECTED = "/resources/image/moderations/manual/rejected"
ASKED = {"modstation_reasons": "true"}


def decide(live: LiveService, number: int, name: str, status: str, **more: Any) -> None:
    item = {"decision_id": f"{name}-{number}", "public_id": name, "status": status, **more}
    answer = live.request("POST", "/modstation/decisions", json={"decisions": [item]})
    assert answer.json()["results"][0]["outcome"] == "applied", answer.text


def listed(live: LiveService, path: str = REJECTED, **query: str) -> dict[str, Any]:
    answer = live.request("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    return {item["public_id"]: item.get("modstation") for item in answer.json()["resources"]}


def test_every_reason_is_told_and_the_one_that_stands(live: LiveService) -> None:
    blurred, nude, silent = live.fill(3)
    decide(live, 1, blurred, "rejected", reason="nudity")
    decide(live, 2, blurred, "approved")
    decide(live, 3, blurred, "rejected", reason="quality")
    decide(live, 1, nude, "rejected")
    decide(live, 2, nude, "rejected", reason="nudity")
    live.decide(silent, "rejected")
    assert listed(live, **ASKED) == {
        blurred: {"reasons": ["quality", "nudity"], "reason": "quality"},
        nude: {"reasons": ["nudity"], "reason": "nudity"},
        silent: None,
    }
    live.decide(blurred, "pending")
    assert listed(live, "/resources/image/moderations/manual/pending", **ASKED) == {
        blurred: {"reasons": ["quality", "nudity"], "reason": None}
    }
    one = live.request("GET", f"/resources/image/upload/{nude}", params=ASKED).json()
    assert one["modstation"]["reason"] == "nudity"


def test_a_rejection_without_a_reason_does_not_borrow_an_older_one(live: LiveService) -> None:
    (name,) = live.fill(1)
    decide(live, 1, name, "rejected", reason="quality")
    decide(live, 2, name, "approved")
    decide(live, 3, name, "rejected")
    assert listed(live, **ASKED)[name] == {"reasons": ["quality"], "reason": None}


def test_a_client_that_does_not_ask_is_told_nothing_new(live: LiveService) -> None:
    (name,) = live.fill(1)
    decide(live, 1, name, "rejected", reason="quality")
    assert listed(live) == {name: None}
    assert "modstation" not in live.asset(name)


def test_an_update_carries_what_is_said_with_a_decision_and_counts_once(live: LiveService) -> None:
    live.upload(picture(1), public_id="folder/cat", moderation="manual")
    said = {
        "decision_id": "d-1",
        "reason": "quality",
        "note": "nothing\nbut blur",
        "actor": "kim",
        "decided_at": "2026-01-02T03:04:05+00:00",
    }
    body = {"moderation_status": "rejected", "modstation_decision": said}
    path = "/resources/image/upload/folder/cat"
    for _ in range(2):
        answer = live.request("POST", path, json=body)
        assert answer.json()["moderation_status"] == "rejected", answer.text
    (row,) = live.decisions("folder/cat")
    assert (row.decision_id, row.reason, row.note, row.actor) == (
        "d-1",
        "quality",
        "nothing\nbut blur",
        "kim",
    )
    other = live.request("POST", path, json=body | {"moderation_status": "approved"})
    assert other.status_code == 400
    assert "another decision" in other.json()["error"]["message"]
    assert live.status_of("folder/cat") == "rejected"


@pytest.mark.parametrize(
    "said", ["no json", "{}", '{"decision_id": "d", "actor": "a\\u0000b"}', '{"decision_id": ""}']
)
def test_what_is_malformed_is_refused_and_changes_nothing(shared: LiveService, said: str) -> None:
    shared.upload(picture(2), public_id="dog", moderation="manual")
    answer = shared.request(
        "POST",
        "/resources/image/upload/dog",
        data={"moderation_status": "rejected", "modstation_decision": said},
    )
    assert answer.status_code == 400
    assert "modstation_decision" in answer.json()["error"]["message"]
    assert shared.status_of("dog") == "pending"
