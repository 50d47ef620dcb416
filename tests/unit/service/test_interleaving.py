"""Several callers at the same asset at the same moment, as replicas let them be."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import insert

from helpers.live_service import LiveService, picture
from modstation.core.clock import to_us
from modstation.service.blobs import BACKUP, ORIGINALS
from modstation.service.running.housekeeping import Housekeeper
from modstation.service.schema import applied_decisions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.core.clock import ManualClock
    from modstation.service.service import Service

# SQLite has one writer: what is told here cannot happen there.
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def at_once(work: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """The answers to requests that were all made at the same moment."""
    barrier = threading.Barrier(len(work))

    def one(make: Callable[[], httpx.Response]) -> httpx.Response:
        barrier.wait(20)
        return make()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(one, work))


def uploading(live: LiveService, number: int, **options: str) -> Callable[[], httpx.Response]:
    return lambda: live.request(
        "POST", "/image/upload", data=options, files={"file": ("x.jpg", picture(number))}
    )


def deciding(live: LiveService, public_id: str, status: str) -> Callable[[], httpx.Response]:
    return lambda: live.request(
        "POST", f"/resources/image/upload/{public_id}", data={"moderation_status": status}
    )


def batch(live: LiveService, *items: dict[str, Any]) -> Callable[[], httpx.Response]:
    return lambda: live.request("POST", "/modstation/decisions", json={"decisions": list(items)})


def chained(live: LiveService, public_id: str) -> None:
    """Every change starts from what the one before it left."""
    steps = [d for d in live.decisions(public_id) if d.changed]
    for before, after in itertools.pairwise(steps):
        assert after.from_status == before.to_status
    assert live.status_of(public_id) == steps[-1].to_status


def test_decisions_on_one_asset_follow_each_other(live: LiveService) -> None:
    live.upload(public_id="cat", moderation="manual")
    answers = at_once(
        [deciding(live, "cat", "rejected" if n % 2 else "approved") for n in range(8)]
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(live.decisions("cat")) == 8
    chained(live, "cat")


def test_a_batch_that_is_sent_again_before_it_was_answered_is_applied_once(
    live: LiveService,
) -> None:
    names = live.fill(5)
    items = [
        {"decision_id": f"d-{name}", "public_id": name, "status": "approved",
         "expected": ["pending"], "actor": "kim"}
        for name in names
    ]  # fmt: skip
    answers = at_once([batch(live, *items)] * 4)
    results = [result for answer in answers for result in answer.json()["results"]]
    outcomes = [result["outcome"] for result in results]
    assert sorted(set(outcomes)) == ["already_applied", "applied"]
    assert outcomes.count("applied") == 5
    assert {live.changes_of(name) for name in names} == {1}


def test_batches_that_meet_head_on_both_come_through(live: LiveService) -> None:
    names = live.fill(30)
    ids = {name: live.asset(name)["asset_id"] for name in names}

    def item(name: str, who: int, *, by_id: bool) -> dict[str, Any]:
        named = {"asset_id": ids[name]} if by_id else {"public_id": name}
        return {"decision_id": f"{who}-{name}", "status": "approved", **named}

    def crossed(who: int) -> Callable[[], httpx.Response]:
        first = [item(name, who, by_id=bool(who % 2)) for name in names[:15]]
        return batch(live, *first, *[item(n, who, by_id=not who % 2) for n in names[15:]])

    answers = at_once([crossed(who) for who in range(4)])
    assert {answer.status_code for answer in answers} == {200}
    assert {live.changes_of(name) for name in names} == {1}


def test_uploads_under_one_new_name_are_one_asset(live: LiveService) -> None:
    answers = at_once([uploading(live, n, public_id="cat") for n in range(6)])
    assert [answer.status_code for answer in answers] == [200] * 6
    documents = [answer.json() for answer in answers]
    assert len({document["asset_id"] for document in documents}) == 1
    assert sum("overwritten" not in document for document in documents) == 1
    assert len({document["version"] for document in documents}) == 6
    newest = max(documents, key=lambda document: document["version"])
    assert live.asset("cat")["etag"] == newest["etag"]


def test_of_one_picture_that_is_sent_twice_at_once_one_is_no_duplicate(live: LiveService) -> None:
    work = [uploading(live, 1, public_id=f"p{n}", moderation="duplicate:0.8") for n in range(6)]
    entries = [answer.json()["moderation"][0] for answer in at_once(work)]
    assert sorted(entry["status"] for entry in entries) == ["approved", *["rejected"] * 5]
    [first] = [f"p{n}" for n in range(6) if entries[n]["status"] == "approved"]
    told = {entry["response"][0]["public_id"] for entry in entries if entry["response"]}
    assert told == {first}


def test_uploads_that_must_not_overwrite_leave_the_first(live: LiveService) -> None:
    answers = at_once([uploading(live, n, public_id="cat", overwrite="0") for n in range(6)])
    documents = [answer.json() for answer in answers]
    assert sum("existing" not in document for document in documents) == 1
    assert len({document["etag"] for document in documents}) == 1


def test_of_exclusive_tags_that_are_set_at_once_one_is_left(live: LiveService) -> None:
    names = live.fill(8)

    def setting(name: str) -> Callable[[], httpx.Response]:
        data = {"command": "set_exclusive", "tag": "cover", "public_ids[]": name}
        return lambda: live.request("POST", "/image/tags", data=data)

    for _ in range(5):
        answers = at_once([setting(name) for name in names])
        assert {answer.status_code for answer in answers} == {200}
        tagged = live.request("GET", "/resources/image/tags/cover").json()["resources"]
        assert len(tagged) == 1


def test_everything_at_once_leaves_listing_and_delivery_in_agreement(live: LiveService) -> None:
    live.upload(public_id="cat", moderation="manual", backup="1")

    def deleting() -> httpx.Response:
        return live.request("DELETE", "/resources/image/upload", params={"public_ids": "cat"})

    def restoring() -> httpx.Response:
        return live.request("POST", "/resources/image/upload/restore", json={"public_ids": ["cat"]})

    upload = uploading(live, 7, public_id="cat", moderation="manual", backup="1")
    for _ in range(3):
        work = [upload, deciding(live, "cat", "approved"), deciding(live, "cat", "rejected")]
        answers = at_once([*work, deleting, restoring, upload])
        assert {answer.status_code for answer in answers} <= {200, 404}
    assert restoring().status_code == 200
    status = live.decide("cat", "approved")["moderation_status"]
    listed = live.request("GET", f"/resources/image/moderations/manual/{status}").json()
    assert [item["public_id"] for item in listed["resources"]] == ["cat"]
    asset = live.asset("cat")
    assert len(httpx.get(asset["url"], trust_env=False).content) == asset["bytes"]


def test_housekeepers_of_several_replicas_never_lose_an_original(live: LiveService) -> None:
    assert live.service is not None
    service = live.service
    names = live.fill(6)
    decided = threading.Event()

    def keep_house(_number: int) -> None:
        housekeeper = Housekeeper(service.ledger, service.blobs)
        while not decided.is_set() or housekeeper.step(service.clock.now()):
            housekeeper.step(service.clock.now())

    def change_minds(name: str) -> None:
        for status in ("rejected", "approved") * 3 + ("rejected",):
            live.decide(name, status)

    with ThreadPoolExecutor(3 + len(names)) as threads:
        housekeepers = [threads.submit(keep_house, number) for number in range(3)]
        list(threads.map(change_minds, names[1:]))
        decided.set()
        for housekeeper in housekeepers:
            housekeeper.result(60)
    assert len(service.blobs.names(BACKUP)) == 5
    assert len(service.blobs.names(ORIGINALS)) == 1
    for number, name in enumerate(names):
        path = f"/modstation/resources/image/upload/{name}/pixels"
        assert live.request("GET", path).content == picture(number)


def test_one_replica_forgets_what_is_old(still: Service, clock: ManualClock) -> None:
    first, second = (Housekeeper(still.ledger, still.blobs) for _ in range(2))
    row = {"cloud": "still", "decision_id": "old", "asset_id": "a" * 32, "status": "approved"}
    with still.ledger.write() as connection:
        connection.execute(insert(applied_decisions).values(**row, updated_us=to_us(clock.now())))
    first.step(clock.now())
    clock.advance(91 * 86_400)
    assert first.step(clock.now()) == 1
    # The other one has looked in vain, and takes over from one that has died.
    with still.ledger.write() as connection:
        connection.execute(insert(applied_decisions).values(**row, updated_us=0))
    assert second.step(clock.now()) == 0
    clock.advance(601)
    assert second.step(clock.now()) == 1


def test_no_version_is_lost_between_callers_and_housekeepers(live: LiveService) -> None:
    assert live.service is not None
    service, names = live.service, ["cat", "dog"]
    versions = {
        name: {
            live.upload(picture(number), public_id=name, backup="1")["version_id"]: picture(number)
            for number in range(3)
        }
        for name in names
    }
    done = threading.Event()

    def keep_house(_number: int) -> None:
        housekeeper = Housekeeper(service.ledger, service.blobs)
        while not done.is_set() or housekeeper.step(service.clock.now()):
            housekeeper.step(service.clock.now())

    def restore(place: int) -> None:
        for step in range(9):
            order = names if place % 2 else names[::-1]
            wanted = [list(versions[name])[(place + step) % 3] for name in order]
            body = {"public_ids": order, "versions": wanted}
            answer = live.request("POST", "/resources/image/upload/restore", json=body)
            assert answer.status_code == 200, answer.text
            assert not [one for one in answer.json().values() if "error" in one], answer.text

    with ThreadPoolExecutor(6) as threads:
        housekeepers = [threads.submit(keep_house, number) for number in range(2)]
        list(threads.map(restore, range(4)))
        done.set()
        for housekeeper in housekeepers:
            housekeeper.result(60)
    assert len(service.blobs.names(BACKUP)) == 4
    assert len(service.blobs.names(ORIGINALS)) == 2
    for name, pictures in versions.items():
        for version_id, content in pictures.items():
            body = {"public_ids": [name], "versions": [version_id]}
            live.request("POST", "/resources/image/upload/restore", json=body)
            assert httpx.get(live.asset(name)["url"], trust_env=False).content == content
