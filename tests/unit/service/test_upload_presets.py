"""Presets: what an upload takes from them, and what nobody may say without a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService

PRESETS = "/upload_presets"


def preset(live: LiveService, name: str, **settings: Any) -> None:
    answer = live.request("POST", PRESETS, json={"name": name, **settings})
    assert answer.json() == {"message": "created", "name": name}, answer.text


def signed(live: LiveService, **parameters: Any) -> dict[str, Any]:
    return live.upload(picture(), **parameters)


def unsigned(live: LiveService, number: int = 0, **parameters: Any) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as stranger:
        return stranger.post(
            f"{live.api}/image/upload",
            data=parameters,
            files={"file": ("My Cat.jpg", picture(number))},
        )


def refusal(answer: httpx.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"]["message"])


def test_a_preset_is_made_read_changed_and_deleted(shared: LiveService) -> None:
    preset(shared, "crud", unsigned=True, folder="in", tags="a,b", context="k=v", overwrite="1")
    path = f"{PRESETS}/crud"
    assert shared.request("GET", path).json() == {
        "name": "crud",
        "unsigned": True,
        "settings": {
            "folder": "in",
            "tags": ["a", "b"],
            "context": {"k": "v"},
            "overwrite": True,
        },
    }
    change = {"disallow_public_id": "true", "unsigned": "false", "tags": "c"}
    assert shared.request("PUT", path, data=change).json() == {"message": "updated"}
    changed = shared.request("GET", path).json()
    assert changed["unsigned"] is False
    assert changed["settings"]["tags"] == ["c"]
    assert changed["settings"]["disallow_public_id"] is True
    assert changed["settings"]["folder"] == "in"
    assert refusal(shared.request("POST", PRESETS, json={"name": "crud"}), 409)
    assert shared.request("DELETE", path).json() == {"message": "deleted"}
    said = "Can't find upload preset named crud"
    assert refusal(shared.request("GET", path), 404) == said
    assert refusal(shared.request("PUT", path, json={"folder": "x"}), 404) == said
    assert refusal(shared.request("DELETE", path), 404) == said


def test_presets_are_listed_in_pages(live: LiveService) -> None:
    for number in range(5):
        preset(live, f"p{number}", tags=[str(number)])
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = live.request("GET", f"{PRESETS}?max_results=2&next_cursor={cursor}").json()
        seen += [one["name"] for one in page["presets"]]
        cursor = page.get("next_cursor")
    assert seen == [f"p{number}" for number in range(5)]
    assert refusal(live.request("GET", f"{PRESETS}?next_cursor=zzz"))
    nameless = live.request("POST", PRESETS, json={"folder": "x"}).json()["name"]
    assert live.request("GET", f"{PRESETS}/{nameless}").json()["settings"] == {"folder": "x"}


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "a/b"}, {"name": "x" * 256}, {"name": "x", "background_removal": "yes"},
        {"name": "x", "notification_url": "gopher://x"}, {"name": "x", "overwrite": "perhaps"},
        {"name": "x", "tags": ["t" * 300]}, {"name": "x", "eval": "y" * 70_000},
        {"name": ["x", "y"]}, {"name": "x", "unsigned": {"a": 1}},
    ],
)  # fmt: skip
def test_a_preset_no_upload_could_use_is_refused(
    shared: LiveService, settings: dict[str, Any]
) -> None:
    assert refusal(shared.request("POST", PRESETS, json=settings))


def test_a_signed_upload_takes_what_it_does_not_say(shared: LiveService) -> None:
    preset(shared, "fill", folder="filled", tags="a,b", moderation="manual", context={"k": "v"})
    answer = signed(shared, upload_preset="fill", public_id="x", tags="mine")
    assert answer["public_id"] == "filled/x"
    assert answer["tags"] == ["mine"]
    assert answer["context"] == {"custom": {"k": "v"}}
    assert answer["moderation"] == [{"kind": "manual", "status": "pending"}]
    photo = {"file": ("x.jpg", picture())}
    missing = shared.request("POST", "/image/upload", data={"upload_preset": "no"}, files=photo)
    assert refusal(missing) == "Upload preset not found"


def test_an_unsigned_upload_needs_a_preset_that_is_for_it(shared: LiveService) -> None:
    preset(shared, "closed", folder="f")
    assert refusal(unsigned(shared)) == "Upload preset must be specified when using unsigned upload"
    assert refusal(unsigned(shared, upload_preset="nope")) == "Upload preset not found"
    said = "Upload preset must be whitelisted for unsigned uploads"
    assert refusal(unsigned(shared, upload_preset="closed")) == said
    wrong = unsigned(shared, upload_preset="closed", api_key=shared.key, signature="0" * 40)
    assert wrong.status_code == 401


def test_an_unsigned_upload_may_say_little(shared: LiveService) -> None:
    preset(shared, "open", unsigned=True, folder="open", moderation="manual", overwrite=True)
    answer = unsigned(
        shared,
        upload_preset="open",
        public_id="one",
        folder="elsewhere",
        tags="t",
        context="a=b",
        moderation="webpurify",
        notification_url="http://127.0.0.1:9/",
        backup="1",
        type="private",
        overwrite="1",
        eager="nonsense",
    ).json()
    assert answer["public_id"] == "open/one"
    assert (answer["type"], answer["tags"]) == ("upload", ["t"])
    assert answer["moderation"] == [{"kind": "manual", "status": "pending"}]
    again = unsigned(shared, 1, upload_preset="open", public_id="one").json()
    assert again["existing"] is True
    assert again["etag"] == answer["etag"]


def test_a_preset_keeps_public_ids_to_itself(shared: LiveService) -> None:
    preset(shared, "own", unsigned=True, disallow_public_id=True, use_filename=True)
    assert "public_id" in refusal(unsigned(shared, upload_preset="own", public_id="x"))
    assert unsigned(shared, upload_preset="own").json()["public_id"].startswith("My_Cat_")


def test_a_preset_says_which_formats_are_taken(shared: LiveService) -> None:
    preset(shared, "pngs", unsigned=True, allowed_formats="png,gif")
    assert "not allowed" in refusal(unsigned(shared, upload_preset="pngs"))


def test_nothing_but_uploads_is_open_to_strangers(shared: LiveService) -> None:
    preset(shared, "only", unsigned=True)
    with httpx.Client(trust_env=False, verify=False) as stranger:
        for path in ("/image/destroy", "/image/explicit", "/upload_presets", "/resources/update"):
            body = {"upload_preset": "only", "public_id": "x"}
            assert stranger.post(shared.api + path, data=body).status_code == 401
        nobody = f"{shared.url}/v1_1/nobody/image/upload"
        answer = stranger.post(nobody, data={"upload_preset": "only", "file": "x"})
        assert answer.status_code == 401
