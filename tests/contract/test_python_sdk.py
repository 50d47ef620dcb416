"""What a site does with the official SDK, against our service."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import cloudinary
import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest
from cloudinary.api_client import call_api

from helpers.live_service import LiveService, picture

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.receiver import Receiver


def get(url: str, **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.get(url, headers=headers)


def upload(name: str, number: int = 0, **options: object) -> dict[str, object]:
    return cloudinary.uploader.upload(picture(number), public_id=name, **options)


def test_a_moderated_upload_is_pending_and_its_answer_can_be_verified(
    lasting_service: LiveService,
) -> None:
    answer = upload("summer/beach", moderation="webpurify")
    assert answer["moderation"] == [{"kind": "webpurify", "status": "pending"}]
    assert answer["public_id"] == "summer/beach"
    assert answer["folder"] == "summer"
    assert answer["resource_type"] == "image"
    assert answer["format"] == "jpg"
    assert (answer["width"], answer["height"]) == (320, 240)
    assert cloudinary.utils.verify_api_response_signature(
        answer["public_id"], answer["version"], answer["signature"]
    )
    assert answer["request_id"]


def test_the_queue_pages_through_every_asset_once_while_it_is_being_decided(
    service: LiveService,
) -> None:
    names = {
        upload(f"p{number}", number, moderation="webpurify")["public_id"] for number in range(7)
    }
    seen: list[str] = []
    cursor = None
    while True:
        page = cloudinary.api.resources_by_moderation(
            "webpurify", "pending", max_results=3, next_cursor=cursor
        )
        assert page.rate_limit_remaining < page.rate_limit_allowed
        assert page.rate_limit_reset_at is not None
        for item in page["resources"]:
            assert item["moderation_status"] == "pending"
            assert item["moderation_kind"] == "webpurify"
            seen.append(item["public_id"])
            cloudinary.api.update(item["public_id"], moderation_status="approved")
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert sorted(seen) == sorted(names)
    assert seen == sorted(seen, reverse=True)
    left = cloudinary.api.resources_by_moderation("webpurify", "pending")
    assert left["resources"] == []
    approved = cloudinary.api.resources_by_moderation(
        "webpurify", "approved", direction="asc", max_results=500, moderations=True, tags=True
    )
    assert [item["public_id"] for item in approved["resources"]] == sorted(names)
    assert all(item["moderation"][0]["status"] == "approved" for item in approved["resources"])


def test_a_rejected_asset_is_gone_from_delivery_and_an_approval_brings_it_back(
    service: LiveService,
) -> None:
    uploaded = upload("cat", moderation="webpurify")
    pending = get(str(uploaded["url"]))
    assert (pending.status_code, pending.content) == (200, picture())
    assert pending.headers["cache-control"] == "max-age=600"

    rejected = cloudinary.api.update("cat", moderation_status="rejected")
    assert rejected["moderation_status"] == "rejected"
    assert rejected["moderation"][0]["kind"] == "webpurify"
    assert rejected["moderation"][0]["updated_at"]
    gone = get(str(uploaded["url"]))
    assert gone.status_code == 404
    assert gone.headers["x-cld-error"] == "Resource not found - cat"
    assert cloudinary.api.resource("cat")["moderation"][0]["status"] == "rejected"

    approved = cloudinary.api.update("cat", moderation_status="approved")
    assert approved["version"] > uploaded["version"]
    back = get(approved["url"])
    assert (back.status_code, back.content) == (200, picture())
    assert "immutable" in back.headers["cache-control"]


def test_notifications_carry_a_signature_the_sdk_accepts(
    service: LiveService, receiver: Receiver
) -> None:
    upload("dog", moderation="webpurify", notification_url=receiver.url)
    cloudinary.api.update("dog", moderation_status="rejected")
    first, second = receiver.wait_for(2)
    for note in (first, second):
        assert cloudinary.utils.verify_notification_signature(
            note.body.decode(), int(note.timestamp), note.signature
        )
        assert not cloudinary.utils.verify_notification_signature(
            note.body.decode() + " ", int(note.timestamp), note.signature
        )
    assert first.document["notification_type"] == "upload"
    assert first.document["moderation"] == [{"kind": "webpurify", "status": "pending"}]
    body = second.document
    assert body["notification_type"] == "moderation"
    assert (body["moderation_kind"], body["moderation_status"]) == ("webpurify", "rejected")
    assert body["moderation_response"] == "rejected"
    assert body["public_id"] == "dog"
    assert body["asset_id"] == first.document["asset_id"]
    for name in ("moderation_updated_at", "uploaded_at", "version", "url", "secure_url", "etag"):
        assert body[name]


def test_the_same_decision_again_notifies_nobody(service: LiveService, receiver: Receiver) -> None:
    upload("dog", moderation="manual", notification_url=receiver.url)
    for status in ("rejected", "rejected", "approved"):
        cloudinary.api.update("dog", moderation_status=status)
    told = [note.document.get("moderation_status") for note in receiver.wait_for(3)]
    assert told == [None, "rejected", "approved"]
    assert service.changes_of("dog") == 2


def test_putting_an_asset_back_into_its_queue_notifies_nobody(
    service: LiveService, receiver: Receiver
) -> None:
    upload("dog", moderation="manual", notification_url=receiver.url)
    for status in ("rejected", "pending", "approved"):
        changed = cloudinary.api.update("dog", moderation_status=status)
        assert changed["moderation_status"] == status
    told = [note.document.get("moderation_status") for note in receiver.wait_for(3)]
    assert told == [None, "rejected", "approved"]
    assert sum(service.notification_states().values()) == 3


@pytest.mark.parametrize(
    "public_id",
    [
        "plain",
        "folder/and/sub",
        "with space & ampersand",
        "quer?y#hash",
        "100%25 sure",
        "übung/日本",
        "dots..jpg",
        "name.png",
        "v1/x",
        "w_100/x",
        "restore",
        "a+b=c",
        "quote'\"<>",
    ],
)
def test_any_public_id_is_only_a_name(lasting_service: LiveService, public_id: str) -> None:
    uploaded = upload(public_id, moderation="manual")
    assert uploaded["public_id"] == public_id
    assert get(str(uploaded["url"])).status_code == 200
    assert lasting_service.asset(public_id)["public_id"] == public_id
    assert lasting_service.decide(public_id, "rejected")["public_id"] == public_id
    assert lasting_service.status_of(public_id) == "rejected"
    assert get(str(uploaded["url"])).status_code == 404


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_both_signature_versions_and_hashes_are_accepted(
    lasting_service: LiveService, version: int, algorithm: str
) -> None:
    answer = upload(
        "tricky",
        tags=["a&b", "c"],
        context={"note": "one=two|three"},
        signature_version=version,
        signature_algorithm=algorithm,
    )
    assert answer["tags"] == ["a&b", "c"]
    assert answer["context"] == {"custom": {"note": "one=two|three"}}


def test_wrong_credentials_are_refused(service: LiveService) -> None:
    refused = cloudinary.exceptions.AuthorizationRequired
    with pytest.raises(refused, match="Invalid Signature"):
        upload("x", api_secret="wrong")
    with pytest.raises(refused, match="Unknown API key 1"):
        upload("x", api_key="1")
    with pytest.raises(refused, match="Invalid credentials"):
        cloudinary.api.ping(api_secret="wrong")
    with pytest.raises(refused, match="unknown api_key"):
        cloudinary.api.ping(api_key="1")
    with pytest.raises(refused, match="cloud_name mismatch"):
        cloudinary.api.ping(cloud_name="other")
    with pytest.raises(refused, match="Invalid credentials"):
        cloudinary.api.ping(oauth_token="token")
    assert service.statuses() == {}


def test_a_signature_older_than_an_hour_is_refused(service: LiveService) -> None:
    for age, status in ((3500, 200), (3700, 401)):
        timestamp = int(time.time()) - age
        signed = {"public_id": "x", "timestamp": timestamp}
        signature = cloudinary.utils.api_sign_request(signed, service.secret)
        with httpx.Client(trust_env=False, verify=False) as client:
            answer = client.post(
                f"{service.api}/image/upload",
                data=signed | {"signature": signature, "api_key": service.key},
                files={"file": ("x.jpg", picture())},
            )
        assert answer.status_code == status
    assert answer.json()["error"]["message"] == (
        f"Stale request - reported time is {timestamp} which is more than 1 hour ago"
    )


def test_errors_become_the_sdks_own_exceptions(service: LiveService) -> None:
    upload("here")
    with pytest.raises(cloudinary.exceptions.NotFound, match="Resource not found - nowhere"):
        cloudinary.api.resource("nowhere")
    with pytest.raises(cloudinary.exceptions.NotFound, match="Resource not found - nowhere"):
        cloudinary.api.update("nowhere", moderation_status="approved")
    bad = cloudinary.exceptions.BadRequest
    with pytest.raises(bad, match="Moderation nonsense moderation is not valid"):
        upload("x", moderation="nonsense")
    with pytest.raises(bad, match="You don't have an active subscription for Amazon Rekognition"):
        upload("x", moderation="aws_rek:explicit_nudity:0.6")
    with pytest.raises(bad, match="Invalid image file"):
        cloudinary.uploader.upload(b"<html>not an image</html>", public_id="x")
    with pytest.raises(bad, match="Empty file"):
        cloudinary.uploader.upload(("empty.jpg", b""))
    with pytest.raises(bad, match="max_results must be between 1 and 500"):
        cloudinary.api.resources_by_moderation("manual", "pending", max_results=501)
    with pytest.raises(bad, match="Invalid value for next_cursor"):
        cloudinary.api.resources_by_moderation("manual", "pending", next_cursor="guess")
    with pytest.raises(bad, match="Invalid value maybe for parameter moderation_status"):
        cloudinary.api.update("here", moderation_status="maybe")
    with pytest.raises(bad, match="Invalid value nonsense for parameter moderation_kind"):
        cloudinary.api.resources_by_moderation("nonsense", "pending")
    not_found = cloudinary.exceptions.NotFound
    with pytest.raises(not_found, match="GET /v1_1/testing/nonsense is not offered"):
        call_api.call_json_api("get", ["nonsense"], {})
    with pytest.raises(not_found, match="POST /v1_1/testing/image/nonsense is not offered"):
        cloudinary.uploader.call_api("nonsense", {"timestamp": 1})
    assert service.statuses() == {"here": None}


def test_over_the_hourly_limit_the_sdk_is_told_when_to_come_back(tmp_path: Path) -> None:
    with LiveService(tmp_path, calls_per_hour=2) as live:
        for _ in range(2):
            assert live.request("GET", "/ping").status_code == 200
        answer = live.request("GET", "/ping")
        assert answer.status_code == 420
        assert answer.json()["error"]["message"].startswith(
            "Rate Limit Exceeded. Limit of 2 api operations reached. Try again on "
        )
        assert answer.headers["x-featureratelimit-remaining"] == "0"
        assert live.upload(public_id="unlimited")["public_id"] == "unlimited"


def test_several_moderations_wait_for_each_other(service: LiveService) -> None:
    answer = upload("both", moderation="manual|webpurify")
    assert answer["moderation"] == [
        {"kind": "webpurify", "status": "pending"},
        {"kind": "manual", "status": "queued"},
    ]
    queued = cloudinary.api.resources_by_moderation("manual", "queued")
    assert queued["resources"][0]["moderation_status"] == "queued"
    decided = cloudinary.api.update("both", moderation_status="rejected")
    assert [entry["status"] for entry in decided["moderation"]] == ["rejected", "aborted"]
    assert decided["moderation_status"] == "rejected"


def test_an_asset_never_moderated_can_be_rejected(service: LiveService) -> None:
    upload("plain")
    decided = cloudinary.api.update("plain", moderation_status="rejected")
    assert decided["moderation"][0]["kind"] == "manual"
    found = cloudinary.api.resources_by_moderation("manual", "rejected")["resources"]
    assert [item["public_id"] for item in found] == ["plain"]


def test_uploads_name_files_as_asked(lasting_service: LiveService, tmp_path: Path) -> None:
    file = tmp_path / "My Cat.JPG"
    file.write_bytes(picture())
    random = cloudinary.uploader.upload(file)
    assert len(random["public_id"]) == 20
    assert random["original_filename"] == "My Cat"
    exact = cloudinary.uploader.upload(file, use_filename=True, unique_filename=False)
    assert exact["public_id"] == "My_Cat"
    unique = cloudinary.uploader.upload(file, use_filename=True, folder="pets")
    assert unique["public_id"].startswith("pets/My_Cat_")
    assert len(unique["public_id"]) == len("pets/My_Cat_") + 6


def test_overwriting_is_the_default_and_can_be_turned_off(service: LiveService) -> None:
    first = upload("same", 1, moderation="manual")
    second = upload("same", 2, moderation="manual")
    assert second["overwritten"] is True
    assert second["asset_id"] == first["asset_id"]
    assert second["version"] > first["version"]
    third = upload("same", 3, overwrite=False)
    assert third["existing"] is True
    assert third["etag"] == second["etag"]
    assert get(str(third["url"])).content == picture(2)


def test_a_data_uri_is_a_file_too(lasting_service: LiveService) -> None:
    import base64

    text = base64.encodebytes(picture(5)).decode()
    answer = cloudinary.uploader.upload(f"data:image/jpeg;base64,{text}", public_id="inline")
    assert answer["bytes"] == len(picture(5))
    assert answer["original_filename"] == "file"


def test_deleting_and_restoring(service: LiveService) -> None:
    upload("kept", backup=True)
    upload("lost")
    deleted = cloudinary.api.delete_resources(["kept", "lost", "never"])
    assert deleted["deleted"] == {"kept": "deleted", "lost": "deleted", "never": "not_found"}
    assert cloudinary.api.resource("kept")["placeholder"] is True
    with pytest.raises(cloudinary.exceptions.NotFound):
        cloudinary.api.resource("lost")
    restored = cloudinary.api.restore(["kept", "lost"])
    assert restored["kept"]["public_id"] == "kept"
    assert restored["lost"] == {"error": "no_backup"}
    assert get(restored["kept"]["url"]).content == picture()
    assert cloudinary.uploader.destroy("kept")["result"] == "ok"
    assert cloudinary.uploader.destroy("kept")["result"] == "not found"
    assert cloudinary.uploader.destroy("never")["result"] == "not found"


def test_lists_by_prefix_and_by_ids(service: LiveService) -> None:
    cloudinary.api.add_metadata_field({"external_id": "k", "label": "K", "type": "string"})
    for number, name in enumerate(("a/1", "a/2", "a_b", "b/1")):
        upload(name, number, tags=["t"], metadata={"k": "v"})
    found = cloudinary.api.resources(type="upload", prefix="a/", max_results=1)
    assert [item["public_id"] for item in found["resources"]] == ["a/1"]
    rest = cloudinary.api.resources(
        type="upload", prefix="a/", max_results=1, next_cursor=found["next_cursor"]
    )
    assert [item["public_id"] for item in rest["resources"]] == ["a/2"]
    assert "next_cursor" not in rest
    some = cloudinary.api.resources_by_ids(["b/1", "a_b", "zzz"], tags=True)
    assert {item["public_id"] for item in some["resources"]} == {"b/1", "a_b"}
    assert some["resources"][0]["tags"] == ["t"]
    asset_id = some["resources"][0]["asset_id"]
    one = cloudinary.api.resource_by_asset_id(asset_id)
    assert one["asset_id"] == asset_id
    assert one["metadata"] == {"k": "v"}
    fields = cloudinary.api.resources(type="upload", fields="url,tags")
    assert set(fields["resources"][0]) == {"asset_id", "public_id", "folder", "url", "tags"}


def test_a_list_starts_at_a_moment(lasting_service: LiveService) -> None:
    upload("moment/first")
    created = str(cloudinary.api.resource("moment/first")["created_at"])
    moment = datetime.fromisoformat(created)
    for since in (created, f"{moment:%Y-%m-%d %H:%M:%S}", format_datetime(moment, usegmt=True)):
        found = cloudinary.api.resources(
            type="upload", start_at=since, direction="asc", max_results=500
        )
        assert "moment/first" in [item["public_id"] for item in found["resources"]]
    later = str(moment + timedelta(seconds=5))
    assert cloudinary.api.resources(type="upload", start_at=later)["resources"] == []
    with pytest.raises(cloudinary.exceptions.BadRequest, match="parameter start_at"):
        cloudinary.api.resources(type="upload", start_at="soon")
    with pytest.raises(cloudinary.exceptions.BadRequest, match="start_at cannot be combined"):
        cloudinary.api.resources(type="upload", start_at=created, prefix="moment")


def test_the_account_can_be_asked_about(service: LiveService) -> None:
    upload("one")
    assert cloudinary.api.ping()["status"] == "ok"
    usage = cloudinary.api.usage()
    assert usage["resources"] == usage["objects"]["usage"] == 1
    assert usage["storage"]["usage"] == len(picture())
    assert usage["requests"] >= 2
    assert usage["media_limits"]["image_max_size_bytes"] > 0
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    before = cloudinary.api.usage(date=yesterday)
    assert (before["resources"], before["requests"]) == (0, 0)
    assert before["last_updated"] == yesterday.isoformat()
    assert cloudinary.api.config(settings=True)["settings"] == {"folder_mode": "fixed"}
    assert cloudinary.api.resource_types()["resource_types"] == ["image", "raw", "video"]


def test_delivery_addresses_made_by_the_sdk_work(lasting_service: LiveService) -> None:
    upload("folder/pic", moderation="manual")
    host = urlsplit(lasting_service.url).netloc
    for options in (
        {},
        {"width": 100, "height": 100, "crop": "limit"},
        {"width": 50, "crop": "fill", "height": 50, "gravity": "auto", "quality": "auto"},
        {"transformation": [{"width": 80, "crop": "scale"}, {"fetch_format": "webp"}]},
    ):
        url, _ = cloudinary.utils.cloudinary_url("folder/pic", cname=host, secure=False, **options)
        assert get(url).status_code == 200, url


def test_private_assets_are_delivered_to_signed_addresses_only(
    lasting_service: LiveService,
) -> None:
    answer = upload("folder/se cret", type="authenticated", moderation="manual")
    host = urlsplit(lasting_service.url).netloc
    assert get(str(answer["url"])).status_code == 401
    for options in (
        {},
        {"width": 50, "crop": "fit"},
        {"version": 12},
        {"long_url_signature": True},
        {"signature_algorithm": "sha256"},
    ):
        url, _ = cloudinary.utils.cloudinary_url(
            "folder/se cret.jpg",
            type="authenticated",
            sign_url=True,
            cname=host,
            secure=False,
            **options,
        )
        assert get(url).status_code == 200, url
        assert get(url.replace("s--", "s--A", 1)[:-1]).status_code in (401, 404)
    forged = url.replace("/authenticated/s--", "/authenticated/w_9/s--")
    assert get(forged).status_code in (401, 404)


def test_a_part_of_a_file_is_never_taken_for_the_file(service: LiveService) -> None:
    part = {"Content-Range": "bytes 0-5242879/20000000", "X-Unique-Upload-Id": "u"}
    with pytest.raises(
        cloudinary.exceptions.BadRequest, match="Content-Range tells of 5242880 bytes"
    ):
        upload("part", extra_headers=part)
    assert service.statuses() == {}


def test_a_picture_in_a_videos_container_is_not_taken_for_a_video(service: LiveService) -> None:
    heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
    for resource_type in ("auto", "image"):
        with pytest.raises(cloudinary.exceptions.BadRequest, match="Invalid image file"):
            cloudinary.uploader.upload(heic, resource_type=resource_type, moderation="manual")
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Unsupported video"):
        cloudinary.uploader.upload(heic, resource_type="video")
    assert cloudinary.uploader.upload(heic, resource_type="raw")["resource_type"] == "raw"
    film = heic.replace(b"ftypheic", b"ftypmp42")
    assert cloudinary.uploader.upload(film, resource_type="auto")["resource_type"] == "video"


def test_what_the_sdk_sends_by_itself_is_never_refused_as_unsupported(service: LiveService) -> None:
    cloudinary.config(upload_preset=None)
    common = {"tags": ["a"], "context": {"k": "v"}, "overwrite": True, "invalidate": True}
    extras = {"colors": True, "faces": True, "phash": True, "use_filename": True, "eager": []}
    for off in ({}, {"async": False, "return_delete_token": False, "eager_async": False}):
        assert upload("plain", **common, **extras, **off)["public_id"] == "plain"
    changed = cloudinary.api.update("plain", moderation_status="approved", tags=["b"])
    assert changed["tags"] == ["b"]
    bad = cloudinary.exceptions.BadRequest
    with pytest.raises(bad, match="parameter ocr"):
        upload("x", ocr="adv_ocr")
    with pytest.raises(bad, match="Upload preset not found"):
        upload("x", upload_preset="mine")
    with pytest.raises(bad, match="not allowed"):
        upload("x", format="bmp")
    assert service.statuses() == {"plain": "approved"}
