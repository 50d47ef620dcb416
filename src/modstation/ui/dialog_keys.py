"""The keys of theme and text size in front of a dialog: who cannot read it has to change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from modstation.ui.window import StationWindow

_LOOKS = frozenset({"theme", "text-larger", "text-smaller"})


class DialogKeys(QObject):
    """Hears the keys that nothing in a dialog wanted; every other command stays dead there."""

    def __init__(self, window: StationWindow) -> None:
        super().__init__(window)
        self._window = window

    def attend(self) -> None:
        """Listen to the dialog that is in front now, if one is."""
        dialog = QApplication.activeModalWidget()
        if dialog is not None:
            dialog.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Run the command of the key, once a press."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        keymap = self._window.station.keymap
        commands = {keymap.match([chord])[1] for chord in self._window.reader.chords(event)}
        command = next((name for name in commands if name in _LOOKS), None)
        if command is not None and not event.isAutoRepeat():
            self._window.run(command)
        return command is not None
