"""Who may make the service read how much, before anything is proven."""

from __future__ import annotations

import base64
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import cloudinary.utils
import httpx
import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.live_service import LiveService

MIB = 1 << 20
ROUTES = [
    "/image/upload",
    "/resources/image/upload/x",
    "/resources/update",
    "/modstation/decisions",
]


def post(live: LiveService, path: str, **options: Any) -> httpx.Response:
    """A request that shows no key in a header."""
    with httpx.Client(trust_env=False, verify=False, timeout=20) as client:
        return client.post(live.api + path, **options)


def signed(live: LiveService, **parameters: Any) -> dict[str, Any]:
    parameters["timestamp"] = int(time.time())
    signature = cloudinary.utils.api_sign_request(parameters, live.secret)
    return parameters | {"signature": signature, "api_key": live.key}


def message(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"])


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "header", ["Basic " + base64.b64encode(b"1:wrong").decode(), "Bearer token", "Basic §"]
)
def test_a_wrong_key_is_refused_before_the_body_is_asked_for(
    shared: LiveService, path: str, header: str
) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection:
        head = (
            f"POST /v1_1/{shared.cloud}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n"
            "Content-Type: application/json\r\nContent-Length: 30000000\r\n"
            "Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head.encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    # Not “100 Continue”, which asks for the body.
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'www-authenticate: basic realm="api", bearer realm="api"\r\n' in answer.lower()


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "text/plain"]
)
@pytest.mark.parametrize("announced", [True, False])
def test_a_stranger_fills_no_memory_with_text(
    shared: LiveService, path: str, kind: str, announced: bool
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"a":"'
        for _ in range(3):
            yield b"x" * MIB

    body = pieces() if not announced else b"".join(pieces())
    answer = post(shared, path, content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert message(answer).startswith("File size too large.")
    assert message(answer).endswith(f"Maximum is {MIB}.")


def test_a_stranger_fills_no_memory_with_the_fields_of_a_form(shared: LiveService) -> None:
    fields: list[Any] = [(f"n{number}", (None, b"x" * 9000)) for number in range(200)]
    answer = post(shared, "/image/upload", files=fields)
    assert (answer.status_code, message(answer)) == (
        400,
        f"Parameters too large. Maximum is {MIB}.",
    )


def test_a_stranger_sends_no_file_to_a_call_that_takes_none(shared: LiveService) -> None:
    files = {"file": ("x.jpg", b"x" * 2 * MIB)}
    answer = post(shared, "/resources/image/upload/x", files=files)
    assert (answer.status_code, message(answer)[:20]) == (400, "File size too large.")


def test_a_signed_file_may_be_large_wherever_the_signature_stands(shared: LiveService) -> None:
    content = os.urandom(3 * MIB)
    uri = "data:application/octet-stream;base64," + base64.b64encode(content).decode()
    for number, file in enumerate([("x.bin", content), (None, uri.encode())]):
        fields = [(k, (None, str(v))) for k, v in signed(shared, public_id=f"p{number}").items()]
        for place, parts in enumerate([[("file", file), *fields], [*fields, ("file", file)]]):
            answer = post(shared, "/raw/upload", files=parts)
            assert answer.status_code == 200, (number, place, answer.text)
            assert answer.json()["bytes"] == len(content)


def test_a_key_in_a_header_lets_a_large_json_body_pass(shared: LiveService) -> None:
    content = os.urandom(2 * MIB)
    uri = "data:application/octet-stream;base64," + base64.b64encode(content).decode()
    answer = shared.request("POST", "/raw/upload", json={"file": uri, "public_id": "big"})
    assert answer.json()["bytes"] == len(content)


def test_a_data_uri_over_the_limit_is_refused_in_any_body(live: LiveService) -> None:
    assert live.service is not None
    most = live.service.settings.text_bytes
    uri = "data:application/octet-stream;base64," + "A" * most
    answer = live.request("POST", "/raw/upload", files={"file": (None, uri.encode())})
    assert (answer.status_code, message(answer)[:20]) == (400, "File size too large.")
    assert live.statuses() == {}


def test_an_admin_call_may_be_signed_in_its_body_or_its_query(shared: LiveService) -> None:
    shared.upload(picture(), public_id="cat", moderation="manual")
    for status, spelling in (("approved", "json"), ("rejected", "data"), ("approved", "params")):
        options = {spelling: signed(shared, moderation_status=status)}
        answer = post(shared, "/resources/image/upload/cat", **options)
        assert answer.status_code == 200, answer.text
        assert answer.json()["moderation_status"] == status
        assert "x-featureratelimit-remaining" in answer.headers
