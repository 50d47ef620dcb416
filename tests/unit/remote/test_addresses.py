"""A public ID is data: what goes over the wire names that asset or nothing."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.raw_server import RawServer, answer
from modstation.core.accounts import Account, Credentials
from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.clock import ManualClock
from modstation.core.errors import Refused, RemoteError, UnsafeAddress
from modstation.remote.addresses import Addresses, is_doubtful
from modstation.remote.client import AdminClient

ASSET_ID = "0123456789abcdef" * 2
HERE = Addresses(Account("a", "cloud", "key", "http://127.0.0.1:1"))


def ref(public_id: str) -> AssetRef:
    return AssetRef("image", "upload", public_id)


def client_of(server: RawServer, cloud: str = "cloud") -> AdminClient:
    credentials = Credentials(Account("a", cloud, "key", server.origin), "secret")
    return AdminClient(credentials, clock=ManualClock())


def described(public_id: str, status: str = "approved", **fields: object) -> bytes:
    return answer(
        json.dumps(
            {
                "public_id": public_id,
                "resource_type": "image",
                "type": "upload",
                "moderation_status": status,
                **fields,
            }
        ).encode()
    )


@pytest.mark.parametrize(
    ("public_id", "path"),
    [
        ("cat", "cat"),
        ("a/b", "a/b"),
        ("a b+c", "a%20b%2Bc"),
        ("a?moderation_status=approved", "a%3Fmoderation_status%3Dapproved"),
        ("a#b", "a%23b"),
        ("100%", "100%25"),
        ("a%2e%2e", "a%252e%252e"),
        ("a%2fb", "a%252fb"),
        ("a\nHost: evil", "a%0AHost%3A%20evil"),
        ("a\r\n\r\nGET / HTTP/1.1", None),
        ("a;b=c&d", "a%3Bb%3Dc%26d"),
        ("http://evil.example", None),
        ("@evil", "%40evil"),
        ("Zürich/見", "Z%C3%BCrich/%E8%A6%8B"),
        ("a..b", "a..b"),
        ("...", "..."),
        ("e\u0301", "e%CC%81"),
    ],
)
def test_the_wire_carries_the_public_id_quoted_whole(public_id: str, path: str | None) -> None:
    if path is None:
        path = "/".join(
            piece.replace("\r", "%0D").replace("\n", "%0A").replace(" ", "%20").replace(":", "%3A")
            for piece in public_id.split("/")
        )
    with RawServer([described(public_id)]) as server:
        client = client_of(server)
        if not is_doubtful(public_id):
            client.set_status(ref(public_id), ModerationStatus.APPROVED)
            assert server.lines == [f"POST /v1_1/cloud/resources/image/upload/{path} HTTP/1.1"]
        else:
            client.read_asset(ref(public_id))
            assert server.lines == [f"GET /v1_1/cloud/resources/image/upload/{path} HTTP/1.1"]
        client.close()


@pytest.mark.parametrize(
    ("public_id", "path"),
    [
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a/../b", "a/%2E%2E/b"),
        ("../../video/upload/dog", "%2E%2E/%2E%2E/video/upload/dog"),
        ("a//b", "a//b"),
        ("/etc", "/etc"),
        ("a/", "a/"),
        ("a\\..\\b", "a%5C..%5Cb"),
        ("a\0b", "a%00b"),
        ("restore", "restore"),
    ],
)
def test_a_doubtful_id_is_read_first_and_only_then_trusted(public_id: str, path: str) -> None:
    with RawServer([described(public_id, "pending"), described(public_id)]) as server:
        client = client_of(server)
        client.set_status(ref(public_id), ModerationStatus.APPROVED)
        client.close()
        target = f"/v1_1/cloud/resources/image/upload/{path} HTTP/1.1"
        assert server.lines == [f"GET {target}", f"POST {target}"]


@pytest.mark.parametrize("public_id", ["a/../b", "..", "a//b", "restore", "a\\b"])
def test_an_id_that_leads_to_another_asset_changes_nothing(public_id: str) -> None:
    with RawServer([described("b", "pending")]) as server:
        client = client_of(server)
        with pytest.raises(Refused):
            client.set_status(ref(public_id), ModerationStatus.APPROVED)
        client.close()
        assert [line.split()[0] for line in server.lines] == ["GET"]


@pytest.mark.parametrize("public_id", ["a/../b", "..", "a//b", "restore"])
def test_a_doubtful_id_with_an_asset_id_never_becomes_a_path(public_id: str) -> None:
    with RawServer([described(public_id, asset_id=ASSET_ID)]) as server:
        client = client_of(server)
        client.set_status(ref(public_id), ModerationStatus.APPROVED, asset_id=ASSET_ID)
        client.read_asset(ref(public_id), ASSET_ID)
        client.close()
        target = f"/v1_1/cloud/resources/{ASSET_ID} HTTP/1.1"
        assert server.lines == [f"PUT {target}", f"GET {target}"]


@given(st.text(min_size=1))
def test_no_public_id_leaves_its_place_in_the_path(public_id: str) -> None:
    try:
        url = HERE.asset(ref(public_id))
    except Refused:
        return
    root = "http://127.0.0.1:1/v1_1/cloud/resources/image/upload/"
    assert url.startswith(root)
    rest = url.removeprefix(root)
    assert rest.isascii()
    assert not set(rest) & set("?#\\;@: \r\n\t")
    assert not {".", ".."} & set(rest.split("/"))
    assert unquote(rest) == public_id


@pytest.mark.parametrize(
    "strange",
    [
        AssetRef("image", "moderations", "manual/pending"),
        AssetRef("image", "tags", "x"),
        AssetRef("image", "restore", "x"),
        AssetRef("image", "..", "x"),
        AssetRef("image", "", "x"),
        AssetRef("tags", "upload", "x"),
        AssetRef("..", "upload", "x"),
        AssetRef("image", "upload", ""),
        AssetRef("image", "upload", "\ud800"),
    ],
)
def test_what_is_no_asset_cannot_be_addressed(strange: AssetRef) -> None:
    with pytest.raises(Refused):
        HERE.asset(strange)


@pytest.mark.parametrize("name", ["", "upload/cat", "XYZ", "0" * 31, "0" * 33, "A" * 32, "../" * 9])
def test_only_32_hex_digits_are_an_asset_id(name: str) -> None:
    with pytest.raises(Refused):
        HERE.asset_by_id(name)


@pytest.mark.parametrize(
    "base",
    [
        "http://example.org",
        "ftp://127.0.0.1",
        "https://user:pw@example.org",
        "https://example.org?x=1",
        "https://",
        "example.org",
    ],
)
def test_a_secret_is_not_given_to_such_an_origin(base: str) -> None:
    with pytest.raises(UnsafeAddress):
        Addresses(Account("a", "cloud", "key", base))


def test_plain_http_to_another_machine_takes_the_account_s_word() -> None:
    Addresses(Account("a", "cloud", "key", "http://example.org", allow_http=True))


@pytest.mark.parametrize(
    ("base", "allow", "url", "good"),
    [
        ("https://api.example", False, "https://cdn.example/x.jpg", True),
        ("https://api.example", False, "http://cdn.example/x.jpg", False),
        ("https://api.example", False, "http://127.0.0.1:8080/x.jpg", False),
        ("https://api.example", False, "http://localhost/x.jpg", False),
        ("https://api.example", False, "file:///etc/passwd", False),
        ("https://api.example", False, "https://user:pw@cdn.example/x.jpg", False),
        ("https://api.example", False, "https://cdn.example:99999/x.jpg", False),
        ("https://api.example", False, "https:///x.jpg", False),
        ("https://api.example", False, "https://[::1/x.jpg", False),
        ("http://127.0.0.1:1", False, "http://127.0.0.1:2/x.jpg", True),
        ("http://127.0.0.1:1", False, "http://127.0.0.1.evil.example/x.jpg", False),
        ("http://127.0.0.1:1", False, "http://10.0.0.1/x.jpg", False),
        ("http://box.example", True, "http://box.example/x.jpg", True),
        ("http://box.example", True, "http://other.example/x.jpg", False),
    ],
)
def test_pictures_are_fetched_over_https_or_from_this_machine(
    base: str, allow: bool, url: str, good: bool
) -> None:
    addresses = Addresses(Account("a", "cloud", "key", base, allow_http=allow))
    if good:
        assert addresses.check_delivery(url) == url
    else:
        with pytest.raises(UnsafeAddress):
            addresses.check_delivery(url)


def test_the_cloud_s_name_is_quoted_too() -> None:
    with RawServer() as server:
        client = client_of(server, "../v2?x")
        client.ping()
        client.close()
        assert server.lines == ["GET /v1_1/..%2Fv2%3Fx/ping HTTP/1.1"]


def test_a_redirect_is_not_followed_and_gets_no_credentials() -> None:
    with RawServer() as other:
        headers = f"Location: {other.origin}/v1_1/cloud/ping\r\n"
        with RawServer([answer(status="302 Found", headers=headers)]) as server:
            client = client_of(server)
            with pytest.raises(RemoteError):
                client.ping()
            with pytest.raises(RemoteError):
                client.download(f"{server.origin}/x.jpg", limit_bytes=1000)
            client.close()
        assert other.requests == []


def test_pictures_are_fetched_without_credentials_and_cookies() -> None:
    first = answer(headers="Set-Cookie: session=1; Path=/\r\n")
    with RawServer([first, answer(b"JPEG"), answer()]) as server:
        client = client_of(server)
        client.ping()
        client.download(f"{server.origin}/x.jpg", limit_bytes=1000)
        client.ping()
        client.close()
        _, picture, ping = (request.lower() for request in server.requests)
        assert b"authorization" not in picture
        assert b"cookie" not in picture
        assert b"authorization: basic" in ping
        assert b"cookie" not in ping
