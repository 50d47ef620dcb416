"""What somebody tries on purpose: refused or stored inertly, and the service goes on.

Nonsense at random for every route is in test_service_every_route.py.
"""

from __future__ import annotations

import gc
import json
import os
import random
import socket
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from helpers import hostile_images
from helpers.live_service import LiveService, picture
from modstation.service import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SEGMENTS = [
    "w_100", "c_fit", "v1", "p0", "p0.jpg", "..", "%2e%2e", "%00", "a" * 500, "w_abc", "s--x--",
    "f_auto", "q_auto", "c_fill,w_10,h_10", "image", "upload", "%ff", "%0a", "p0.png", "p0.exe",
]  # fmt: skip
RANGES = ["bytes=0-", "bytes=-5", "bytes=5-2", "bytes=999999-", "bytes=a-b", "bytes=-", "items=1-"]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    with LiveService(tmp_path_factory.mktemp("hostile")) as service:
        for name in ("p0", "p1"):
            service.upload(picture(1), public_id=name, moderation="manual", backup="1")
        yield service


@pytest.fixture
def chance() -> random.Random:
    """New nonsense in every run; a failure shows the seed that repeats it."""
    seed = os.urandom(4).hex()
    print(f"seed {seed}")
    return random.Random(seed)


def test_delivery_refuses_nonsense(live: LiveService, chance: random.Random) -> None:
    with httpx.Client(trust_env=False, verify=False) as client:
        for _ in range(150):
            segments = [chance.choice(SEGMENTS) for _ in range(chance.randrange(1, 5))]
            types = [chance.choice(["image", "raw", "x"]), chance.choice(["upload", "zz"])]
            path = "/".join([live.cloud, *types, *segments])
            headers = {"range": chance.choice(RANGES)} if chance.random() < 0.3 else {}
            method = chance.choice(["GET", "HEAD"])
            answer = client.request(method, f"{live.url}/{path}", headers=headers)
            assert answer.status_code in (200, 206, 400, 404, 416), f"{answer.status_code} {path}"


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with LiveService(tmp_path, upload_bytes=100_000) as live:
        answer = live.request(
            "POST",
            "/image/upload",
            data={"public_id": "big"},
            files={"file": ("big.jpg", b"\xff\xd8" + b"x" * 3_000_000)},
        )
        assert answer.status_code == 400
        assert answer.json()["error"]["message"].startswith("File size too large.")
        assert live.statuses() == {}
        assert not (tmp_path / "service" / "blobs" / "originals").exists()


@pytest.mark.parametrize("name", ["..", ".", "a/../../b", "../x", "x/..", "a/./b", "a\\..\\b"])
def test_a_public_id_that_clients_would_resolve_to_another_is_refused(
    live: LiveService, name: str
) -> None:
    before = live.statuses()
    photo = {"file": ("x.jpg", picture())}
    answers = [
        live.request("POST", "/image/upload", data={"public_id": name}, files=photo),
        live.request("POST", "/image/upload", data={"public_id": "y", "folder": name}, files=photo),
    ]
    for answer in answers:
        assert answer.status_code == 400
        message = answer.json()["error"]["message"]
        assert message.startswith("public_id (")
        assert message.endswith(") is invalid")
    assert live.statuses() == before


def test_names_of_files_and_assets_never_become_paths(tmp_path: Path) -> None:
    with LiveService(tmp_path) as live:
        for name in ("a..b/c", "...", "C:\\windows\\x", ".hidden", "~"):
            answer = live.upload(public_id=name, filename=f"../../{name}.jpg")
            assert answer["public_id"] == name
        for name in ("..", "../../../..", "....", ". .", "/etc/..", "C:\\.."):
            answer = live.upload(use_filename="1", unique_filename="0", filename=name)
            assert set(answer["public_id"]) <= {"_", "."}
            assert answer["public_id"].strip(".")
        blobs = tmp_path / "service" / "blobs"
        kept = [f.relative_to(blobs) for f in blobs.rglob("*") if f.is_file()]
        assert kept
        for file in kept:
            assert len(file.parts) == 4
            assert file.parts[0] == "originals"
            assert all(set(part) <= set("0123456789abcdef") for part in file.parts[1:])


# -- what is sent byte by byte, since no client would


def raw(live: LiveService, *pieces: bytes, pause: float = 0.0) -> tuple[int, dict[str, str], bytes]:
    """One request as written, and its answer: status, headers by name, body."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert len(headers) == len(lines), lines
    return int(status.split()[1]), headers, body


def head(live: LiveService, method: str, path: str, *more: str) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        f"Authorization: {live.authorization}",
        *more,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


INJECTED = "%0d%0aX-Injected:%201%0d%0a%0d%0a<html>"


@pytest.mark.parametrize(
    "path",
    [
        f"/v1_1/testing/none{INJECTED}",
        f"/v1_1/testing/resources/image/upload/a{INJECTED}",
        f"/v1_1/testing/resources/{INJECTED}",
        f"/v1_1/testing/resources/image?direction={INJECTED}",
        f"/v1_1/testing/resources/image?next_cursor={INJECTED}",
        f"/v1_1/testing/usage/{INJECTED}",
        f"/v1_1/{INJECTED}/ping",
        f"/v1_1/testing/resources/image/upload/a?fields={INJECTED}&versions={INJECTED}",
        f"/testing/image/upload/a{INJECTED}",
        f"/testing/image/upload/w_{INJECTED}/p0",
        f"/testing/image/upload/fl_attachment:{INJECTED}/p0",
        f"/testing/search/a/60/{INJECTED}",
        f"/{INJECTED}",
    ],
)
def test_line_breaks_in_what_is_echoed_make_no_header(live: LiveService, path: str) -> None:
    status, headers, body = raw(live, head(live, "GET", path))
    assert status in (400, 401, 404)
    assert "x-injected" not in headers
    assert headers["content-type"].startswith("application/json")
    assert json.loads(body)["error"]["message"]


@pytest.mark.parametrize(
    "host", ["evil.example/x", "a b", "[::1", 'x"onload', "evil.example:99999999", "\xff", ""]
)
def test_a_host_that_is_none_is_never_echoed(live: LiveService, host: str) -> None:
    asked = head(live, "GET", "/v1_1/testing/resources/image/upload/p0")
    status, _, body = raw(live, asked.replace(b"127.0.0.1", host.encode("latin-1"), 1))
    if status == 200:
        assert json.loads(body)["url"].startswith(f"http://127.0.0.1:{live.port}/testing/")
    else:
        # The server itself has refused it.
        assert status == 400


def test_a_body_that_drips_is_given_up(live: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_IDLE_SECONDS", 0.3)
    asked = head(live, "POST", "/v1_1/testing/image/upload", "Content-Length: 5000", FORM)
    status, _, body = raw(live, asked, *[b"a"] * 4, pause=0.1)
    assert status == 400
    assert json.loads(body)["error"]["message"] == "The request's body did not arrive in time"


FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (("Content-Length: 5", "Content-Length: 6"), b"a=b&c="),
        (("Content-Length: -1",), b""),
        (("Content-Length: 1e3",), b""),
        (("Content-Length: 3", "Transfer-Encoding: chunked"), b"0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"zz\r\n\r\n"),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), b"0\r\n\r\n"),
    ],
)
def test_bodies_whose_length_is_told_twice_or_wrongly_smuggle_nothing(
    live: LiveService, allow_log: Callable[[str], None], headers: tuple[str, ...], body: bytes
) -> None:
    allow_log("^uvicorn.error: Invalid HTTP request received.")
    smuggled = head(live, "DELETE", "/v1_1/testing/resources/image/upload?public_ids[]=p0")
    asked = head(live, "POST", "/v1_1/testing/image/destroy", FORM, *headers)
    status, _, _ = raw(live, asked.replace(b"Connection: close\r\n", b"", 1) + body + smuggled)
    assert status == 400
    assert live.request("GET", "/resources/image/upload/p0").json()["bytes"]


def test_what_is_too_large_is_refused_and_the_service_goes_on(
    live: LiveService, allow_log: Callable[[str], None]
) -> None:
    allow_log("^uvicorn.error: Invalid HTTP request received.")
    upload, search = "/image/upload", "/resources/search"
    many = {f"k{number}": "v" for number in range(3000)}
    # What of this comes in one piece is taken, and does no harm.
    assert raw(live, head(live, "GET", f"/v1_1/testing/ping?a={'x' * 70_000}"))[0] in (200, 400)
    assert live.request("GET", "/ping", headers={"x-a": "x" * 70_000}).status_code in (200, 400)
    refused = [
        live.request("POST", upload, files={n: (None, v) for n, v in many.items()}).status_code,
        live.request(
            "POST", upload, json={"context": {str(i): "v" for i in range(2000)}}
        ).status_code,
        live.request("POST", search, json={"expression": "a" * 40_000}).status_code,
        live.request("POST", search, content=b"[" * 200_000).status_code,
        live.request("POST", "/image/tags", data={"tag": "a" * 3_000_000}).status_code,
    ]
    assert set(refused) == {400}
    with httpx.Client(trust_env=False, verify=False) as stranger:
        # Without a key little text is taken at all.
        for body in ({"json": {"a": "x" * 2_000_000}}, {"data": {"a": "x" * 2_000_000}}):
            answer = stranger.post(f"{live.api}/resources/search", **body)  # type: ignore[arg-type]  # a union
            assert answer.status_code == 400
            assert answer.json()["error"]["message"].startswith("File size too large.")
    assert live.request("GET", "/ping").status_code == 200


def test_a_field_that_stands_there_twice_is_refused_where_one_is_meant(live: LiveService) -> None:
    before = live.statuses()
    photo = ("x.jpg", picture())
    for parts in (
        [("public_id", (None, "one")), ("public_id", (None, "two")), ("file", photo)],
        [("public_id[a]", (None, "one")), ("file", photo)],
        [("public_id", (None, "one")), ("file", photo), ("file", photo)],
        [("moderation", (None, "manual")), ("moderation", (None, "x")), ("file", photo)],
    ):
        answer = live.request("POST", "/image/upload", files=parts)
        assert answer.status_code == 400, parts
        assert answer.json()["error"]["message"]
    assert live.statuses() == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", '{"public_id":"p0"}'.encode("utf-16")),
        ("application/json", b'{"public_id":"\xfc"}'),
        ("application/json", b'{"public_id":"\xc0\xaf"}'),
        ("application/json", b'{"public_id":"\\ud800"}'),
        ("application/json", b'\xef\xbb\xbf{"public_id":"p0"}'),
        ("application/x-www-form-urlencoded", b"public_id=%00"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n"),
        ("multipart/form-data", b"--x--\r\n"),
    ],
)
def test_what_is_not_written_as_it_says_is_refused(
    live: LiveService, allow_log: Callable[[str], None], kind: str, body: bytes
) -> None:
    allow_log("^python_multipart.multipart: ")
    for path in ("/image/destroy", "/resources/update", "/image/upload"):
        answer = live.request("POST", path, content=body, headers={"content-type": kind})
        assert answer.status_code == 400, (path, answer.text)
        assert answer.json()["error"]["message"]
    assert "p0" in live.statuses()


HOSTILE = {
    "huge header": hostile_images.png_with_huge_header(),
    "zlib bomb": hostile_images.png_zlib_bomb(),
    "profile bomb": hostile_images.png_profile_bomb(),
    "tiff bomb": hostile_images.tiff_memory_bomb(),
    "giant gif": hostile_images.gif_with_giant_canvas(),
    "gif outside": hostile_images.gif_frame_outside_canvas(),
    "giant webp": hostile_images.webp_with_giant_canvas(),
    "cut jpeg": hostile_images.truncated(hostile_images.noisy_jpeg()),
    "executable": hostile_images.executable(),
    "svg": hostile_images.svg(),
    "html": hostile_images.html(),
    "html after a picture": picture() + hostile_images.html(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_or_delivered_as_what_it_is(live: LiveService, name: str) -> None:
    for resource_type in ("image", "raw", "auto"):
        answer = live.request(
            "POST",
            f"/{resource_type}/upload",
            data={"public_id": f"hostile-{resource_type}"},
            files={"file": (f"{name}.html", HOSTILE[name], "text/html")},
        )
        assert answer.status_code in (200, 400)
        if answer.status_code == 400:
            assert answer.json()["error"]["message"]
            continue
        url = answer.json()["url"]
        with httpx.Client(trust_env=False, verify=False, timeout=60) as client:
            original = client.get(url)
            small = client.get(url.replace("/upload/", "/upload/w_10/"))
        assert original.content == HOSTILE[name]
        assert small.status_code in (200, 400)
        for given in (original, small):
            assert given.headers["x-content-type-options"] == "nosniff"
            assert given.headers["content-type"].split(";")[0] not in (
                "text/html",
                "image/svg+xml",
                "application/xhtml+xml",
            )


def test_a_multipart_body_that_breaks_off_leaves_no_file_open(live: LiveService) -> None:
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    for body in (start, start + b"\r\n--x\r\n", start + b"\r\n--x--\r\n--x\r\n\r\n"):
        kind = {"content-type": "multipart/form-data; boundary=x"}
        answer = live.request("POST", "/image/upload", content=body, headers=kind)
        assert answer.status_code == 400
    # A file that nobody closed warns when it is collected, and the warning fails the test.
    gc.collect()
