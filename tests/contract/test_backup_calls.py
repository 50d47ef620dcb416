"""Backups as the official SDK speaks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService

ONE, TWO = picture(1), picture(2)


def get(url: str, **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.get(url, headers=headers)


def test_a_version_is_listed_restored_and_removed(service: LiveService) -> None:
    one = cloudinary.uploader.upload(ONE, public_id="a/cat", backup=True)
    two = cloudinary.uploader.upload(TWO, public_id="a/cat", backup=True)
    assert two["overwritten"] is True
    listed = cloudinary.api.resource("a/cat", versions=True)["versions"]
    assert [v["version_id"] for v in listed] == [one["version_id"], two["version_id"]]
    assert all(v["restorable"] for v in listed)
    back = cloudinary.api.restore(["a/cat"], versions=[one["version_id"]])["a/cat"]
    assert back["version"] > two["version"]
    assert get(back["secure_url"]).content == ONE
    back = cloudinary.api.restore_by_asset_ids([one["asset_id"]], versions=[two["version_id"]])
    assert get(back[one["asset_id"]]["url"]).content == TWO
    with pytest.raises(cloudinary.exceptions.BadRequest, match="versions count must match"):
        cloudinary.api.restore(["a/cat", "b"], versions=[one["version_id"]])
    gone = cloudinary.api.delete_backed_up_assets(one["asset_id"], one["version_id"])
    assert gone["deleted_version_ids"] == [one["version_id"]]
    answer = cloudinary.api.restore(["a/cat"], versions=[one["version_id"]])
    assert answer["a/cat"] == {"error": "no_backup"}


def test_a_deleted_asset_is_a_placeholder_that_is_not_listed(service: LiveService) -> None:
    asset_id = cloudinary.uploader.upload(ONE, public_id="cat", backup=True)["asset_id"]
    deleted = cloudinary.api.delete_resources(["cat"], invalidate=True)
    assert deleted["deleted_counts"]["cat"] == {"original": 1, "derived": 0}
    there = cloudinary.api.resource_by_asset_id(asset_id, versions=True)
    assert (there["bytes"], there["placeholder"]) == (0, True)
    assert [v["restorable"] for v in there["versions"]] == [True]
    assert cloudinary.api.resources()["resources"] == []
    back = cloudinary.api.restore_by_asset_ids([asset_id])[asset_id]
    assert back["public_id"] == "cat"
    assert get(back["url"]).content == ONE
    assert [item["asset_id"] for item in cloudinary.api.resources()["resources"]] == [asset_id]


def test_a_backup_is_downloaded_by_a_signed_address(service: LiveService) -> None:
    one = cloudinary.uploader.upload(ONE, public_id="cat", moderation="manual")
    cloudinary.api.update("cat", moderation_status="rejected")
    cloudinary.uploader.upload(TWO, public_id="cat", moderation="manual")
    assert get(one["url"]).content == TWO
    for options in ({}, {"signature_algorithm": "sha256"}):
        url = cloudinary.utils.download_backedup_asset(
            one["asset_id"], one["version_id"], **options
        )
        answer = get(url)
        assert answer.content == ONE
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["content-disposition"] == "attachment"
        assert get(url, range="bytes=0-9").content == ONE[:10]
    assert get(url.replace(one["version_id"], "0" * 32)).status_code == 401
    unknown = cloudinary.utils.download_backedup_asset(one["asset_id"], "0" * 32)
    assert get(unknown).status_code == 404
    stale = cloudinary.utils.download_backedup_asset(
        one["asset_id"], one["version_id"], timestamp=1
    )
    assert get(stale).status_code == 401
