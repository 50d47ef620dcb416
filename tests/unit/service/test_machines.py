"""Automatic moderation as a site sees it, with the providers played over real HTTP."""

from __future__ import annotations

import logging
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import func, select

from helpers.fake_providers import FakeRekognition, FakeWebPurify
from helpers.live_service import picture
from helpers.moderated_site import PUBLIC, Site
from helpers.receiver import Receiver
from modstation.core.clock import to_us
from modstation.service.access.cloud_settings import CloudSettings
from modstation.service.moderation import machine_jobs
from modstation.service.moderation.machines import Machines
from modstation.service.providers.pictures import Pictures
from modstation.service.providers.webpurify import WebPurifyAccount
from modstation.service.schema import moderation_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helpers.live_service import LiveService


@pytest.fixture
def webpurify() -> Iterator[FakeWebPurify]:
    with FakeWebPurify() as fake:
        yield fake


@pytest.fixture
def rekognition(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRekognition]:
    with FakeRekognition() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", fake.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield fake


def told(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    """The first ``count`` different letters: where the clock leaps, one may be sent twice."""
    while True:
        came = len(receiver.received)
        letters = {letter.body: letter.document for letter in list(receiver.received)[:came]}
        if len(letters) >= count:
            return list(letters.values())
        receiver.wait_for(came + 1)


@pytest.fixture
def site(tmp_path: Path, webpurify: FakeWebPurify) -> Iterator[Site]:
    account = WebPurifyAccount(FakeWebPurify.KEY, webpurify.endpoint)
    site = Site(tmp_path, webpurify=account)
    with site.live:
        yield site


@pytest.fixture
def aws_site(tmp_path: Path, rekognition: FakeRekognition) -> Iterator[Site]:
    site = Site(tmp_path, rekognition=True)
    with site.live:
        yield site


# -- Amazon Rekognition


def test_rekognition_decides_in_the_answer_to_the_upload(
    aws_site: Site, rekognition: FakeRekognition
) -> None:
    rekognition.labels = [("Weapons", 91.5, "Violence"), ("Violence", 91.5, "")]
    answer = aws_site.live.upload(picture(), public_id="knife", moderation="aws_rek")
    assert answer["moderation"] == [
        {
            "kind": "aws_rek",
            "status": "rejected",
            "response": {
                "moderation_labels": [
                    {"confidence": 91.5, "name": "Weapons", "parent_name": "Violence"},
                    {"confidence": 91.5, "name": "Violence", "parent_name": ""},
                ],
                "moderation_model_version": "7.0",
                "content_types": [],
            },
            "updated_at": "2026-01-01T09:00:00Z",
        }
    ]
    assert not aws_site.delivered("knife")
    assert aws_site.queue("aws_rek", "rejected") == ["knife"]
    [said] = aws_site.history("knife")
    assert said["automatic"] is True
    assert said["note"] == "Weapons 91.5 %"


def test_a_limit_of_the_caller_decides_and_is_asked_for(
    aws_site: Site, rekognition: FakeRekognition
) -> None:
    rekognition.labels = [("Weapons", 30.0, "Violence"), ("Violence", 30.0, "")]
    for public_id, value, status in (
        ("a", "aws_rek", "approved"),
        ("b", "aws_rek:weapons:0.2", "rejected"),
        ("c", "aws_rek:weapons:0.3", "approved"),
        ("d", "aws_rek:violence:0.1:weapons:ignore", "rejected"),
    ):
        answer = aws_site.live.upload(picture(), public_id=public_id, moderation=value)
        assert answer["moderation"][0]["status"] == status, value
    asked = [request["MinConfidence"] for request in rekognition.requests]
    assert asked == pytest.approx([50, 20, 30, 10])


@pytest.mark.parametrize(
    ("size", "kind"), [((3000, 200), "PNG"), ((40, 30), "PNG"), ((400, 300), "WEBP")]
)
def test_what_rekognition_is_shown_is_a_jpeg_it_can_read(
    aws_site: Site, rekognition: FakeRekognition, size: tuple[int, int], kind: str
) -> None:
    aws_site.live.upload(picture(1, size, kind), public_id="any", moderation="aws_rek")
    with Image.open(BytesIO(rekognition.requests[0]["Image"]["Bytes"])) as shown:
        assert shown.format == "JPEG"
        assert max(shown.size) <= 2048
        assert min(shown.size) >= 80


def test_while_rekognition_is_away_the_picture_waits_and_is_decided_later(
    allow_log: Callable[[str], None], aws_site: Site, rekognition: FakeRekognition
) -> None:
    allow_log("aws_rek is away")
    rekognition.error = "ThrottlingException"
    answer = aws_site.live.upload(picture(), public_id="later", moderation="aws_rek|manual")
    assert answer["moderation"] == [
        {"kind": "aws_rek", "status": "pending"},
        {"kind": "manual", "status": "queued"},
    ]
    aws_site.work()
    assert aws_site.entries("later") == {"aws_rek": "pending", "manual": "queued"}
    rekognition.error = None
    aws_site.work(3600)
    assert aws_site.entries("later") == {"aws_rek": "approved", "manual": "pending"}
    assert aws_site.queue("manual", "pending") == ["later"]


def test_a_picture_that_rekognition_cannot_read_waits_for_people(
    allow_log: Callable[[str], None], aws_site: Site, rekognition: FakeRekognition
) -> None:
    allow_log("aws_rek cannot judge")
    rekognition.error = "InvalidImageFormatException"
    aws_site.live.upload(picture(), public_id="odd", moderation="aws_rek")
    aws_site.work(3600)
    assert aws_site.entries("odd") == {"aws_rek": "pending"}
    assert len(rekognition.requests) == 1
    aws_site.live.decide("odd", "approved")
    assert aws_site.entries("odd") == {"aws_rek": "approved"}


def test_an_add_on_without_uses_left_moderates_nothing(
    tmp_path: Path, rekognition: FakeRekognition, database: str | None
) -> None:
    limited = CloudSettings(add_on_limits={"aws_rek": 1})
    site = Site(tmp_path, rekognition=True, new_cloud=limited, database=database)
    with site.live as live:
        assert live.upload(picture(), moderation="aws_rek")["moderation"]
        assert "moderation" not in live.upload(picture(1), moderation="aws_rek")
        # A person still looks at what the machine was not asked about.
        kept = live.upload(picture(2), moderation="aws_rek|manual")["moderation"]
        assert [one["kind"] for one in kept] == ["manual"]
        site.clock.advance(31 * 86400)
        assert live.upload(picture(3), moderation="aws_rek")["moderation"]
    assert len(rekognition.requests) == 2


# -- WebPurify


def test_webpurify_is_handed_the_picture_and_asked_until_it_has_decided(
    site: Site, webpurify: FakeWebPurify
) -> None:
    with Receiver() as receiver:
        answer = site.live.upload(
            picture(), public_id="cat", moderation="webpurify", notification_url=receiver.url
        )
        assert answer["moderation"] == [{"kind": "webpurify", "status": "pending"}]
        site.work()
        assert webpurify.count("imgcheck") == 1
        site.work(60)
        assert site.entries("cat") == {"webpurify": "pending"}
        webpurify.decide("declined")
        site.work(60)
        assert site.entries("cat") == {"webpurify": "rejected"}
        assert not site.delivered("cat")
        uploaded, decided = told(receiver, 2)
    assert uploaded["notification_type"] == "upload"
    assert decided["notification_type"] == "moderation"
    assert decided["moderation_response"] == "rejected"
    assert decided["moderation_kind"] == "webpurify"
    # Decided is decided: nobody asks again.
    asked = len(webpurify.calls)
    site.work(3600)
    assert len(webpurify.calls) == asked


def test_what_webpurify_fetches_is_the_picture_until_it_has_decided(tmp_path: Path) -> None:
    # Private, held back from everybody until it is decided, and in a format that few read.
    with FakeWebPurify(fetches=True) as webpurify:
        account = WebPurifyAccount(FakeWebPurify.KEY, webpurify.endpoint)
        blocked = CloudSettings(deliver_pending=False)
        site = Site(tmp_path, webpurify=account, new_cloud=blocked)
        with site.live as live:
            # Only now its port is known.
            live.stop()
            live.settings = replace(live.settings, public_url=live.url)
            live.start()
            content = picture(1, kind="WEBP")
            live.upload(content, public_id="mine", type="private", moderation="webpurify")
            site.work()
            image = webpurify.decide("approved")
            site.work(60)
            assert live.statuses() == {"mine": "approved"}
            with httpx.Client(trust_env=False, verify=False) as client:
                assert client.get(image["imgurl"]).status_code == 404
        [fetched] = webpurify.pictures
        assert image["imgurl"].endswith(".jpg")
        assert fetched.headers["Content-Type"] == "image/jpeg"
        assert fetched.headers["Cache-Control"] == "private, no-store"
        assert fetched.content.startswith(b"\xff\xd8")


def test_a_callback_only_has_the_decision_read(site: Site, webpurify: FakeWebPurify) -> None:
    site.live.upload(picture(), public_id="dog", moderation="webpurify")
    site.work()
    [image] = webpurify.images.values()
    image["callback"] = image["callback"].replace(PUBLIC, site.live.url)
    # Somebody who got hold of the address says "approved" before anything was decided.
    assert webpurify.call_back(image, status="1").status_code == 200
    site.work()
    assert site.entries("dog") == {"webpurify": "pending"}
    webpurify.decide("declined")
    assert webpurify.call_back(image, status="1").status_code == 200
    site.work()
    assert site.entries("dog") == {"webpurify": "rejected"}
    # Sent again, it finds nothing to do, as a made-up one does.
    assert webpurify.call_back(image, status="1").status_code == 200
    image["callback"] = image["callback"].replace("moderations/", "moderations/x")
    assert webpurify.call_back(image).status_code == 200
    site.work()
    assert len(site.history("dog")) == 1


@pytest.mark.parametrize("xml_errors", [False, True])
def test_an_attempt_that_was_cut_short_is_found_and_not_made_twice(
    allow_log: Callable[[str], None], tmp_path: Path, *, xml_errors: bool
) -> None:
    allow_log("webpurify is away")
    with FakeWebPurify(xml_errors=xml_errors) as webpurify:
        webpurify.swallow_answers, webpurify.away = 1, 1
        site = Site(tmp_path, webpurify=WebPurifyAccount(FakeWebPurify.KEY, webpurify.endpoint))
        with site.live:
            site.live.upload(picture(), public_id="once", moderation="webpurify")
            # Away; not known there, handed in, but nobody hears of it; found.
            for _ in range(3):
                site.work(60)
            assert webpurify.count("imgcheck") == 1
            webpurify.decide("approved")
            site.work(120)
            assert site.entries("once") == {"webpurify": "approved"}


def test_a_wrong_key_leaves_the_picture_waiting_and_stays_out_of_the_log(
    allow_log: Callable[[str], None],
    tmp_path: Path,
    webpurify: FakeWebPurify,
    caplog: pytest.LogCaptureFixture,
) -> None:
    allow_log("webpurify is away")
    account = WebPurifyAccount("a-secret-that-is-wrong", webpurify.endpoint)
    assert "a-secret" not in repr(account)
    site = Site(tmp_path, webpurify=account)
    with site.live:
        site.live.upload(picture(), public_id="x", moderation="webpurify")
        site.work()
        assert site.entries("x") == {"webpurify": "pending"}
        assert site.queue("webpurify", "pending") == ["x"]
    assert "error 100" in caplog.text
    assert "a-secret" not in caplog.text


def test_a_match_with_known_abuse_is_rejected_with_a_warning(
    site: Site, webpurify: FakeWebPurify
) -> None:
    site.live.upload(picture(), public_id="m", moderation="webpurify")
    site.work()
    webpurify.decide("flagged")
    site.work(60)
    assert site.entries("m") == {"webpurify": "rejected"}
    assert "escalation" in site.history("m")[0]["note"]


# -- several, people, and what happens meanwhile


def test_several_moderations_run_in_order_and_end_with_a_summary(
    tmp_path: Path,
    webpurify: FakeWebPurify,
    rekognition: FakeRekognition,
    database: str | None,
) -> None:
    account = WebPurifyAccount(FakeWebPurify.KEY, webpurify.endpoint)
    site = Site(tmp_path, webpurify=account, rekognition=True, database=database)
    with site.live, Receiver() as receiver:
        answer = site.live.upload(
            picture(),
            public_id="all",
            moderation="manual|aws_rek:violence:0.9|webpurify",
            notification_url=receiver.url,
        )
        assert [(one["kind"], one["status"]) for one in answer["moderation"]] == [
            ("aws_rek", "approved"),
            ("webpurify", "pending"),
            ("manual", "queued"),
        ]
        site.work()
        webpurify.decide("approved")
        site.work(60)
        assert site.queue("manual", "pending") == ["all"]
        assert site.live.asset("all")["moderation_kind"] == "manual"
        site.live.decide("all", "approved")
        letters = told(receiver, 5)
    assert [(one["notification_type"], one.get("moderation_kind")) for one in letters] == [
        ("upload", None),
        ("moderation", "aws_rek"),
        ("moderation", "webpurify"),
        ("moderation", "manual"),
        ("moderation_summary", None),
    ]
    assert letters[-1]["moderation_status"] == "approved"
    assert [one["status"] for one in letters[-1]["moderation"]] == ["approved"] * 3


def test_a_rejection_spares_the_machines_behind_it(
    tmp_path: Path, webpurify: FakeWebPurify, rekognition: FakeRekognition
) -> None:
    rekognition.labels = [("Explicit", 99.0, "")]
    account = WebPurifyAccount(FakeWebPurify.KEY, webpurify.endpoint)
    site = Site(tmp_path, webpurify=account, rekognition=True)
    with site.live:
        site.live.upload(picture(), public_id="r", moderation="aws_rek|webpurify|manual")
        site.work(60)
        assert site.entries("r") == {
            "aws_rek": "rejected",
            "webpurify": "aborted",
            "manual": "aborted",
        }
        assert webpurify.calls == []


def test_a_late_answer_is_recorded_and_changes_nothing(
    site: Site, webpurify: FakeWebPurify
) -> None:
    site.live.upload(picture(), public_id="late", moderation="webpurify|manual")
    site.work()
    site.live.decide("late", "approved")
    webpurify.decide("declined")
    site.work(60)
    assert site.entries("late") == {"webpurify": "approved", "manual": "aborted"}
    assert site.delivered("late")
    assert [
        (said["to_status"], said["changed"], said.get("automatic", False))
        for said in site.history("late")
    ] == [("approved", True, False), ("rejected", False, True)]


def test_nobody_is_asked_about_what_a_person_has_decided(
    allow_log: Callable[[str], None], site: Site, webpurify: FakeWebPurify
) -> None:
    allow_log("webpurify is away")
    webpurify.away = 1
    site.live.upload(picture(), public_id="p", moderation="webpurify")
    site.work()
    site.live.decide("p", "rejected")
    site.work(60)
    assert webpurify.count("imgcheck") == 0
    assert webpurify.count("imgstatus") == 0


def test_an_answer_about_a_picture_that_was_replaced_is_dropped(
    site: Site, webpurify: FakeWebPurify
) -> None:
    site.live.upload(picture(1), public_id="new", moderation="webpurify")
    site.work()
    webpurify.decide("declined")
    site.live.upload(picture(2), public_id="new", moderation="webpurify")
    site.work(60)
    assert site.entries("new") == {"webpurify": "pending"}
    assert webpurify.count("imgcheck") == 2
    webpurify.decide("approved")
    site.work(60)
    assert site.entries("new") == {"webpurify": "approved"}


def test_nothing_is_left_to_do_about_a_picture_that_is_gone(
    site: Site, webpurify: FakeWebPurify
) -> None:
    site.live.upload(picture(), public_id="gone", moderation="duplicate:0|webpurify|manual")
    site.work()
    site.live.request("DELETE", "/resources/image/upload", params={"public_ids[]": "gone"})
    site.live.upload(picture(), public_id="over", moderation="webpurify|duplicate:0", backup="true")
    site.live.request("DELETE", "/resources/image/upload", params={"public_ids[]": "over"})
    site.live.upload(picture(1), public_id="over")
    site.work(3600)
    assert site.live.service is not None
    with site.live.service.ledger.read() as connection:
        assert connection.scalar(select(func.count()).select_from(moderation_jobs)) == 0
    assert webpurify.count("imgcheck") <= 2


def test_a_decision_on_a_deleted_picture_is_there_when_it_comes_back(
    site: Site, webpurify: FakeWebPurify
) -> None:
    site.live.upload(picture(), public_id="gone", moderation="webpurify", backup="true")
    site.work()
    site.live.request("DELETE", "/resources/image/upload", params={"public_ids[]": "gone"})
    webpurify.decide("declined")
    site.work(60)
    assert site.queue("webpurify", "rejected") == []
    body = {"public_ids": ["gone"]}
    site.live.request("POST", "/resources/image/upload/restore", json=body)
    assert site.queue("webpurify", "rejected") == ["gone"]
    assert not site.delivered("gone")


def test_a_job_in_a_dead_replicas_hand_goes_on_when_its_lease_is_over(
    site: Site, webpurify: FakeWebPurify
) -> None:
    site.live.upload(picture(), public_id="left", moderation="webpurify|manual")
    site.work()
    webpurify.decide("approved")
    assert site.live.service is not None
    site.clock.advance(60)
    with site.live.service.ledger.write() as connection:
        # Whoever claimed it is gone: nobody settles it.
        machine_jobs.claim(connection, to_us(site.clock.now()), 10)
    site.work()
    site.work(machine_jobs.LEASE_US / 1_000_000)
    assert site.entries("left") == {"webpurify": "approved", "manual": "pending"}
    assert webpurify.count("imgcheck") == 1


def test_replicas_that_step_at_once_ask_about_each_picture_once(
    tmp_path: Path, webpurify: FakeWebPurify, database: str | None
) -> None:
    account = WebPurifyAccount(FakeWebPurify.KEY, webpurify.endpoint)
    site = Site(tmp_path, webpurify=account, database=database)
    with site.live:
        assert site.live.service is not None
        service = site.live.service
        others = [
            Machines(
                service.ledger,
                Pictures(service.blobs, service.decoder),
                service.settings,
                site.clock,
            )
            for _ in range(3)
        ]
        for number in range(12):
            site.live.upload(picture(number), moderation="webpurify")
        while webpurify.count("imgcheck") < 12:
            for machines in others:
                machines.step(site.clock.now())
            for machines in others:
                machines.drain()
        for machines in others:
            machines.close()
        site.work()
        assert webpurify.count("imgcheck") == 12
        assert len({image["custom"] for image in webpurify.images.values()}) == 12


@pytest.mark.parametrize(
    ("file_name", "content", "resource_type", "rule"),
    [
        ("DSC_0001.JPG", picture(), "image", "capitals"),
        ("scan.pdf", b"%PDF-1.7", "raw", "PDF"),
        ("notes.txt", b"hello", "raw", "no image extension"),
    ],
)
def test_webpurify_rejects_some_uploads_without_a_look(
    site: Site,
    webpurify: FakeWebPurify,
    file_name: str,
    content: bytes,
    resource_type: str,
    rule: str,
    caplog: pytest.LogCaptureFixture,
    allow_log: Callable[[str], None],
) -> None:
    allow_log("was rejected without a look")
    answer = site.live.upload(
        content, filename=file_name, resource_type=resource_type, moderation="webpurify"
    )
    assert answer["moderation"] == [{"kind": "webpurify", "status": "pending"}]
    site.work()
    # At the level that `modstation serve` shows.
    [logged] = [line.message for line in caplog.records if line.levelno >= logging.WARNING]
    assert f"{answer['asset_id']} was rejected without a look: " in logged
    assert rule in logged
    asset = site.live.asset(answer["public_id"], resource_type)
    assert asset["moderation"][0]["status"] == "rejected"
    assert asset["moderation"][0]["response"] == "rejected"
    assert webpurify.calls == []
    path = f"/modstation/resources/{resource_type}/upload/{answer['public_id']}/decisions"
    [said] = site.live.request("GET", path).json()["decisions"]
    assert rule in said["note"]


def test_without_a_provider_people_decide_on_webpurifys(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with site.live:
        site.live.upload(picture(), public_id="w", moderation="webpurify")
        site.work(3600)
        assert site.queue("webpurify", "pending") == ["w"]
        refused = site.live.request(
            "POST", "/image/upload", data={"moderation": "aws_rek"}, files={"file": picture()}
        )
        assert refused.status_code == 400
        assert refused.json() == {
            "error": {
                "message": "You don't have an active subscription for "
                "Amazon Rekognition AI Moderation"
            }
        }


def test_a_made_up_address_of_a_machine_opens_nothing(live: LiveService) -> None:
    start = f"{live.api}/modstation/moderations"
    with httpx.Client(trust_env=False, verify=False) as client:
        for token in ("x", "%00", "..%2f..", "%ff", "a" * 5000):
            assert client.get(f"{start}/{token}/picture.jpg").status_code in (400, 404)
            assert client.get(f"{start}/{token}/decided").status_code in (200, 400, 404)
    assert live.request("GET", "/ping").status_code == 200
