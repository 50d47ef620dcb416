"""The history of decisions on one asset, as whoever has the key may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService


def path_of(name: str) -> str:
    return f"/modstation/resources/image/upload/{name}/decisions"


def read(live: LiveService, name: str, **query: Any) -> dict[str, Any]:
    answer = live.request("GET", path_of(name), params=query)
    assert answer.status_code == 200, answer.text
    assert "x-featureratelimit-remaining" in answer.headers
    return dict(answer.json())


def decide(live: LiveService, number: int, name: str, status: str, **more: Any) -> None:
    item = {"decision_id": f"{name}-{number}", "public_id": name, "status": status, **more}
    answer = live.request("POST", "/modstation/decisions", json={"decisions": [item]})
    assert answer.json()["results"][0]["outcome"] == "applied", answer.text


def test_it_tells_who_decided_when_and_why_newest_first(live: LiveService) -> None:
    name = "folder/cat"
    version_id = live.upload(picture(1), public_id=name, moderation="manual")["version_id"]
    assert read(live, name) == {"decisions": []}
    decide(
        live,
        1,
        name,
        "rejected",
        actor="kim",
        reason="quality",
        note="nothing\nbut blur",
        decided_at="2026-01-02T03:04:05Z",
    )
    live.decide(name, "approved")
    live.decide(name, "approved")
    again, approved, rejected = read(live, name)["decisions"]
    assert rejected == {
        "moderation_kind": "manual",
        "from_status": "pending",
        "to_status": "rejected",
        "changed": True,
        "decision_id": "folder/cat-1",
        "actor": "kim",
        "reason": "quality",
        "note": "nothing\nbut blur",
        "version_id": version_id,
        "decided_at": "2026-01-02T03:04:05Z",
        "received_at": rejected["received_at"],
    }
    assert (approved["to_status"], approved["changed"], approved["actor"]) == (
        "approved",
        True,
        None,
    )
    assert (again["to_status"], again["changed"]) == ("approved", False)


def test_it_is_read_a_page_at_a_time_also_while_it_grows(live: LiveService) -> None:
    (name,) = live.fill(1)
    for number in range(5):
        decide(live, number, name, "rejected" if number % 2 else "approved")
    first = read(live, name, max_results=2)
    decide(live, 5, name, "rejected")
    second = read(live, name, max_results=2, next_cursor=first["next_cursor"])
    third = read(live, name, max_results=2, next_cursor=second["next_cursor"])
    assert "next_cursor" not in third
    told = [row["decision_id"] for page in (first, second, third) for row in page["decisions"]]
    assert told == [f"{name}-{number}" for number in (4, 3, 2, 1, 0)]


def test_a_cursor_counts_for_its_own_asset_only(live: LiveService) -> None:
    one, two = live.fill(2)
    for number in range(2):
        decide(live, number, one, "rejected" if number else "approved")
    cursor = read(live, one, max_results=1)["next_cursor"]
    for wrong in (cursor, "!", "e30"):
        answer = live.request("GET", path_of(two), params={"next_cursor": wrong})
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == "Invalid value for next_cursor"


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (path_of("nowhere"), 404, "Resource not found - nowhere"),
        (path_of("x") + "?max_results=0", 400, "max_results must be between 1 and 100"),
        (path_of("x") + "?max_results=101", 400, "max_results must be between 1 and 100"),
        (
            "/modstation/resources/music/upload/x/decisions",
            400,
            "Invalid value music for parameter resource_type",
        ),
        (
            "/modstation/resources/image/maybe/x/decisions",
            400,
            "Invalid value maybe for parameter type",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_in_the_usual_words(
    shared: LiveService, path: str, status: int, message: str
) -> None:
    answer = shared.request("GET", path)
    assert (answer.status_code, answer.json()) == (status, {"error": {"message": message}})


def test_it_is_told_to_nobody_without_the_key(shared: LiveService) -> None:
    (name,) = shared.fill(1, prefix="secret")
    assert shared.request("GET", path_of(name), auth=("1", "2")).status_code == 401


def test_of_a_deleted_asset_nothing_is_told(live: LiveService) -> None:
    (name,) = live.fill(1)
    decide(live, 1, name, "approved")
    live.request("DELETE", f"/resources/image/upload?public_ids[]={name}").raise_for_status()
    assert live.request("GET", path_of(name)).status_code == 404
