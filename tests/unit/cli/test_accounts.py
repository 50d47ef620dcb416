import io
import json
import sys

import pytest

SECRET = "s3cr3t-that-must-not-show"
URL = f"cloudinary://key1:{SECRET}@gallery"


def everything_written(home):
    return "".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in home.config.rglob("*")
        if path.is_file()
    )


def test_an_account_is_listed_without_its_secret(shell):
    shell("account", "add", "work", URL)

    assert "gallery" in shell("account", "list").out
    [told] = json.loads(shell("account", "list", "--json").out)
    assert told == {
        "name": "work",
        "cloud": "gallery",
        "api_key": "key1",
        "api_base": "https://api.cloudinary.com",
        "default": False,
    }


def test_of_several_accounts_one_is_the_default_and_the_list_says_which(shell):
    shell("account", "add", "work", URL)
    shell("account", "add", "other", URL.replace("gallery", "other"))
    assert "Name one" in shell("status").err

    assert shell("account", "default", "other").code == 0

    assert shell("status").code == 0
    assert [one["default"] for one in json.loads(shell("account", "list", "--json").out)] == [
        name == "other" for name in ("work", "other")
    ]
    assert "default" in shell("account", "list").out
    assert shell("account", "default", "unknown").code == 1


def test_the_address_may_come_from_standard_input(shell, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{URL}\n"))

    ran = shell("account", "add", "work")

    assert ran.code == 0
    assert "keyring" in ran.out


def test_without_a_keyring_the_person_is_told_and_no_file_holds_the_secret(shell, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")

    ran = shell("account", "add", "work", URL)

    assert ran.code == 0
    assert "CLOUDINARY_URL" in ran.err
    assert SECRET not in everything_written(shell.home)
    assert shell("account", "test", "work").code == 1


@pytest.mark.parametrize("url", ["", "nonsense", f"https://key:{SECRET}@gallery"])
def test_a_wrong_address_is_refused_without_repeating_it(shell, url, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))

    ran = shell("account", "add", "work", url)

    assert ran.code == 1
    assert shell("account", "list", "--json").out.strip() == "[]"


def test_an_unreachable_service_is_said_in_words(shell):
    shell("account", "add", "work", f"{URL}?upload_prefix=http://127.0.0.1:9")

    ran = shell("account", "test", "work")

    assert ran.code == 1
    assert ran.err.startswith("Offline: ")
    assert SECRET not in everything_written(shell.home)


def test_a_removed_account_is_gone_and_its_folder_is_named(desk):
    ran = desk("account", "remove", "work")

    assert str(desk.home.account("work").path) in ran.out
    assert desk("status").code == 1
    assert desk.home.account("work").station_db.exists()
