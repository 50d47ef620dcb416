"""The queue chooser: what waits, what was approved, what was rejected, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Signal
from PySide6.QtGui import QIcon, QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from modstation.core.assets import ModerationStatus
from modstation.ui.overlay import Overlay
from modstation.ui.theme import BUTTON, sized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modstation.app.queue_choice import QueueChoice
    from modstation.core.keymap import Keymap
    from modstation.core.queue import QueueView
    from modstation.ui.keys import KeyReader
    from modstation.ui.theme import Theme

_ROW = 40
_ICONS = {
    ModerationStatus.PENDING: ("waiting", "text"),
    ModerationStatus.APPROVED: ("approve", "approve_text"),
    ModerationStatus.REJECTED: ("reject", "reject_text"),
}
_STEPS = {"next": 1, "previous": -1}


class QueuesSheet(Overlay):
    """A row a queue; Enter or a click reviews it, which decides nothing."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, keymap: Keymap, reader: KeyReader, parent: QWidget) -> None:
        self.rows = QListWidget()
        self.rows.setAccessibleName("Queues")
        self.rows.setIconSize(QSize(16, 16))
        self.rows.setFont(sized(self.rows.font(), BUTTON))
        super().__init__(
            theme, "What to review", self.rows, widest=560, needed=9 * _ROW, parent=parent
        )
        self._theme = theme
        self._keymap = keymap
        self._key_reader = reader
        self._views: list[QueueView] = []
        self.rows.itemActivated.connect(lambda _: self._choose())
        self.rows.itemClicked.connect(lambda _: self._choose())
        self.say("Reading what is here…")

    def show_choices(self, choices: Sequence[QueueChoice]) -> None:
        """Fill the rows; the queue under review is chosen."""
        self._views = [choice.view for choice in choices]
        ratio = self.devicePixelRatioF()
        self.rows.clear()
        for choice in choices:
            view = choice.view
            text = f"{view.kind} · {view.status.value}"
            if choice.waiting is not None:
                text += f" · {choice.waiting:,} here"
            if choice.current:
                text += " · under review"
            icon, colour = _ICONS[view.status]
            item = QListWidgetItem(QIcon(self._theme.icon(icon, colour, 16, ratio)), text)
            item.setSizeHint(QSize(200, _ROW))
            self.rows.addItem(item)
            if choice.current:
                self.rows.setCurrentItem(item)
        self.say(
            "Enter reviews the chosen one. Approved and rejected images can be overridden: the key"
            " says first what that does."
        )

    def _choose(self) -> None:
        row = self.rows.currentRow()
        if row >= 0:
            view = self._views[row]
            self.leave()
            self.chosen.emit(view)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys that move in the queue move here too; other letters search nothing."""
        if (
            watched is self.rows
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and not self.closes(event)
        ):
            for chord in self._key_reader.chords(event):
                step = _STEPS.get(self._keymap.match([chord])[1] or "")
                if step is not None:
                    row = self.rows.currentRow() + step
                    self.rows.setCurrentRow(min(max(row, 0), self.rows.count() - 1))
                    return True
            return bool(event.text().strip())
        return super().eventFilter(watched, event)
