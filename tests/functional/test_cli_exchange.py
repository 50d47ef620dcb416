"""The command line against the real service, through its entry point."""

import json
from datetime import timedelta

import pytest

from helpers.live_service import Fault, LiveService
from modstation.app.network_lock import NetworkLock
from modstation.app.paths import home_at, make_private_folder
from modstation.app.unattended import draft_decision, find_asset, opened_store
from modstation.cli.main import run
from modstation.core.decisions import Verdict
from modstation.core.policy import Policy

NO_POLICY = Policy(version="none", title="", reasons=())


@pytest.fixture
def service(tmp_path):
    with LiveService(tmp_path) as running:
        yield running


@pytest.fixture
def modstation(service, own_home, monkeypatch, capsys):
    """``code, answer = modstation("pull")``: the answer is what --json printed."""
    monkeypatch.setenv("CLOUDINARY_URL", service.cloudinary_url)

    def command(*arguments):
        capsys.readouterr()
        code = run([*arguments, "--json"])
        captured = capsys.readouterr()
        assert service.secret not in captured.out + captured.err
        return code, json.loads(captured.out) if captured.out else captured.err

    yield command
    if own_home.exists():
        for path in own_home.rglob("*"):
            if path.is_file():
                assert service.secret.encode() not in path.read_bytes(), path


def folder_of(own_home):
    [folder] = (own_home / "accounts").iterdir()
    return home_at(own_home).account(folder.name)


def test_what_is_decided_is_posted_and_nothing_else(modstation, service):
    service.fill(3)

    assert modstation("pull")[1]["waiting"] == 3
    assert modstation("decide", "photo-0000", "approve")[0] == 0
    assert modstation("decide", "photo-0001", "reject", "--reason", "nudity")[0] == 0
    assert modstation("status")[0] == 3
    code, told = modstation("push")

    assert code == 0
    assert told["posted"] == 2
    assert service.statuses() == {
        "photo-0000": "approved",
        "photo-0001": "rejected",
        "photo-0002": "pending",
    }
    assert modstation("status")[0] == 0


def test_pushing_twice_posts_once(modstation, service):
    service.fill(1)
    modstation("pull")
    modstation("decide", "photo-0000", "approve")
    modstation("push")
    seen = len(service.faults.seen)

    code, told = modstation("push")

    assert (code, told["posted"]) == (0, 0)
    assert len(service.faults.seen) == seen


def test_an_odd_public_id_reaches_the_image_it_names(modstation, service):
    names = ["album/été 1", "a%2Fb", "50% off?#x", "..hidden"]
    for name in names:
        service.upload(public_id=name, moderation="manual")
    assert modstation("pull")[1]["waiting"] == len(names)

    for name in names:
        assert modstation("decide", name, "reject")[0] == 0
    assert modstation("push")[0] == 0

    assert set(service.statuses().values()) == {"rejected"}


def test_a_limit_ends_a_pull_early_and_the_next_goes_on(modstation, service):
    service.fill(5)

    assert modstation("pull", "--limit", "2")[1]["waiting"] == 2
    assert modstation("pull")[1]["waiting"] == 5


def test_an_unreachable_service_leaves_the_decision_unsent(modstation, service):
    service.fill(1)
    modstation("pull")
    modstation("decide", "photo-0000", "approve")
    service.stop()

    code, told = modstation("push")
    assert code == 3
    assert told["trouble"].startswith("Offline: ")
    assert modstation("pull")[0] == 1

    service.start()
    assert modstation("push")[0] == 0
    assert service.status_of("photo-0000") == "approved"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.DROP_BEFORE,
        Fault.DROP_AFTER,
        Fault.ERROR_BEFORE,
        Fault.ERROR_AFTER,
        Fault.HTML_AFTER,
        Fault.TRUNCATE,
        Fault.LIMIT_420,
    ],
)
def test_a_fault_on_the_way_is_sat_out_and_the_decision_posted_once(modstation, service, fault):
    service.fill(1)
    modstation("pull")
    modstation("decide", "photo-0000", "reject")
    service.faults.add(fault, method="POST", reset_in=1.0)

    code, told = modstation("push")

    assert (code, told["trouble"]) == (0, "")
    assert service.changes_of("photo-0000") == 1
    assert service.status_of("photo-0000") == "rejected"


def test_a_service_that_stays_in_trouble_is_not_waited_for_without_end(
    modstation, service, monkeypatch
):
    service.fill(1)
    modstation("pull")
    modstation("decide", "photo-0000", "reject")
    service.faults.add(Fault.ERROR_BEFORE, times=None)
    monkeypatch.setattr("modstation.app.one_exchange.PATIENCE", timedelta(seconds=1))

    code, told = modstation("push")

    assert code == 3
    assert told["trouble"]
    assert told["ready"] == 1


def test_someone_elses_verdict_is_a_conflict_and_stands(modstation, service):
    service.fill(1)
    modstation("pull")
    modstation("decide", "photo-0000", "reject")
    service.decide("photo-0000", "approved")

    code, told = modstation("push")

    assert (code, told["conflicted"]) == (3, 1)
    assert service.status_of("photo-0000") == "approved"
    code, status = modstation("status")
    assert code == 3
    assert status["stuck"][0]["theirs"] == "approved"


def test_beside_an_open_station_pull_fails_and_push_leaves_the_work_to_it(
    modstation, service, own_home
):
    service.fill(1)
    modstation("pull")
    modstation("decide", "photo-0000", "approve")
    lock = NetworkLock(folder_of(own_home).network_lock)
    assert lock.acquire()

    assert modstation("pull")[0] == 1
    code, told = modstation("push")
    lock.release()

    assert code == 3
    assert "station" in told["trouble"]
    assert service.status_of("photo-0000") == "pending"


def test_a_wrong_secret_is_said_in_words(modstation, service, monkeypatch):
    monkeypatch.setenv(
        "CLOUDINARY_URL", service.cloudinary_url.replace(service.secret, "wrong-secret-value")
    )

    code, said = modstation("pull")

    assert code == 1
    assert said.startswith("Key or secret not accepted: ")
    assert "wrong-secret-value" not in said


def test_the_account_test_asks_the_service(modstation, service, capsys):
    assert run(["account", "add", "here", service.cloudinary_url]) == 0
    assert run(["account", "test", "here"]) == 0
    service.stop()
    assert run(["account", "test", "here"]) == 1
    capsys.readouterr()


def test_doctor_finds_everything_in_order_but_for_a_missing_screen(modstation, service):
    service.fill(1)
    modstation("pull")

    code, findings = modstation("doctor")

    assert [row for row in findings if row["level"] == "problem"] == []
    assert code == 0
    checked = {row["check"] for row in findings}
    assert {"Qt", "keyring", "home", "database", "service", "decoders", "policy"} <= checked


def test_doctor_says_what_is_wrong(modstation, service, own_home):
    service.stop()
    make_private_folder(own_home)
    (own_home / "settings.toml").write_text("blurr = 1")

    code, findings = modstation("doctor")

    assert code == 1
    wrong = {row["check"] for row in findings if row["level"] == "problem"}
    assert wrong == {"settings", "service"}


def test_a_decision_still_held_for_undo_is_posted_by_a_push(modstation, service, own_home):
    service.fill(1)
    modstation("pull")
    with opened_store(folder_of(own_home)) as store:
        draft = draft_decision(
            find_asset(store, "photo-0000"), Verdict.APPROVE, actor="a", policy=NO_POLICY
        )
        store.decide(draft, hold=timedelta(seconds=300))
    assert modstation("status")[1]["held"] == 1

    assert modstation("push")[0] == 0
    assert service.status_of("photo-0000") == "approved"
