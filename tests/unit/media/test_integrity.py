from __future__ import annotations

from typing import Any

import pytest

from modstation.media.integrity import integrity

MD5 = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"content_length": None}, None),
        ({"content_length": 11}, "Only part"),
        ({"content_length": 11, "is_original": False}, "Only part"),
        ({"listing_bytes": 11}, "11 were listed"),
        ({"listing_bytes": 11, "is_original": False}, None),
        ({"listing_bytes": None}, None),
        ({"listing_etag": OTHER}, "checksum"),
        ({"listing_etag": OTHER, "is_original": False}, None),
        ({"listing_etag": f'"{OTHER.upper()}"'}, "checksum"),
        ({"listing_etag": MD5.upper()}, None),
        ({"listing_etag": f"{OTHER}-3"}, None),
        ({"listing_etag": f'W/"{OTHER}"'}, None),
        ({"listing_etag": None}, None),
    ],
)
def test_bytes_are_held_against_what_was_said_of_them(
    change: dict[str, Any], words: str | None
) -> None:
    fine: dict[str, Any] = {
        "listing_bytes": 10,
        "listing_etag": MD5,
        "got_length": 10,
        "got_md5": MD5,
        "content_length": 10,
        "is_original": True,
    }
    warning = integrity(**fine | change)
    assert warning is None if words is None else words in str(warning)
