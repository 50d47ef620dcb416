import os
import stat

import pytest

from helpers.keyrings import WorkingKeyring
from modstation.app.accounts import AccountBook, Kept, KeyringVault, environment_name
from modstation.app.network_lock import NetworkLock
from modstation.app.paths import home_at
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.errors import SettingsError

SECRET = "s3cr3t-that-must-not-show"
URL = f"cloudinary://key1:{SECRET}@gallery"
LOCAL = f"cloudinary://key1:{SECRET}@gallery?upload_prefix=http://127.0.0.1:8787"


class MemoryVault:
    def __init__(self):
        self.secrets = {}

    def get(self, name):
        return self.secrets.get(name)

    def put(self, name, secret):
        self.secrets[name] = secret
        return Kept.IN_KEYRING

    def remove(self, name):
        self.secrets.pop(name, None)


@pytest.fixture
def home(tmp_path):
    return home_at(tmp_path)


@pytest.fixture
def book(home):
    return AccountBook(home, MemoryVault())


@pytest.fixture
def keyring_backend(monkeypatch):
    monkeypatch.setattr(WorkingKeyring, "kept", {})

    def choose(name):
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)

    return choose


def named(url, name):
    return parse_cloudinary_url(url, name=name)


def test_an_account_comes_back_with_its_secret(book):
    book.add(named(LOCAL, "a.b"))

    found = book.resolve("a.b", {})

    assert found == named(LOCAL, "a.b")


def test_the_file_holds_no_secret_and_is_closed_to_others(book, home):
    book.add(named(URL, "work"))

    assert SECRET not in home.accounts_file.read_text()
    if os.name == "posix":
        assert stat.S_IMODE(home.accounts_file.stat().st_mode) == 0o600


def test_no_account_at_all_is_an_answer_not_an_error(book):
    assert book.resolve(None, {}) is None


def test_the_only_account_needs_no_name(book):
    book.add(named(URL, "work"))

    assert book.resolve(None, {}).account.name == "work"


def test_of_several_accounts_one_must_be_named(book):
    book.add(named(URL, "work"))
    book.add(named(LOCAL, "local"))

    with pytest.raises(SettingsError, match=r"work, local.*--account"):
        book.resolve(None, {})


def test_an_unknown_account_is_answered_with_the_known_ones(book):
    book.add(named(URL, "work"))

    with pytest.raises(SettingsError, match=r"“play”.*work"):
        book.resolve("play", {})


def test_the_name_that_was_asked_for_wins_over_the_variable(book):
    book.add(named(URL, "work"))

    assert book.resolve("work", {"CLOUDINARY_URL": LOCAL}).account.name == "work"


def test_the_variable_wins_over_the_only_account(book):
    book.add(named(URL, "work"))

    assert book.resolve(None, {"CLOUDINARY_URL": LOCAL}).account.api_base.endswith(":8787")


def test_the_variable_finds_the_folder_of_an_account_already_known(book):
    book.add(named(URL, "work"))

    assert book.resolve(None, {"CLOUDINARY_URL": URL}).account.name == "work"


@pytest.mark.parametrize(
    "other",
    [
        LOCAL,
        LOCAL.replace("8787", "8788"),
        LOCAL.replace("127.0.0.1", "localhost"),
        URL.replace("@gallery", "@gallery2"),
        URL.replace("@gallery", "@gallery-127.0.0.1-8787"),
        LOCAL.replace("http://127.0.0.1:8787", "https://moderation.example/" + "x" * 90),
    ],
)
def test_two_services_never_share_a_folder(book, other):
    first = book.resolve(None, {"CLOUDINARY_URL": URL}).account.name
    second = book.resolve(None, {"CLOUDINARY_URL": other}).account.name

    assert first == "gallery"
    assert second != first


def test_a_clouds_name_is_not_taken_from_an_account_of_another_service(book):
    book.add(named(LOCAL, "gallery"))

    assert book.resolve(None, {"CLOUDINARY_URL": URL}).account.name not in {"gallery", ""}


@pytest.mark.parametrize("cloud", ["a%2Fb", "..", "%20", "Ünï"])
def test_any_cloud_gives_a_name_that_can_be_a_folder(cloud, home):
    url = f"cloudinary://k:s3cr@{cloud}"

    home.account(environment_name(named(url, "x").account))


def test_a_name_is_not_handed_to_another_cloud(book):
    book.add(named(URL, "work"))

    with pytest.raises(SettingsError, match="already the name"):
        book.add(named(LOCAL, "work"))


def test_a_new_key_for_the_same_cloud_replaces_the_old_one(book):
    book.add(named(URL, "work"))
    book.add(named(URL.replace("key1", "key2"), "work"))

    assert book.account("work").api_key == "key2"


def test_removing_forgets_account_and_secret(book):
    book.add(named(URL, "work"))
    book.remove("work")

    assert book.accounts() == []
    assert book.resolve(None, {}) is None


@pytest.mark.parametrize(
    "text", ["not toml", "[accounts.x]\ncloud = 1", "[accounts.x]\ncloud = 'a'\nsecret = 'b'"]
)
def test_a_wrong_accounts_file_is_a_known_error_that_names_it(book, home, text):
    home.create()
    home.accounts_file.write_text(text)

    with pytest.raises(SettingsError, match=r"accounts\.toml"):
        book.accounts()


def test_an_edited_file_cannot_send_the_secret_over_plain_http(book, home):
    book.add(named(URL, "work"))
    text = home.accounts_file.read_text()
    home.accounts_file.write_text(text.replace("https://api.cloudinary.com", "http://far.example"))

    with pytest.raises(SettingsError, match="plain http"):
        book.resolve("work", {})


def test_a_working_keyring_keeps_the_secret_for_the_next_run(home, keyring_backend):
    keyring_backend("helpers.keyrings.WorkingKeyring")

    assert AccountBook(home).add(named(URL, "work")) is Kept.IN_KEYRING
    assert AccountBook(home).resolve("work", {}).secret == SECRET
    AccountBook(home).remove("work")
    assert WorkingKeyring.kept == {}


@pytest.mark.parametrize(
    "backend",
    [
        "keyring.backends.fail.Keyring",
        "keyring.backends.null.Keyring",
        "helpers.keyrings.ForgetfulKeyring",
        "helpers.keyrings.LockedKeyring",
        "no.such.module.Keyring",
    ],
)
def test_without_a_keyring_that_works_the_secret_lives_for_this_run_only(
    home, keyring_backend, backend
):
    keyring_backend(backend)
    book = AccountBook(home)

    assert book.add(named(URL, "work")) is Kept.THIS_RUN_ONLY
    assert book.resolve("work", {}).secret == SECRET
    with pytest.raises(SettingsError, match="keyring"):
        AccountBook(home).resolve("work", {})


def test_a_keyring_that_is_a_plain_file_gets_no_secret(monkeypatch, keyring_backend):
    keyring_backend("helpers.keyrings.WorkingKeyring")
    monkeypatch.setattr(WorkingKeyring, "__module__", "keyrings.alt.file")

    assert KeyringVault().put("work", SECRET) is Kept.THIS_RUN_ONLY
    assert WorkingKeyring.kept == {}


def test_without_a_keyring_the_variable_lends_its_secret_to_the_named_account(
    home, keyring_backend
):
    keyring_backend("keyring.backends.fail.Keyring")
    AccountBook(home).add(named(URL, "work"))

    found = AccountBook(home).resolve("work", {"CLOUDINARY_URL": URL})

    assert found == named(URL, "work")
    with pytest.raises(SettingsError, match="keyring"):
        AccountBook(home).resolve("work", {"CLOUDINARY_URL": LOCAL})


def test_no_error_repeats_the_secret(book, home):
    for url in (f"http://k:{SECRET}@cloud", f"cloudinary://{SECRET}@c", f"cloudinary://k:{SECRET}"):
        with pytest.raises(SettingsError) as caught:
            book.resolve(None, {"CLOUDINARY_URL": url})
        assert SECRET not in str(caught.value)


def test_the_default_account_is_taken_when_none_is_named(book):
    book.add(named(URL, "work"))
    book.add(named(LOCAL, "local"))
    book.set_default("local")

    assert book.resolve(None, {}).account.name == "local"


def test_what_was_decided_under_the_variable_comes_along_when_the_account_gets_a_name(
    home,
):
    given = named(LOCAL, "x")
    before = home.account(environment_name(given.account))
    before.path.mkdir(parents=True)
    before.station_db.write_bytes(b"decisions")
    AccountBook(home, MemoryVault()).add(named(LOCAL, "desk"))
    assert home.account("desk").station_db.read_bytes() == b"decisions"
    assert not before.path.exists()


def test_two_folders_of_decisions_are_never_merged_or_left_behind(home):
    before = home.account(environment_name(named(LOCAL, "x").account))
    before.path.mkdir(parents=True)
    home.account("desk").path.mkdir(parents=True)
    book = AccountBook(home, MemoryVault())
    with pytest.raises(SettingsError, match="Choose another name"):
        book.add(named(LOCAL, "desk"))
    assert book.accounts() == []
    book.add(named(LOCAL, "other"))
    assert home.account("other").path.exists()


def test_a_folder_is_not_moved_under_a_station_at_work(home):
    before = home.account(environment_name(named(LOCAL, "x").account))
    before.path.mkdir(parents=True)
    lock = NetworkLock(before.network_lock)
    assert lock.acquire()
    try:
        with pytest.raises(SettingsError, match="station is at work"):
            AccountBook(home, MemoryVault()).add(named(LOCAL, "desk"))
    finally:
        lock.release()
    assert before.path.exists()
