"""The reasons that no digit gives: chosen with care, confirmed, and followed by what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.ui.announce import announce
from modstation.ui.dialog_size import size_dialog
from modstation.ui.keyed_list import KeyedList
from modstation.ui.plain_words import plain_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

    from modstation.core.policy import Policy, Reason
    from modstation.core.queue import QueueEntry


class ReasonsDialog(QDialog):
    """Rejects one image with a reason without a digit; Enter does nothing in it.

    ``decide`` raises ``ReviewError`` if the image cannot be decided now; ``current`` tells which
    image that would be.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        current: Callable[[], QueueEntry | None],
        decide: Callable[[Reason], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("ReasonsDialog", "More reasons"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        size_dialog(self, 560, 420)
        self._policy = policy
        self._current = current
        self._decide = decide
        self._entry = current()
        self._confirming = False
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        self.heading = plain_words(
            translate("ReasonsDialog", "Reject with a reason that has no key"), role="heading"
        )
        self.words = plain_words("", role="muted")
        self.list = KeyedList()
        self.list.setAccessibleName(translate("ReasonsDialog", "Reasons"))
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSpacing(2)
        for reason in policy.without_key:
            self.list.add(f"{reason.title}\n{reason.rule}", reason.code)
        self.answer = plain_words("")
        for widget in (self.heading, self.words):
            column.addWidget(widget)
        column.addWidget(self.list, 1)
        column.addWidget(self.answer)
        column.addLayout(self._buttons())
        self.list.currentItemChanged.connect(lambda *_: self._ask_anew())
        self._ask_anew()
        self.list.setFocus()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.reject_button = QPushButton(translate("ReasonsDialog", "&Reject"))
        self.reject_button.clicked.connect(self._reject)
        self.leave_button = QPushButton(translate("ReasonsDialog", "Cancel"))
        self.leave_button.clicked.connect(self.close)
        for button in (self.reject_button, self.leave_button):
            button.setAutoDefault(False)
        row.addWidget(self.reject_button)
        row.addStretch(1)
        row.addWidget(self.leave_button)
        return row

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter decides nothing here either."""
        if event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)

    # -- inside

    def _chosen(self) -> Reason | None:
        code = self.list.key()
        return None if code is None else self._policy.by_code(code)

    def _ask_anew(self) -> None:
        """Another reason was chosen: nothing is confirmed."""
        self._confirming = False
        self.words.setText(_public_id(self._entry))
        self.answer.setText(
            translate("ReasonsDialog", "Choose the reason that fits best.")
            if not self._chosen()
            else ""
        )
        self.reject_button.setText(translate("ReasonsDialog", "&Reject"))
        self.reject_button.setEnabled(self._chosen() is not None)

    def _reject(self) -> None:
        reason = self._chosen()
        if reason is None:
            return
        if reason.escalate and not self._confirming:
            self._confirming = True
            gone = (
                " " + translate("ReasonsDialog", "Every copy on this machine is destroyed at once.")
                if reason.purge
                else ""
            )
            self._answer(
                translate(
                    "ReasonsDialog", "“{title}”: the image is rejected and escalated.{gone}"
                ).format(title=reason.title, gone=gone)
            )
            self.reject_button.setText(translate("ReasonsDialog", "Yes, &reject and escalate"))
            return
        try:
            self._refuse_another()
            self._decide(reason)
        except ReviewError as refusal:
            self._ask_anew()
            self._answer(refusal.message)
            return
        if reason.escalate:
            self._tell_what_to_do(reason)
        else:
            self.close()

    def _answer(self, text: str) -> None:
        self.answer.setText(text)
        announce(self, text, urgent=True)

    def _refuse_another(self) -> None:
        now = self._current()
        if now is None or self._entry is None or now.key != self._entry.key:
            raise ReviewError(
                translate("ReasonsDialog", "Another image is on the stage now."), code="moved"
            )

    def _tell_what_to_do(self, reason: Reason) -> None:
        self.heading.setText(translate("ReasonsDialog", "Rejected. Now escalate it"))
        self.words.setText(f"{_public_id(self._entry)}\n{reason.title}")
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.list.hide()
        self._column.insertStretch(self._column.indexOf(self.answer) + 1, 1)
        self.reject_button.hide()
        self.answer.setText(self._policy.escalation)
        self.leave_button.setText(translate("ReasonsDialog", "Close"))
        self.leave_button.setFocus()


def _public_id(entry: QueueEntry | None) -> str:
    return (
        entry.asset.ref.public_id
        if entry
        else translate("ReasonsDialog", "There is no image to decide.")
    )
