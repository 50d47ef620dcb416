"""Keys and tokens: shown on every endpoint, changed while the service runs."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import cloudinary.api
import cloudinary.exceptions
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest

from helpers.live_service import LiveService, picture
from modstation.core.clock import CountingIds, ManualClock, SystemClock, to_us
from modstation.core.errors import SettingsError
from modstation.service.access.api_keys import add_key, keys_of, retire_key, revoke_key, rotate_keys
from modstation.service.access.cloud_settings import CloudSettings
from modstation.service.access.clouds import all_clouds, create_cloud
from modstation.service.access.sealing import Seal
from modstation.service.access.tokens import create_token, revoke_token, tokens_of
from modstation.service.schema import api_tokens
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modstation.service.access.api_keys import ApiKey

HOUR_US = 3_600_000_000


class Owner:
    """Whoever runs the service, changing it from beside: by the database and not by its objects."""

    def __init__(self, live: LiveService, clock: ManualClock) -> None:
        assert live.service is not None
        self.live, self.clock = live, clock
        self._ledger = live.service.ledger
        self._seal = Seal(live.settings.sealing_key)

    @property
    def now_us(self) -> int:
        return to_us(self.clock.now())

    def cloud(self, name: str) -> ApiKey:
        with self._ledger.write() as connection:
            return create_cloud(connection, self._seal, name, CloudSettings(), self.now_us)

    def key(self) -> ApiKey:
        with self._ledger.write() as connection:
            return add_key(connection, self._seal, self.live.cloud, now_us=self.now_us)

    def retire(self, api_key: str) -> None:
        with self._ledger.write() as connection:
            retire_key(connection, self.live.cloud, api_key, at_us=self.now_us)

    def revoke(self, api_key: str) -> None:
        with self._ledger.write() as connection:
            revoke_key(connection, self.live.cloud, api_key, now_us=self.now_us)

    def rotate(self, overlap_us: int) -> ApiKey:
        with self._ledger.write() as connection:
            return rotate_keys(
                connection,
                self._seal,
                self.live.cloud,
                now_us=self.now_us,
                overlap_us=overlap_us,
            )

    def token(self, expires_us: int | None = None) -> tuple[str, str]:
        with self._ledger.write() as connection:
            token, bearer = create_token(
                connection, self.live.cloud, note="ci", now_us=self.now_us, expires_us=expires_us
            )
        return token.token_id, bearer

    def revoke_token(self, token_id: str) -> None:
        with self._ledger.write() as connection:
            revoke_token(connection, token_id, now_us=self.now_us)

    def states(self) -> list[str]:
        with self._ledger.read() as connection:
            return [key.state(self.now_us) for key in keys_of(connection, self.live.cloud)]


@pytest.fixture
def owner(tmp_path: Path, clock: ManualClock, database: str | None) -> Iterator[Owner]:
    with LiveService(tmp_path, clock=clock, database=database) as live:
        yield Owner(live, clock)


def ask(live: LiveService, path: str, method: str = "GET", **options: Any) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False, timeout=20) as client:
        return client.request(method, f"{live.api}{path}", **options)


def basic(key: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{key}:{secret}".encode()).decode()}


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"]["message"])


# -- ways to show who calls


def test_a_token_opens_uploads_and_admin_calls(owner: Owner) -> None:
    _, token = owner.token()
    uploaded = ask(
        owner.live,
        "/image/upload",
        "POST",
        headers=bearing(token),
        data={"public_id": "cat", "moderation": "manual"},
        files={"file": ("cat.jpg", picture())},
    )
    assert uploaded.status_code == 200
    # An SDK checks this with the secret it knows.
    expected = cloudinary.utils.api_sign_request(
        {"public_id": "cat", "version": uploaded.json()["version"]},
        owner.live.secret,
        signature_version=1,
    )
    assert uploaded.json()["signature"] == expected
    listed = ask(owner.live, "/resources/image/moderations/manual/pending", headers=bearing(token))
    assert [item["public_id"] for item in listed.json()["resources"]] == ["cat"]


def test_the_python_sdk_needs_a_token_and_nothing_else(owner: Owner) -> None:
    _, token = owner.token()
    place = {
        "cloud_name": owner.live.cloud,
        "upload_prefix": owner.live.url,
        "oauth_token": token,
        "api_key": None,
        "api_secret": None,
    }
    uploaded = cloudinary.uploader.upload(picture(), public_id="cat", moderation="manual", **place)
    assert uploaded["moderation"] == [{"status": "pending", "kind": "manual"}]
    decided = cloudinary.api.update("cat", moderation_status="approved", **place)
    assert decided["moderation_status"] == "approved"
    with pytest.raises(cloudinary.exceptions.AuthorizationRequired, match="Invalid credentials"):
        cloudinary.api.ping(**{**place, "oauth_token": token + "x"})


@pytest.mark.parametrize("token", ["modstation_", "modstation_wrong", "ünknown"])
def test_a_token_that_was_never_made_opens_nothing(shared: LiveService, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    for path in ("/ping", "/resources/image"):
        assert refusal(ask(shared, path, headers=headers)) == (401, "Invalid credentials")


def test_a_token_is_not_kept_but_its_digest_is(owner: Owner) -> None:
    token_id, token = owner.token()
    assert owner.live.service is not None
    with owner.live.service.ledger.read() as connection:
        rows = [tuple(row) for row in connection.execute(api_tokens.select())]
        listed = tokens_of(connection)
    assert token not in repr(rows)
    assert token.removeprefix("modstation_") not in repr(rows)
    assert [entry.token_id for entry in listed] == [token_id]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("version", [1, 2])
def test_the_typed_sdk_signs_reading_calls_in_their_query(
    shared: LiveService, algorithm: str, version: int
) -> None:
    shared.upload(picture(), public_id="signed/cat", context="alt=a&b", moderation="manual")
    query = {"timestamp": int(time.time()), "versions": "true", "public_ids": "a&b"}
    signature = cloudinary.utils.api_sign_request(
        query, shared.secret, algorithm=algorithm, signature_version=version
    )
    shown = {**query, "api_key": shared.key, "signature": signature}
    answer = ask(shared, "/resources/image/upload/signed%2Fcat", params=shown)
    assert (answer.status_code, answer.json().get("public_id")) == (200, "signed/cat")
    wrong = ask(shared, "/resources/image/upload/signed%2Fcat", params={**shown, "versions": "1"})
    assert wrong.status_code == 401
    assert refusal(wrong)[1].startswith(f"Invalid Signature {signature}. String to sign - '")
    assert shared.secret not in wrong.text


def test_a_multipart_upload_may_be_signed_in_its_query(shared: LiveService) -> None:
    parameters = {"timestamp": int(time.time()), "public_id": "in-query"}
    signature = cloudinary.utils.api_sign_request(parameters, shared.secret, algorithm="sha256")
    answer = ask(
        shared,
        "/image/upload",
        "POST",
        params={**parameters, "signature": signature, "api_key": shared.key},
        files={"file": ("cat.jpg", picture())},
    )
    assert (answer.status_code, answer.json().get("public_id")) == (200, "in-query")


def test_an_unknown_key_is_told_in_the_words_of_each_api(shared: LiveService) -> None:
    stranger = basic("123", "secret")
    assert refusal(ask(shared, "/ping", headers=stranger)) == (401, "unknown api_key")
    upload = ask(shared, "/image/upload", "POST", headers=stranger)
    assert refusal(upload) == (401, "Unknown API key 123")
    query = {"api_key": "123", "timestamp": "1", "signature": "0" * 40}
    assert refusal(ask(shared, "/ping", params=query)) == (401, "unknown api_key")
    upload = ask(shared, "/image/upload", "POST", data=query)
    assert refusal(upload) == (401, "Unknown API key 123")


@pytest.mark.parametrize("name", ["\0", "a\nb", "ключ", "x" * 5000])
def test_a_strange_key_is_just_unknown(shared: LiveService, name: str) -> None:
    answer = ask(shared, "/ping", headers=basic(name, "secret"))
    assert refusal(answer) == (401, "unknown api_key")


# -- several clouds


def test_a_key_opens_its_own_cloud_only(owner: Owner) -> None:
    other = owner.cloud("other")
    live = owner.live
    live.upload(public_id="mine")
    theirs = basic(other.api_key, other.secret)
    assert refusal(ask(live, "/resources/image", headers=theirs)) == (401, "cloud_name mismatch")
    with httpx.Client(trust_env=False, headers=theirs) as client:
        listed = client.get(f"{live.url}/v1_1/other/resources/image")
        assert (listed.status_code, listed.json()["resources"]) == (200, [])
        mine = basic(live.key, live.secret)
        refused = client.get(f"{live.url}/v1_1/other/resources/image", headers=mine)
        assert refusal(refused) == (401, "cloud_name mismatch")
        assert client.get(f"{live.url}/other/image/upload/mine").status_code == 404


def test_a_token_opens_its_own_cloud_only(owner: Owner) -> None:
    owner.cloud("other")
    _, token = owner.token()
    with httpx.Client(trust_env=False, headers=bearing(token)) as client:
        answer = client.get(f"{owner.live.url}/v1_1/other/ping")
    assert refusal(answer) == (401, "cloud_name mismatch")


def test_a_name_is_given_once_and_never_where_addresses_of_the_service_begin(owner: Owner) -> None:
    owner.cloud("other")
    for name in ("other", "v1_1", "metrics", "a/b", ""):
        with pytest.raises(SettingsError):
            owner.cloud(name)
    assert owner.live.service is not None
    with owner.live.service.ledger.read() as connection:
        assert [cloud.name for cloud in all_clouds(connection)] == ["other", "testing"]


def test_a_cloud_may_have_limits_of_its_own(tmp_path: Path) -> None:
    limits = CloudSettings(calls_per_hour=3, upload_bytes=1000)
    with LiveService(tmp_path, new_cloud=limits) as live:
        assert live.request("GET", "/ping").headers["x-featureratelimit-limit"] == "3"
        usage = live.request("GET", "/usage")
        assert usage.json()["media_limits"]["image_max_size_bytes"] == 1000
        files = {"file": ("cat.jpg", picture())}
        assert "Maximum is 1000" in live.request("POST", "/image/upload", files=files).text
        assert live.request("GET", "/ping").status_code == 200
        assert live.request("GET", "/ping").status_code == 420


# -- keys change while the service runs


def test_a_new_key_works_at_once_beside_the_old_one(owner: Owner) -> None:
    live = owner.live
    assert live.request("GET", "/ping").status_code == 200
    new = owner.key()
    assert ask(live, "/ping", headers=basic(new.api_key, new.secret)).status_code == 200
    assert live.request("GET", "/ping").status_code == 200


def test_a_revoked_key_stops_within_seconds_and_its_secret_is_gone(owner: Owner) -> None:
    live = owner.live
    new = owner.key()
    assert live.request("GET", "/ping").status_code == 200
    owner.revoke(live.key)
    owner.clock.advance(2)
    assert refusal(live.request("GET", "/ping")) == (401, "unknown api_key")
    assert ask(live, "/ping", headers=basic(new.api_key, new.secret)).status_code == 200
    assert live.service is not None
    with live.service.ledger.read() as connection:
        assert [key.sealed == b"" for key in keys_of(connection, live.cloud)] == [True, False]


def test_a_revoked_or_expired_token_stops_within_seconds(owner: Owner) -> None:
    token_id, token = owner.token()
    _, short = owner.token(owner.now_us + HOUR_US)
    assert ask(owner.live, "/ping", headers=bearing(token)).status_code == 200
    assert ask(owner.live, "/ping", headers=bearing(short)).status_code == 200
    owner.revoke_token(token_id)
    owner.clock.advance(2)
    assert ask(owner.live, "/ping", headers=bearing(token)).status_code == 401
    owner.clock.advance(3600)
    assert ask(owner.live, "/ping", headers=bearing(short)).status_code == 401
    with pytest.raises(SettingsError, match="no token"):
        owner.revoke_token(token_id)


def test_rotation_leaves_time_to_change_over(owner: Owner) -> None:
    live = owner.live
    new = owner.rotate(HOUR_US)
    fresh = basic(new.api_key, new.secret)
    assert owner.states() == ["active", "active"]
    assert live.request("GET", "/ping").status_code == 200
    owner.clock.advance(3601)
    assert owner.states() == ["retired", "active"]
    assert refusal(live.request("GET", "/ping")) == (401, "unknown api_key")
    assert ask(live, "/ping", headers=fresh).status_code == 200


def test_the_last_active_key_cannot_be_taken_away(owner: Owner) -> None:
    for act in (owner.retire, owner.revoke):
        with pytest.raises(SettingsError, match="last active key"):
            act(owner.live.key)
    new = owner.rotate(HOUR_US)
    # The old one is active still, but only for an hour.
    with pytest.raises(SettingsError, match="last active key"):
        owner.revoke(new.api_key)
    with pytest.raises(SettingsError, match="has no key 1"):
        owner.revoke("1")


def signed_address(live: LiveService, secret: str) -> int:
    url, _ = cloudinary.utils.cloudinary_url(
        "secret",
        type="authenticated",
        sign_url=True,
        secure=False,
        cname=f"127.0.0.1:{live.port}",
        cloud_name=live.cloud,
        api_secret=secret,
    )
    return httpx.get(url, trust_env=False).status_code


def test_an_address_stays_signed_when_its_key_retires_and_not_when_it_is_revoked(
    owner: Owner,
) -> None:
    live = owner.live
    live.upload(public_id="secret", type="authenticated")
    new = owner.key()
    # A site signs with whichever key it has, not with the one that uploaded.
    assert signed_address(live, new.secret) == 200
    assert signed_address(live, live.secret) == 200
    owner.retire(live.key)
    owner.clock.advance(2)
    assert refusal(live.request("GET", "/ping")) == (401, "unknown api_key")
    assert signed_address(live, live.secret) == 200
    owner.revoke(live.key)
    owner.clock.advance(2)
    assert signed_address(live, live.secret) == 401
    assert signed_address(live, new.secret) == 200


def test_a_service_starts_with_the_oldest_key_that_is_active(
    tmp_path: Path, clock: ManualClock
) -> None:
    with LiveService(tmp_path, clock=clock) as live:
        first = live.key
        new = Owner(live, clock).rotate(0)
    with LiveService(tmp_path, clock=clock) as live:
        assert live.key == new.api_key != first
        assert live.secret == new.secret


def test_a_key_file_of_another_machine_is_refused_in_words(tmp_path: Path) -> None:
    with LiveService(tmp_path):
        pass
    settings = ServiceSettings(tmp_path / "service", cloud="testing", key_file=tmp_path / "a.key")
    with pytest.raises(SettingsError, match="does not open the API secrets"):
        Service(settings, clock=SystemClock(), ids=CountingIds())
    (tmp_path / "bad.key").write_text("no key")
    with pytest.raises(SettingsError, match="cannot be used as the service's key"):
        Seal(tmp_path / "bad.key")
