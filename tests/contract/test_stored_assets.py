"""What a site does with the official SDK to assets that are stored already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cloudinary.api
import cloudinary.exceptions
import cloudinary.search_folders
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService
    from helpers.receiver import Receiver

bad = cloudinary.exceptions.BadRequest


def upload(name: str, **options: Any) -> dict[str, Any]:
    return dict(cloudinary.uploader.upload(picture(), public_id=name, **options))


def get(url: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.get(url)


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


def test_deleting_what_was_derived_leaves_the_assets(service: LiveService) -> None:
    upload("a", tags=["t"])
    some = [{"width": 10, "crop": "scale"}]
    answer = cloudinary.api.delete_resources(["a"], transformations=some)
    assert answer["deleted_counts"] == {"a": {"original": 0, "derived": 0}}
    cloudinary.api.delete_resources_by_tag("t", transformations=some)
    cloudinary.api.delete_derived_by_transformation(["a"], some)
    cloudinary.api.delete_resources_by_tag("t", keep_original=True)
    assert service.statuses() == {"a": None}


def test_an_asset_is_destroyed_by_its_identifier(service: LiveService) -> None:
    asset_id = upload("a")["asset_id"]
    for result in ("ok", "not found"):
        answer = service.request("POST", "/asset/destroy", json={"asset_id": asset_id})
        assert answer.json() == {"result": result}
    assert service.statuses() == {}


def test_a_stored_asset_is_renamed(service: LiveService) -> None:
    old = upload("pets/cat", moderation="manual", tags=["t"], context={"alt": "A cat"})
    renamed = cloudinary.uploader.rename("pets/cat", "animals/tom")
    assert (renamed["public_id"], renamed["asset_id"]) == ("animals/tom", old["asset_id"])
    assert (renamed["asset_folder"], renamed["display_name"]) == ("animals", "tom")
    assert "context" not in renamed
    assert get(str(old["url"])).status_code == 404
    assert get(renamed["url"]).content == picture()
    with pytest.raises(cloudinary.exceptions.NotFound, match="Resource not found - pets/cat"):
        cloudinary.api.resource("pets/cat")
    assert names(cloudinary.api.resources_by_tag("t")) == ["animals/tom"]
    queue = cloudinary.api.resources_by_moderation("manual", "pending")
    assert names(queue) == ["animals/tom"]
    again = cloudinary.uploader.rename("animals/tom", "tom", context=True)
    assert again["context"] == {"custom": {"alt": "A cat"}}
    assert service.decide("tom", "rejected")["moderation_status"] == "rejected"


def test_a_name_that_is_taken_is_given_only_with_overwrite(service: LiveService) -> None:
    one, two = upload("one"), upload("two", tags=["lost"])
    with pytest.raises(bad, match=r"to_public_id\(two\) already exists"):
        cloudinary.uploader.rename("one", "two")
    with pytest.raises(cloudinary.exceptions.NotFound, match="Resource not found - none"):
        cloudinary.uploader.rename("none", "two", overwrite=True)
    with pytest.raises(bad, match="Missing required parameter - to_public_id"):
        cloudinary.uploader.rename("one", "")
    with pytest.raises(bad, match="is invalid"):
        cloudinary.uploader.rename("one", "a/../b")
    cloudinary.uploader.rename("one", "two", overwrite=True, invalidate=True)
    assert cloudinary.api.resource("two")["asset_id"] == one["asset_id"] != two["asset_id"]
    assert names(cloudinary.api.resources_by_tag("lost")) == []
    assert service.statuses() == {"two": None}


def test_a_name_of_a_deleted_asset_is_free(service: LiveService) -> None:
    upload("gone", backup=True)
    cloudinary.uploader.destroy("gone")
    upload("here")
    assert cloudinary.uploader.rename("here", "gone")["public_id"] == "gone"
    assert service.statuses() == {"gone": None}


def test_an_asset_moves_to_another_type(service: LiveService) -> None:
    old = upload("secret")
    moved = cloudinary.uploader.rename("secret", "secret", to_type="authenticated")
    assert moved["type"] == "authenticated"
    assert get(str(old["url"])).status_code == 404
    assert get(moved["url"]).status_code == 401
    with pytest.raises(bad, match="Invalid value x for parameter to_type"):
        cloudinary.uploader.rename("secret", "s", type="authenticated", to_type="x")


def test_explicit_changes_what_is_written_and_begins_moderation(service: LiveService) -> None:
    old = upload("late", tags=["old"])
    changed = cloudinary.uploader.explicit(
        "late", type="upload", tags=["new"], context={"alt": "x"}, moderation="manual"
    )
    assert changed["moderation"] == [{"kind": "manual", "status": "pending"}]
    assert (changed["tags"], changed["context"]) == (["new"], {"custom": {"alt": "x"}})
    assert (changed["asset_id"], changed["etag"]) == (old["asset_id"], old["etag"])
    assert cloudinary.utils.verify_api_response_signature(
        changed["public_id"], changed["version"], changed["signature"]
    )
    assert names(cloudinary.api.resources_by_moderation("manual", "pending")) == ["late"]
    assert names(cloudinary.api.resources_by_tag("new")) == ["late"]
    cloudinary.api.update("late", moderation_status="rejected")
    assert get(str(old["url"])).status_code == 404
    again = cloudinary.uploader.explicit("late", type="upload", moderation="webpurify|manual")
    assert [entry["status"] for entry in again["moderation"]] == ["pending", "queued"]
    assert again["version"] > changed["version"]
    assert names(cloudinary.api.resources_by_moderation("manual", "rejected")) == []
    assert get(again["url"]).status_code == 200
    missing = cloudinary.uploader.explicit("none", type="upload", return_error=True)
    assert missing["error"]["http_code"] == 404
    assert missing["error"]["message"] == "Resource not found - none"
    with pytest.raises(bad, match="Moderation nonsense moderation is not valid"):
        cloudinary.uploader.explicit("late", type="upload", moderation="nonsense")


def test_an_upload_is_taken_back_by_its_token(service: LiveService) -> None:
    uploaded = upload("mine", return_delete_token=True)
    token = uploaded["delete_token"]

    def take_back(given: str) -> httpx.Response:
        with httpx.Client(trust_env=False, verify=False) as client:
            return client.post(f"{service.api}/delete_by_token", data={"token": given})

    assert take_back("x" * 64).status_code == 400
    assert take_back("").json()["error"]["message"] == "Missing required parameter - token"
    answer = take_back(token)
    assert (answer.status_code, answer.json()) == (200, {"result": "ok"})
    assert service.statuses() == {}
    assert take_back(token).json()["error"]["message"].startswith("Invalid token")


def test_every_change_is_told(service: LiveService, receiver: Receiver) -> None:
    hook = {"notification_url": receiver.url}
    upload("a", tags=["old"], context={"k": "1"})
    cloudinary.uploader.add_tag("new", ["a"], **hook)
    cloudinary.uploader.replace_tag("new", ["a"], **hook)
    cloudinary.uploader.add_context({"k": "2", "l": "3"}, ["a"], **hook)
    cloudinary.uploader.rename("a", "b", **hook)
    cloudinary.api.update("b", display_name="Bee", **hook)
    cloudinary.uploader.add_tag("new", ["b"], **hook)
    cloudinary.uploader.destroy("b", **hook)
    notes = [note.document for note in receiver.wait_for(6)]
    assert [note["notification_type"] for note in notes] == [
        "resource_tags_changed",
        "resource_tags_changed",
        "resource_context_changed",
        "rename",
        "resource_display_name_changed",
        "delete",
    ]
    added, removed, context, renamed, shown, deleted = notes
    assert added["resources"][0]["public_id"] == "a"
    assert (added["resources"][0]["added"], added["resources"][0]["removed"]) == (["new"], [])
    assert (removed["resources"][0]["added"], removed["resources"][0]["removed"]) == ([], ["old"])
    assert context["resources"]["a"]["added"] == [{"name": "l", "value": "3"}]
    assert context["resources"]["a"]["updated"] == [{"name": "k", "value": "2"}]
    assert (renamed["from_public_id"], renamed["to_public_id"]) == ("a", "b")
    assert shown["resources"][0]["new_display_name"] == "Bee"
    assert deleted["resources"][0]["public_id"] == "b"


def test_what_is_out_of_scope_says_so(service: LiveService) -> None:
    upload("a")
    for ask in (
        lambda: cloudinary.uploader.explode("a", page="all"),
        lambda: cloudinary.uploader.generate_sprite("t"),
        lambda: cloudinary.uploader.multi("t"),
        lambda: cloudinary.uploader.text("Hello"),
        lambda: cloudinary.uploader.create_zip(tags=["t"]),
        cloudinary.uploader.create_slideshow,
        cloudinary.api.transformations,
        lambda: cloudinary.api.create_transformation("named", {"width": 1}),
        cloudinary.api.list_streaming_profiles,
        lambda: cloudinary.api.get_streaming_profile("4k"),
        cloudinary.api.upload_mappings,
        cloudinary.api.list_metadata_rules,
        lambda: cloudinary.api.add_related_assets("a", ["image/upload/b"]),
        lambda: cloudinary.api.publish_by_ids(["a"]),
        lambda: cloudinary.api.delete_derived_resources(["x"]),
        lambda: cloudinary.api.rename_folder("a", "b"),
        lambda: cloudinary.search_folders.SearchFolders().expression("a").execute(),
    ):
        with pytest.raises(bad, match="is not supported by this service"):
            ask()


def test_folders_are_there_with_their_assets_and_without(service: LiveService) -> None:
    upload("pets/cats/tom")
    upload("pets/dog")
    upload("top", asset_folder="/shop//new/")
    cloudinary.api.update("top", asset_folder="shop/old")
    made = cloudinary.api.create_folder("shop/a b+c/e?f")
    assert (made["success"], made["name"], made["path"]) == (True, "e?f", "shop/a b+c/e?f")
    assert cloudinary.api.create_folder("shop")["success"] is True

    root = cloudinary.api.root_folders()
    assert [folder["path"] for folder in root["folders"]] == ["pets", "shop"]
    assert (root["total_count"], root["next_cursor"]) == (2, None)
    first = cloudinary.api.subfolders("shop", max_results=2)
    assert [folder["name"] for folder in first["folders"]] == ["a b+c", "new"]
    rest = cloudinary.api.subfolders("shop", next_cursor=first["next_cursor"])
    assert [folder["path"] for folder in rest["folders"]] == ["shop/old"]
    assert rest["total_count"] == 3
    with pytest.raises(cloudinary.exceptions.NotFound, match="Can't find folder with path none"):
        cloudinary.api.subfolders("none")


def test_only_empty_folders_are_deleted(service: LiveService) -> None:
    upload("pets/cats/tom")
    cloudinary.api.create_folder("pets/empty/deep")
    with pytest.raises(bad, match="Folder is not empty"):
        cloudinary.api.delete_folder("pets")
    deleted = cloudinary.api.delete_folder("pets/empty", skip_backup=True)["deleted"]
    assert deleted == ["pets/empty", "pets/empty/deep"]
    with pytest.raises(cloudinary.exceptions.NotFound, match="Can't find folder"):
        cloudinary.api.delete_folder("pets/empty")
    cloudinary.uploader.rename("pets/cats/tom", "tom")
    assert cloudinary.api.delete_folder("pets")["deleted"] == ["pets", "pets/cats"]
    assert cloudinary.api.root_folders()["folders"] == []
    cloudinary.uploader.rename("tom", "pets/tom")
    assert [each["path"] for each in cloudinary.api.root_folders()["folders"]] == ["pets"]
    assert service.request("POST", "/folders/a%2F..%2Fb").status_code == 400


def test_lists_begin_at_a_moment(service: LiveService) -> None:
    first = upload("first")
    assert names(cloudinary.api.resources(type="upload", start_at="2026-01-01 00:00:00"))
    assert names(cloudinary.api.resources(start_at=first["created_at"], direction="asc"))
    assert names(cloudinary.api.resources(start_at="2099-01-01T00:00:00Z")) == []
    with pytest.raises(bad, match="Invalid value soon for parameter start_at"):
        cloudinary.api.resources(start_at="soon")
    with pytest.raises(bad, match="start_at cannot be combined"):
        cloudinary.api.resources(start_at="2026-01-01", prefix="f", type="upload")
