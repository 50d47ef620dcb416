"""Earlier versions of an asset: kept, listed, brought back, removed for good."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select

from helpers.live_service import LiveService, picture
from modstation.service.schema import assets, backup_versions, blob_jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from helpers.object_storage import ObjectStorage

ONE, TWO, THREE = (picture(number) for number in (1, 2, 3))
RESTORE = "/resources/image/upload/restore"


def delivered(live: LiveService, url: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.get(url)


def shown(live: LiveService, public_id: str = "pic") -> bytes | None:
    """What the public sees under a name; None: nothing."""
    answer = delivered(live, f"{live.url}/{live.cloud}/image/upload/{public_id}")
    assert answer.status_code in (200, 404)
    return answer.content if answer.status_code == 200 else None


def versions(live: LiveService, public_id: str = "pic") -> list[dict[str, Any]]:
    path = f"/resources/image/upload/{public_id}?versions=true"
    return list(live.request("GET", path).json()["versions"])


def restored(live: LiveService, *wanted: str, public_id: str = "pic") -> dict[str, Any]:
    body: dict[str, Any] = {"public_ids": [public_id]}
    if wanted:
        body["versions"] = list(wanted)
    return dict(live.request("POST", RESTORE, json=body).json()[public_id])


def removed(live: LiveService, asset_id: str, version_ids: Sequence[str]) -> dict[str, Any]:
    answer = live.request(
        "DELETE", f"/resources/backup/{asset_id}", json={"version_ids": version_ids}
    )
    return dict(answer.json())


def deleted(live: LiveService, public_id: str = "pic") -> None:
    live.request("DELETE", "/resources/image/upload", params={"public_ids[]": public_id})


def tidy(live: LiveService) -> None:
    """Wait until nothing is left to do but what has a grace."""
    assert live.service is not None
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with live.service.ledger.read() as connection:
            due = connection.scalar(
                select(blob_jobs.c.id).where(blob_jobs.c.asset_id.is_not(None)).limit(1)
            )
        if due is None:
            return
        time.sleep(0.02)
    raise AssertionError("the housekeeper did not finish")


def test_an_overwritten_picture_with_a_backup_can_be_restored(live: LiveService) -> None:
    one = live.upload(ONE, public_id="pic", backup="1", tags="old")
    two = live.upload(TWO, public_id="pic", tags="new")
    assert [(v["version_id"], v["restorable"]) for v in versions(live)] == [
        (one["version_id"], True),
        (two["version_id"], False),
    ]
    assert versions(live)[0] | {"time": ""} == {
        "version_id": one["version_id"],
        "version": one["version"],
        "format": "jpg",
        "size": len(ONE),
        "time": "",
        "restorable": True,
    }
    tidy(live)
    back = restored(live, one["version_id"])
    assert back["version"] > two["version"]
    assert (back["version_id"], back["bytes"], back["etag"]) == (
        one["version_id"], len(ONE), one["etag"],
    )  # fmt: skip
    # What is written on an asset is of the asset, not of its picture.
    assert back["tags"] == ["new"]
    assert shown(live) == delivered(live, back["url"]).content == ONE
    # The second had no backup, and the first has not lost its own.
    assert [(v["version_id"], v["restorable"]) for v in versions(live)] == [
        (one["version_id"], True)
    ]
    assert restored(live, two["version_id"]) == {"error": "no_backup"}


def test_versions_are_exchanged_as_often_as_one_likes(live: LiveService) -> None:
    ids = [
        live.upload(content, public_id="pic", backup="1")["version_id"]
        for content in (ONE, TWO, THREE)
    ]
    number = 0
    for place in (0, 2, 1, 1, 0):
        back = restored(live, ids[place])
        assert back["version"] > number
        number = back["version"]
        if place % 2:
            tidy(live)
        assert shown(live) == (ONE, TWO, THREE)[place]
        assert {v["version_id"] for v in versions(live)} == set(ids)


def test_a_verdict_stays_with_its_picture(live: LiveService) -> None:
    one = live.upload(ONE, public_id="pic", moderation="manual", backup="1")
    live.decide("pic", "approved")
    two = live.upload(TWO, public_id="pic", moderation="manual")
    # A new picture is judged by itself ...
    assert (live.status_of("pic"), shown(live)) == ("pending", TWO)
    live.decide("pic", "rejected")
    # ... and one that was rejected has a backup, whether one was asked for or not.
    three = live.upload(THREE, public_id="pic")
    assert (live.status_of("pic"), shown(live)) == (None, THREE)
    tidy(live)
    assert restored(live, one["version_id"])["moderation_status"] == "approved"
    assert shown(live) == ONE
    assert restored(live, two["version_id"])["moderation_status"] == "rejected"
    assert (live.status_of("pic"), shown(live)) == ("rejected", None)
    queue = live.request("GET", "/resources/image/moderations/manual/rejected").json()["resources"]
    assert [item["public_id"] for item in queue] == ["pic"]
    live.decide("pic", "approved")
    assert (live.status_of("pic"), shown(live)) == ("approved", TWO)
    assert restored(live, three["version_id"]) == {"error": "no_backup"}
    history = live.request("GET", "/modstation/resources/image/upload/pic/decisions").json()
    assert [(d["version_id"], d["to_status"]) for d in history["decisions"]] == [
        (two["version_id"], "approved"),
        (two["version_id"], "rejected"),
        (one["version_id"], "approved"),
        (two["version_id"], "rejected"),
        (one["version_id"], "approved"),
    ]


def test_restoring_what_is_rejected_puts_it_back_into_its_queue(live: LiveService) -> None:
    first = live.upload(ONE, public_id="pic", moderation="manual")
    live.decide("pic", "rejected")
    assert shown(live) is None
    back = restored(live)
    assert (back["moderation_status"], back["version"] > first["version"]) == ("pending", True)
    assert (live.status_of("pic"), shown(live)) == ("pending", ONE)
    assert [d.to_status for d in live.decisions("pic")] == ["rejected", "pending"]


def test_a_rejected_picture_that_was_deleted_comes_back_rejected(live: LiveService) -> None:
    live.upload(ONE, public_id="pic", moderation="manual")
    live.decide("pic", "rejected")
    deleted(live)
    assert restored(live)["moderation_status"] == "rejected"
    assert shown(live) is None
    live.decide("pic", "approved")
    assert shown(live) == ONE


def test_a_deleted_asset_is_what_of_it_can_be_restored(live: LiveService) -> None:
    one = live.upload(ONE, public_id="pic", backup="1")
    live.upload(TWO, public_id="pic")
    deleted(live)
    there = live.asset("pic")
    assert (there["bytes"], there["placeholder"], there["version_id"]) == (
        0, True, one["version_id"],
    )  # fmt: skip
    assert live.request("GET", "/resources/image").json()["resources"] == []
    tidy(live)
    assert restored(live)["etag"] == one["etag"]
    assert shown(live) == ONE


def test_an_upload_over_a_deleted_asset_keeps_its_backup(live: LiveService) -> None:
    one = live.upload(ONE, public_id="pic", backup="1")
    deleted(live)
    two = live.upload(TWO, public_id="pic", overwrite="0", backup="1")
    assert "overwritten" not in two
    assert "existing" not in two
    assert (two["asset_id"], two["version"] > one["version"]) == (one["asset_id"], True)
    assert shown(live) == TWO
    assert [v["version_id"] for v in versions(live)] == [one["version_id"], two["version_id"]]
    restored(live, one["version_id"])
    assert shown(live) == ONE


def test_backups_are_removed_for_good(live: LiveService) -> None:
    one = live.upload(ONE, public_id="pic", backup="1")
    asset_id, first = one["asset_id"], one["version_id"]
    second = live.upload(TWO, public_id="pic", backup="1")["version_id"]
    assert removed(live, asset_id, [first, "nothing"]) == {
        "asset_id": asset_id,
        "deleted_version_ids": [first],
        "failures": [{"version_id": "nothing", "error": "no_backup"}],
    }
    assert restored(live, first) == {"error": "no_backup"}
    # Of the version it has, the backup goes and the picture stays.
    assert removed(live, asset_id, [second])["deleted_version_ids"] == [second]
    assert shown(live) == TWO
    assert removed(live, asset_id, [second])["failures"] == [
        {"version_id": second, "error": "no_backup"}
    ]
    deleted(live)
    assert live.request("GET", "/resources/image/upload/pic").status_code == 404
    gone = live.request("DELETE", f"/resources/backup/{asset_id}", json={"version_ids": [first]})
    assert gone.status_code == 404


def test_without_a_version_the_newest_that_can_be_restored_comes_back(live: LiveService) -> None:
    ids = [
        live.upload(content, public_id="pic", backup=backup)["version_id"]
        for content, backup in ((ONE, "1"), (TWO, "1"), (THREE, "0"))
    ]
    back = restored(live)
    assert (back["version_id"], shown(live)) == (ids[1], TWO)
    assert restored(live)["version_id"] == ids[1]


def test_the_last_backup_of_a_deleted_asset_takes_it_along(live: LiveService) -> None:
    ids = []
    for content in (ONE, TWO):
        answer = live.upload(content, public_id="pic", backup="1")
        ids.append(answer["version_id"])
    deleted(live)
    assert removed(live, answer["asset_id"], [ids[1]])["deleted_version_ids"] == [ids[1]]
    assert live.asset("pic")["version_id"] == ids[0]
    assert removed(live, answer["asset_id"], [ids[0]])["deleted_version_ids"] == [ids[0]]
    assert live.request("GET", "/resources/image/upload/pic").status_code == 404
    assert restored(live) == {"error": "no_backup"}


def test_a_rejected_picture_is_removed_with_its_asset_only(live: LiveService) -> None:
    one = live.upload(ONE, public_id="pic", moderation="manual")
    live.decide("pic", "rejected")
    answer = removed(live, one["asset_id"], [one["version_id"]])
    assert answer["failures"] == [{"version_id": one["version_id"], "error": "failed"}]
    deleted(live)
    assert removed(live, one["asset_id"], [one["version_id"]])["deleted_version_ids"]
    assert live.request("GET", "/resources/image/upload/pic").status_code == 404


def test_what_is_restored_is_there(live: LiveService) -> None:
    one = live.upload(ONE, public_id="pic", backup="1")
    assert live.service is not None
    deleted(live)
    tidy(live)
    with live.service.ledger.read() as connection:
        blob = connection.scalar(select(assets.c.blob))
    assert blob.startswith("backup/")
    live.service.blobs.remove(blob)
    assert restored(live) == restored(live, one["version_id"]) == {"error": "failed"}
    assert live.asset("pic")["placeholder"] is True


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"public_ids": ["a", "b"], "versions": ["1"]}, "versions count must match ids count"),
        ({"public_ids": []}, "public_ids: 1 to 100 at a time"),
        ({"public_ids": ["a"] * 101}, "public_ids: 1 to 100 at a time"),
    ],
)
def test_a_restore_that_is_not_understood_is_refused(
    shared: LiveService, body: dict[str, Any], said: str
) -> None:
    answer = shared.request("POST", RESTORE, json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, said)
    by_id = {name.replace("public", "asset"): value for name, value in body.items()}
    answer = shared.request("POST", "/resources/restore", json=by_id)
    assert answer.json()["error"]["message"] == said.replace("public", "asset")


def test_an_endless_list_of_versions_is_cut(live: LiveService, monkeypatch: Any) -> None:
    monkeypatch.setattr("modstation.service.assets.backups.MOST_LISTED", 2)
    ids = [
        live.upload(picture(number, (16, 16)), public_id="pic", backup="1")["version_id"]
        for number in range(4)
    ]
    assert [v["version_id"] for v in versions(live)] == ids[1:]
    with live.service.ledger.read() as connection:
        assert len(connection.execute(select(backup_versions)).all()) == 3


def test_versions_are_kept_in_object_storage_too(
    tmp_path: Path, s3: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    with LiveService(tmp_path, storage=s3.bucket()) as live:
        one = live.upload(ONE, public_id="pic", moderation="manual")
        live.decide("pic", "rejected")
        two = live.upload(TWO, public_id="pic", backup="1")
        tidy(live)
        assert shown(live) == TWO
        rendition = f"{live.url}/{live.cloud}/image/upload/w_20/pic.png"
        assert delivered(live, rendition).content == delivered(live, rendition).content
        assert restored(live, one["version_id"])["moderation_status"] == "rejected"
        live.decide("pic", "approved")
        tidy(live)
        assert shown(live) == ONE
        deleted(live)
        assert restored(live, two["version_id"])["etag"] == two["etag"]
        assert shown(live) == TWO
