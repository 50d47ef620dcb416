"""What a site does with the official SDK to assets that are stored already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService

bad = cloudinary.exceptions.BadRequest


def upload(name: str, **options: Any) -> dict[str, Any]:
    return dict(cloudinary.uploader.upload(picture(), public_id=name, **options))


def tags_of(name: str) -> list[str] | None:
    return cloudinary.api.resource(name).get("tags")


def names(answer: Any) -> list[str]:
    return [item["public_id"] for item in answer["resources"]]


def test_tags_are_added_removed_and_replaced(service: LiveService) -> None:
    upload("a", tags=["kept"])
    upload("b")
    assert cloudinary.uploader.add_tag("one", ["a", "b", "nowhere"])["public_ids"] == ["a", "b"]
    cloudinary.uploader.add_tag(["two", "three"], "a")
    cloudinary.uploader.add_tag("four,five", ["a"])
    assert tags_of("a") == ["five", "four", "kept", "one", "three", "two"]
    cloudinary.uploader.remove_tag("four,five", ["a", "b"])
    cloudinary.uploader.remove_tag(["two"], "a")
    assert tags_of("a") == ["kept", "one", "three"]
    cloudinary.uploader.replace_tag("only", "a")
    assert tags_of("a") == ["only"]
    cloudinary.uploader.remove_all_tags(["a", "b"])
    assert tags_of("a") is None
    assert tags_of("b") is None


def test_an_exclusive_tag_leaves_every_other_asset(service: LiveService) -> None:
    for name in ("old", "new", "other"):
        upload(name, tags=["cover", name])
    assert cloudinary.uploader.add_tag("cover", "new", exclusive=True)["public_ids"] == ["new"]
    assert tags_of("new") == ["cover", "new"]
    assert tags_of("old") == ["old"]
    assert tags_of("other") == ["other"]


def test_the_calls_say_what_is_wrong_with_them(service: LiveService) -> None:
    upload("a")
    with pytest.raises(bad, match=r"Invalid command - bogus. Must be one of: add, remove, replace"):
        cloudinary.uploader.call_tags_api("t", "bogus", ["a"])
    with pytest.raises(bad, match="Missing required parameter - tag"):
        cloudinary.uploader.call_tags_api(None, "add", ["a"])
    with pytest.raises(bad, match="Missing required parameter - public_ids"):
        cloudinary.uploader.add_tag("t")
    with pytest.raises(bad, match="Missing required parameter - context"):
        cloudinary.uploader.call_context_api(None, "add", ["a"])
    many = [f"t{number}" for number in range(200)]
    with pytest.raises(bad, match="must not exceed 10000"):
        cloudinary.uploader.add_tag(many, [f"p{number}" for number in range(51)])
    with pytest.raises(bad, match="Invalid value x for parameter resource_type"):
        cloudinary.uploader.add_tag("t", ["a"], resource_type="x")
    assert tags_of("a") is None


def test_a_call_that_names_a_receiver_is_signed_without_it(service: LiveService) -> None:
    upload("a")
    hook = {"notification_url": "http://127.0.0.1:9/hook", "batch_id": "b"}
    assert cloudinary.uploader.add_tag("t", ["a"], **hook)["public_ids"] == ["a"]
    with pytest.raises(cloudinary.exceptions.AuthorizationRequired, match="Invalid Signature"):
        cloudinary.uploader.add_tag("u", ["a"], api_secret="wrong", **hook)
    assert tags_of("a") == ["t"]


def test_context_is_added_and_removed(service: LiveService) -> None:
    upload("a", context={"kept": "1"})
    upload("b")
    given = {"caption": "some caption", "alt": "alternative|alt=a"}
    answer = cloudinary.uploader.add_context(given, ["b", "a", "nowhere"])
    assert answer["public_ids"] == ["b", "a"]
    assert cloudinary.api.resource("a")["context"] == {"custom": {"kept": "1"} | given}
    cloudinary.uploader.add_context({"alt": ""}, "a")
    expected = {"kept": "1", "caption": "some caption"}
    assert cloudinary.api.resource("a")["context"] == {"custom": expected}
    cloudinary.uploader.remove_all_context(["a", "b"])
    assert "context" not in cloudinary.api.resource("a")


def test_assets_are_listed_by_tag_page_by_page(service: LiveService) -> None:
    for number in range(5):
        upload(f"t{number}", tags=["many", "a/b c"], context={"k": "v"}, metadata={})
    upload("untagged")
    first = cloudinary.api.resources_by_tag("many", max_results=2, tags=True, context=True)
    assert names(first) == ["t4", "t3"]
    assert first["resources"][0]["tags"] == ["a/b c", "many"]
    assert first["resources"][0]["context"] == {"custom": {"k": "v"}}
    cloudinary.uploader.remove_tag("many", ["t3", "t2"])
    rest = cloudinary.api.resources_by_tag("many", next_cursor=first["next_cursor"])
    assert names(rest) == ["t1", "t0"]
    assert "next_cursor" not in rest
    assert names(cloudinary.api.resources_by_tag("a/b c", direction="asc", max_results=1)) == ["t0"]
    assert names(cloudinary.api.resources_by_tag("many", resource_type="raw")) == []
    with pytest.raises(bad, match="Invalid value x for parameter resource_type"):
        cloudinary.api.resources_by_tag("many", resource_type="x")
    with pytest.raises(bad, match="Invalid value for next_cursor"):
        cloudinary.api.resources_by_tag("other", next_cursor=first["next_cursor"])


def test_assets_are_listed_by_context(service: LiveService) -> None:
    long = "v" * 1000
    upload("a", context={"colour": "red"})
    upload("b", context={"colour": "blue", "long": long})
    assert names(cloudinary.api.resources_by_context("colour")) == ["b", "a"]
    assert names(cloudinary.api.resources_by_context("colour", "red")) == ["a"]
    assert names(cloudinary.api.resources_by_context("colour", "green")) == []
    assert names(cloudinary.api.resources_by_context("long", long)) == ["b"]
    page = cloudinary.api.resources_by_context("colour", max_results=1, context=True)
    assert page["resources"][0]["context"] == {"custom": {"colour": "blue", "long": long}}
    rest = cloudinary.api.resources_by_context("colour", next_cursor=page["next_cursor"])
    assert names(rest) == ["a"]


def test_assets_are_listed_by_folder(service: LiveService) -> None:
    upload("top")
    upload("pets/cat")
    upload("pets/old/dog")
    cloudinary.uploader.upload(b"text", public_id="pets/notes", resource_type="raw")
    assert names(cloudinary.api.resources_by_asset_folder("pets")) == ["pets/notes", "pets/cat"]
    page = cloudinary.api.resources_by_asset_folder("pets", max_results=1, direction="asc")
    assert names(page) == ["pets/cat"]
    rest = cloudinary.api.resources_by_asset_folder("pets", next_cursor=page["next_cursor"])
    assert names(rest) == []
    cloudinary.api.update("top", asset_folder="pets/old")
    assert names(cloudinary.api.resources_by_asset_folder("pets/old")) == ["pets/old/dog", "top"]


def test_tags_in_use_are_listed_page_by_page(service: LiveService) -> None:
    upload("a", tags=["animal", "ant", "Zebra"])
    upload("b", tags=["animal", "dog", "äpfel"])
    cloudinary.uploader.upload(b"text", public_id="c", resource_type="raw", tags=["text"])
    assert cloudinary.api.tags()["tags"] == ["Zebra", "animal", "ant", "dog", "äpfel"]
    assert cloudinary.api.tags(prefix="an")["tags"] == ["animal", "ant"]
    assert cloudinary.api.tags(resource_type="raw")["tags"] == ["text"]
    found: list[str] = []
    page = cloudinary.api.tags(max_results=2)
    while "next_cursor" in page:
        found += page["tags"]
        page = cloudinary.api.tags(max_results=2, next_cursor=page["next_cursor"])
    assert found + page["tags"] == ["Zebra", "animal", "ant", "dog", "äpfel"]
    cloudinary.api.delete_resources(["b"])
    assert cloudinary.api.tags()["tags"] == ["Zebra", "animal", "ant"]


def test_assets_are_deleted_by_tag(service: LiveService) -> None:
    for name in ("a", "b", "c"):
        upload(name, tags=["gone"] if name < "c" else ["stays"], backup=name == "b")
    answer = cloudinary.api.delete_resources_by_tag("gone")
    assert answer["deleted"] == {"a": "deleted", "b": "deleted"}
    assert answer["partial"] is False
    assert names(cloudinary.api.resources()) == ["c"]
    assert names(cloudinary.api.resources_by_tag("gone")) == []
    cloudinary.api.restore(["b"])
    assert names(cloudinary.api.resources_by_tag("gone")) == ["b"]
