"""Leaving with decisions that are not posted: post them first, keep them, or stay."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modstation.core.events import Connection
from modstation.core.language import counted, later, translate
from modstation.ui.announce import announce
from modstation.ui.dialog_size import widen_dialog
from modstation.ui.session_dialog import line_of
from modstation.ui.wording import CONNECTION_WORDS

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from modstation.app.station import Station

# So long without a single decision posted, and nobody is made to wait any more.
PATIENCE_SECONDS = 20.0
_CHECK_MS = 100
_SAFE = later(
    "ClosingDialog", "They are stored on this machine and are posted after the next start."
)
_POSTS = {Connection.ONLINE, Connection.STARTING, Connection.STANDBY}


class ClosingDialog(QDialog):
    """Asks once, shows how the posting goes, and never waits without an end."""

    leaving = Signal()
    staying = Signal()

    def __init__(
        self, station: Station, parent: QWidget, *, patience: float = PATIENCE_SECONDS
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("ClosingDialog", "Close the station"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        widen_dialog(self, 480)
        self._station = station
        self._patience = patience
        self._at_first = self._left
        self._seen = (self._left, 0.0)
        self._answered = False
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        self.heading = QLabel(
            counted(
                self._left,
                translate(
                    "ClosingDialog",
                    "{n} decision is not posted yet|{n} decisions are not posted yet",
                ),
            )
        )
        self.heading.setProperty("role", "heading")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setRange(0, self._at_first)
        self.progress.setAccessibleName(translate("ClosingDialog", "Decisions posted"))
        self.progress.hide()
        for widget in (self.heading, self.words, self.progress):
            column.addWidget(widget)
        figures = line_of(station.figures.figures())
        if figures:
            column.addWidget(QLabel(figures))
        column.addStretch(1)
        column.addLayout(self._buttons())
        self._timer = QTimer(self)
        self._timer.setInterval(_CHECK_MS)
        self._timer.timeout.connect(self._look)
        self._ask()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.post_button = QPushButton(translate("ClosingDialog", "&Post now and close"))
        self.post_button.clicked.connect(self._post)
        self.keep_button = QPushButton(translate("ClosingDialog", "&Keep for next time"))
        self.keep_button.clicked.connect(self._leave)
        self.stay_button = QPushButton(translate("ClosingDialog", "&Stay"))
        self.stay_button.clicked.connect(self.reject)
        for button in (self.post_button, self.keep_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.stay_button)
        for button in (self.post_button, self.keep_button, self.stay_button):
            button.setAutoDefault(False)
        return row

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter answers only on the button that has the focus."""
        if event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Escape, the window's own cross and "Stay" mean the same."""
        self._timer.stop()
        if not self._answered:
            self._answered = True
            self.staying.emit()
        super().done(result)

    # -- inside

    @property
    def _left(self) -> int:
        return self._station.session.counts.on_the_way

    @property
    def _reachable(self) -> bool:
        return self._station.session.connection.connection in _POSTS

    def _ask(self) -> None:
        if self._reachable:
            self._say(
                translate("ClosingDialog", "What you keep is not lost. {safe}").format(safe=_SAFE)
            )
            self.post_button.setFocus()
        else:
            word = str(CONNECTION_WORDS[self._station.session.connection.connection][1])
            self._say(
                translate("ClosingDialog", "Nothing can be posted now ({state}). {safe}").format(
                    state=word, safe=_SAFE
                )
            )
            self.post_button.hide()
            self.keep_button.setFocus()

    def _say(self, text: str) -> None:
        self.words.setText(text)
        announce(self, text)

    def _post(self) -> None:
        self._station.post_now()
        self._seen = (self._left, time.monotonic())
        self.post_button.hide()
        self.keep_button.setText(translate("ClosingDialog", "&Close without waiting"))
        self.progress.show()
        self._say(translate("ClosingDialog", "Posting…"))
        self._timer.start()
        self._look()

    def _look(self) -> None:
        left, now = self._left, time.monotonic()
        if not left:
            self._leave()
            return
        self.progress.setValue(self._at_first - left)
        if left != self._seen[0]:
            self._seen = (left, now)
        elif now - self._seen[1] > self._patience or not self._reachable:
            self._timer.stop()
            self.progress.hide()
            forms = translate(
                "ClosingDialog",
                "The service takes nothing now; {n} decision is left. {safe}"
                "|The service takes nothing now; {n} decisions are left. {safe}",
            )
            self._say(counted(left, forms, safe=_SAFE))

    def _leave(self) -> None:
        self._answered = True
        self.accept()
        self.leaving.emit()
