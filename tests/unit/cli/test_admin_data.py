"""Copying a service's data, checking it, and notifications that nobody took."""

import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing

import httpx
import pytest

from helpers.live_service import LiveService, picture
from helpers.receiver import Receiver


def database(tmp_path):
    connection = sqlite3.connect(tmp_path / "service/service.sqlite3", isolation_level=None)
    return closing(connection)


def blobs(tmp_path, public_id):
    with database(tmp_path) as connection:
        (name,) = connection.execute(
            "SELECT blob FROM assets WHERE public_id = ?", (public_id,)
        ).fetchone()
    return tmp_path / "service/blobs" / name


# -- backup


def test_a_service_starts_on_the_copy_of_its_data(place, running, tmp_path):
    running.upload(picture(1), public_id="waits", moderation="manual")
    running.upload(picture(2), public_id="gone", moderation="manual")
    running.decide("gone", "rejected")
    ran = place("backup", str(tmp_path / "copy"))
    assert (ran.code, "whoever has the folder can read every API secret" in ran.err) == (0, True)
    for name, mode in (("", 0o700), ("service.key", 0o600), ("service.sqlite3", 0o600)):
        assert stat.S_IMODE((tmp_path / "copy" / name).stat().st_mode) == mode
    (tmp_path / "other").mkdir()
    (tmp_path / "copy").rename(tmp_path / "other/service")
    with LiveService(tmp_path / "other") as live:
        assert (live.key, live.secret) == (running.key, running.secret)
        assert live.statuses() == {"waits": "pending", "gone": "rejected"}
        delivered = httpx.get(f"{live.url}/testing/image/upload/waits", trust_env=False)
        assert delivered.content == picture(1)
        live.decide("gone", "approved")
        back = httpx.get(f"{live.url}/testing/image/upload/gone", trust_env=False)
        assert back.content == picture(2)


def test_a_copy_is_whole_while_uploads_and_decisions_go_on(place, running, shell, tmp_path):
    stop = threading.Event()

    def busy():
        number = 0
        while not stop.is_set():
            name = f"photo-{number % 7}"
            running.upload(picture(number % 11), public_id=name, moderation="manual")
            running.decide(name, "rejected" if number % 2 else "approved")
            number += 1

    worker = threading.Thread(target=busy)
    worker.start()
    try:
        for _ in range(3):
            assert place.say("backup", str(tmp_path / "copy"))["missing"] == []
    finally:
        stop.set()
        worker.join()
    checked = shell("admin", "check", "--data", str(tmp_path / "copy"))
    assert (checked.code, "0 problems" in checked.out) == (0, True), checked.out


def test_a_second_copy_takes_only_what_is_new(place, running, tmp_path):
    running.fill(3)
    assert place.say("backup", str(tmp_path / "copy"))["copied"] == 3
    running.upload(picture(9), public_id="new")
    assert place.say("backup", str(tmp_path / "copy"))["copied"] == 1


def test_what_could_not_be_copied_is_named(place, running, tmp_path):
    running.upload(public_id="pic")
    blobs(tmp_path, "pic").unlink()
    assert len(place.say("backup", str(tmp_path / "copy"), code=1)["missing"]) == 1


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--storage", "memory://", "a storage of its own"),
        ("--database", "sqlite:///{}/service/service.sqlite3", "pg_dump"),
    ],
)
def test_what_no_folder_holds_has_better_ways(place, tmp_path, option, value, said):
    place("cloud", "create", "testing")
    ran = place("backup", str(tmp_path / "copy"), option, value.format(tmp_path))
    assert (ran.code, said in ran.err) == (1, True)
    assert not (tmp_path / "copy").exists()


# -- check


def test_a_service_that_is_whole_is_said_to_be(place, running):
    running.fill(4)
    running.upload(public_id="open", tags="a,b", context="k=v", backup="1")
    running.upload(picture(5), public_id="open", backup="1")
    running.decide("photo-0001", "rejected")
    running.request("DELETE", "/resources/image/upload", params={"public_ids": "photo-0001"})
    ran = place("check")
    assert (ran.code, ran.out) == (0, "6 assets and backups checked, 0 problems found.\n")


@pytest.mark.parametrize(
    ("damage", "where", "says"),
    [
        ("DELETE FROM moderation_entries", "assets", "its queue rows say nothing, its moder"),
        ("UPDATE moderation_entries SET status = 'approved'", "assets", "manual approved, its"),
        ("UPDATE assets SET moderation_status = 'approved'", "assets", "its status is approved"),
        ("UPDATE assets SET bytes = bytes + 1", "assets", "its file has"),
        ("UPDATE assets SET etag = 'x'", "assets", "its file is not the one that was uploaded"),
        (
            "UPDATE moderation_entries SET asset_seq = 99",
            "moderation_entries",
            "there is no such asset",
        ),
        ("UPDATE asset_tags SET asset_seq = 99", "asset_tags", "there is no such asset"),
        ("UPDATE api_keys SET cloud = 'x'", "api_keys", "there is no such cloud"),
    ],
)
def test_what_is_not_whole_is_named(place, running, tmp_path, damage, where, says):
    running.upload(public_id="pic", moderation="manual", tags="sea")
    with database(tmp_path) as connection:
        connection.execute(damage)
    findings = place.say("check", code=1)["findings"]
    assert [finding["where"] for finding in findings if says in finding["says"]] == [where]


def test_a_lost_or_changed_file_is_named(place, running, tmp_path):
    running.upload(public_id="lost")
    running.upload(picture(3), public_id="changed")
    blobs(tmp_path, "lost").unlink()
    file = blobs(tmp_path, "changed")
    file.write_bytes(bytes(len(file.read_bytes())))
    ran = place("check")
    assert ran.code == 1
    assert "assets  testing/image/upload/lost: its file is not there\n" in ran.out
    assert "testing/image/upload/changed: its file is not the one that was uploaded\n" in ran.out
    quick = place("check", "--quick")
    assert ("lost" in quick.out, "changed" in quick.out) == (True, False)


def test_a_long_check_shows_how_far_it_is(running, tmp_path):
    running.fill(2)
    script = (
        "import sys; sys.stderr.isatty = lambda: True\nfrom modstation.cli.main import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, "admin", "check", "--data", str(tmp_path / "service")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, "Checking" in ran.stderr) == (0, True)


# -- notifications


@pytest.fixture
def refused(tmp_path):
    """A service whose receiver took nothing; its letters were given up."""
    with (
        Receiver([500] * 2) as receiver,
        LiveService(tmp_path, notification_delays=(), allow_networks=("127.0.0.1",)) as live,
    ):
        for name in ("one", "two"):
            live.upload(public_id=name, moderation="manual", notification_url=receiver.url)
            receiver.wait_for(1 if name == "one" else 2)
        yield live, receiver


def until_given_up(live, count):
    over = threading.Event()
    for _ in range(200):
        if live.notification_states().get("given_up") == count:
            return
        over.wait(0.05)
    raise AssertionError(live.notification_states())


def test_notifications_that_nobody_took_are_listed_and_sent_again(place, refused):
    live, receiver = refused
    until_given_up(live, 2)
    listed = place.say("notifications", "dead")
    assert [(letter["event"], letter["last_status"]) for letter in listed] == [("upload", 500)] * 2
    assert receiver.url in place("notifications", "dead").out
    oldest = listed[-1]["id"]
    assert place.say("notifications", "replay", str(oldest)) == {"replayed": 1}
    receiver.wait_for(3)
    assert receiver.received[-1].document["public_id"] == "one"
    assert place.say("notifications", "replay", "--all") == {"replayed": 1}
    receiver.wait_for(4)
    assert receiver.received[-1].document["public_id"] == "two"
    assert place.say("notifications", "replay", "--url", "https://other.example/") == {
        "replayed": 0
    }


@pytest.mark.parametrize("arguments", [(), ("1", "--all")])
def test_what_is_to_be_sent_again_is_named_one_way(place, arguments):
    place("cloud", "create", "testing")
    ran = place("notifications", "replay", *arguments)
    assert (ran.code, "Name notifications by ID" in ran.err) == (2, True)
