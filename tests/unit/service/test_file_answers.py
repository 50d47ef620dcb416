"""Files as HTTP answers: parts of them, heads, and what a client has already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from helpers.live_service import LiveService, picture
from modstation.service.blobs import Blobs
from modstation.service.delivery.images import RENDERER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = picture(4, (800, 600))
SIZE = len(CONTENT)
ORIGINAL, RENDITION = "image/upload/pic.jpg", "image/upload/w_30/pic.png"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    with LiveService(tmp_path_factory.mktemp("site")) as live:
        live.upload(CONTENT, public_id="pic")
        yield live


def get(live: LiveService, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.request(
            method,
            f"{live.url}/{live.cloud}/{path}",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


@pytest.mark.parametrize("path", [ORIGINAL, RENDITION])
def test_what_a_client_has_already_is_not_sent_again(site: LiveService, path: str) -> None:
    whole = get(site, path)
    tag = whole.headers["etag"]
    for given in (tag, f'"other", {tag}', f'W/"other",W/{tag}', "*"):
        answer = get(site, path, if_none_match=given)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == whole.headers["cache-control"]
    assert get(site, path, if_none_match='"other"').status_code == 200
    # A tag that differs says more than a date that does not.
    since = whole.headers["last-modified"]
    assert get(site, path, if_modified_since=since).status_code == 304
    both = get(site, path, if_modified_since=since, if_none_match='"other"')
    assert both.status_code == 200


@pytest.mark.parametrize("path", [ORIGINAL, RENDITION])
def test_a_head_tells_what_a_get_would(site: LiveService, path: str) -> None:
    whole = get(site, path)
    head = get(site, path, method="HEAD", range="bytes=0-9")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "last-modified", "cache-control"):
        assert head.headers[name] == whole.headers[name]


def test_neither_a_head_nor_an_unchanged_file_is_read(
    site: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = {path: get(site, path).headers["etag"] for path in (ORIGINAL, RENDITION)}
    read: list[str] = []
    monkeypatch.setattr(Blobs, "slice", lambda _blobs, name, *_part: read.append(name) or b"")
    for path, tag in tags.items():
        assert get(site, path, method="HEAD").status_code == 200
        assert get(site, path, if_none_match=tag).status_code == 304
    assert read == []


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("bytes=10-19", CONTENT[10:20]),
        ("Bytes=10-19", CONTENT[10:20]),
        ("bytes=10-", CONTENT[10:]),
        ("bytes=-5", CONTENT[-5:]),
        (f"bytes=-{SIZE * 2}", CONTENT),
        (f"bytes=0-{SIZE * 2}", CONTENT),
    ],
)
def test_a_part_is_sent_to_who_asks_for_it(site: LiveService, given: str, part: bytes) -> None:
    answer = get(site, ORIGINAL, range=given)
    assert (answer.status_code, answer.content) == (206, part)
    first = CONTENT.index(part)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{SIZE}"


@pytest.mark.parametrize(
    "given", ["bytes=junk", "bytes=0-1,4-5", "bytes=5-2", "bytes=-", "lines=0-1", "bytes", "=0-1"]
)
def test_several_parts_and_none_are_the_whole(site: LiveService, given: str) -> None:
    answer = get(site, ORIGINAL, range=given)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("given", ["bytes=99999999-", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused(site: LiveService, given: str) -> None:
    answer = get(site, ORIGINAL, range=given)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


def test_a_part_of_another_version_is_never_mixed_in(site: LiveService) -> None:
    whole = get(site, ORIGINAL)
    tag, date = whole.headers["etag"], whole.headers["last-modified"]
    assert get(site, ORIGINAL, range="bytes=0-1", if_range=tag).status_code == 206
    for other in ('"other"', f"W/{tag}", date):
        answer = get(site, ORIGINAL, range="bytes=0-1", if_range=other)
        assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_large_file_arrives_whole_and_is_never_all_in_memory(
    live: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(range(256)) * 20_000
    live.upload(content, public_id="large.bin", resource_type="raw", filename="large.bin")
    read: list[int] = []
    look = Blobs.slice

    def counted(blobs: Blobs, name: str, start: int, end: int) -> bytes:
        read.append(end - start)
        return look(blobs, name, start, end)

    monkeypatch.setattr(Blobs, "slice", counted)
    assert get(live, "raw/upload/large.bin").content == content
    assert max(read) <= 1 << 20
    part = get(live, "raw/upload/large.bin", range="bytes=1000-4000000")
    assert part.content == content[1000:4_000_001]


def test_another_renderer_makes_another_file(
    live: LiveService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    live.upload(CONTENT, public_id="pic")
    first = get(live, RENDITION).headers["etag"]
    monkeypatch.setattr("modstation.service.delivery.renditions.RENDERER", f"{RENDERER}.1")
    assert get(live, RENDITION).headers["etag"] != first
    kept = [file for file in (tmp_path / "service/blobs/renditions").rglob("*") if file.is_file()]
    assert len(kept) == 2
