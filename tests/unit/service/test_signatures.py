from __future__ import annotations

import hashlib

from modstation.service.access.signatures import (
    notification_signature,
    signature_matches,
    string_to_sign,
)


def test_blanks_and_what_is_never_signed_are_left_out() -> None:
    parameters = {
        "timestamp": 5,
        "tags": ["a", "b"],
        "blank": "",
        "none": None,
        "empty": [],
        "flag": True,
        "api_key": "k",
        "signature": "s",
        "file": "f",
        "cloud_name": "c",
        "resource_type": "image",
    }
    assert string_to_sign(parameters, version=2) == "flag=true&tags=a,b&timestamp=5"


def test_version_2_escapes_ampersands_so_that_no_value_can_pose_as_a_parameter() -> None:
    assert string_to_sign({"a": "1&b=2"}, version=1) == "a=1&b=2"
    assert string_to_sign({"a": "1&b=2"}, version=2) == "a=1%26b=2"


def test_all_four_signatures_match_and_nothing_else() -> None:
    parameters = {"a": "1&2", "timestamp": "5"}
    for version in (1, 2):
        signed = (string_to_sign(parameters, version=version) + "secret").encode()
        for algorithm in ("sha1", "sha256"):
            given = hashlib.new(algorithm, signed).hexdigest()
            assert signature_matches(given, parameters, "secret")
            assert signature_matches(given.upper(), parameters, "secret")
            assert not signature_matches(given, parameters, "other")
            assert not signature_matches(given, {**parameters, "b": "1"}, "secret")
            assert not signature_matches(given[:-1], parameters, "secret")
    assert not signature_matches("", parameters, "secret")
    assert not signature_matches("é" * 40, parameters, "secret")


def test_a_notification_is_signed_with_a_plain_digest() -> None:
    expected = hashlib.sha1(b'{"a":1}1234secret').hexdigest()
    assert notification_signature(b'{"a":1}', 1234, "secret", "sha1") == expected
    longer = hashlib.sha256(b'{"a":1}1234secret').hexdigest()
    assert notification_signature(b'{"a":1}', 1234, "secret", "sha256") == longer
