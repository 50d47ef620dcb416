"""The account dialog: paste a CLOUDINARY_URL, test it, keep it; or open an account there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modstation.app.accounts import AccountBook, Kept, trusted_keyring
from modstation.app.self_check import check_connection
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.errors import SettingsError
from modstation.core.language import later, translate
from modstation.ui.dialog_size import widen_dialog
from modstation.ui.errand import Errand
from modstation.ui.plain_words import plain_words, say_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.accounts import Credentials
    from modstation.core.errors import ModstationError

_IN_KEYRING = later("AccountDialog", "The secret goes into this system's keyring and into no file.")
_THIS_RUN = later(
    "AccountDialog",
    "No keyring works here, so the secret is kept for this run only: next"
    " time, paste the address again or set CLOUDINARY_URL. It is never"
    " written into a file.",
)


class AccountDialog(QDialog):
    """Emits ``chosen`` with credentials that may be used; the dialog is closed then."""

    chosen = Signal(object)

    def __init__(
        self,
        book: AccountBook,
        *,
        check: Callable[[Credentials], None] = check_connection,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("AccountDialog", "Account"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        widen_dialog(self, 600)
        self._book = book
        self._check = check
        self._errands: list[Errand[object]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        heading = QLabel(translate("AccountDialog", "Account"))
        heading.setProperty("role", "heading")
        column.addWidget(heading)
        column.addLayout(self._known_accounts())
        column.addWidget(
            plain_words(
                translate(
                    "AccountDialog",
                    "Paste the CLOUDINARY_URL of the account whose images you review. You"
                    " find it in the console under API Keys; “modstation serve” prints it at"
                    " its start.",
                )
            )
        )
        column.addLayout(self._form())
        self.place = plain_words(translate("AccountDialog", "Looking for a keyring…"), role="muted")
        column.addWidget(self.place)
        self.answer = plain_words("")
        column.addWidget(self.answer)
        column.addLayout(self._buttons())
        self._url_changed()
        self.url.setFocus()
        self._run(trusted_keyring, self._tell_place)

    def _known_accounts(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.known = QComboBox()
        self.known.setAccessibleName(translate("AccountDialog", "Accounts on this machine"))
        self.open_known = QPushButton(translate("AccountDialog", "&Open"))
        self.open_known.setAutoDefault(False)
        self.open_known.clicked.connect(self._open_known)
        problem = ""
        try:
            for account in self._book.accounts():
                self.known.addItem(f"{account.name} – {account.cloud}", account.name)
        except SettingsError as error:
            problem = error.message
        some = self.known.count() > 0
        row.addWidget(self.known, 1)
        row.addWidget(self.open_known)
        self.known.setVisible(some)
        self.open_known.setVisible(some)
        if problem:
            row.addWidget(plain_words(problem, role="problem"), 1)
        return row

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        self.url = QLineEdit()
        self.url.setPlaceholderText("cloudinary://key:secret@cloud")
        self.url.setEchoMode(QLineEdit.EchoMode.Password)
        self.url.textChanged.connect(self._url_changed)
        self.visible = QCheckBox(translate("AccountDialog", "Show"))
        self.visible.toggled.connect(
            lambda on: self.url.setEchoMode(
                QLineEdit.EchoMode.Normal if on else QLineEdit.EchoMode.Password
            )
        )
        line = QHBoxLayout()
        line.addWidget(self.url, 1)
        line.addWidget(self.visible)
        form.addRow(translate("AccountDialog", "&Address"), line)
        label = form.labelForField(line)
        if isinstance(label, QLabel):
            label.setBuddy(self.url)
        self.url.setAccessibleName(translate("AccountDialog", "Address of the account"))
        self.name = QLineEdit()
        self.name.setPlaceholderText(translate("AccountDialog", "as the cloud is called"))
        self.name.setAccessibleName(translate("AccountDialog", "Name of the account here"))
        form.addRow(translate("AccountDialog", "&Name here"), self.name)
        return form

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.test = QPushButton(translate("AccountDialog", "&Test connection"))
        self.test.setAutoDefault(False)
        self.test.clicked.connect(self._test)
        self.save = QPushButton(translate("AccountDialog", "&Save and open"))
        self.save.setDefault(True)
        self.save.clicked.connect(self._save)
        cancel = QPushButton(translate("AccountDialog", "Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        row.addWidget(self.test)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.save)
        return row

    def done(self, result: int) -> None:
        """Close; answers that are still to come are not for us."""
        for errand in self._errands:
            errand.forget()
        super().done(result)

    # -- inside

    def _run(self, task: Callable[[], object], done: Callable[[object], None]) -> None:
        self._errands.append(Errand(task, done, self._failed))

    def _tell_place(self, keyring: object) -> None:
        self.place.setText(str(_THIS_RUN if keyring is None else _IN_KEYRING))

    def _url_changed(self) -> None:
        some = bool(self.url.text().strip())
        self.test.setEnabled(some)
        self.save.setEnabled(some)
        self._say("")

    def _credentials(self) -> Credentials | None:
        try:
            return parse_cloudinary_url(self.url.text(), name=self.name.text().strip() or None)
        except SettingsError as error:
            self._say(error.message, "problem")
            return None

    def _test(self) -> None:
        credentials = self._credentials()
        if credentials is None:
            return
        self._busy(translate("AccountDialog", "Asking the service…"))
        self._run(
            lambda: self._check(credentials),
            lambda _: self._idle(
                translate("AccountDialog", "The service answers and accepts the key."), "done"
            ),
        )

    def _save(self) -> None:
        credentials = self._credentials()
        if credentials is None:
            return
        self._busy(translate("AccountDialog", "Keeping the account…"))

        def kept(where: object) -> None:
            if where is Kept.THIS_RUN_ONLY:
                self.place.setText(str(_THIS_RUN))
            self._choose(credentials)

        self._run(lambda: self._book.add(credentials), kept)

    def _open_known(self) -> None:
        name = str(self.known.currentData())
        self._busy(translate("AccountDialog", "Asking the keyring…"))

        # The person named an account, so no address of the environment is meant.
        self._run(lambda: self._book.resolve(name, {}), self._choose)

    def _choose(self, credentials: object) -> None:
        self.url.clear()
        self.accept()
        self.chosen.emit(credentials)

    def _failed(self, error: ModstationError) -> None:
        self._idle(f"{error.title}: {error.message}", "problem")

    def _busy(self, text: str) -> None:
        for button in (self.test, self.save, self.open_known):
            button.setEnabled(False)
        self._say(text)

    def _idle(self, text: str, role: str) -> None:
        self.open_known.setEnabled(True)
        self._url_changed()
        self._say(text, role)

    def _say(self, text: str, role: str = "muted") -> None:
        say_in(self.answer, text, role)
