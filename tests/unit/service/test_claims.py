"""Two moderators at one queue never hold the same image."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from helpers.live_service import LiveService
from modstation.core.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock, database: str | None) -> Iterator[LiveService]:
    with LiveService(tmp_path, clock=clock, database=database) as service:
        yield service


def asked(live: LiveService, what: str, **body: Any) -> dict[str, Any]:
    answer = live.request("POST", f"/modstation/claims{what}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def names(answer: dict[str, Any]) -> list[str]:
    return [item["public_id"] for item in answer["resources"]]


def ids(live: LiveService, *public_ids: str) -> list[str]:
    return [live.asset(public_id)["asset_id"] for public_id in public_ids]


def test_two_moderators_are_given_different_images_the_oldest_first(desk: LiveService) -> None:
    photos = desk.fill(5)
    assert names(asked(desk, "", holder="desk-1", count=2)) == photos[:2]
    assert names(asked(desk, "", holder="desk-2", count=2)) == photos[2:4]
    assert names(asked(desk, "", holder="desk-3", count=2)) == photos[4:]
    assert names(asked(desk, "", holder="desk-4", count=2)) == []


def test_asking_again_after_a_lost_answer_takes_no_more(desk: LiveService) -> None:
    photos = desk.fill(4)
    first = asked(desk, "", holder="desk-1", count=2)
    assert asked(desk, "", holder="desk-1", count=2)["asset_ids"] == first["asset_ids"]
    assert names(asked(desk, "", holder="desk-2", count=4)) == photos[2:]


def test_named_images_are_claimed_and_the_others_say_who_has_them(desk: LiveService) -> None:
    one, two, three = desk.fill(3)
    asked(desk, "", holder="desk-1", name="Kim", asset_ids=ids(desk, one))
    desk.decide(three, "approved")
    wanted = ids(desk, one, two, three)
    answer = asked(desk, "", holder="desk-2", asset_ids=wanted, seconds=60)
    assert answer["asset_ids"] == [wanted[1]]
    [held] = answer["held"]
    assert (held["asset_id"], held["name"]) == (wanted[0], "Kim")
    assert answer["gone"] == [wanted[2]]


def test_what_nobody_renews_is_free_again(desk: LiveService, clock: ManualClock) -> None:
    photos = desk.fill(2)
    asked(desk, "", holder="desk-1", count=2, seconds=60)
    clock.advance(59)
    assert names(asked(desk, "", holder="desk-2", count=2)) == []
    assert asked(desk, "/renew", holder="desk-1", seconds=60)["renewed"] == 2
    clock.advance(59)
    assert names(asked(desk, "", holder="desk-2", count=2)) == []
    clock.advance(1)
    assert names(asked(desk, "", holder="desk-2", count=2)) == photos
    # Too late: somebody else has them in hand now.
    assert asked(desk, "/renew", holder="desk-1")["renewed"] == 0


def test_what_is_given_back_is_free_at_once(desk: LiveService) -> None:
    one, two = desk.fill(2)
    asked(desk, "", holder="desk-1", count=2)
    assert asked(desk, "/release", holder="desk-2")["released"] == 0
    assert asked(desk, "/release", holder="desk-1", asset_ids=ids(desk, two))["released"] == 1
    assert names(asked(desk, "", holder="desk-2", count=2)) == [two]
    assert asked(desk, "/release", holder="desk-1")["released"] == 1
    assert names(asked(desk, "", holder="desk-3", count=2)) == [one]


def test_a_decided_image_is_in_nobodys_hand(desk: LiveService) -> None:
    one, _ = desk.fill(2)
    asked(desk, "", holder="desk-1", count=2)
    # Whoever decides has decided, also on what somebody else holds.
    desk.decide(one, "rejected")
    desk.decide(one, "pending")
    assert names(asked(desk, "", holder="desk-2", count=2)) == [one]


def test_a_deleted_image_leaves_no_claim_to_the_next_one(desk: LiveService) -> None:
    desk.fill(1)
    asked(desk, "", holder="desk-1", count=1)
    desk.request("DELETE", "/resources/image/upload", params={"all": "true"}).raise_for_status()
    (again,) = desk.fill(1)
    assert names(asked(desk, "", holder="desk-2", count=1)) == [again]


def test_an_image_that_is_deleted_and_restored_is_in_nobodys_hand(desk: LiveService) -> None:
    desk.upload(public_id="kept", moderation="manual", backup="1")
    asked(desk, "", holder="desk-1", count=1)
    desk.request("DELETE", "/resources/image/upload", params={"public_ids[]": "kept"})
    assert desk.request("GET", "/modstation/claims").json()["holders"] == []
    restored = desk.request(
        "POST", "/resources/image/upload/restore", json={"public_ids": ["kept"]}
    )
    assert restored.json()["kept"]["moderation_status"] == "pending"
    assert names(asked(desk, "", holder="desk-2", count=1)) == ["kept"]


def test_a_team_sees_who_holds_how_much(desk: LiveService, clock: ManualClock) -> None:
    desk.fill(3)
    asked(desk, "", holder="desk-1", name="Kim", count=2, seconds=60)
    asked(desk, "", holder="desk-2", name="Ada", count=2, seconds=600)
    told = desk.request("GET", "/modstation/claims").json()["holders"]
    assert [(one["name"], one["count"]) for one in told] == [("Kim", 2), ("Ada", 1)]
    clock.advance(61)
    told = desk.request("GET", "/modstation/claims").json()["holders"]
    assert [(one["name"], one["count"]) for one in told] == [("Ada", 1)]


def test_many_who_ask_at_once_share_the_queue_without_overlap(desk: LiveService) -> None:
    photos = desk.fill(40)

    def take(number: int) -> list[str]:
        return names(asked(desk, "", holder=f"desk-{number}", count=5))

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(10)))
    given = [name for one in taken for name in one]
    assert len(given) == len(set(given)) == len(photos)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Missing required parameter - holder"),
        ({"holder": "x" * 129}, "holder is too long: more than 128 characters"),
        ({"holder": "desk", "name": "x" * 129}, "name is too long: more than 128 characters"),
        ({"holder": "desk", "seconds": 9}, "seconds must be between 10 and 86400"),
        ({"holder": "desk", "count": 501}, "count must be between 1 and 500"),
        ({"holder": "desk", "kind": "nobody"}, "Invalid value nobody for parameter kind"),
        ({"holder": "desk", "asset_ids": []}, "asset_ids: 1 to 500 at a time"),
        (
            {"holder": "desk", "asset_ids": ["a"] * 2 + [{}]},
            "Invalid value for parameter asset_ids",
        ),
    ],
)
def test_a_claim_that_makes_no_sense_is_refused(
    shared: LiveService, body: dict[str, Any], said: str
) -> None:
    answer = shared.request("POST", "/modstation/claims", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, said)


def test_claims_that_have_run_out_are_forgotten_in_time(
    desk: LiveService, clock: ManualClock
) -> None:
    desk.fill(2)
    asked(desk, "", holder="desk-1", count=2, seconds=60)
    assert desk.service is not None
    keeper = desk.service.housekeeper
    keeper.step(clock.now())
    assert asked(desk, "/renew", holder="desk-1", seconds=60)["renewed"] == 2
    clock.advance(2 * 86_400)
    while keeper.step(clock.now()):
        continue
    assert asked(desk, "/renew", holder="desk-1", seconds=60)["renewed"] == 0
