"""Another account by key: the accounts of this machine in a list, arrows and Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modstation.core.errors import SecretUnknown, SettingsError
from modstation.core.language import translate
from modstation.ui.dialog_size import size_dialog
from modstation.ui.errand import Errand
from modstation.ui.keyed_list import KeyedList
from modstation.ui.plain_words import plain_words, say_in

if TYPE_CHECKING:
    from modstation.app.accounts import AccountBook
    from modstation.core.errors import AccountUnclear, ModstationError


class AccountChooser(QDialog):
    """Emits ``chosen`` with credentials, or ``other_wanted`` for an account that is not listed.

    The secret is asked of the keyring beside the window; one that is not there is said here.
    ``current`` is the account that is open; ``unclear`` says why none could be opened.
    """

    chosen = Signal(object)
    other_wanted = Signal()

    def __init__(
        self,
        book: AccountBook,
        current: str | None = None,
        parent: QWidget | None = None,
        *,
        unclear: AccountUnclear | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = (
            translate("AccountChooser", "Choose an account")
            if current is None
            else translate("AccountChooser", "Switch account")
        )
        self.setWindowTitle(words)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        size_dialog(self, 460, 360)
        self._book = book
        self._current = current
        self._errand: Errand[object] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        heading = QLabel(words)
        heading.setProperty("role", "heading")
        column.addWidget(heading)
        self.list = KeyedList()
        self.list.setAccessibleName(translate("AccountChooser", "Accounts"))
        self.list.itemActivated.connect(lambda _: self._open())
        column.addWidget(self.list, 1)
        self.said = plain_words(
            translate("AccountChooser", "Decisions of each account stay in a folder of its own."),
            role="muted",
        )
        column.addWidget(self.said)
        column.addLayout(self._buttons())
        self._fill()
        if isinstance(unclear, SecretUnknown):
            self.list.setCurrentRow(self.list.keys().index(unclear.account))
            self._say(unclear.message, "problem")
        self.list.setFocus()

    def _fill(self) -> None:
        try:
            accounts = self._book.accounts()
        except SettingsError as error:
            accounts = []
            self._say(error.message, "problem")
        for account in accounts:
            here = (
                " · " + translate("AccountChooser", "open now")
                if account.name == self._current
                else ""
            )
            self.list.add(f"{account.name} – {account.cloud}{here}", account.name)
        self.list.add(translate("AccountChooser", "Another account…"), "")
        # The first one that is not open already: Enter alone goes back and forth between two.
        others = [row for row, name in enumerate(self.list.keys()) if name != self._current]
        self.list.setCurrentRow(others[0])

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.open_button = QPushButton(translate("AccountChooser", "&Open"))
        self.open_button.setDefault(True)
        self.open_button.clicked.connect(self._open)
        cancel = QPushButton(translate("AccountChooser", "Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.open_button)
        return row

    def done(self, result: int) -> None:
        """Close; an answer that is still to come is not for us."""
        if self._errand is not None:
            self._errand.forget()
        super().done(result)

    def _open(self) -> None:
        name = self.list.key()
        if name is None or not self.open_button.isEnabled():
            return
        if not name:
            self.accept()
            self.other_wanted.emit()
            return
        if name == self._current:
            self.accept()
            return
        self.open_button.setEnabled(False)
        self._say(translate("AccountChooser", "Asking the keyring…"), "muted")
        # The person named an account, so no address of the environment is meant.
        self._errand = Errand(lambda: self._book.resolve(name, {}), self._resolved, self._failed)

    def _resolved(self, credentials: object) -> None:
        self.accept()
        self.chosen.emit(credentials)

    def _failed(self, error: ModstationError) -> None:
        self.open_button.setEnabled(True)
        self._say(f"{error.title}: {error.message}", "problem")

    def _say(self, text: str, role: str) -> None:
        say_in(self.said, text, role)
