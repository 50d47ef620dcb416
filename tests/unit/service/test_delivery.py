"""Originals and renditions as a browser or CDN sees them."""

from __future__ import annotations

import hashlib
import os
import time
from base64 import urlsafe_b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import event

from helpers.live_service import LiveService, picture
from modstation.service.access.cloud_settings import CloudSettings, change_cloud_settings

CONTENT = picture(4, (800, 600))


def get(live: LiveService, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.request(
            method,
            f"{live.url}/{live.cloud}/{path}",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


def stored(live: LiveService, **options: Any) -> dict[str, Any]:
    return live.upload(CONTENT, public_id="pic", **options)


@pytest.mark.parametrize(
    ("path", "size", "kind"),
    [
        ("image/upload/pic", (800, 600), "JPEG"),
        ("image/upload/pic.jpg", (800, 600), "JPEG"),
        ("image/upload/pic.jpeg", (800, 600), "JPEG"),
        ("image/upload/pic.png", (800, 600), "PNG"),
        ("image/upload/v1/pic.webp", (800, 600), "WEBP"),
        ("image/upload/c_limit,w_200,h_200/pic.jpg", (200, 150), "JPEG"),
        ("image/upload/c_fill,w_50,h_50/v12/pic", (50, 50), "JPEG"),
        ("image/upload/w_400/c_fit,w_40/f_png/pic", (40, 30), "PNG"),
        ("image/upload/q_auto,f_auto/pic", (800, 600), "JPEG"),
    ],
)
def test_renditions(shared: LiveService, path: str, size: tuple[int, int], kind: str) -> None:
    stored(shared)
    answer = get(shared, path)
    assert answer.status_code == 200, answer.text
    image = Image.open(BytesIO(answer.content))
    assert (image.size, image.format) == (size, kind)
    assert answer.headers["content-type"] == f"image/{kind.lower()}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.content == CONTENT:
        assert answer.headers["etag"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
    again = get(shared, path)
    assert (again.content, again.headers["etag"]) == (answer.content, answer.headers["etag"])


def test_automatic_format_depends_on_what_the_client_takes(shared: LiveService) -> None:
    stored(shared)
    answer = get(shared, "image/upload/f_auto/pic", accept="image/webp,*/*")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["vary"] == "Accept"


LONG_TERM = "public, no-transform, immutable, max-age=2592000"
REPLACEABLE = "public, no-transform, max-age=600, must-revalidate"


def kept(live: LiveService, *paths: str) -> list[str]:
    return [get(live, path).headers["cache-control"] for path in paths]


def test_caching_follows_the_moderation_state(live: LiveService) -> None:
    version = stored(live, moderation="manual")["version"]
    paths = [f"image/upload/v{version}/pic.jpg", f"image/upload/w_10/v{version}/pic.jpg"]
    assert kept(live, *paths) == ["max-age=600"] * 2
    live.decide("pic", "approved")
    assert kept(live, *paths) == [LONG_TERM] * 2
    live.decide("pic", "rejected")
    for path in paths:
        gone = get(live, path)
        assert gone.status_code == 404
        assert gone.headers["x-cld-error"] == "Resource not found - pic"


def test_an_address_that_will_show_the_next_version_is_never_kept_for_long(
    live: LiveService,
) -> None:
    old = stored(live)["version"]
    plain = ["image/upload/pic.jpg", "image/upload/w_10/pic.jpg", "image/upload/v1/pic.jpg"]
    assert kept(live, f"image/upload/v{old}/pic.jpg", *plain) == [LONG_TERM, *[REPLACEABLE] * 3]
    new = live.upload(picture(9), public_id="pic")["version"]
    assert kept(live, f"image/upload/v{old}/pic.jpg", f"image/upload/v{new}/pic.jpg") == [
        REPLACEABLE,
        LONG_TERM,
    ]


def test_what_is_delivered_although_it_is_rejected_is_not_kept_for_long(tmp_path: Path) -> None:
    with LiveService(tmp_path, new_cloud=CloudSettings(deliver_rejected=True)) as live:
        version = stored(live, moderation="manual")["version"]
        live.decide("pic", "rejected")
        assert kept(live, f"image/upload/v{version}/pic.jpg") == ["max-age=600"]


def test_a_rejected_original_moves_to_the_backup_area_and_back(
    live: LiveService, tmp_path: Path
) -> None:
    stored(live, moderation="manual")
    get(live, "image/upload/w_10/pic.jpg")

    def areas() -> set[str]:
        blobs = tmp_path / "service" / "blobs"
        # os.walk bears with folders that vanish while it looks.
        folders = [Path(folder) for folder, _, files in os.walk(blobs) if files]
        return {folder.relative_to(blobs).parts[0] for folder in folders}

    def becomes(wanted: set[str]) -> bool:
        deadline = time.monotonic() + 5
        while areas() != wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        return areas() == wanted

    assert areas() == {"originals", "renditions"}
    live.decide("pic", "rejected")
    assert becomes({"backup"})
    live.decide("pic", "approved")
    assert becomes({"originals"})
    assert get(live, "image/upload/pic.jpg").content == CONTENT


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("image/upload/w_abc/pic", 400, "Invalid width in transformation: abc"),
        ("image/upload/e_sepia/pic", 400, "Invalid effect in transformation: sepia"),
        ("image/upload/pic.exe", 400, "Invalid extension in transformation: exe"),
        ("image/upload/w_20/v1/some/nowhere.jpg", 404, "Resource not found - some/nowhere"),
        ("image/upload/w_/nowhere.jpg", 404, "Resource not found - w_/nowhere"),
        ("image/fetch/https://a.example/x.jpg", 400,
         "Delivery type fetch is not supported by this service"),
        ("image/upload/s--AAAAAAAA--/pic.jpg", 401, "Invalid URL signature"),
        ("image/upload/nowhere.jpg", 404, "Resource not found - nowhere"),
        ("video/upload/pic", 404, "Resource not found - pic"),
        ("image/private/pic", 404, "Resource not found - pic"),
    ],
)  # fmt: skip
def test_faults_are_told_in_a_header(
    shared: LiveService, path: str, status: int, error: str
) -> None:
    stored(shared)
    answer = get(shared, path)
    assert (answer.status_code, answer.headers["x-cld-error"]) == (status, error)
    assert answer.json() == {"error": {"message": error}}
    # A cache asks again after a minute, and no browser asks whoever looks on for a password.
    assert answer.headers["cache-control"] == "max-age=60"
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("name", ["d_avatars:none.png,w_30/", "d_avatars:none/w_30,c_fit/"])
def test_a_default_image_stands_in_for_one_that_is_missing_or_rejected(
    live: LiveService, name: str
) -> None:
    live.upload(picture(2, (90, 60), "PNG"), public_id="avatars/none")
    stored(live, moderation="manual")
    assert "x-cld-error" not in get(live, f"image/upload/{name}pic.jpg").headers
    live.decide("pic", "rejected")
    for missing in ("pic", "nobody"):
        answer = get(live, f"image/upload/{name}{missing}.jpg")
        assert answer.status_code == 200
        assert answer.headers["x-cld-error"] == f"Resource not found - {missing}"
        assert Image.open(BytesIO(answer.content)).size == (30, 20)
        assert answer.headers["cache-control"] == "max-age=60"
    live.decide("avatars/none", "rejected")
    assert get(live, f"image/upload/{name}pic.jpg").status_code == 404


def test_a_video_is_delivered_as_what_it_is_and_never_as_a_picture(shared: LiveService) -> None:
    film = b"\0\0\0\x18ftypmp42" + b"0" * 100
    shared.upload(film, public_id="film", resource_type="video", filename="film.mov")
    answer = get(shared, "video/upload/film.mp4")
    assert (answer.content, answer.headers["content-type"]) == (film, "video/mp4")
    assert "content-disposition" not in answer.headers
    assert get(shared, "video/upload/film.jpg").status_code == 400
    assert get(shared, "video/upload/w_100/film.mp4").status_code == 400


def test_a_setting_holds_at_once_for_what_was_rejected_before(live: LiveService) -> None:
    assert live.service is not None
    stored(live, moderation="manual")
    live.decide("pic", "rejected")
    for delivered, status in ((True, 200), (False, 404)):
        with live.service.ledger.write() as connection:
            change_cloud_settings(connection, live.cloud, deliver_rejected=delivered)
        assert get(live, "image/upload/w_10/pic.jpg").status_code == status


def test_the_content_decides_the_type_and_raw_files_are_downloads(shared: LiveService) -> None:
    page = b"<html><script>alert(1)</script></html>"
    shared.upload(page, public_id="page.html", resource_type="raw", filename="page.html")
    answer = get(shared, "raw/upload/page.html")
    assert answer.content == page
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"
    assert "sandbox" in answer.headers["content-security-policy"]
    png = shared.upload(picture(1, kind="PNG"), public_id="lying", filename="lying.jpg")
    assert png["format"] == "png"
    assert get(shared, "image/upload/lying").headers["content-type"] == "image/png"


def test_an_address_costs_one_query_however_it_can_be_read(live: LiveService) -> None:
    stored(live)
    assert live.service is not None
    asked: list[str] = []

    @event.listens_for(live.service.ledger._engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        # The background asks for its own work meanwhile.
        if "assets.public_id IN" in statement or "assets.public_id =" in statement:
            asked.append(statement)

    assert get(live, f"image/upload/{'w_1/' * 300}v1/pic.jpg").status_code == 404
    assert len(asked) == 1
    assert get(live, f"image/upload/{'w_1/' * 9}v1/pic.jpg").status_code == 400
    assert get(live, f"image/upload/{'w_1/' * 8}v1/pic.jpg").status_code == 200
    assert len(asked) == 3


def test_a_cache_of_renditions_cannot_be_filled_by_counting(tmp_path: Path) -> None:
    with LiveService(tmp_path, renditions_per_version=3) as live:
        stored(live)
        for width in range(1, 9):
            assert get(live, f"image/upload/w_{width}/pic").status_code == 200
        kept = [f for f in (tmp_path / "service/blobs/renditions").rglob("*") if f.is_file()]
        assert len(kept) == 3


def test_sites_may_hold_back_what_is_pending_and_keep_what_is_rejected(tmp_path: Path) -> None:
    settings = CloudSettings(deliver_pending=False, deliver_rejected=True)
    with LiveService(tmp_path, new_cloud=settings) as live:
        stored(live, moderation="manual")
        assert get(live, "image/upload/pic").status_code == 404
        live.decide("pic", "rejected")
        assert get(live, "image/upload/pic").status_code == 200


def signed(live: LiveService, path: str) -> str:
    """The segment that signs what stands after it, as the SDKs write it."""
    digest = hashlib.sha1(f"{path}{live.secret}".encode(), usedforsecurity=False).digest()
    return f"s--{urlsafe_b64encode(digest)[:8].decode()}--"


def test_a_signature_opens_its_own_asset_with_and_without_a_version(live: LiveService) -> None:
    for name in ("photo", "users/secret"):
        live.upload(picture(), public_id=name, type="authenticated")
    for path in (
        "{}/photo.jpg",
        "{}/v1/photo.jpg",
        "{}/w_5/v12/photo.jpg",
        "{}/users/secret.jpg",
        "{}/v1/users/secret.jpg",
        "{}/users%2Fsecret.jpg",
        "{}/v1/users%2Fsecret.jpg",
        "{}/w_5/v1/users%2Fsecret.jpg",
    ):
        without_version = path.removeprefix("{}/").replace("v12/", "").replace("v1/", "")
        signature = signed(live, without_version)
        answer = get(live, f"image/authenticated/{path.format(signature)}")
        assert answer.status_code == 200, path
    assert get(live, "image/authenticated/v1/photo.jpg").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "v1%2Fusers%2Fsecret/photo.jpg",
        "v1%2Fusers%2Fsecret%2Fx/photo.jpg",
        "%761/users/secret/photo.jpg",
        "v1%2Fphoto.jpg",
        "w_5%2Fv1/v1/users/photo.jpg",
    ],
)
def test_a_signature_opens_no_asset_whose_name_hides_in_the_version(
    live: LiveService, path: str
) -> None:
    for name in (
        "photo",
        "users/secret",
        "users/secret/photo",
        "users/secret/x/photo",
        "v1/users/photo",
    ):
        live.upload(picture(), public_id=name, type="authenticated")
    for text in ("photo.jpg", "users/photo.jpg"):
        answer = get(live, f"image/authenticated/{signed(live, text)}/{path}")
        assert (answer.status_code, answer.headers["x-cld-error"]) == (401, "Invalid URL signature")


def test_a_version_hidden_in_a_transformation_is_no_signature_of_anything(
    shared: LiveService,
) -> None:
    stored(shared)
    answer = get(shared, "image/upload/s--AAAAAAAA--/w_5%2Fv1%2Fpic.png")
    assert (answer.status_code, answer.headers["x-cld-error"]) == (401, "Invalid URL signature")


def heic() -> bytes:
    heif = pytest.importorskip("pillow_heif", reason="needs the heif extra")
    heif.register_heif_opener()
    return picture(5, (64, 48), kind="HEIF")


def test_an_iphones_picture_is_kept_as_it_is_and_shown_as_a_jpeg(shared: LiveService) -> None:
    content = heic()
    asset = shared.upload(content, public_id="phone")
    assert (asset["format"], asset["width"], asset["height"]) == ("heic", 64, 48)
    own = get(shared, "image/upload/phone.heic")
    assert (own.content, own.headers["content-type"]) == (content, "image/heic")
    for path in ("w_32/phone", "w_32/phone.heic", "w_32/phone.jpg", "f_auto/phone"):
        made = get(shared, f"image/upload/{path}")
        assert made.headers["content-type"] == "image/jpeg", path


def refused(live: LiveService, content: bytes) -> str:
    answer = live.request("POST", "/image/upload", files={"file": ("file", content)})
    assert answer.status_code == 400
    return str(answer.json()["error"]["message"])


def test_without_its_extra_the_refusal_of_an_iphones_picture_says_so(
    shared: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = heic()
    for module in ("delivery.images", "uploads.file_facts"):
        monkeypatch.setattr(f"modstation.service.{module}.reads_heif", lambda: False)
    assert "heic (this service lacks the extra heif" in refused(shared, content)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.4\n%more", "pdf"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
    ],
)
def test_the_refusal_of_a_document_names_its_format(
    shared: LiveService, content: bytes, name: str
) -> None:
    assert refused(shared, content) == f"Unsupported image format: {name}"
