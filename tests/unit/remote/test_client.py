"""The client against a scripted service and against raw, hostile bytes."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import time
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest

from helpers import scripted_service as scripted
from helpers.raw_server import RawServer, answer
from helpers.scripted_service import CREDENTIALS, ScriptedService
from modstation.core.accounts import Account, Credentials
from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.clock import ManualClock
from modstation.core.errors import (
    AssetGone,
    ImageTooLarge,
    Refused,
    RemoteError,
    Unknown,
    Unreachable,
)
from modstation.remote import client as client_module
from modstation.remote import transport
from modstation.remote.client import AdminClient
from modstation.remote.exchange import MIB, Bounds

if TYPE_CHECKING:
    from collections.abc import Callable

APPROVED, REJECTED = ModerationStatus.APPROVED, ModerationStatus.REJECTED
PENDING = ModerationStatus.PENDING
CAT = AssetRef("image", "upload", "cat")


@pytest.fixture
def service() -> ScriptedService:
    return ScriptedService(["cat", "dog", "a/b c"])


@pytest.fixture
def client(service: ScriptedService) -> AdminClient:
    return service.client(ManualClock())


def over_wire(server: RawServer) -> AdminClient:
    credentials = Credentials(Account("a", "cloud", "key", server.origin), "secret")
    return AdminClient(credentials, clock=ManualClock())


# -- the ordinary day


def test_the_queue_comes_page_by_page(client: AdminClient) -> None:
    first = client.list_assets("manual", PENDING, limit=2)
    second = client.list_assets("manual", PENDING, cursor=first.next_cursor, limit=2)
    names = [asset.ref.public_id for page in (first, second) for asset in page.assets]
    assert names == ["cat", "dog", "a/b c"]
    assert second.next_cursor is None


def test_a_decision_is_acknowledged_with_the_asset(client: AdminClient) -> None:
    confirmed = client.set_status(CAT, REJECTED)
    assert confirmed.acknowledged.status is REJECTED
    assert confirmed.acknowledged.request_id == "r" * 32
    assert confirmed.asset.ref == CAT
    assert client.read_asset(CAT).status is REJECTED


def test_an_unknown_asset_is_gone(client: AdminClient) -> None:
    with pytest.raises(AssetGone):
        client.read_asset(AssetRef("image", "upload", "bird"))


def test_a_deleted_asset_with_a_backup_is_gone_too(
    client: AdminClient, service: ScriptedService
) -> None:
    service.script(scripted.changed(lambda d: d.update(bytes=0, placeholder=True)))
    with pytest.raises(AssetGone):
        client.read_asset(CAT)


def test_a_service_without_extension_has_no_capabilities(client: AdminClient) -> None:
    assert client.capabilities() is None


def test_what_the_extension_offers_is_read(service: ScriptedService) -> None:
    service.batch = 500
    found = service.client(ManualClock()).capabilities()
    assert found is not None
    assert found.batch == 500


# -- an answer counts only if it names what was sent


def edit(**fields: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for name, value in fields.items():
            if value is ...:
                document.pop(name, None)
            else:
                document[name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        edit(public_id="dog"),
        edit(public_id="Cat"),
        edit(public_id=..., asset_id=...),
        edit(public_id=None, asset_id=None),
        edit(type="private"),
        edit(resource_type="video"),
        edit(type=..., asset_id=...),
        edit(resource_type=..., asset_id=...),
        edit(moderation_status="pending"),
        edit(moderation_status="approved"),
        edit(moderation_status="overridden"),
        edit(moderation_status=...),
        edit(moderation_status=["rejected"]),
        edit(asset_id="f" * 32),
    ],
)
def test_an_answer_that_does_not_name_asset_and_status_is_unknown(
    service: ScriptedService, client: AdminClient, change: Callable[[dict[str, Any]], None]
) -> None:
    asset_id = str(service.describe("cat")["asset_id"])
    service.script(scripted.changed(change), method="POST")
    with pytest.raises(Unknown):
        client.set_status(CAT, REJECTED, asset_id=asset_id)


def test_the_chain_may_say_the_status_instead(
    service: ScriptedService, client: AdminClient
) -> None:
    chain = [{"kind": "manual", "status": "rejected", "updated_at": "2026-01-01T00:00:00Z"}]
    service.script(scripted.changed(edit(moderation_status=..., moderation=chain)))
    assert client.set_status(CAT, REJECTED).acknowledged.updated_at is not None


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (scripted.never_sent, Unreachable),
        (scripted.lost_before_acting, Unknown),
        (scripted.lost_after_acting, Unknown),
        (scripted.server_error, Unknown),
        (scripted.html_page, Unknown),
        (scripted.cut_short, Unknown),
        (scripted.answering(lambda: httpx.Response(200)), Unknown),
        (scripted.answering(lambda: httpx.Response(200, json=[])), Unknown),
        (scripted.answering(lambda: httpx.Response(200, json=None)), Unknown),
        (scripted.answering(lambda: httpx.Response(200, json={})), Unknown),
        (scripted.answering(lambda: httpx.Response(201, json={})), Unknown),
        (scripted.answering(lambda: httpx.Response(404, html="<p>nginx</p>")), Unknown),
    ],
)
def test_every_other_end_has_its_one_meaning(
    service: ScriptedService,
    client: AdminClient,
    fault: scripted.Fault,
    meaning: type[RemoteError],
) -> None:
    service.script(fault)
    with pytest.raises(RemoteError) as caught:
        client.set_status(CAT, REJECTED)
    assert type(caught.value) is meaning


def test_the_secret_shows_in_no_error(service: ScriptedService, client: AdminClient) -> None:
    service.script(scripted.lost_after_acting)
    with pytest.raises(Unknown) as caught:
        client.ping()
    assert CREDENTIALS.secret not in repr(caught.value)
    assert CREDENTIALS.secret not in repr(CREDENTIALS)


# -- bytes from the wire


def packed(body: bytes, coding: str = "gzip") -> bytes:
    return answer(body, headers=f"Content-Encoding: {coding}\r\n")


def test_a_packed_answer_is_unpacked() -> None:
    body = json.dumps({"status": "ok", "x": "y" * 500_000}).encode()
    deflate = zlib.compress(body)
    with RawServer([packed(gzip.compress(body)), packed(deflate, "deflate")]) as server:
        client = over_wire(server)
        client.ping()
        client.ping()
        client.close()


@cache
def hostile_answers() -> list[bytes]:
    """Made when a test asks for them: the bomb costs more than reading all tests."""
    bomb = gzip.compress(b'{"x":"' + b"y" * (60 * MIB) + b'"}')
    return [
        packed(bomb),
        packed(gzip.compress(bomb), "gzip, gzip"),
        packed(gzip.compress(b"{}")[:-6]),
        packed(b"not gzip at all"),
        packed(gzip.compress(b"{}") + b"more"),
        packed(b"{}", "br"),
        answer(b"{" + b" " * (2 * MIB) + b"}"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"",
        answer(b'{"status":' + b"[" * 5000 + b"]" * 5000 + b"}"),
        answer(b"\xff\xfe\x00"),
    ]


@pytest.mark.parametrize("number", range(16))
def test_hostile_bytes_are_unknown_and_cost_little(number: int) -> None:
    content = hostile_answers()[number]
    with RawServer([content]) as server:
        client = over_wire(server)
        began = time.monotonic()
        with pytest.raises(Unknown):
            client.ping()
        client.close()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "content",
    [answer(), b"HTTP/1.1 200 OK\r\nX-A: " + b"y" * 500 + b"\r\nContent-Length: 2\r\n\r\n{}"],
    ids=["body", "headers"],
)
def test_a_dripping_answer_ends_with_the_total_time(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "SMALL", Bounds(MIB, 0.4))
    with RawServer([content], drip=0.05) as server:
        client = over_wire(server)
        began = time.monotonic()
        with pytest.raises(Unknown):
            client.ping()
        assert time.monotonic() - began < 2
        client.close()


def test_nobody_at_the_address_is_unreachable() -> None:
    with RawServer() as server:
        client = over_wire(server)
    with pytest.raises(Unreachable):
        client.ping()
    client.close()


# -- pictures


def test_a_picture_comes_with_what_was_said_of_it() -> None:
    headers = 'ETag: W/"abc"\r\nContent-Type: image/jpeg\r\n'
    with RawServer([answer(b"JPEG", headers=headers)]) as server:
        client = over_wire(server)
        got = client.download(f"{server.origin}/x.jpg", limit_bytes=100)
        client.close()
    assert (got.body, got.content_length, got.etag, got.content_type) == (
        b"JPEG",
        4,
        "abc",
        "image/jpeg",
    )


def test_how_much_of_a_picture_has_come_is_told_but_not_of_an_error() -> None:
    told: list[tuple[int, int | None]] = []
    with RawServer([answer(b"JPEG"), answer(b"gone", status="404 Not Found")]) as server:
        client = over_wire(server)
        url = f"{server.origin}/x.jpg"
        client.download(url, limit_bytes=100, progress=lambda *how: told.append(how))
        with pytest.raises(Unknown):
            client.download(url, limit_bytes=100, progress=lambda *how: told.append(how))
        client.close()
    assert told == [(4, 4)]


@pytest.mark.parametrize(
    "content",
    [
        answer(b"x" * 101),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    ],
)
def test_a_picture_beyond_the_limit_is_too_large(content: bytes) -> None:
    with RawServer([content]) as server:
        client = over_wire(server)
        with pytest.raises(ImageTooLarge):
            client.download(f"{server.origin}/x.jpg", limit_bytes=100)
        client.close()


def test_a_picture_cut_short_is_not_taken() -> None:
    with RawServer([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nJPEG"]) as server:
        client = over_wire(server)
        with pytest.raises(Unknown):
            client.download(f"{server.origin}/x.jpg", limit_bytes=100)
        client.close()


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_a_substitute_is_not_the_picture(status: str) -> None:
    headers = "X-Cld-Error: Resource not found - cat\r\n"
    with RawServer([answer(b"JPEG", status=status, headers=headers)]) as server:
        client = over_wire(server)
        with pytest.raises(AssetGone):
            client.download(f"{server.origin}/x.jpg", limit_bytes=100)
        client.close()


def test_a_picture_under_way_can_be_given_up() -> None:
    content = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000
    with RawServer([content], drip=0.05) as server:
        client = over_wire(server)
        client.abort_downloads()
        began = time.monotonic()
        with pytest.raises(Unknown):
            client.download(f"{server.origin}/x.jpg", limit_bytes=10_000)
        assert time.monotonic() - began < 2
        client.close()


def test_a_picture_that_is_not_delivered_is_asked_for_with_the_key_at_our_own_origin() -> None:
    asked: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"picture"))

    client = AdminClient(CREDENTIALS, clock=ManualClock(), transport=httpx.MockTransport(serve))
    ref = AssetRef("image", "upload", "a/b c")
    url = client.pixels_url(ref, 1920)
    assert client.download(url, limit_bytes=100).body == b"picture"
    assert url.endswith("/modstation/resources/image/upload/a/b%20c/pixels?w=1920&h=1920")
    assert client.pixels_url(ref, None).endswith("/a/b%20c/pixels")
    client.download("https://elsewhere.example/modstation/resources/x", limit_bytes=100)
    assert ["authorization" in request.headers for request in asked] == [True, False]
    with pytest.raises(Refused):
        client.pixels_url(AssetRef("image", "upload", "../../ping"), 1920)
    client.close()


def test_several_threads_make_one_pool_for_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[httpcore.ConnectionPool] = []
    real, together = transport._pool, threading.Barrier(3)

    def slow_context() -> ssl.SSLContext:
        threading.Event().wait(0.05)
        return ssl.create_default_context()

    def counted(*args: Any, **more: Any) -> httpcore.ConnectionPool:
        made.append(real(*args, **more))
        return made[-1]

    monkeypatch.setattr(transport, "_ssl_context", slow_context)
    link = transport.DeadlineTransport("http://127.0.0.1:1")
    monkeypatch.setattr(transport, "_pool", counted)

    def fetch() -> None:
        together.wait()
        with pytest.raises(httpcore.ConnectError):
            link.handle_request(httpx.Request("GET", "https://127.0.0.1:1/x"))

    threads = [threading.Thread(target=fetch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    link.close()
