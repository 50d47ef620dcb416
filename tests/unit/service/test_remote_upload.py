"""Files that are fetched from where the caller says they are."""

from __future__ import annotations

import gzip
import threading
from typing import TYPE_CHECKING, Any

import pytest

from helpers.live_service import LiveService, picture
from helpers.web_site import Page, WebSite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx


@pytest.fixture
def site() -> Iterator[WebSite]:
    with WebSite({"/a/cat photo.JPEG": Page(picture())}) as listening:
        yield listening


def fetch(live: LiveService, url: str, kind: str = "image", **parameters: str) -> httpx.Response:
    return live.request("POST", f"/{kind}/upload", data={"file": url, **parameters})


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"]["message"])


def test_a_file_on_the_web_becomes_an_asset(shared: LiveService, site: WebSite) -> None:
    site.pages["/a/cat%20photo.JPEG"] = Page(picture(), headers={"Content-Type": "text/html"})
    url = f"{site.url}/a/cat%20photo.JPEG?size=big"
    answer = fetch(shared, url, public_id="fetched", moderation="manual").json()
    assert answer["original_filename"] == "cat photo"
    assert (answer["format"], answer["resource_type"]) == ("jpg", "image")
    assert answer["bytes"] == len(picture())
    assert shared.status_of("fetched") == "pending"
    named = fetch(shared, url, use_filename="1", unique_filename="0").json()
    assert named["public_id"] == "cat_photo"
    other = fetch(shared, url, filename_override="dog.png").json()
    assert other["original_filename"] == "dog"


def test_json_and_multipart_name_an_address_too(shared: LiveService, site: WebSite) -> None:
    site.pages["/x.jpg"] = Page(picture(3))
    body = {"file": f"{site.url}/x.jpg", "public_id": "by-json", "tags": ["a", "b"]}
    assert shared.request("POST", "/image/upload", json=body).json()["tags"] == ["a", "b"]
    part = {"file": (None, f"{site.url}/x.jpg")}
    assert shared.request("POST", "/auto/upload", files=part).json()["resource_type"] == "image"


def test_what_a_site_answers_is_said(shared: LiveService, site: WebSite) -> None:
    missing = f"{site.url}/none.jpg"
    assert refusal(fetch(shared, missing)) == f"Error in loading {missing} - 404 Not Found"
    site.pages["/busy"] = Page(status=503)
    site.pages["/odd"] = Page(status=299)
    site.pages["/empty"] = Page(b"")
    site.pages["/text"] = Page(b"no picture", headers={"Content-Type": "image/jpeg"})
    site.pages["/round"] = Page(status=302, headers={"Location": "/round"})
    site.pages["/ftp"] = Page(status=302, headers={"Location": "ftp://example.com/x"})
    site.pages["/cut"] = Page(b"zz\r\n", headers={"Transfer-Encoding": "chunked"})
    for path, said in {
        "/busy": "503 Service Unavailable",
        "/odd": "299",
        "/empty": "Empty file",
        "/text": "Invalid image file",
        "/round": "too many redirects",
        "/ftp": "only http and https addresses are fetched",
        "/cut": "the address or its answer is malformed",
    }.items():
        assert refusal(fetch(shared, site.url + path)).endswith(said)
    assert refusal(fetch(shared, "http://127.0.0.1:9/x.jpg")).endswith("could not connect")


@pytest.mark.parametrize("url", ["ftp://x/y.jpg", "s3://bucket/key", "GS://bucket/key"])
def test_other_kinds_of_address_are_refused_by_name(shared: LiveService, url: str) -> None:
    assert refusal(fetch(shared, url)).startswith(f"Unsupported source URL: {url[:2].lower()}")


@pytest.mark.parametrize(
    "url",
    ["http://", "http:///x", "http://[::1", "http://x:99999/", "http:/x", "https:x", "http://a b/",
     "http://" + "a" * 5000, "http://\u200d.example/", "http://xn--.example/", "http://x\\@y/"],
)  # fmt: skip
def test_no_address_is_a_bug(shared: LiveService, url: str) -> None:
    assert refusal(fetch(shared, url))


def test_a_redirect_is_followed(shared: LiveService, site: WebSite) -> None:
    site.pages["/old.png"] = Page(status=301, headers={"Location": "/a/cat photo.JPEG"})
    site.pages["/a/cat%20photo.JPEG"] = Page(picture())
    assert fetch(shared, f"{site.url}/old.png").json()["original_filename"] == "old"


def test_what_is_too_large_or_too_slow_is_not_fetched(tmp_path: Path, site: WebSite) -> None:
    site.pages["/big"] = Page(b"x" * 60_000)
    chunked = b"".join(b"4000\r\n" + b"y" * 0x4000 + b"\r\n" for _ in range(8)) + b"0\r\n\r\n"
    site.pages["/unsaid"] = Page(chunked, headers={"Transfer-Encoding": "chunked"})
    site.pages["/drip"] = Page(slowly=True)
    with LiveService(tmp_path, upload_bytes=50_000, fetch_seconds=0.5) as live:
        assert "File size too large" in refusal(fetch(live, f"{site.url}/big", "raw"))
        assert "File size too large" in refusal(fetch(live, f"{site.url}/unsaid", "raw"))
        assert refusal(fetch(live, f"{site.url}/drip", "raw")).endswith("it took too long")
        assert live.statuses() == {}


def test_a_file_that_comes_packed_is_not_unpacked(shared: LiveService, site: WebSite) -> None:
    packed = gzip.compress(gzip.compress(bytes(1 << 20)))
    for path, spelled in {"/gzip": "gzip", "/twice": "gzip, GZIP", "/odd": "IDENTITY, br"}.items():
        site.pages[path] = Page(packed, headers={"Content-Encoding": spelled})
        assert "it is packed" in refusal(fetch(shared, site.url + path, "raw"))
    site.pages["/plain"] = Page(b"abc", headers={"Content-Encoding": "Identity"})
    assert fetch(shared, f"{site.url}/plain", "raw").json()["bytes"] == 3


def test_nothing_behind_the_walls_is_fetched(tmp_path: Path, site: WebSite) -> None:
    site.pages["/inward"] = Page(status=302, headers={"Location": "http://169.254.169.254/latest"})
    with LiveService(tmp_path, allow_networks=()) as live:
        for host in ("127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"):
            answer = fetch(live, f"http://{host}:{site.port}/a/x.jpg")
            assert refusal(answer).endswith(("the address is not allowed", "could not connect"))
    with LiveService(tmp_path, allow_networks=("127.0.0.1",)) as live:
        assert refusal(fetch(live, f"{site.url}/inward")).endswith("the address is not allowed")
    assert site.asked == ["/inward"]


def test_a_password_in_an_address_is_not_repeated(shared: LiveService, site: WebSite) -> None:
    secret = refusal(fetch(shared, f"http://kim:hush@127.0.0.1:{site.port}/none"))
    assert "hush" not in secret


def test_uploads_of_one_name_at_once_are_one_new_and_overwrites(live: LiveService) -> None:

    answers: list[dict[str, Any]] = []
    together = threading.Barrier(6)

    def send(number: int) -> None:
        together.wait()
        answers.append(live.upload(picture(number), public_id="same", moderation="manual"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert sorted(answer.get("overwritten", False) for answer in answers) == [False] + [True] * 5
    assert len({answer["asset_id"] for answer in answers}) == 1
    assert len({answer["version"] for answer in answers}) == 6
    last = max(answers, key=lambda answer: int(answer["version"]))
    assert live.asset("same")["etag"] == last["etag"]
    path = "/modstation/resources/image/upload/same/pixels"
    assert len(live.request("GET", path).content) == last["bytes"]
