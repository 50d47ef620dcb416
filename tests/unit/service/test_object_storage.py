"""The service with its images in an S3 bucket."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import httpx
import pytest

from helpers.live_service import LiveService, picture
from modstation.service.blobs import BACKUP, ORIGINALS, RENDITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.object_storage import ObjectStorage


@pytest.fixture
def stored_in_s3(
    tmp_path: Path, s3: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LiveService]:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    with LiveService(tmp_path, storage=f"{s3.bucket()}/images") as live:
        yield live


def keep_house(live: LiveService) -> dict[str, int]:
    """Do what is due now; how many blobs there are then in each area."""
    assert live.service is not None
    while live.service.housekeeper.step(live.service.clock.now()):
        pass
    names = {area: live.service.blobs.names(area) for area in (ORIGINALS, BACKUP, RENDITIONS)}
    return {area: len(found) for area, found in names.items()}


def test_an_image_is_delivered_withdrawn_and_restored(stored_in_s3: LiveService) -> None:
    live = stored_in_s3
    content = picture(1, (64, 48))
    url = live.upload(content, public_id="a/cat", moderation="manual")["url"]
    assert httpx.get(url, trust_env=False).content == content
    small = url.replace("/upload/", "/upload/c_limit,w_10/")
    assert httpx.get(small, trust_env=False).status_code == 200
    assert keep_house(live) == {ORIGINALS: 1, BACKUP: 0, RENDITIONS: 1}
    live.decide("a/cat", "rejected")
    assert httpx.get(url, trust_env=False).status_code == 404
    assert keep_house(live) == {ORIGINALS: 0, BACKUP: 1, RENDITIONS: 0}
    url = live.decide("a/cat", "approved")["url"]
    assert keep_house(live) == {ORIGINALS: 1, BACKUP: 0, RENDITIONS: 0}
    assert httpx.get(url, trust_env=False).content == content


def test_a_large_file_goes_in_and_out_in_pieces(stored_in_s3: LiveService) -> None:
    live = stored_in_s3
    content = random.Random(7).randbytes(12 << 20)
    asset = live.upload(content, public_id="large.bin", resource_type="raw")
    assert asset["etag"] == hashlib.md5(content).hexdigest()
    assert httpx.get(asset["url"], trust_env=False).content == content
    part = httpx.get(asset["url"], headers={"Range": "bytes=7000000-7000009"}, trust_env=False)
    assert (part.status_code, part.content) == (206, content[7_000_000:7_000_010])
