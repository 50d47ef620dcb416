"""The account dialog: an address is tested, kept and opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from modstation.app.accounts import AccountBook, Kept
from modstation.app.paths import home_at
from modstation.core.errors import NotAuthorized
from modstation.ui.account_dialog import AccountDialog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from modstation.core.accounts import Credentials

URL = "cloudinary://key:very-secret@cloud"


class Vault:
    """A keyring in memory, or none."""

    def __init__(self, kept: Kept = Kept.IN_KEYRING) -> None:
        self.kept, self.secrets = kept, {}

    def get(self, name: str) -> str | None:
        return self.secrets.get(name)

    def put(self, name: str, secret: str) -> Kept:
        self.secrets[name] = secret
        return self.kept

    def remove(self, name: str) -> None:
        self.secrets.pop(name, None)


class Asked:
    """What the dialog asked the service, and what came out of it."""

    def __init__(self) -> None:
        self.tested: list[Credentials] = []
        self.chosen: list[Credentials] = []
        self.error: Exception | None = None

    def check(self, credentials: Credentials) -> None:
        self.tested.append(credentials)
        if self.error is not None:
            raise self.error


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def book(tmp_path: Path) -> AccountBook:
    return AccountBook(home_at(tmp_path / "home"), Vault())


@pytest.fixture
def dialog(qtbot: QtBot, book: AccountBook, asked: Asked) -> Iterator[AccountDialog]:
    dialog = AccountDialog(book, check=asked.check)
    qtbot.addWidget(dialog)
    dialog.chosen.connect(asked.chosen.append)
    dialog.show()
    qtbot.waitUntil(lambda: "Looking" not in dialog.place.text())
    yield dialog
    dialog.reject()


def test_it_says_that_no_keyring_works_here(dialog: AccountDialog) -> None:
    assert "for this run only" in dialog.place.text()


def test_the_secret_is_not_on_the_screen_until_asked_for(dialog: AccountDialog) -> None:
    assert dialog.url.echoMode() is QLineEdit.EchoMode.Password
    dialog.visible.click()
    assert dialog.url.echoMode() is QLineEdit.EchoMode.Normal


def test_an_address_is_tested_without_being_kept(
    qtbot: QtBot, dialog: AccountDialog, asked: Asked, book: AccountBook
) -> None:
    dialog.url.setText(URL)
    dialog.test.click()
    qtbot.waitUntil(lambda: "accepts the key" in dialog.answer.text())
    assert [credentials.secret for credentials in asked.tested] == ["very-secret"]
    assert book.accounts() == []
    assert asked.chosen == []


def test_what_the_service_says_is_shown(qtbot: QtBot, dialog: AccountDialog, asked: Asked) -> None:
    asked.error = NotAuthorized("The service does not accept this key.")
    dialog.url.setText(URL)
    dialog.test.click()
    qtbot.waitUntil(lambda: "does not accept this key" in dialog.answer.text())
    assert dialog.save.isEnabled()


def test_a_wrong_address_is_explained_and_the_secret_not_repeated(
    dialog: AccountDialog,
) -> None:
    dialog.url.setText("https://key:very-secret@cloud")
    dialog.save.click()
    assert "cloudinary://" in dialog.answer.text()
    assert "very-secret" not in dialog.answer.text()


def test_an_account_is_kept_and_opened(
    qtbot: QtBot, dialog: AccountDialog, asked: Asked, book: AccountBook
) -> None:
    dialog.url.setText(URL)
    dialog.name.setText("work")
    dialog.save.click()
    qtbot.waitUntil(lambda: bool(asked.chosen))
    assert [account.name for account in book.accounts()] == ["work"]
    assert asked.chosen[0].secret == "very-secret"
    assert dialog.url.text() == ""
    assert not dialog.isVisible()


def test_a_known_account_is_opened_without_its_address(
    qtbot: QtBot, book: AccountBook, asked: Asked, dialog: AccountDialog
) -> None:
    dialog.url.setText(URL)
    dialog.save.click()
    qtbot.waitUntil(lambda: bool(asked.chosen))
    again = AccountDialog(book, check=asked.check)
    qtbot.addWidget(again)
    again.chosen.connect(asked.chosen.append)
    again.show()
    again.open_known.click()
    qtbot.waitUntil(lambda: len(asked.chosen) == 2)
    assert asked.chosen[1].account.name == "cloud"


def test_closing_the_dialog_forgets_what_is_still_asked(
    qtbot: QtBot, dialog: AccountDialog, asked: Asked
) -> None:
    dialog.url.setText(URL)
    dialog.test.click()
    dialog.reject()
    QTest.qWait(0)
    assert asked.chosen == []


# -- the outbox
