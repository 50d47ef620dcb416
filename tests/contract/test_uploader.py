"""Our uploader signs as the official SDK does, and the service takes what it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cloudinary.utils
import pytest

from helpers.live_service import LiveService, picture
from modstation.core.accounts import Credentials, parse_cloudinary_url
from modstation.core.assets import ModerationStatus
from modstation.core.errors import NotAuthorized, Refused
from modstation.remote.uploader import Uploader, sign

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "parameters",
    [
        {"public_id": "cat", "timestamp": "1700000000"},
        {"public_id": "a&b=c", "timestamp": "1", "moderation": "manual"},
        {"public_id": "Zürich/見", "notification_url": "https://a.example/?x=1&y=2"},
    ],
)
def test_the_signature_is_the_official_one(parameters: dict[str, str]) -> None:
    assert sign(parameters, "s3cr3t") == cloudinary.utils.api_sign_request(parameters, "s3cr3t")


def test_an_uploaded_photo_waits_for_a_moderator(tmp_path: Path) -> None:
    with LiveService(tmp_path) as service:
        credentials = parse_cloudinary_url(service.cloudinary_url)
        with Uploader(credentials) as uploader:
            asset = uploader.upload(picture(), public_id="a b/ü&c", moderation="manual")
            assert asset.status is ModerationStatus.PENDING
            assert service.status_of("a b/ü&c") == "pending"
            with pytest.raises(Refused):
                uploader.upload(b"no image", public_id="x", moderation="manual")
        with (
            Uploader(Credentials(credentials.account, "wrong")) as stranger,
            pytest.raises(NotAuthorized),
        ):
            stranger.upload(picture(), public_id="y", moderation="manual")
