"""``duplicate``: what a site is told about pictures it has already."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image
from sqlalchemy import func, select

from helpers.live_service import LiveService
from modstation.core.shipped import resources
from modstation.service.schema import picture_bands, picture_prints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def photo(name: str) -> bytes:
    return (resources() / "demo" / f"{name}.jpg").read_bytes()


def smaller(content: bytes) -> bytes:
    """The same picture as another site would have saved it."""
    with Image.open(BytesIO(content)) as image:
        image.thumbnail((400, 400))
        out = BytesIO()
        image.convert("RGB").save(out, "WEBP", quality=60)
    return out.getvalue()


def flat(colour: str) -> bytes:
    """A picture with nothing in it."""
    out = BytesIO()
    Image.new("RGB", (300, 300), colour).save(out, "PNG")
    return out.getvalue()


def test_a_picture_that_was_saved_again_is_found_and_named(live: LiveService) -> None:
    first = live.upload(photo("cat"), public_id="cat", moderation="duplicate:0.8")
    assert first["moderation"][0]["status"] == "approved"
    assert first["moderation"][0]["response"] == []
    other = live.upload(photo("coffee"), public_id="coffee", moderation="duplicate:0.8")
    assert other["moderation"][0]["status"] == "approved"
    again = live.upload(smaller(photo("cat")), public_id="copy", moderation="duplicate:0.8")
    [entry] = again["moderation"]
    assert entry["status"] == "rejected"
    [match] = entry["response"]
    assert match["public_id"] == "cat"
    assert 0.8 <= match["confidence"] <= 1
    queue = live.request("GET", "/resources/image/moderations/duplicate/rejected").json()
    assert [item["public_id"] for item in queue["resources"]] == ["copy"]


def test_a_limit_of_nothing_only_adds_to_what_is_compared(live: LiveService) -> None:
    live.upload(photo("cat"), public_id="cat")
    unknown = live.upload(photo("cat"), public_id="b", moderation="duplicate:1.0")
    assert unknown["moderation"][0]["status"] == "approved"
    for public_id in ("c", "d"):
        added = live.upload(photo("coffee"), public_id=public_id, moderation="duplicate:0")
        assert added["moderation"][0]["status"] == "approved"
    found = live.upload(photo("coffee"), public_id="e", moderation="duplicate:1")
    assert [one["public_id"] for one in found["moderation"][0]["response"]] == ["c", "d"]


def test_empty_pictures_are_alike_only_byte_by_byte(live: LiveService) -> None:
    live.upload(flat("white"), public_id="white", moderation="duplicate:0.5")
    black = live.upload(flat("black"), public_id="black", moderation="duplicate:0.5")
    assert black["moderation"][0]["status"] == "approved"
    same = live.upload(flat("white"), public_id="again", moderation="duplicate:0.5")
    assert same["moderation"][0]["response"] == [{"public_id": "white", "confidence": 1.0}]


def test_what_is_gone_rejected_or_replaced_is_compared_with_no_more(live: LiveService) -> None:
    for public_id in ("gone", "rejected", "replaced"):
        live.upload(photo("cat"), public_id=public_id, moderation="duplicate:0")
    live.request("DELETE", "/resources/image/upload", params={"public_ids[]": "gone"})
    live.decide("rejected", "rejected")
    live.upload(photo("coffee"), public_id="replaced")
    fresh = live.upload(photo("cat"), public_id="fresh", moderation="duplicate:0.9")
    assert fresh["moderation"][0]["status"] == "approved"
    # Approved after all, it counts again.
    live.decide("rejected", "approved")
    found = live.upload(photo("cat"), public_id="copy", moderation="duplicate:0.9")
    named = {one["public_id"] for one in found["moderation"][0]["response"]}
    assert named == {"rejected", "fresh"}


def test_a_picture_is_no_duplicate_of_itself_and_leaves_nothing_behind(live: LiveService) -> None:
    for _ in range(2):
        live.upload(photo("cat"), public_id="cat", moderation="duplicate:0.9")
    assert live.status_of("cat") == "approved"
    answer = live.request(
        "POST",
        "/image/explicit",
        data={"public_id": "cat", "type": "upload", "moderation": "duplicate:0.9"},
    )
    assert answer.json()["moderation"][0]["status"] == "approved"
    live.request("DELETE", "/resources/image/upload", params={"public_ids[]": "cat"})
    assert live.service is not None
    with live.service.ledger.read() as connection:
        for table in (picture_prints, picture_bands):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_clouds_do_not_see_each_others_pictures(tmp_path: Path) -> None:
    for cloud in ("one", "two"):
        with LiveService(tmp_path, cloud=cloud) as live:
            answer = live.upload(photo("cat"), public_id="cat", moderation="duplicate:0.9")
            assert answer["moderation"][0]["status"] == "approved"


def test_a_picture_that_cannot_be_decoded_waits_for_people(
    live: LiveService, allow_log: Callable[[str], None]
) -> None:
    allow_log("duplicate cannot judge an upload")
    broken = photo("cat")[:400]
    answer = live.upload(broken, public_id="broken", moderation="duplicate:0.9|manual")
    assert [one["status"] for one in answer["moderation"]] == ["pending", "queued"]
    live.decide("broken", "rejected")
    assert live.status_of("broken") == "rejected"
