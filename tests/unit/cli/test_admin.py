"""``modstation admin``, on a service that stands still and beside one that runs."""

import re

import httpx
import pytest

from helpers.live_service import LiveService
from modstation.service.access.cloud_settings import CloudSettings


def ping(live, cloud="testing", **options):
    address = f"{live.url}/v1_1/{cloud}/ping"
    return httpx.get(address, trust_env=False, **options).status_code


def test_where_there_is_no_service_nothing_is_made(place, tmp_path):
    ran = place("cloud", "list")
    assert (ran.code, "There is no service in" in ran.err) == (1, True)
    assert not (tmp_path / "service").exists()


def test_a_cloud_is_made_before_the_first_start_and_serves_with_its_settings(place, tmp_path):
    made = place.say("cloud", "create", "testing", "--pending", "block")
    with LiveService(tmp_path) as live:
        assert (live.key, live.secret) == (made["api_key"], made["secret"])
        live.upload(public_id="pic", moderation="manual")
        delivered = httpx.get(f"{live.url}/testing/image/upload/pic", trust_env=False)
        assert delivered.status_code == 404


def test_another_cloud_is_open_at_once_beside_a_running_service(place, running):
    made = place("cloud", "create", "shop")
    key, secret = re.search(r"key +(\S+)\nsecret +(\S+)", made.out).groups()
    assert ping(running, "shop", auth=(key, secret)) == 200
    assert ping(running, auth=(key, secret)) == 401
    assert [cloud["name"] for cloud in place.say("cloud", "list")] == ["shop", "testing"]
    assert "shop" in place("cloud", "list").out
    again = place("cloud", "create", "shop")
    assert (again.code, "a cloud “shop” already" in again.err) == (1, True)


def test_settings_change_one_by_one(place, running):
    assert place("cloud", "set", "--pending", "block", "--signature", "sha256").code == 0
    place("cloud", "set", "testing", "--notification-url", "https://a.example/x")
    after = place.say("cloud", "set", "--calls-per-hour", "50", "--rejected", "deliver")
    expected = CloudSettings(
        deliver_pending=False,
        deliver_rejected=True,
        signature_algorithm="sha256",
        notification_urls=("https://a.example/x",),
        calls_per_hour=50,
    )
    assert after == {
        name: list(value) if isinstance(value := getattr(expected, name), tuple) else value
        for name in CloudSettings.__dataclass_fields__
    }
    limited = place.say("cloud", "set", "--add-on-limits", "aws_rek=1000")
    assert limited["add_on_limits"] == {"aws_rek": 1000}
    assert place.say("cloud", "set", "--add-on-limits", "none")["add_on_limits"] == {}
    back = place.say("cloud", "set", "--notification-url", "none", "--calls-per-hour", "0")
    assert (back["notification_urls"], back["calls_per_hour"]) == ([], None)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Nothing to change"),
        (("--notification-url", "ftp://a"), 1, "Invalid value"),
        (("--add-on-limits", "manual=5"), 2, "kinds and numbers like aws_rek=1000"),
        (("other", "--pending", "block"), 1, "There is no cloud “other”"),
    ],
)
def test_what_cannot_be_set_is_said(place, arguments, code, said):
    place("cloud", "create", "testing")
    ran = place("cloud", "set", *arguments)
    assert (ran.code, said in ran.err) == (code, True)


def test_with_several_clouds_one_must_be_named(place):
    place("cloud", "create", "one")
    place("cloud", "create", "two")
    ran = place("key", "create")
    assert (ran.code, "--cloud: one, two" in ran.err) == (1, True)
    assert place.say("key", "create", "--cloud", "two")["cloud"] == "two"


def test_keys_rotate_while_the_service_runs(place, running):
    old = (running.key, running.secret)
    assert ping(running, auth=old) == 200
    made = place.say("key", "rotate", "--overlap", "0.5")
    assert ping(running, auth=(made["api_key"], made["secret"])) == 200
    assert ping(running, auth=old) == 200
    states = [(key["api_key"], key["state"]) for key in place.say("key", "list")]
    assert states == [(old[0], "active"), (made["api_key"], "active")]
    assert place("key", "retire", old[0]).code == 0
    assert place("key", "revoke", old[0]).code == 0
    assert old[0] in place("key", "list").out
    last = place("key", "revoke", made["api_key"])
    assert (last.code, "the last active key" in last.err) == (1, True)


def test_a_token_opens_the_service_until_it_is_revoked(place, running):
    made = place.say("token", "create", "--note", "nightly job", "--days", "30")
    header = {"Authorization": f"Bearer {made['token']}"}
    assert ping(running, headers=header) == 200
    [listed] = place.say("token", "list")
    assert (listed["note"], listed["state"]) == ("nightly job", "active")
    assert made["token"] not in place("token", "list").out
    assert place("token", "revoke", made["id"]).code == 0
    assert [token["state"] for token in place.say("token", "list")] == ["revoked"]
    assert place("token", "revoke", made["id"]).code == 1


def test_no_secret_is_in_the_database_or_in_a_list(place, tmp_path):
    made = place.say("cloud", "create", "testing")
    token = place.say("token", "create")["token"]
    shown = place("key", "list").out + place("cloud", "list").out + place("token", "list").out
    stored = b"".join(file.read_bytes() for file in (tmp_path / "service").glob("service.sqlite3*"))
    for secret in (made["secret"], token):
        assert secret not in shown
        assert secret.encode() not in stored


def test_whoever_makes_a_key_is_shown_the_url_to_configure_a_site_with(place, monkeypatch):
    made = place.say("cloud", "create", "testing")
    account = f"cloudinary://{made['api_key']}:{made['secret']}@testing?upload_prefix="
    assert made["cloudinary_url"] == f"{account}https://SERVICE"
    for words in (("cloud", "create"), ("key", "create"), ("key", "rotate")):
        assert "https://SERVICE" in " ".join(place(*words, "--help").out.split())
    monkeypatch.setenv("MODSTATION_PUBLIC_URL", "https://img.example.com/")
    for words in (("key", "create"), ("key", "rotate")):
        key = place(*words).out
        address = re.search("^CLOUDINARY_URL=(.*)$", key, re.MULTILINE)[1]
        assert address.endswith("@testing?upload_prefix=https://img.example.com")
