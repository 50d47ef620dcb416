"""What only our service offers: batch decisions and the pixels of rejected assets."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService


def decide(live: LiveService, *decisions: dict[str, Any]) -> list[dict[str, Any]]:
    answer = live.request("POST", "/modstation/decisions", json={"decisions": list(decisions)})
    assert answer.status_code == 200, answer.text
    assert "x-featureratelimit-remaining" in answer.headers
    return list(answer.json()["results"])


def verdict(number: int, public_id: str, status: str, **more: Any) -> dict[str, Any]:
    named = {"resource_type": "image", "type": "upload", "public_id": public_id}
    return {"decision_id": f"d{number}", "status": status, **named, **more}


def outcomes(results: list[dict[str, Any]]) -> list[str]:
    return [result["outcome"] for result in results]


def test_capabilities_are_told(shared: LiveService) -> None:
    assert shared.request("GET", "/modstation/capabilities").json() == {
        "batch_decisions": {"max": 500, "checks_version": True},
        "claims": {"max": 500, "seconds": [10, 86400]},
        "decision_history": {"max": 100},
        "delivery_log": True,
        "listed_reasons": True,
        "rejected_pixels": True,
        "update_details": True,
        "version": 1,
    }


def test_a_batch_is_applied_and_recorded(live: LiveService) -> None:
    one, two, three = live.fill(3)
    results = decide(
        live,
        verdict(
            1,
            one,
            "rejected",
            reason="nudity",
            note="left\ncorner",
            actor="kim",
            expected=["pending"],
            decided_at="2026-01-02T03:04:05.678901+01:00",
        ),
        verdict(2, two, "approved", asset_id=live.asset(two)["asset_id"]),
        verdict(3, "nowhere", "approved"),
        verdict(4, three, "approved", asset_id="0" * 32),
    )
    assert outcomes(results) == ["applied", "applied", "not_found", "not_found"]
    assert results[0] == {
        "decision_id": "d1",
        "outcome": "applied",
        "moderation_status": "rejected",
        "updated_at": live.asset(one)["moderation"][0]["updated_at"],
        "actor": "kim",
    }
    assert live.statuses() == {one: "rejected", two: "approved", three: "pending"}
    (kept,) = live.decisions(one)
    assert (kept.reason, kept.note, kept.actor) == ("nudity", "left\ncorner", "kim")
    assert (kept.from_status, kept.to_status, kept.changed) == ("pending", "rejected", True)


@pytest.mark.parametrize("field", ["decision_id", "reason", "note", "actor"])
def test_control_characters_are_refused_in_whatever_others_will_read(
    shared: LiveService, field: str
) -> None:
    (name,) = shared.fill(1, prefix=field)
    item = verdict(1, name, "approved") | {field: "a\x00b"}
    answer = shared.request("POST", "/modstation/decisions", json={"decisions": [item]})
    assert answer.status_code == 400
    assert "control characters" in answer.json()["error"]["message"]
    assert shared.decisions(name) == []


def test_a_verdict_on_a_picture_that_was_replaced_meanwhile_is_refused(live: LiveService) -> None:
    (name,) = live.fill(1)
    seen = live.asset(name)["version"]
    live.upload(picture(7), public_id=name, moderation="manual")
    (stale,) = decide(
        live, verdict(1, name, "approved", version=seen, expected=["pending", "approved"])
    )
    assert (stale["outcome"], stale["moderation_status"]) == ("conflict", "pending")
    assert live.decisions(name) == []
    looked_again = verdict(2, name, "approved", version=live.asset(name)["version"])
    assert outcomes(decide(live, looked_again)) == ["applied"]


def test_a_picture_put_back_from_its_backup_is_the_same_picture(live: LiveService) -> None:
    (name,) = live.fill(1)
    seen = live.asset(name)["version"]
    live.decide(name, "rejected")
    assert live.decide(name, "approved")["version"] > seen
    assert outcomes(decide(live, verdict(1, name, "rejected", version=seen))) == ["applied"]


def test_sending_a_batch_again_changes_nothing_even_if_the_asset_has_changed_since(
    live: LiveService,
) -> None:
    (name,) = live.fill(1)
    first = decide(live, verdict(1, name, "rejected", actor="kim"))
    live.decide(name, "approved")
    again = decide(live, verdict(1, name, "rejected", actor="kim"))
    assert again[0] == first[0] | {"outcome": "already_applied"}
    assert live.status_of(name) == "approved"
    assert live.changes_of(name) == 2


def test_one_identifier_twice_in_a_batch_counts_once(live: LiveService) -> None:
    (name,) = live.fill(1)
    results = decide(live, verdict(1, name, "rejected"), verdict(1, name, "rejected"))
    assert outcomes(results) == ["applied", "already_applied"]
    assert live.changes_of(name) == 1


def test_one_identifier_for_two_decisions_is_a_conflict(live: LiveService) -> None:
    one, two = live.fill(2)
    results = decide(
        live,
        verdict(1, one, "rejected"),
        verdict(1, one, "approved"),
        verdict(1, two, "rejected"),
    )
    assert outcomes(results) == ["applied", "conflict", "conflict"]
    assert live.statuses() == {one: "rejected", two: "pending"}


def test_an_unexpected_status_is_a_conflict_that_names_who_was_first(live: LiveService) -> None:
    (name,) = live.fill(1)
    decide(live, verdict(1, name, "rejected", actor="kim"))
    (result,) = decide(live, verdict(2, name, "approved", expected=["pending"], actor="sam"))
    assert (result["outcome"], result["moderation_status"]) == ("conflict", "rejected")
    assert result["actor"] == "kim"
    assert live.status_of(name) == "rejected"
    # Deciding knowingly is possible, with the status one has seen.
    (result,) = decide(live, verdict(3, name, "approved", expected=["rejected"], actor="sam"))
    assert result["outcome"] == "applied"


def test_decisions_on_one_asset_apply_in_order(live: LiveService) -> None:
    (name,) = live.fill(1)
    results = decide(
        live,
        verdict(1, name, "rejected"),
        verdict(2, name, "approved", expected=["rejected"]),
    )
    assert outcomes(results) == ["applied", "applied"]
    assert [row.to_status for row in live.decisions(name)] == ["rejected", "approved"]


def test_a_batch_of_500_is_taken_and_one_of_501_refused(live: LiveService) -> None:
    names = live.fill(3)
    many = [verdict(number, names[number % 3], "approved") for number in range(501)]
    assert outcomes(decide(live, *many[:500])) == ["applied"] * 500
    assert live.changes_of(names[0]) == 1
    refused = live.request("POST", "/modstation/decisions", json={"decisions": many})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "decisions: at most 500 at a time"


@pytest.mark.parametrize(
    "decision",
    [
        {},
        {"decision_id": "x", "status": "maybe", "public_id": "p"},
        {"decision_id": "", "status": "approved", "public_id": "p"},
        {"decision_id": "x", "status": "approved"},
        verdict(2, "p", "approved", decided_at="yesterday"),
        verdict(2, "p", "approved", decided_at="2026-01-01T00:00:00"),
        verdict(2, "p", "approved", decided_at="0001-01-01T00:00:00+14:00"),
        verdict(2, "p", "approved", decided_at="9999-12-31T23:59:59-14:00"),
        verdict(2, "p", "approved", decided_at="1969-12-31T23:59:59Z"),
        verdict(2, "p", "approved", expected="pending"),
    ],
)
def test_a_malformed_decision_refuses_the_batch_whole(
    shared: LiveService, decision: dict[str, Any]
) -> None:
    (name,) = shared.fill(1)
    body = {"decisions": [verdict(1, name, "approved"), decision]}
    answer = shared.request("POST", "/modstation/decisions", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("Invalid value for parameter decisions: ")
    assert shared.status_of(name) == "pending"


def test_the_pixels_of_a_rejected_asset_can_be_read_with_credentials_only(
    shared: LiveService,
) -> None:
    content = picture(3, (800, 600))
    shared.upload(content, public_id="folder/pixels", moderation="manual")
    shared.decide("folder/pixels", "rejected")
    path = "/modstation/resources/image/upload/folder/pixels/pixels"
    whole = shared.request("GET", path)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole.headers["cache-control"] == "private, no-store"
    small = shared.request("GET", f"{path}?w=100&h=100")
    assert Image.open(BytesIO(small.content)).size == (100, 75)
    assert shared.request("GET", f"{path}?w=x").status_code == 400
    assert shared.request("GET", path, auth=("1", "2")).status_code == 401


def test_an_override_is_not_applied_to_a_picture_that_took_the_rejected_ones_place(
    live: LiveService,
) -> None:
    (name,) = live.fill(1)
    seen = live.asset(name)["version"]
    live.decide(name, "rejected")
    live.upload(picture(2), public_id=name, moderation="manual")
    live.decide(name, "rejected")
    stale = verdict(1, name, "approved", version=seen, expected=["rejected"])
    assert outcomes(decide(live, stale)) == ["conflict"]
    assert live.statuses() == {name: "rejected"}
    again = verdict(2, name, "approved", version=live.asset(name)["version"])
    assert outcomes(decide(live, again)) == ["applied"]
