"""Search as the official SDK sends it, and the addresses it signs for others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import cloudinary
import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import httpx
import pytest
from cloudinary.search import Search

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService


def upload(name: str, number: int = 0, **options: object) -> None:
    cloudinary.uploader.upload(picture(number), public_id=name, **options)


def test_a_site_finds_its_pending_uploads(service: LiveService) -> None:
    for number in range(5):
        upload(f"user/{number}", number, moderation="manual", tags=["new"], context={"by": "Ann"})
    cloudinary.api.update("user/3", moderation_status="rejected")
    found = (
        Search()
        .expression("resource_type:image AND tags=new AND moderation_status:pending")
        .expression("tags=new AND moderation_status:pending AND uploaded_at>1d")
        .sort_by("public_id", "asc")
        .with_field("tags")
        .with_field("context")
        .aggregate("moderation_status")
        .max_results(3)
        .execute()
    )
    assert [item["public_id"] for item in found["resources"]] == ["user/0", "user/1", "user/2"]
    assert found["total_count"] == 4
    assert found["aggregations"] == {"moderation_status": {"pending": 4}}
    item = found["resources"][0]
    assert (item["moderation_kind"], item["moderation_status"]) == ("manual", "pending")
    assert (item["context"], item["tags"]) == ({"by": "Ann"}, ["new"])
    rest = (
        Search()
        .expression("tags=new AND moderation_status:pending AND uploaded_at>1d")
        .sort_by("public_id", "asc")
        .max_results(3)
        .next_cursor(found["next_cursor"])
        .execute()
    )
    assert [item["public_id"] for item in rest["resources"]] == ["user/4"]
    assert "next_cursor" not in rest
    assert found.rate_limit_remaining < found.rate_limit_allowed


def test_a_wrong_expression_is_the_sdks_bad_request(service: LiveService) -> None:
    with pytest.raises(cloudinary.exceptions.BadRequest, match="unknown field colour at character"):
        Search().expression("cat AND colour:red").execute()


def test_a_signed_search_address_answers_without_a_key(service: LiveService) -> None:
    for number in range(3):
        upload(f"p{number}", number)
    host = urlsplit(service.url).netloc
    query = Search().expression("p*").sort_by("public_id", "asc").max_results(2)
    url = query.to_url(ttl=60, cname=host, secure=False)
    with httpx.Client(trust_env=False, verify=False) as client:
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=60"
        first = answer.json()
        assert [item["public_id"] for item in first["resources"]] == ["p0", "p1"]
        more = query.to_url(ttl=60, next_cursor=first["next_cursor"], cname=host, secure=False)
        assert [item["public_id"] for item in client.get(more).json()["resources"]] == ["p2"]
        forged = [
            url.replace("/60/", "/61/"),
            url.replace("/testing/", "/other/"),
            query.to_url(ttl=60, cname=host, secure=False, api_secret="wrong"),
        ]
        for address in forged:
            assert client.get(address).status_code == 401
