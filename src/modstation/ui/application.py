"""The Qt application around the window: look, crash handler, and changing the account."""

from __future__ import annotations

import signal
import sys
import traceback
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QLibraryInfo, QLocale, QPoint, Qt, QTranslator
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QMessageBox

from modstation.app.accounts import AccountBook
from modstation.app.bootstrap import StationSpec, open_station
from modstation.app.diagnostics import keep_secret, redact, write_crash_report
from modstation.app.languages import load_language
from modstation.app.settings_file import load_settings
from modstation.core.errors import ModstationError
from modstation.core.language import in_use, translate, use
from modstation.ui.bridge import EventBridge
from modstation.ui.icons import draw_icon
from modstation.ui.motion import is_still
from modstation.ui.theme import Theme
from modstation.ui.window import StationWindow

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from PySide6.QtGui import QScreen

    from modstation.app.paths import Home
    from modstation.app.station import Station
    from modstation.core.accounts import Credentials
    from modstation.core.errors import AccountUnclear
    from modstation.core.queue import QueueView

CRASHED = 1
_SWITCH_SECONDS = 0.0005


class Application:
    """One run of the program with a window; stations may follow one another in it."""

    def __init__(self, home: Home, *, view: QueueView, offline: bool) -> None:
        self._home = home
        self._view = view
        self._offline = offline
        self._book = AccountBook(home)
        self._next: Credentials | None = None
        self._window: StationWindow | None = None
        self._exit_code = 0
        self._secrets: set[str] = set()
        self._qt = make_application()
        # A loop of its own for every window: after QApplication.quit() no dialog could be shown.
        self._qt.setQuitOnLastWindowClosed(False)
        self._loop = QEventLoop()
        settings = load_settings(home)[0]
        use(load_language(settings.language))
        self._own_words = QTranslator()
        self._speak()
        self._theme = Theme(settings.theme, settings.text_scale, still=is_still(settings))
        self._theme.apply(self._qt)
        self._qt.setWindowIcon(QIcon(_mark(self._theme)))
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._follow_desktop)
        hints.accessibility().contrastPreferenceChanged.connect(self._follow_desktop)

    def _speak(self) -> None:
        """Let Qt's own dialogs and menus use the language of the window."""
        code = in_use().code
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        QLocale.setDefault(QLocale(code))
        words = self._own_words
        if code != "en" and QTranslator.load(words, f"qtbase_{code}", folder):
            self._qt.installTranslator(words)

    def keep_secret(self, secret: str) -> None:
        """Let no log and no crash report of this run show it."""
        self._secrets.add(secret)
        keep_secret(secret)

    def run(self, station: Station | None, *, unclear: AccountUnclear | None = None) -> int:
        """Show the window until it is closed for good, and return the exit code.

        Without a station an account is asked for; ``unclear`` says why none was taken.
        """
        previous = sys.excepthook
        sys.excepthook = self._crashed
        interrupted = signal.signal(signal.SIGINT, self._interrupted)
        try:
            if station is None:
                station = self._ask_for_station(unclear)
            while station is not None:
                self._show(station)
                station = self._following_station()
        finally:
            sys.excepthook = previous
            signal.signal(signal.SIGINT, interrupted)
        return self._exit_code

    def _show(self, station: Station) -> None:
        window = StationWindow(station, self._theme)
        window.account_wanted.connect(self._choose_account)
        window.switch_wanted.connect(self._switch_account)
        window.commands.setting_up.tour_due = not station.settings.tour_seen
        window.closed.connect(self._loop.quit)
        window.stayed.connect(self._stay)
        bridge = EventBridge(station.mailbox)
        self._window = window
        try:
            place_on_screen(window)
            window.show()
            station.start()
            station.note_screen(_longer_side(window.screen()))
            # A fault while the window was made has closed it already.
            if self._exit_code != CRASHED:
                self._loop.exec()
        finally:
            bridge.close()
            # What was decided is on the disk before this returns.
            station.close()
            self._window = None
            window.deleteLater()

    def _follow_desktop(self) -> None:
        """The desktop went dark or light, or asks for another contrast."""
        window = self._window
        if window is not None and window.station.settings.theme == "system":
            window.apply_theme("system")

    # -- accounts

    def _choose_account(self) -> None:
        from modstation.ui.account_dialog import AccountDialog

        window = self._window
        assert window is not None
        dialog = AccountDialog(self._book, parent=window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._change_to)
        dialog.open()

    def _switch_account(self) -> None:
        from modstation.ui.account_chooser import AccountChooser

        window = self._window
        assert window is not None
        window.peek(on=False)
        chooser = AccountChooser(self._book, window.station.account.name, window)
        chooser.chosen.connect(self._change_to)
        chooser.other_wanted.connect(self._choose_account)
        chooser.open()

    def _change_to(self, credentials: Credentials) -> None:
        self.keep_secret(credentials.secret)
        self._next = credentials
        if self._window is not None:
            self._window.leave()

    def _stay(self) -> None:
        self._next = None

    def _ask_for_station(self, unclear: AccountUnclear | None) -> Station | None:
        """The station of an account that is chosen now, or given if there is none yet."""
        while True:
            if unclear is None:
                self._ask_for_account()
            elif self._ask_which_account(unclear) and self._next is None:
                # The dialog for another account was cancelled, not the choice.
                continue
            if self._next is None:
                return None
            station = self._following_station()
            if station is not None:
                return station

    def _ask_which_account(self, unclear: AccountUnclear) -> bool:
        """Let one of several be chosen; whether another one was wanted."""
        from modstation.ui.account_chooser import AccountChooser

        others: list[bool] = []
        chooser = AccountChooser(self._book, unclear=unclear)
        chooser.chosen.connect(self._change_to)
        chooser.other_wanted.connect(lambda: others.append(True))
        chooser.exec()
        if others:
            self._ask_for_account()
        return bool(others)

    def _ask_for_account(self) -> None:
        from modstation.ui.account_dialog import AccountDialog

        dialog = AccountDialog(self._book)
        dialog.chosen.connect(self._change_to)
        dialog.exec()

    def _following_station(self) -> Station | None:
        credentials, self._next = self._next, None
        if credentials is None:
            return None
        spec = StationSpec(self._home, credentials, view=self._view, offline=self._offline)
        try:
            return open_station(spec)
        except ModstationError as error:
            QMessageBox.critical(None, error.title, error.message)
            return None

    # -- ends

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        # Runs at the next tick of the window, since Qt's own loop hands Python no signals.
        self._qt.closeAllWindows()

    def _crashed(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        """Write the report of a bug, tell where it is, and end: nothing decided is lost."""
        if not issubclass(kind, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        told = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(redact(told, self._secrets))
        if self._exit_code == CRASHED:
            return
        self._exit_code = CRASHED
        path = write_crash_report(self._home.log, error, secrets=self._secrets)
        QMessageBox.critical(
            self._window,
            translate("Application", "modstation has a fault"),
            translate(
                "Application",
                "Something happened that should not. Everything you decided is on the"
                " disk and will be posted after the next start.\n\nA report without any"
                " secret is in\n{path}",
            ).format(path=path),
        )
        self._qt.closeAllWindows()
        self._loop.quit()


def make_application() -> QApplication:
    """The one QApplication, with our style; a theme gives it colours and text sizes."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    # A thread that waits for the interpreter gets it after this long at the latest. With Python's
    # own 5 ms the store thread held a key press up by 2 to 3 ms (measured on two busy cores).
    sys.setswitchinterval(_SWITCH_SECONDS)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    QGuiApplication.setDesktopFileName("modstation")
    application = QApplication(["modstation"])
    application.setApplicationName("modstation")
    application.setApplicationDisplayName("modstation")
    application.setStyle("Fusion")
    return application


def place_on_screen(window: StationWindow) -> None:
    """Take most of the screen, and never more than there is."""
    room = window.screen().availableGeometry()
    width, height = min(1600, round(room.width() * 0.9)), min(1000, round(room.height() * 0.9))
    window.resize(max(width, 640), max(height, 480))
    window.move(room.center() - QPoint(window.width() // 2, window.height() // 2))


def _longer_side(screen: QScreen) -> int:
    """Of the screen, in its own pixels."""
    size = screen.size() * screen.devicePixelRatio()
    return max(size.width(), size.height())


def _mark(theme: Theme) -> QPixmap:
    """The program's mark: a frame with a tick."""
    mark = QPixmap(128, 128)
    mark.fill(Qt.GlobalColor.transparent)
    painter = QPainter(mark)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("approve"))
    painter.drawRoundedRect(4, 4, 120, 120, 24, 24)
    painter.drawPixmap(24, 24, draw_icon("approve", theme.colour("on_fill"), 80, 1.0))
    painter.end()
    return mark
