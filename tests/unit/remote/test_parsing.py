"""Untidy answers are read, misleading ones are not."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.errors import Unknown
from modstation.remote.parsing import (
    parse_asset,
    parse_object,
    parse_page,
    parse_time,
    parse_url,
    too_deep,
)

PENDING = ModerationStatus.PENDING


def item(**fields: Any) -> dict[str, Any]:
    return {"public_id": "cat", "resource_type": "image", "type": "upload", **fields}


def page(*items: Any, **fields: Any) -> bytes:
    return json.dumps({"resources": list(items), **fields}).encode()


def test_an_old_listing_names_neither_kind_nor_status_nor_type() -> None:
    found = parse_page(page({"public_id": "cat"}), kind="webpurify", status=PENDING)
    (asset,) = found.assets
    assert asset.ref == AssetRef("image", "upload", "cat")
    assert (asset.kind, asset.status) == ("webpurify", PENDING)


def test_one_item_that_cannot_be_understood_does_not_hide_the_others() -> None:
    found = parse_page(
        page(
            item(),
            None,
            [],
            {"public_id": 7},
            {"public_id": ""},
            {"public_id": "\ud800"},
            item(type="moderations"),
            item(type="../../x"),
            item(resource_type="tags"),
            item(public_id="dog"),
        ),
        kind="manual",
        status=PENDING,
    )
    assert [asset.ref.public_id for asset in found.assets] == ["cat", "dog"]
    assert found.malformed == 8


@pytest.mark.parametrize("cursor", [None, "", 7, [], {}])
def test_only_a_text_is_a_cursor(cursor: Any) -> None:
    assert parse_page(page(next_cursor=cursor), kind="m", status=PENDING).next_cursor is None


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"7", b'"x"', b"{", b'{"a":1} x', b"<html>", b"\xff\xfe", b"{}"]
)
def test_what_is_no_listing_is_unknown(body: bytes) -> None:
    with pytest.raises(Unknown):
        parse_page(body, kind="manual", status=PENDING)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-06-01T12:00:00Z", datetime(2025, 6, 1, 12, tzinfo=UTC)),
        ("2025-06-01T14:00:00+02:00", datetime(2025, 6, 1, 12, tzinfo=UTC)),
        ("2025-06-01T12:00:00", datetime(2025, 6, 1, 12, tzinfo=UTC)),
        ("2013-06-23T41:02:23Z", datetime(2013, 6, 23, tzinfo=UTC)),
        ("2025-13-45T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (1_700_000_000, None),
        (None, None),
    ],
)
def test_times_are_read_leniently(text: Any, moment: datetime | None) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.example/x.jpg", "https://a.example/x.jpg"),
        ("http:/a.example/x.jpg", "http://a.example/x.jpg"),
        ("https:////a.example/x.jpg", "https://a.example/x.jpg"),
        ("HTTP://a.example/x", "http://a.example/x"),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("//a.example/x.jpg", None),
        ("", None),
        (None, None),
        (["https://a.example"], None),
    ],
)
def test_urls_are_mended_or_left_out(text: Any, url: str | None) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    ("response", "labels"),
    [
        (
            {"moderation_labels": [{"confidence": 87.5, "name": "Suggestive", "parent_name": ""}]},
            [("Suggestive", 87.5)],
        ),
        (
            {"moderation_labels": [{"moderation_label": {"confidence": 9, "name": "Weapons"}}]},
            [("Weapons", 9.0)],
        ),
        ([{"public_id": "dog", "confidence": 0.97}], [("Duplicate of dog", 97.0)]),
        ({"moderation_confidence": "POSSIBLE"}, [("Pornography possible", 50.0)]),
        ({"moderation_labels": []}, []),
        ({"moderation_labels": None}, []),
        ({"moderation_labels": [None, 1, {"name": "x"}, {"name": "y", "confidence": "9"}]}, []),
        ("approved", []),
        (None, []),
        (True, []),
        (17, []),
    ],
)
def test_the_response_of_a_moderation_may_be_anything(
    response: Any, labels: list[tuple[str, float]]
) -> None:
    chain = [{"kind": "x", "status": "pending", "response": response}]
    asset = parse_asset(item(moderation=chain))
    assert asset is not None
    found = [(label.name, label.confidence) for label in asset.labels]
    assert found == [(name, pytest.approx(score)) for name, score in labels]


@pytest.mark.parametrize(
    ("chain", "status"),
    [
        ([("aws_rek", "approved"), ("manual", "pending")], "pending"),
        ([("aws_rek", "approved"), ("manual", "queued")], "queued"),
        ([("aws_rek", "rejected"), ("manual", "aborted")], "rejected"),
        ([("a", "approved"), ("b", "approved")], "approved"),
        ([("a", "overridden")], "overridden"),
    ],
)
def test_the_chain_says_how_an_asset_stands_when_nothing_else_does(
    chain: list[tuple[str, str]], status: str
) -> None:
    asset = parse_asset(item(moderation=[{"kind": k, "status": s} for k, s in chain]))
    assert asset is not None
    assert asset.status.value == status


def test_an_asset_that_does_not_say_how_it_stands_is_none() -> None:
    assert parse_asset(item()) is None
    assert parse_asset(item(moderation_status="exploded")) is None


def test_numbers_out_of_all_bounds_are_left_out_and_the_raw_json_stays_valid() -> None:
    body = (
        b'{"public_id":"cat","moderation_status":"pending","bytes":1e999,"width":NaN,'
        b'"height":-4,"version":99999999999999999999999999,"x":Infinity}'
    )
    asset = parse_asset(parse_object(body))
    assert asset is not None
    assert (asset.bytes, asset.width, asset.height, asset.version) == (None,) * 4

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is not JSON")

    json.loads(asset.raw, parse_constant=refuse)


def test_deep_nesting_is_refused_before_it_is_built() -> None:
    with pytest.raises(Unknown):
        parse_object(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert not too_deep(b'{"a":"' + b"[" * 1000 + b'"}')
    assert not too_deep(json.dumps({"resources": [item(a=[1])] * 500}).encode())


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
NAMES = """asset_id public_id resource_type type version format bytes width height created_at etag
url secure_url tags moderation moderation_kind moderation_status"""
names = st.sampled_from(NAMES.split())


@settings(max_examples=40)
@given(st.dictionaries(names, anything, max_size=6))
def test_no_item_whatever_breaks_the_parser(fields: dict[str, Any]) -> None:
    asset = parse_asset(fields, status=PENDING)
    if asset is not None:
        asset.key.encode()
        json.loads(asset.raw)


@given(st.binary())
def test_no_bytes_whatever_break_the_parser(body: bytes) -> None:
    with contextlib.suppress(Unknown):
        parse_object(body)
