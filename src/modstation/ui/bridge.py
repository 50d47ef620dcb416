"""Brings calls from other threads into the window's event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

if TYPE_CHECKING:
    from modstation.app.mailbox import Mailbox


class EventBridge(QObject):
    """The one object that the mailbox wakes; it lives as long as the application."""

    _woken = Signal()

    def __init__(self, mailbox: Mailbox, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = mailbox
        self._open = True
        # Queued: the signal is emitted in the posting thread, the calls run in this one.
        self._woken.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        mailbox.bind(self._woken.emit)

    def close(self) -> None:
        """Wake nobody any more; a wake-up that is already queued finds nobody either."""
        self._open = False
        self._mailbox.bind(None)

    def _drain(self) -> None:
        # The window that the calls are for may be gone.
        if self._open:
            self._mailbox.drain()
