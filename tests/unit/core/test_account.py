from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.core.accounts import (
    CLOUDINARY_API,
    Account,
    Credentials,
    check_name,
    is_loopback,
    parse_cloudinary_url,
)
from modstation.core.errors import SettingsError

SECRET = "s3cr3t"


def test_the_variable_every_user_has_is_an_account() -> None:
    credentials = parse_cloudinary_url(f"cloudinary://key:{SECRET}@demo")
    assert credentials.account == Account("demo", "demo", "key", CLOUDINARY_API)
    assert credentials.secret == SECRET


def test_our_own_service_is_named_by_its_prefix() -> None:
    credentials = parse_cloudinary_url(
        f"cloudinary://key:{SECRET}@demo?upload_prefix=http://127.0.0.1:8787/", name="local"
    )
    assert credentials.account.api_base == "http://127.0.0.1:8787"
    assert credentials.account.name == "local"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://key:s3cr3t@demo",
        "cloudinary://demo",
        "cloudinary://key@demo",
        "cloudinary://:s3cr3t@demo",
        "cloudinary://key:s3cr3t@",
        "cloudinary://key:s3cr3t@demo?upload_prefix=ftp://host",
        "cloudinary://key:s3cr3t@demo?upload_prefix=nonsense",
        "cloudinary://key:s3cr3t@demo?upload_prefix=http://example.com",
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_the_secret(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_cloudinary_url(url)
    assert SECRET not in caught.value.message


def test_plain_http_to_another_machine_must_be_allowed() -> None:
    url = f"cloudinary://key:{SECRET}@demo?upload_prefix=http://10.0.0.5:8787&allow_http=true"
    assert parse_cloudinary_url(url).account.allow_http


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "x" * 65])
def test_an_account_name_is_a_harmless_folder_name(name: str) -> None:
    with pytest.raises(SettingsError):
        check_name(name)


def test_a_secret_never_shows_in_a_repr() -> None:
    credentials = parse_cloudinary_url(f"cloudinary://key:{SECRET}@demo")
    assert SECRET not in repr(credentials)


printable = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)


@given(key=printable, secret=printable)
def test_key_and_secret_may_hold_any_character_when_they_are_quoted(key: str, secret: str) -> None:
    address = f"cloudinary://{quote(key, safe='')}:{quote(secret, safe='')}@demo"
    assert parse_cloudinary_url(address) == Credentials(Account("demo", "demo", key), secret)
