"""Which picture is fetched for review."""

from __future__ import annotations

from typing import Any

import pytest

from modstation.core.assets import Asset, AssetRef, ModerationStatus
from modstation.remote.delivery import review_url

HOST = "https://res.example/cloud/image/upload"
STEP = "c_limit,w_1920,h_1920,q_90"


def asset(url: str | None, **fields: Any) -> Asset:
    values: dict[str, Any] = {"width": 4000, "height": 3000, "format": "jpg"}
    delivery_type = fields.pop("delivery_type", "upload")
    return Asset(
        AssetRef("image", delivery_type, "cat"),
        ModerationStatus.PENDING,
        url=url,
        **(values | fields),
    )


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (f"{HOST}/v17/a/cat.jpg", f"{HOST}/{STEP}/v17/a/cat.jpg"),
        (f"{HOST}/cat.jpg", f"{HOST}/{STEP}/cat.jpg"),
        (
            "https://cdn.example/image/upload/v1/image/upload/x.jpg",
            f"https://cdn.example/image/upload/{STEP}/v1/image/upload/x.jpg",
        ),
    ],
)
def test_a_large_photo_is_fetched_smaller_and_keeps_its_version(given: str, url: str) -> None:
    assert review_url(asset(given), 1920) == (url, False)


def test_a_photo_that_fits_is_fetched_as_it_is() -> None:
    small = asset(f"{HOST}/v1/cat.jpg", width=1920, height=1080)
    assert review_url(small, 1920) == (f"{HOST}/v1/cat.jpg", True)


@pytest.mark.parametrize("sides", [(None, None), (0, 0), (10, None)])
def test_a_photo_of_unknown_size_is_not_trusted_to_fit(sides: tuple[Any, Any]) -> None:
    width, height = sides
    _, is_original = review_url(asset(f"{HOST}/v1/cat.jpg", width=width, height=height), 1920)
    assert not is_original


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "tif", "avif", "GIF"])
def test_what_may_have_several_frames_is_fetched_whole(kind: str) -> None:
    url = f"{HOST}/v1/cat.{kind}"
    assert review_url(asset(url, format=kind), 1920) == (url, True)
    assert review_url(asset(url, format=kind, raw='{"pages":12}'), 1920) == (url, True)


@pytest.mark.parametrize("fields", [{"raw": '{"pages":1}'}, {"bytes": 90_000_000}])
def test_one_frame_or_too_many_bytes_are_fetched_smaller(fields: dict[str, Any]) -> None:
    small = review_url(asset(f"{HOST}/v1/cat.png", format="png", **fields), 1920)
    assert small == (f"{HOST}/{STEP}/v1/cat.png", False)


def test_a_format_we_cannot_decode_is_asked_for_as_jpeg() -> None:
    phone = asset(f"{HOST}/v1/cat.heic", format="heic", width=100, height=100)
    assert review_url(phone, 1920) == (f"{HOST}/{STEP},f_jpg/v1/cat.heic", False)


@pytest.mark.parametrize(
    "url",
    [
        f"{HOST}/s--abcdefgh--/v1/cat.jpg",
        "https://res.example/cat.jpg",
        "https://res.example/cloud/image/private/v1/cat.jpg",
    ],
)
def test_an_address_without_place_for_a_size_is_fetched_whole(url: str) -> None:
    assert review_url(asset(url), 1920) == (url, True)


def test_without_address_there_is_nothing_to_fetch() -> None:
    assert review_url(asset(None), 1920) == (None, True)
