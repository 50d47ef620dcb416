"""Switching accounts by key: a list, arrows and Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from modstation.app.accounts import AccountBook, Kept
from modstation.app.paths import home_at
from modstation.core.accounts import parse_cloudinary_url
from modstation.ui.account_chooser import AccountChooser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from helpers.window import Desk
    from modstation.core.accounts import Credentials


class Vault:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.secrets.get(name)

    def put(self, name: str, secret: str) -> Kept:
        self.secrets[name] = secret
        return Kept.IN_KEYRING

    def remove(self, name: str) -> None:
        self.secrets.pop(name, None)


class Chosen:
    """A chooser over some accounts, and what came out of it."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.vault = Vault()
        book = AccountBook(home_at(folder), self.vault)
        for name in names:
            book.add(parse_cloudinary_url(f"cloudinary://key:secret-{name}@{name}", name=name))
        self.got: list[Credentials] = []
        self.others = 0
        self.dialog = AccountChooser(book, "shop")
        self.dialog.chosen.connect(self.got.append)
        self.dialog.other_wanted.connect(self._other)

    def _other(self) -> None:
        self.others += 1

    @property
    def lines(self) -> list[str]:
        return [self.dialog.list.item(row).text() for row in range(self.dialog.list.count())]


@pytest.fixture
def choose(tmp_path: Path, qapp: object) -> Iterator[Callable[..., Chosen]]:
    made: list[Chosen] = []

    def make(*names: str) -> Chosen:
        made.append(Chosen(tmp_path, names))
        made[-1].dialog.show()
        return made[-1]

    yield make
    for chosen in made:
        if not chosen.got and not chosen.others:
            chosen.dialog.reject()


def test_enter_alone_goes_to_the_other_of_two_accounts(
    choose: Callable[..., Chosen], qtbot: QtBot
) -> None:
    chosen = choose("shop", "forum")
    assert chosen.lines == ["shop – shop · open now", "forum – forum", "Another account…"]
    with qtbot.waitSignal(chosen.dialog.chosen):
        QTest.keyClick(chosen.dialog.list, Qt.Key.Key_Return)
    assert [(c.account.name, c.secret) for c in chosen.got] == [("forum", "secret-forum")]


def test_arrows_choose(choose: Callable[..., Chosen], qtbot: QtBot) -> None:
    chosen = choose("shop", "forum", "wiki")
    with qtbot.waitSignal(chosen.dialog.chosen):
        QTest.keyClick(chosen.dialog.list, Qt.Key.Key_Down)
        QTest.keyClick(chosen.dialog.list, Qt.Key.Key_Return)
    assert [c.account.name for c in chosen.got] == ["wiki"]


def test_without_other_accounts_one_can_be_added(
    choose: Callable[..., Chosen], qtbot: QtBot
) -> None:
    chosen = choose("shop")
    with qtbot.waitSignal(chosen.dialog.other_wanted):
        QTest.keyClick(chosen.dialog.list, Qt.Key.Key_Return)
    assert chosen.got == []


def test_a_secret_that_is_gone_is_said_and_the_list_stays(
    choose: Callable[..., Chosen], qtbot: QtBot
) -> None:
    chosen = choose("shop", "forum")
    chosen.vault.secrets.clear()
    QTest.keyClick(chosen.dialog.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "not in the keyring" in chosen.dialog.said.text())
    assert chosen.dialog.open_button.isEnabled()


def test_the_key_asks_the_application_for_it(desk: Desk, qtbot: QtBot) -> None:
    with qtbot.waitSignal(desk.window.switch_wanted):
        desk.press("Ctrl+Shift+A")
