"""One meaning per answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpcore
import httpx
import pytest

from modstation.core.errors import (
    AssetGone,
    NotAuthorized,
    Refused,
    RemoteError,
    Throttled,
    Unknown,
    Unreachable,
)
from modstation.remote.translation import (
    LONGEST_WAIT,
    SHORTEST_WAIT,
    clean_text,
    error_for,
    quota_of,
    translated,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SAID = b'{"error":{"message":"Resource not found - cat"}}'
PAGE = b"<html><body>404</body></html>"


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (201, SAID, Unknown),
        (204, b"", Unknown),
        (301, b"", Unknown),
        (302, PAGE, Unknown),
        (307, b"", Unknown),
        (400, SAID, Refused),
        (401, SAID, NotAuthorized),
        (401, PAGE, Unknown),
        (403, SAID, NotAuthorized),
        (403, PAGE, Unknown),
        (403, b"", Unknown),
        (404, SAID, AssetGone),
        (404, PAGE, Unknown),
        (404, b"", Unknown),
        (405, SAID, Refused),
        (407, PAGE, Unreachable),
        (408, b"", Unknown),
        (409, SAID, Refused),
        (413, b"", Refused),
        (420, SAID, Throttled),
        (422, SAID, Refused),
        (429, PAGE, Throttled),
        (500, SAID, Unknown),
        (502, PAGE, Unknown),
        (503, b"", Unknown),
        (504, PAGE, Unknown),
    ],
)
def test_every_status_has_one_meaning(status: int, body: bytes, meaning: type[RemoteError]) -> None:
    error = error_for(status, {}, body, now=NOW, asset=True)
    assert type(error) is meaning
    assert error.http_status == status


def test_a_404_of_a_list_is_no_word_about_an_asset() -> None:
    assert type(error_for(404, {}, SAID, now=NOW, asset=False)) is Refused


def test_the_header_is_the_service_s_own_word_too() -> None:
    error = error_for(404, {"x-cld-error": "Resource not found - x"}, b"", now=NOW, asset=True)
    assert type(error) is AssetGone
    assert "Resource not found - x" in error.message


def test_a_401_that_the_header_explains_is_about_the_key() -> None:
    error = error_for(401, {"x-cld-error": "unknown api_key"}, b"", now=NOW, asset=False)
    assert type(error) is NotAuthorized


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ConnectTimeout("slow"), Unreachable),
        (httpx.PoolTimeout("full"), Unreachable),
        (httpx.ProxyError("no"), Unreachable),
        (httpcore.ConnectError("name or service not known"), Unreachable),
        (httpcore.ConnectTimeout(), Unreachable),
        (httpx.ReadTimeout("late"), Unknown),
        (httpx.WriteError("gone"), Unknown),
        (httpx.WriteTimeout("slow"), Unknown),
        (httpx.ReadError("reset"), Unknown),
        (httpx.RemoteProtocolError("cut"), Unknown),
        (httpx.DecodingError("bad"), Unknown),
        (httpcore.ReadTimeout(), Unknown),
        (httpcore.WriteError(), Unknown),
        (httpcore.RemoteProtocolError("cut"), Unknown),
    ],
)
def test_what_was_perhaps_sent_is_unknown_and_what_was_not_is_unreachable(
    error: Exception, meaning: type[RemoteError]
) -> None:
    with pytest.raises(RemoteError) as caught, translated():
        raise error
    assert type(caught.value) is meaning
    assert caught.value.ambiguous is (meaning is Unknown)


def test_a_bug_is_not_translated() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        _ = 1 // 0


# -- quota


def throttled(headers: dict[str, str], body: bytes = b"") -> datetime | None:
    return error_for(420, headers, body, now=NOW, asset=True).retry_at


def test_the_end_of_the_hour_comes_from_the_quota_header() -> None:
    headers = {"x-featureratelimit-reset": "Thu, 01 Jan 2026 12:40:00 GMT"}
    assert throttled(headers) == NOW + timedelta(minutes=40)


@pytest.mark.parametrize("after", ["90", "Thu, 01 Jan 2026 12:01:30 GMT"])
def test_retry_after_is_understood_in_both_forms(after: str) -> None:
    assert throttled({"retry-after": after}) == NOW + timedelta(seconds=90)


def test_the_end_of_the_hour_may_stand_in_the_text_alone() -> None:
    text = b'{"error":{"message":"Limit reached. Try again on 2026-01-01 12:30:00 UTC"}}'
    assert throttled({}, text) == NOW + timedelta(minutes=30)


def test_a_wrong_clock_on_either_side_does_not_shift_the_wait() -> None:
    headers = {
        "date": "Thu, 01 Jan 2026 18:00:00 GMT",
        "x-featureratelimit-reset": "Thu, 01 Jan 2026 18:10:00 GMT",
    }
    assert throttled(headers) == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("after", ["99999999999", "Thu, 01 Jan 2099 12:00:00 GMT"])
def test_nobody_can_silence_us_for_years(after: str) -> None:
    assert throttled({"retry-after": after}) == NOW + LONGEST_WAIT


@pytest.mark.parametrize("after", ["0", "Thu, 01 Jan 1998 12:00:00 GMT"])
def test_an_end_in_the_past_is_not_asked_again_at_once(after: str) -> None:
    assert throttled({"retry-after": after}) == NOW + SHORTEST_WAIT


@pytest.mark.parametrize("after", ["", "soon", "-5", "Thu, 99 Foo", "٣"])
def test_nonsense_leaves_the_wait_open(after: str) -> None:
    assert throttled({"retry-after": after}) is None


def test_the_quota_is_read_from_its_headers() -> None:
    quota = quota_of(
        {
            "x-featureratelimit-limit": "500",
            "x-featureratelimit-remaining": "499",
            "x-featureratelimit-reset": "Thu, 01 Jan 2026 13:00:00 GMT",
        },
        now=NOW,
    )
    assert quota is not None
    assert (quota.limit, quota.remaining) == (500, 499)
    assert quota.reset_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-featureratelimit-limit": "x", "x-featureratelimit-remaining": "1"},
        {"x-featureratelimit-limit": "5", "x-featureratelimit-remaining": "1"},
    ],
)
def test_a_quota_that_is_not_whole_is_none(headers: dict[str, str]) -> None:
    assert quota_of(headers, now=NOW) is None


def test_texts_of_the_service_are_made_fit_for_a_log() -> None:
    signature = "0123456789abcdef" * 3
    text = clean_text(f"Invalid Signature {signature}.\nString to sign\x1b[31m" + "x" * 999)
    assert signature not in text
    assert text.isprintable()
    assert len(text) <= 300
