"""Pages of other sites upload and read what came of it, as a browser lets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from helpers.live_service import LiveService


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1_1/{cloud}/image/upload"),
        ("POST", "/v1_1/{cloud}/delete_by_token"),
        ("GET", "/v1_1/{cloud}/resources/image"),
        ("GET", "/v1_1/{cloud}/nothing"),
        ("GET", "/v2/notifications/{cloud}/messages"),
        ("GET", "/v2/nothing"),
        ("GET", "/{cloud}/image/upload/nothing.jpg"),
        ("GET", "/{cloud}/image/upload/w_x/nothing.jpg"),
    ],
)
def test_a_page_may_read_refusals(shared: LiveService, method: str, path: str) -> None:
    answer = httpx.request(method, shared.url + path.format(cloud=shared.cloud), trust_env=False)
    assert answer.is_client_error
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "x-cld-error" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


def test_a_page_may_read_pictures_and_documents(shared: LiveService) -> None:
    document = shared.upload(public_id="seen")
    for answer in (shared.request("GET", "/resources/image"), httpx.get(document["url"])):
        assert answer.status_code == 200
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/v1_1/{cloud}/auto/upload", "/v2/notifications/{cloud}/x"])
def test_a_browser_that_asks_first_may_send_parts_of_a_file(
    shared: LiveService, method: str, path: str
) -> None:
    wanted = "x-requested-with, content-range, content-type, authorization, x-unique-upload-id"
    answer = httpx.options(
        shared.url + path.format(cloud=shared.cloud),
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": wanted,
        },
        trust_env=False,
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert method in answer.headers["access-control-allow-methods"].split(", ")
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert set(wanted.split(", ")) <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers


def test_the_figures_of_the_service_are_not_for_pages(shared: LiveService) -> None:
    answer = httpx.get(f"{shared.url}/healthz", trust_env=False)
    assert "access-control-allow-origin" not in answer.headers
