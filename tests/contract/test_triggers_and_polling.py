"""What a site does with the official SDK to be told of events: triggers, and the pull buffer."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest

from helpers.live_service import LiveService, picture

if TYPE_CHECKING:
    from helpers.receiver import Receiver


def upload(name: str, **options: object) -> dict[str, Any]:
    return dict(cloudinary.uploader.upload(picture(), public_id=name, **options))


def verified(message: dict[str, Any]) -> bool:
    raw = cloudinary.utils.base64url_decode(message["signed_payload"])
    return bool(
        cloudinary.utils.verify_notification_signature(
            raw, message["timestamp"], message["signature"]
        )
    )


def test_a_trigger_is_made_listed_moved_and_deleted(service: LiveService) -> None:
    made = cloudinary.api.create_trigger("https://a.example/hook", "upload")
    assert made["uri_type"] == "webhook"
    assert made["event_type"] == "upload"
    polled = cloudinary.api.create_trigger("poll://*", "all", uri_type="poll")
    both = cloudinary.api.triggers()
    assert [each["id"] for each in both["triggers"]] == [made["id"], polled["id"]]
    assert both["total"] == 2
    assert cloudinary.api.triggers(event_type="all")["total"] == 1
    moved = cloudinary.api.update_trigger(made["id"], "https://b.example/hook")
    assert moved["message"] == "ok"
    assert cloudinary.api.triggers()["triggers"][0]["uri"] == "https://b.example/hook"
    assert cloudinary.api.delete_trigger(made["id"])["message"] == "ok"
    assert cloudinary.api.triggers()["total"] == 1
    with pytest.raises(cloudinary.exceptions.NotFound, match="record_not_found"):
        cloudinary.api.delete_trigger(made["id"])


def test_a_trigger_that_is_there_already_or_makes_no_sense_is_refused(
    lasting_service: LiveService,
) -> None:
    cloudinary.api.create_trigger("https://a.example/twice", "upload")
    with pytest.raises(cloudinary.exceptions.AlreadyExists, match="record_already_exists"):
        cloudinary.api.create_trigger("https://a.example/twice", "upload")
    for uri, event, uri_type in (
        ("https://a.example/", "uploaded", None),
        ("file:///etc/passwd", "upload", None),
        ("poll://a channel", "upload", "poll"),
        ("poll://orders", "upload", "webhook"),
        ("https://a.example/", "upload", "flow"),
        ("", "upload", None),
    ):
        with pytest.raises(cloudinary.exceptions.BadRequest):
            cloudinary.api.create_trigger(uri, event, uri_type=uri_type)


def test_thirty_receivers_of_one_event_are_enough(service: LiveService) -> None:
    for number in range(30):
        cloudinary.api.create_trigger(f"https://a{number}.example/", "upload")
    with pytest.raises(cloudinary.exceptions.BadRequest, match="limit_reached"):
        cloudinary.api.create_trigger("https://one-more.example/", "upload")
    cloudinary.api.create_trigger("https://one-more.example/", "moderation")


def test_a_trigger_is_told_of_its_events_and_of_no_others(
    service: LiveService, receiver: Receiver
) -> None:
    cloudinary.api.create_trigger(receiver.url, "moderation")
    upload("dog", moderation="manual")
    cloudinary.api.update("dog", moderation_status="approved")
    note = receiver.wait_for(1)[0]
    assert note.document["notification_type"] == "moderation"
    assert note.document["public_id"] == "dog"
    assert len(receiver.received) == 1
    assert cloudinary.utils.verify_notification_signature(
        note.body.decode(), int(note.timestamp), note.signature
    )


def test_what_happens_to_a_batch_is_read_from_the_buffer_and_can_be_verified(
    service: LiveService,
) -> None:
    cloudinary.api.create_trigger("poll://*", "all", uri_type="poll")
    upload("dog", moderation="manual", batch_id="order 66")
    upload("cat", moderation="manual", batch_id="order 67")
    upload("nobody's", moderation="manual")
    cloudinary.api.update("dog", moderation_status="rejected")
    found = cloudinary.api.notifications(batch_id="order 66", wait_seconds=0)["messages"]
    told = [message["payload"] for message in found]
    assert [(each["public_id"], each["notification_type"]) for each in told] == [
        ("dog", "upload"),
        ("dog", "moderation"),
    ]
    assert all(verified(message) for message in found)
    # Hidden for a while, then gone for good.
    assert "messages" not in cloudinary.api.notifications(batch_id="order 66", wait_seconds=0)
    handles = [message["receipt_handle"] for message in found]
    answer = cloudinary.api.ack_notifications(handles)
    assert [each["status"] for each in answer["results"]] == ["acked", "acked"]
    assert cloudinary.api.ack_notifications(handles[0])["results"] == [
        {"receipt_handle": handles[0], "status": "not_found"}
    ]


def test_a_message_nobody_acknowledged_comes_again_with_another_handle(
    service: LiveService,
) -> None:
    upload("dog", notification_url="poll://pets")
    first = cloudinary.api.notifications(channel="pets", wait_seconds=0, visibility_timeout=1)
    again = cloudinary.api.notifications(channel="pets", wait_seconds=10)
    [before], [after] = first["messages"], again["messages"]
    assert before["payload"] == after["payload"]
    assert cloudinary.api.ack_notifications(before["receipt_handle"])["results"][0]["status"] == (
        "not_found"
    )
    assert cloudinary.api.ack_notifications(after["receipt_handle"])["results"][0]["status"] == (
        "acked"
    )


def test_a_waiting_reader_is_answered_as_soon_as_something_comes(service: LiveService) -> None:
    later = threading.Timer(0.5, lambda: upload("dog", notification_url="poll://pets"))
    later.start()
    started = time.monotonic()
    found = cloudinary.api.notifications(channel="pets", wait_seconds=30)["messages"]
    later.join()
    assert [message["payload"]["public_id"] for message in found] == ["dog"]
    assert time.monotonic() - started < 25


def test_waiting_readers_hold_up_nobody(service: LiveService) -> None:
    answers: list[object] = []
    address = f"{service.url}/v2/notifications/{service.cloud}/messages"

    def read() -> None:
        with httpx.Client(auth=(service.key, service.secret), trust_env=False, timeout=30) as site:
            asked = {"channel": "nothing", "wait_seconds": "3"}
            answers.append(site.get(address, params=asked).json())

    readers = [threading.Thread(target=read) for _ in range(60)]
    for reader in readers:
        reader.start()
    # More than there are threads and database connections.
    for number in range(5):
        upload(f"dog-{number}")
    for reader in readers:
        reader.join()
    assert answers == [{}] * 60


def test_a_reader_who_asks_for_nonsense_is_told_so(lasting_service: LiveService) -> None:
    for options in (
        {"channel": "a", "max_messages": 101},
        {"channel": "a", "wait_seconds": 61},
        {"channel": "a", "visibility_timeout": 601},
        {"channel": "a b"},
        {"batch_id": "x" * 300},
    ):
        with pytest.raises(cloudinary.exceptions.BadRequest):
            cloudinary.api.notifications(**options)
    with pytest.raises(cloudinary.exceptions.BadRequest):
        cloudinary.api.ack_notifications([])


def test_a_handle_that_is_none_keeps_no_other_from_being_acknowledged(
    service: LiveService,
) -> None:
    upload("dog", notification_url="poll://pets")
    [message] = cloudinary.api.notifications(channel="pets", wait_seconds=0)["messages"]
    # No base64, more behind the JSON, no pair, no letters of ASCII, numbers no row has.
    wrong = ["nonsense", "WzEsMl0x", "W10", "ä", "Wy0xLDFd", "WzEsOTk5OTk5OTk5OTk5OTk5OTk5OV0"]
    answer = cloudinary.api.ack_notifications([*wrong, message["receipt_handle"]])
    assert [each["status"] for each in answer["results"]] == ["not_found"] * len(wrong) + ["acked"]
    answer = cloudinary.api.ack_notifications(wrong[:1])
    assert answer["results"] == [{"receipt_handle": "nonsense", "status": "not_found"}]


def test_addresses_and_names_of_every_kind_are_taken_or_refused_in_words(
    lasting_service: LiveService,
) -> None:
    for uri in (
        "https://" + "ä" * 200 + ".example/",
        "https://a.example/" + "ä" * 1500,
        "https://a.example:0/",
        "https://[::1/",
        "http:///hook",
    ):
        with pytest.raises(cloudinary.exceptions.BadRequest):
            cloudinary.api.create_trigger(uri, "upload")
    for id_ in ("x", "%00", "..%2f..", "0" * 32):
        answer = lasting_service.request("DELETE", f"/triggers/{id_}")
        assert answer.status_code in (400, 404), id_
