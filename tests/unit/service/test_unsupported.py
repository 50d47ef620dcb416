"""Nothing that was asked for is silently left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    import httpx

    from helpers.live_service import LiveService


def send(live: LiveService, **parameters: Any) -> httpx.Response:
    photo = {"file": ("x.jpg", picture())}
    return live.request("POST", "/image/upload", data=parameters, files=photo)


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"]["message"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("eval", "x"), ("unique_display_name", "1"), ("headers", "x"),
        ("background_removal", "x"), ("access_control", "[{}]"), ("access_mode", "authenticated"),
        ("categorization", "x"), ("auto_tagging", "0.5"),
    ],
)  # fmt: skip
def test_an_upload_parameter_that_cannot_be_honoured_is_named(
    shared: LiveService, name: str, value: str
) -> None:
    before = shared.statuses()
    assert name in refusal(send(shared, **{name: value}))
    assert shared.statuses() == before


@pytest.mark.parametrize(
    "parameters",
    [
        {"format": "jpg"}, {"format": "JPEG"}, {"async": "0"}, {"return_delete_token": "false"},
        {"eager": "", "eager_async": "1"}, {"access_mode": "public"}, {"colors": "1", "faces": "1"},
        {"invalidate": "1"},
    ],
)  # fmt: skip
def test_what_changes_nothing_is_let_by(shared: LiveService, parameters: dict[str, str]) -> None:
    assert send(shared, **parameters).status_code == 200


@pytest.mark.parametrize("resource_type", ["images", "Image", "upload", "fetch"])
@pytest.mark.parametrize("call", ["upload", "upload_chunked", "destroy", "explicit", "rename"])
def test_a_resource_type_that_is_none_is_refused(
    shared: LiveService, resource_type: str, call: str
) -> None:
    before = shared.statuses()
    names = {"public_id": "mistyped", "from_public_id": "a", "to_public_id": "b", "type": "upload"}
    photo = {"file": ("x.jpg", picture())}
    answer = shared.request("POST", f"/{resource_type}/{call}", data=names, files=photo)
    assert refusal(answer) == f"Invalid value {resource_type} for parameter resource_type"
    assert shared.statuses() == before


def test_a_file_without_a_format_cannot_be_asked_for_in_one(shared: LiveService) -> None:
    answer = shared.request(
        "POST", "/raw/upload", data={"format": "png"}, files={"file": ("x.bin", b"x")}
    )
    assert "not allowed" in refusal(answer)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_archive_is_refused_by_name_however_it_is_asked_for(
    shared: LiveService, method: str
) -> None:
    answer = shared.request(method, "/image/generate_archive", params={"tags": "t"})
    assert refusal(answer) == "Making archives is not supported by this service"


@pytest.mark.parametrize("path", ["/transformations", "/upload_mappings", "/folders/search"])
def test_what_the_admin_api_does_not_offer_counts_like_every_call_to_it(
    shared: LiveService, path: str
) -> None:
    first, second = shared.request("GET", path), shared.request("GET", path)
    assert "is not supported by this service" in refusal(second)
    left = [int(each.headers["X-FeatureRateLimit-Remaining"]) for each in (first, second)]
    assert left[0] - left[1] == 1
    for name in ("Limit", "Reset"):
        assert f"X-FeatureRateLimit-{name}" in second.headers


def test_an_update_that_cannot_be_honoured_changes_nothing(shared: LiveService) -> None:
    shared.upload(public_id="up", moderation="manual")
    change = {"moderation_status": "approved", "background_removal": "x"}
    answer = shared.request("POST", "/resources/image/upload/up", data=change)
    assert "background_removal" in refusal(answer)
    assert shared.status_of("up") == "pending"


def test_the_file_name_can_be_the_display_name(shared: LiveService) -> None:
    answer = send(shared, use_filename_as_display_name="1", filename_override="My Cat.jpg")
    assert answer.json()["display_name"] == "My Cat"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"tags": ",".join(f"t{number}" for number in range(1001))}, "tags: at most 1000"),
        ({"tags": "a," + "b" * 256}, "tags is too long"),
        ({"context": "k=" + "v" * 65_536}, "context is too large"),
        (
            {"metadata": "|".join(f"k{number}=v" for number in range(1001))},
            "metadata: at most 1000",
        ),
        ({"display_name": "d" * 256}, "display_name is too long"),
        ({"asset_folder": "d" * 256}, "asset_folder is too long"),
    ],
)
def test_what_is_written_on_an_asset_has_a_limit(
    shared: LiveService, parameters: dict[str, str], said: str
) -> None:
    assert refusal(send(shared, **parameters)).startswith(said)
    shared.upload(public_id="written", tags="kept")
    change = shared.request("POST", "/resources/image/upload/written", data=parameters)
    assert refusal(change).startswith(said)
    assert shared.asset("written")["tags"] == ["kept"]


@pytest.mark.parametrize("value", ["٣", "3٣", "1e1", "0x3", "²"])
def test_numbers_are_written_in_ascii_digits(shared: LiveService, value: str) -> None:
    answer = shared.request("GET", "/resources/image", params={"max_results": value})
    assert refusal(answer) == f"Invalid value {value} for parameter max_results"
