"""The queue chooser: what waits, what was approved, what was rejected, by kind or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modstation.core.assets import ModerationStatus
from modstation.core.language import number, translate
from modstation.ui.overlay import Overlay
from modstation.ui.theme import BUTTON

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.queue_choice import QueueChoice, QueueChoices
    from modstation.core.keymap import Keymap
    from modstation.ui.keys import KeyReader
    from modstation.ui.theme import Theme

_ROW = 40
_ICONS = {
    ModerationStatus.PENDING: ("waiting", "text"),
    ModerationStatus.APPROVED: ("approve", "approve_text"),
    ModerationStatus.REJECTED: ("reject", "reject_text"),
}
_STEPS = {"next": 1, "previous": -1}
_TICK = "mark"


class QueuesSheet(Overlay):
    """A row a queue; M ticks several, Enter or a click reviews them, which decides nothing."""

    chosen = Signal(object)

    def __init__(
        self,
        theme: Theme,
        keymap: Keymap,
        reader: KeyReader,
        parent: QWidget,
        *,
        key_of: Callable[[str], str],
    ) -> None:
        self.rows = QListWidget()
        self.rows.setAccessibleName(translate("QueuesSheet", "Queues"))
        theme.write_in(self.rows, BUTTON)
        self.review = _button(translate("QueuesSheet", "Review (Enter)"))
        self.tick = _button(translate("QueuesSheet", "Tick ({key})").format(key=key_of(_TICK)))
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(12)
        column.addWidget(self.rows, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.review)
        buttons.addWidget(self.tick)
        buttons.addStretch(1)
        column.addLayout(buttons)
        super().__init__(
            theme,
            translate("QueuesSheet", "What to review"),
            body,
            widest=theme.px(560),
            needed=theme.px(11 * _ROW),
            parent=parent,
            keyboard=self.rows,
        )
        self._theme = theme
        self._keymap = keymap
        self._key_reader = reader
        self._choices: QueueChoices | None = None
        self._box_clicked = False
        self.rows.itemActivated.connect(lambda _: self._choose())
        self.rows.itemChanged.connect(self._tick_by_mouse)
        self.rows.itemClicked.connect(lambda _: self._click())
        self.review.clicked.connect(self._choose)
        self.tick.clicked.connect(lambda: self._tick(self.rows.currentRow()))
        self.say(translate("QueuesSheet", "Reading what is here…"))

    def show_choices(self, choices: QueueChoices) -> None:
        """Fill the rows; the first queue under review is chosen."""
        self._choices = choices
        self.rows.blockSignals(True)
        self.rows.clear()
        for choice in choices.rows:
            self.rows.addItem(_text(choice))
        self.fit_text()
        self._show_ticks()
        self.rows.blockSignals(False)
        self.rows.setCurrentRow(next(n for n, row in enumerate(choices.rows) if row.current))
        self.say(
            translate(
                "QueuesSheet",
                "Ticked queues of one state are reviewed as one. Approved and rejected"
                " images can be overridden: the key says first what that does.",
            )
        )

    def fit_text(self) -> None:
        """Rows and icons as large as words are now, in the colours of now."""
        super().fit_text()
        px, ratio = self._theme.px, self.devicePixelRatioF()
        self.rows.setIconSize(QSize(px(16), px(16)))
        self.rows.blockSignals(True)
        for row in range(self.rows.count()):
            assert self._choices is not None
            icon, colour = _ICONS[self._choices.rows[row].listing.status]
            item = self.rows.item(row)
            item.setIcon(QIcon(self._theme.icon(icon, colour, px(16), ratio)))
            item.setSizeHint(QSize(200, px(_ROW)))
        self.rows.blockSignals(False)

    def _show_ticks(self) -> None:
        if self._choices is None:
            return
        self.rows.blockSignals(True)
        for row in range(self.rows.count()):
            on = self._choices.ticked(row)
            state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            self.rows.item(row).setCheckState(state)
        self.rows.blockSignals(False)

    def _tick(self, row: int) -> None:
        if self._choices is not None and row >= 0:
            self._choices.tick(row)
            self._show_ticks()

    def _tick_by_mouse(self, item: QListWidgetItem) -> None:
        # The click on the box is told twice: as a change, then as a click on the row.
        self._box_clicked = True
        self._tick(self.rows.row(item))

    def _click(self) -> None:
        ticked, self._box_clicked = self._box_clicked, False
        if not ticked:
            self._choose()

    def _choose(self) -> None:
        row = self.rows.currentRow()
        if self._choices is not None and row >= 0:
            view = self._choices.view(row)
            self.leave()
            self.chosen.emit(view)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys that move and mark in the queue do so here too; other letters search nothing."""
        if (
            watched is self.rows
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and not self.outer(event)
        ):
            chords = self._key_reader.chords(event)
            commands = {self._keymap.match([chord])[1] or "" for chord in chords}
            row = self.rows.currentRow()
            if _TICK in commands or event.key() == Qt.Key.Key_Space:
                if not event.isAutoRepeat():
                    self._tick(row)
                return True
            for name in commands & _STEPS.keys():
                self.rows.setCurrentRow(min(max(row + _STEPS[name], 0), self.rows.count() - 1))
                return True
            return bool(event.text().strip())
        return super().eventFilter(watched, event)


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button


def _text(choice: QueueChoice) -> str:
    text = f"{choice.listing.kind} · {choice.listing.status.word}"
    if choice.waiting is not None:
        text += " · " + translate("QueuesSheet", "{count} here").format(
            count=number(choice.waiting)
        )
    return text + " · " + translate("QueuesSheet", "under review") if choice.current else text
