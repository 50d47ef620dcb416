"""The spellings of reference 1.5, through the real reader."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from modstation.service import wire
from modstation.service.faults import BadRequest
from modstation.service.wire import Bounds, Parameters, reading


def read(
    body: bytes = b"", kind: str = "", query: str = "", method: str = "POST", most: int = 10_000
) -> Parameters:
    scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "query_string": query.encode(),
        "headers": [(b"content-type", kind.encode())],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def run() -> Parameters:
        request = Request(scope, receive)
        async with reading(request, Bounds(most, most)) as parameters:
            return parameters

    return asyncio.run(run())


def form(text: str) -> Parameters:
    return read(text.encode(), "application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "parameters",
    [
        read(query="tags[]=a&tags[]=b", method="GET"),
        read(query="tags=a&tags=b"),
        read(query="tags=a,b"),
        form("tags[0]=a&tags[1]=b"),
        form("tags[1]=b&tags[0]=a"),
        read(b'{"tags":["a","b"]}', "application/json"),
        read(b'{"tags":"a,b"}', "application/json; charset=utf-8"),
    ],
)
def test_a_list_in_all_its_spellings(parameters: Parameters) -> None:
    assert parameters.names("tags") == ["a", "b"]


@pytest.mark.parametrize(
    "parameters",
    [
        form("context=a%3Db%5C%3Dc%7Cd%3De%5C%7Cf"),
        form("context[a]=b%3Dc&context[d]=e%7Cf"),
        read(b'{"context":{"a":"b=c","d":"e|f"}}', "application/json"),
        read(b'{"context":"{\\"a\\":\\"b=c\\",\\"d\\":\\"e|f\\"}"}', "application/json"),
    ],
)
def test_a_mapping_in_all_its_spellings(parameters: Parameters) -> None:
    assert parameters.pairs("context") == {"a": "b=c", "d": "e|f"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("0", False), ("false", False), ("", False)],
)
def test_booleans(text: str, value: bool) -> None:
    assert form(f"flag={text}").flag("flag") is value


def test_json_booleans_and_nulls() -> None:
    parameters = read(b'{"a":true,"b":false,"c":null,"next_cursor":""}', "application/json")
    assert parameters.flag("a")
    assert not parameters.flag("b", default=True)
    assert "c" not in parameters
    assert parameters.text("next_cursor") is None


@pytest.mark.parametrize(
    "body",
    [b"null", b"[]", b"3", b'"x"', b"{", b"\xff", b'{"a":"\\ud800"}', b'{"a":' + b"[" * 9000],
)
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read(body, "application/json").text("a")


def test_a_get_may_end_in_a_bare_question_mark_and_carry_a_content_type() -> None:
    assert read(kind="application/json", method="GET").text("x") is None


def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(BadRequest, match="File size too large"):
        read(b"x" * 200, "application/json", most=100)


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "application/octet-stream"]
)
def test_a_body_that_stops_arriving_is_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(wire, "_IDLE_SECONDS", 0.01)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"content-type", kind.encode())],
    }

    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def run() -> None:
        async with reading(Request(scope, never), Bounds(100, 100)):
            pass

    with pytest.raises(BadRequest, match="did not arrive in time"):
        asyncio.run(run())


@pytest.mark.parametrize("text", ["a%00", "a%0A", "%1b[2J"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="control characters"):
        form(f"public_id={text}").text("public_id")


@pytest.mark.parametrize("deep", [b"[" * 600 + b"]" * 600, b'{"a":' * 51 + b"1" + b"}" * 51])
def test_a_document_that_nests_too_deeply_is_refused_before_anything_walks_through_it(
    deep: bytes,
) -> None:
    with pytest.raises(BadRequest, match="nested deeper than 50"):
        read(b'{"x":' + deep + b"}", "application/json")
    with pytest.raises(BadRequest, match="nested deeper than 50"):
        form(f'context={{"x":{deep.decode()}}}').pairs("context")


def test_brackets_beside_each_other_and_in_strings_are_not_deep() -> None:
    beside = b'{"x":[' + b",".join([b"[[]]"] * 300) + b"]}"
    found = read(beside, "application/json").raw("x")
    assert isinstance(found, list)
    assert len(found) == 300
    written = b'{"x":["' + b"[" * 100 + b'\\"{{"]}'
    assert read(written, "application/json").names("x") == ["[" * 100 + '"{{']
    with pytest.raises(BadRequest, match="Invalid JSON"):
        read(b'{"x":"' + b'\\"[' * 3000, "application/json")
