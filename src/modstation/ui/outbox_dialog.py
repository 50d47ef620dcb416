"""The outbox: decisions that the service refused or somebody else contradicted, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modstation.app.station import NEEDS_A_PERSON, UNSENT
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import Action
from modstation.core.outbox import REPLACED, OperationState
from modstation.ui.wording import counted, moment

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from modstation.app.station import Station
    from modstation.core.errors import StoreError
    from modstation.core.outbox import Operation

_WORDS = {
    OperationState.HELD: "held for undo",
    OperationState.READY: "to be posted",
    OperationState.IN_FLIGHT: "being posted",
    OperationState.PARKED: "stuck",
    OperationState.CONFLICTED: "conflict",
}
_CHOICES = (
    (Action.KEEP_MINE, "&Keep mine", "Post your verdict over the other one."),
    (Action.ACCEPT_THEIRS, "Accept &theirs", "Leave the image as the other one decided."),
    (Action.LOOK_AGAIN, "&Look again", "Bring the image back into the queue."),
)


class OutboxDialog(QDialog):
    """Rows that are not posted yet, those that need a person first."""

    def __init__(self, station: Station, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Outbox")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.resize(720, 460)
        self._station = station
        self._operations: dict[str, Operation] = {}
        # Answers that come after the dialog is closed are dropped.
        self._open = True
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        heading = QLabel("Outbox")
        heading.setProperty("role", "heading")
        column.addWidget(heading)
        self.summary = QLabel("Reading…")
        self.summary.setProperty("role", "muted")
        self.summary.setWordWrap(True)
        column.addWidget(self.summary)
        self.rows = QListWidget()
        self.rows.setAccessibleName("Decisions that are not posted")
        self.rows.setWordWrap(True)
        self.rows.setSpacing(2)
        self.rows.currentItemChanged.connect(lambda *_: self._offer())
        column.addWidget(self.rows, 1)
        column.addLayout(self._buttons())
        self._read()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.retry = QPushButton("&Try again")
        self.retry.clicked.connect(self._retry)
        row.addWidget(self.retry)
        self.give_up = QPushButton("&Give up")
        self.give_up.setToolTip("Never post this decision; the image may come back to the queue.")
        self.give_up.clicked.connect(self._give_up)
        row.addWidget(self.give_up)
        self.choices: dict[Action, QPushButton] = {}
        for action, label, tip in _CHOICES:
            button = QPushButton(label)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, which=action: self._resolve(which))
            self.choices[action] = button
            row.addWidget(button)
        row.addStretch(1)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        row.addWidget(close)
        for button in (self.retry, self.give_up, *self.choices.values(), close):
            button.setAutoDefault(False)
        self._offer()
        return row

    def done(self, result: int) -> None:
        """Close; answers that are still to come are not for us."""
        self._open = False
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter decides nothing here either."""
        if event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)

    # -- inside

    def _read(self) -> None:
        self._station.outbox(NEEDS_A_PERSON, self._take_needing, self._failed)

    def _take_needing(self, needing: list[Operation]) -> None:
        rest = UNSENT - NEEDS_A_PERSON
        self._station.outbox(rest, lambda others: self._show(needing, others), self._failed)

    def _show(self, needing: list[Operation], others: list[Operation]) -> None:
        if not self._open:
            return
        self.rows.clear()
        self._operations = {row.operation_id: row for row in (*needing, *others)}
        for operation in (*needing, *others):
            item = QListWidgetItem(_text(operation))
            item.setData(Qt.ItemDataRole.UserRole, operation.operation_id)
            self.rows.addItem(item)
        if not self._operations:
            self.summary.setText("Everything is posted.")
        elif needing:
            self.summary.setText(
                f"{counted(len(needing), 'decision')} cannot go on without you."
                " The others are posted by themselves."
            )
        else:
            self.summary.setText("These are posted by themselves; nothing is to be done.")
        if self.rows.count():
            self.rows.setCurrentRow(0)
        self.rows.setFocus()
        self._offer()

    def _failed(self, error: StoreError) -> None:
        if self._open:
            self.summary.setText(f"{error.title}: {error.message}")

    def _chosen(self) -> Operation | None:
        row = self.rows.currentRow()
        if row < 0:
            return None
        return self._operations.get(self.rows.item(row).data(Qt.ItemDataRole.UserRole))

    def _offer(self) -> None:
        operation = self._chosen()
        state = operation.state if operation else None
        self.retry.setVisible(state is OperationState.PARKED)
        self.give_up.setVisible(state is OperationState.PARKED)
        for action, button in self.choices.items():
            button.setVisible(operation is not None and _may(operation, action))

    def _retry(self) -> None:
        operation = self._chosen()
        if operation is not None:
            self._station.retry(operation.operation_id, self._again, self._failed)

    def _give_up(self) -> None:
        operation = self._chosen()
        if operation is not None:
            self._station.give_up(operation, self._again, self._failed)

    def _resolve(self, action: Action) -> None:
        operation = self._chosen()
        if operation is not None:
            self._station.resolve_conflict(operation, action, self._again, self._failed)

    def _again(self) -> None:
        if self._open:
            self._read()


def _may(operation: Operation, action: Action) -> bool:
    """Whether a conflict may be settled so."""
    if operation.state is not OperationState.CONFLICTED:
        return False
    match action:
        case Action.KEEP_MINE:
            # Nobody has seen the picture that an approval would let through.
            approves = operation.target is ModerationStatus.APPROVED
            return not (approves and operation.error_code == REPLACED)
        case Action.ACCEPT_THEIRS:
            return operation.theirs in {ModerationStatus.APPROVED, ModerationStatus.REJECTED}
        case _:
            return True


def _text(operation: Operation) -> str:
    line = (
        f"{operation.ref.public_id}\n"
        f"{operation.target.value}, {_WORDS.get(operation.state, operation.state.value)}"
        f" · decided {moment(operation.decided_at)} by {operation.actor or 'you'}"
    )
    if operation.error_code == REPLACED and operation.state is OperationState.CONFLICTED:
        line += " · another picture was uploaded under this name meanwhile; look at it first"
    elif operation.theirs is not None:
        line += f" · the service says {operation.theirs.value}"
    elif operation.last_error and operation.state in NEEDS_A_PERSON | {OperationState.READY}:
        line += f" · {operation.last_error}"
    return line
