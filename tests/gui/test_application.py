"""The application around the window: opening, closing, another account, and a fault."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from helpers.keyrings import WorkingKeyring
from modstation.app.accounts import AccountBook
from modstation.app.bootstrap import StationSpec, open_station
from modstation.app.diagnostics import start_log, stop_log
from modstation.app.paths import home_at
from modstation.app.settings import Settings
from modstation.app.settings_file import save_settings
from modstation.app.station import SCREEN_EDGE
from modstation.cli.main import run as run_command
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.errors import SeveralAccounts
from modstation.core.queue import QueueView
from modstation.store.station_store import StationStore
from modstation.ui.account_chooser import AccountChooser
from modstation.ui.account_dialog import AccountDialog
from modstation.ui.application import CRASHED, Application
from modstation.ui.window import StationWindow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modstation.app.paths import Home
    from modstation.app.station import Station
    from modstation.ui.theme import ThemeName

# Nobody listens there, and the station is offline by choice.
FIRST = parse_cloudinary_url("cloudinary://k:s@first?upload_prefix=http://127.0.0.1:9")
SECOND = parse_cloudinary_url("cloudinary://k:s@second?upload_prefix=http://127.0.0.1:9")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = home_at(tmp_path / "home")
    # Not the first start: the tour would take the keys.
    save_settings(home, Settings(tour_seen=True))
    return home


def station_of(home: Home) -> Station:
    return open_station(StationSpec(home, FIRST, offline=True))


def run(home: Home, station: Station, act: Callable[[StationWindow], bool]) -> int:
    """Run the application; ``act`` is asked again and again until it has done its part."""
    timer = QTimer()

    def ask() -> None:
        for window in QApplication.topLevelWidgets():
            if isinstance(window, StationWindow) and window.isVisible() and act(window):
                timer.stop()

    timer.timeout.connect(ask)
    timer.start(5)
    try:
        return Application(home, view=QueueView(), offline=True).run(station)
    finally:
        timer.stop()


def test_closing_the_window_ends_everything(home: Home, qapp: QApplication) -> None:
    def close(window: StationWindow) -> bool:
        return window.session.loaded and window.close()

    hook = sys.excepthook
    assert run(home, station_of(home), close) == 0
    assert sys.excepthook is hook


def test_ctrl_q_quits(home: Home, qapp: QApplication) -> None:
    from modstation.ui.key_press import key_event, send_key

    def press(window: StationWindow) -> bool:
        send_key(window, key_event("Ctrl+Q"))
        return True

    assert run(home, station_of(home), press) == 0


def test_the_tour_is_due_at_the_first_start_only(home: Home, qapp: QApplication) -> None:
    due: list[bool] = []

    def look(window: StationWindow) -> bool:
        due.append(window.commands.setting_up.tour_due)
        return window.close()

    for seen in (False, True):
        save_settings(home, Settings(tour_seen=seen))
        assert run(home, station_of(home), look) == 0
    assert due == [True, False]


@pytest.mark.parametrize(("theme", "after"), [("system", "dark"), ("contrast-light", "light")])
def test_the_colours_follow_the_desktop_where_they_are_to(
    home: Home, qapp: QApplication, theme: ThemeName, after: str
) -> None:
    shown: list[str] = []

    def change(window: StationWindow) -> bool:
        # As if they had been chosen on a desktop that was light.
        window.apply_theme("light")
        hints = qapp.styleHints()
        hints.colorSchemeChanged.emit(hints.colorScheme())
        shown.append(window.theme.name)
        return window.close()

    save_settings(home, Settings(tour_seen=True, theme=theme))
    assert run(home, station_of(home), change) == 0
    assert shown == [after]


def test_the_size_of_the_screen_is_remembered_for_the_next_start(
    home: Home, qapp: QApplication
) -> None:
    run(home, station_of(home), lambda window: window.session.loaded and window.close())
    path = home.account(FIRST.account.name).station_db
    store = StationStore.open(path, clock=SystemClock(), ids=TimeOrderedIds())
    size = qapp.primaryScreen().size()
    assert store.get_state(SCREEN_EDGE) == str(max(size.width(), size.height()))
    store.close()


def test_another_account_opens_in_its_own_folder(home: Home, qapp: QApplication) -> None:
    seen: list[str] = []

    def act(window: StationWindow) -> bool:
        name = window.station.account.name
        if name not in seen:
            seen.append(name)
            if name == "first":
                application._change_to(SECOND)
                return False
            window.close()
            return True
        return False

    timer = QTimer()

    def ask() -> None:
        for window in QApplication.topLevelWidgets():
            if isinstance(window, StationWindow) and window.isVisible():
                act(window)

    timer.timeout.connect(ask)
    timer.start(5)
    application = Application(home, view=QueueView(), offline=True)
    assert application.run(station_of(home)) == 0
    timer.stop()
    assert seen == ["first", "second"]
    for name in seen:
        assert home.account(name).station_db.exists()


def test_with_several_accounts_and_none_named_the_window_asks_which(
    home: Home, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkingKeyring, "kept", {})
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "helpers.keyrings.WorkingKeyring")
    book = AccountBook(home)
    for credentials in (FIRST, SECOND):
        book.add(credentials)
    seen: list[str] = []

    def ask() -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, StationWindow) and widget.isVisible():
                seen.append(widget.station.account.name)
                widget.close()
            elif isinstance(widget, AccountChooser) and widget.open_button.isEnabled():
                assert widget.windowTitle() == "Choose an account"
                QTest.keyClick(widget.list, Qt.Key.Key_Down)
                QTest.keyClick(widget.list, Qt.Key.Key_Return)

    timer = QTimer()
    timer.timeout.connect(ask)
    timer.start(5)
    assert (
        Application(home, view=QueueView(), offline=True).run(
            None, unclear=SeveralAccounts("which?")
        )
        == 0
    )
    timer.stop()
    assert seen == ["second"]


def test_a_secret_that_the_keyring_forgot_is_said_in_the_window(
    home: Home, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in the tests of every day: the keyring keeps nothing.
    for credentials in (FIRST, SECOND):
        AccountBook(home).add(credentials)
    AccountBook(home).set_default("second")
    said: list[str] = []

    def ask() -> None:
        for widget in QApplication.topLevelWidgets():
            if not isinstance(widget, AccountChooser) or not widget.isVisible():
                continue
            said.append(f"{widget.list.key()}: {widget.said.text()}")
            QTest.keyClick(widget, Qt.Key.Key_Escape)

    timer = QTimer()
    timer.timeout.connect(ask)
    timer.start(5)
    assert run_command(["--home", str(home.config), "review", "--offline"]) == 0
    timer.stop()
    assert len(said) == 1
    assert said[0].startswith("second: The secret of “second” is not in the keyring")


def test_cancelling_another_account_goes_back_to_the_list(
    home: Home, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "helpers.keyrings.WorkingKeyring")
    monkeypatch.setattr(WorkingKeyring, "kept", {})
    for credentials in (FIRST, SECOND):
        AccountBook(home).add(credentials)
    shown: list[str] = []

    def ask() -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, AccountDialog) and widget.isVisible():
                shown.append("another")
                widget.reject()
            elif isinstance(widget, AccountChooser) and widget.isVisible():
                shown.append("list")
                if "another" in shown:
                    widget.reject()
                else:
                    QTest.keyClick(widget.list, Qt.Key.Key_End)
                    QTest.keyClick(widget.list, Qt.Key.Key_Return)

    timer = QTimer()
    timer.timeout.connect(ask)
    timer.start(5)
    assert run_command(["--home", str(home.config), "review", "--offline"]) == 0
    timer.stop()
    assert shown == ["list", "another", "list"]


def test_a_fault_is_reported_and_ends_the_program(
    home: Home,
    qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "critical", lambda *args: told.append(args[2]))

    def fault() -> None:
        raise ZeroDivisionError("a fault of ours")

    def act(window: StationWindow) -> bool:
        window.station.mailbox.post(fault)
        return True

    assert run(home, station_of(home), act) == CRASHED
    assert len(told) == 1
    reports = list(home.log.glob("crash-*.txt"))
    assert len(reports) == 1
    assert "a fault of ours" in reports[0].read_text(encoding="utf-8")
    assert str(reports[0]) in told[0]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_no_secret_of_an_account_shows_in_a_fault_or_in_the_log(
    home: Home,
    qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(QMessageBox, "critical", lambda *_args: None)
    first = parse_cloudinary_url("cloudinary://k:hush-first@first?upload_prefix=http://127.0.0.1:9")
    chosen = replace(SECOND, secret="hush-chosen")
    handler = start_log(home.log, "station", secrets=[first.secret])
    application = Application(home, view=QueueView(), offline=True)
    application.keep_secret(first.secret)

    def fault() -> None:
        logging.getLogger("test").info("refused hush-first and hush-chosen")
        raise ZeroDivisionError("neither hush-first nor hush-chosen")

    def act() -> None:
        for window in QApplication.topLevelWidgets():
            if isinstance(window, StationWindow) and window.isVisible():
                if window.station.account.name == "first":
                    application._change_to(chosen)
                else:
                    timer.stop()
                    window.station.mailbox.post(fault)

    timer = QTimer()
    timer.timeout.connect(act)
    timer.start(5)
    try:
        assert application.run(station_of(home)) == CRASHED
    finally:
        timer.stop()
        stop_log(handler)
    (report,) = home.log.glob("crash-*.txt")
    texts = [
        report.read_text(encoding="utf-8"),
        (home.log / "station.log").read_text(encoding="utf-8"),
        capsys.readouterr().err,
    ]
    for text in texts:
        assert "neither" in text or "refused" in text
        assert "hush" not in text


def test_a_fault_in_the_store_thread_reaches_the_crash_report(
    home: Home, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QMessageBox, "critical", lambda *_args: None)
    monkeypatch.setattr(sys, "__excepthook__", lambda *_args: None)

    def broken(_store: StationStore, *_args: object) -> None:
        raise KeyError("a fault in the database layer")

    def act(window: StationWindow) -> bool:
        monkeypatch.setattr(StationStore, "counts", broken)
        window.session.reload()
        return True

    assert run(home, station_of(home), act) == CRASHED
    (report,) = home.log.glob("crash-*.txt")
    assert "a fault in the database layer" in report.read_text(encoding="utf-8")
