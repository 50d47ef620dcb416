"""The official SDK's ways to upload beside the plain one, against our service."""

from __future__ import annotations

import hashlib
import random
from io import BytesIO
from typing import TYPE_CHECKING

import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import cloudinary.utils
import pytest

from helpers.live_service import picture
from helpers.web_site import Page, WebSite

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.live_service import LiveService
    from helpers.receiver import Receiver

CHUNK = 5_243_000


def large(kind: str) -> bytes:
    """A file of more than two chunks."""
    if kind == "image":
        return picture(size=(2000, 1900), kind="BMP")
    noise = random.Random(kind).randbytes(2 * CHUNK + 1000)
    return b"\x00\x00\x00\x20ftypisom" + noise if kind == "video" else noise


@pytest.mark.parametrize("kind", ["raw", "image", "video"])
@pytest.mark.parametrize("public_id", [None, "folder/large"])
def test_a_large_file_is_uploaded_in_parts(
    lasting_service: LiveService, tmp_path: Path, kind: str, public_id: str | None
) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(large(kind))
    options = {"resource_type": kind} if kind != "raw" else {}
    answer = cloudinary.uploader.upload_large(
        str(file), chunk_size=CHUNK, public_id=public_id, moderation="manual", **options
    )
    assert answer["resource_type"] == kind
    assert answer["etag"] == hashlib.md5(large(kind)).hexdigest()
    assert answer["original_filename"] == "large"
    assert answer["moderation"][0]["status"] == "pending"
    if public_id is not None:
        assert answer["public_id"] == public_id


def test_parts_that_are_too_small_are_refused(lasting_service: LiveService) -> None:
    with pytest.raises(cloudinary.exceptions.BadRequest, match="must be larger than 5mb"):
        cloudinary.uploader.upload_large(BytesIO(large("raw")), chunk_size=1_000_000)


def test_a_remote_file_is_uploaded_by_its_address(lasting_service: LiveService) -> None:
    with WebSite({"/cat.jpg": Page(picture(5))}) as site:
        answer = cloudinary.uploader.upload(f"{site.url}/cat.jpg", use_filename=True)
        assert answer["public_id"].startswith("cat_")
        assert cloudinary.uploader.upload_large(f"{site.url}/cat.jpg")["format"] == "jpg"
        missing = f"{site.url}/dog.jpg"
        with pytest.raises(cloudinary.exceptions.BadRequest) as refused:
            cloudinary.uploader.upload(missing)
        assert str(refused.value) == f"Error in loading {missing} - 404 Not Found"


def test_a_preset_and_an_unsigned_upload(lasting_service: LiveService) -> None:
    made = cloudinary.api.create_upload_preset(
        folder="from-preset", unsigned=True, tags=["a", "b"], context={"k": "v"}
    )
    name = made["name"]
    answer = cloudinary.uploader.unsigned_upload(picture(), name)
    assert answer["public_id"].startswith("from-preset/")
    assert answer["tags"] == ["a", "b"]
    settings = cloudinary.api.upload_preset(name)["settings"]
    settings |= {"unsigned": False, "disallow_public_id": True}
    assert cloudinary.api.update_upload_preset(name, **settings)["message"] == "updated"
    preset = cloudinary.api.upload_preset(name)
    assert preset["unsigned"] is False
    assert preset["settings"]["folder"] == "from-preset"
    assert preset["settings"]["context"] == {"k": "v"}
    with pytest.raises(cloudinary.exceptions.BadRequest, match="whitelisted"):
        cloudinary.uploader.unsigned_upload(picture(), name)
    assert name in [one["name"] for one in cloudinary.api.upload_presets()["presets"]]
    with pytest.raises(cloudinary.exceptions.AlreadyExists):
        cloudinary.api.create_upload_preset(name=name)
    assert cloudinary.api.delete_upload_preset(name)["message"] == "deleted"
    with pytest.raises(cloudinary.exceptions.NotFound):
        cloudinary.api.upload_preset(name)


def test_renditions_come_with_the_upload(lasting_service: LiveService) -> None:
    answer = cloudinary.uploader.upload(
        picture(),
        eager=[{"width": 100, "height": 50, "crop": "fill"}, {"width": 20, "format": "png"}],
    )
    assert [(each["width"], each["format"]) for each in answer["eager"]] == [
        (100, "jpg"),
        (20, "png"),
    ]
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Invalid effect"):
        cloudinary.uploader.upload(picture(), eager=[{"effect": "sepia"}])


def test_an_upload_is_promised_and_tells_when_it_is_done(
    service: LiveService, receiver: Receiver
) -> None:
    options = {"async": True, "notification_url": receiver.url, "moderation": "manual"}
    answer = cloudinary.uploader.upload(picture(8), public_id="promised", **options)
    assert (answer["status"], answer["public_id"]) == ("pending", "promised")
    (note,) = receiver.wait_for(1)
    assert cloudinary.utils.verify_notification_signature(
        note.body.decode(), int(note.timestamp), note.signature
    )
    assert note.document["batch_id"] == answer["batch_id"]
    assert cloudinary.api.resource("promised")["moderation"][0]["status"] == "pending"
