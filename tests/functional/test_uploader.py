"""The signed uploader against the real service."""

import dataclasses

import pytest

from helpers.live_service import LiveService, picture
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.errors import NotAuthorized, Refused, Unreachable
from modstation.remote.uploader import Uploader


@pytest.fixture
def service(tmp_path):
    with LiveService(tmp_path) as running:
        yield running


def test_an_uploaded_photo_waits_for_its_moderator(service):
    with Uploader(parse_cloudinary_url(service.cloudinary_url)) as uploader:
        for public_id in ("plain", "album/été & co=1", "a%2Fb"):
            uploader.upload(picture(), public_id=public_id, moderation="manual")

    assert service.statuses() == {
        "plain": "pending",
        "album/été & co=1": "pending",
        "a%2Fb": "pending",
    }


def test_a_wrong_secret_is_not_accepted(service):
    right = parse_cloudinary_url(service.cloudinary_url)
    with (
        Uploader(dataclasses.replace(right, secret="wrong")) as uploader,
        pytest.raises(NotAuthorized),
    ):
        uploader.upload(picture(), public_id="x", moderation="manual")

    assert service.statuses() == {}


def test_what_is_no_picture_is_refused(service):
    with (
        Uploader(parse_cloudinary_url(service.cloudinary_url)) as uploader,
        pytest.raises(Refused),
    ):
        uploader.upload(b"not a picture", public_id="x", moderation="manual")


def test_a_service_that_is_down_is_unreachable(service):
    credentials = parse_cloudinary_url(service.cloudinary_url)
    service.stop()

    with Uploader(credentials) as uploader, pytest.raises(Unreachable):
        uploader.upload(picture(), public_id="x", moderation="manual")
