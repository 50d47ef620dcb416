"""What is not the stage follows it: panel, filmstrip, status and keys, brought up to date later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from modstation.ui.history_actions import show_who_decided
from modstation.ui.wording import looked_text, place_text

if TYPE_CHECKING:
    from modstation.ui.window import StationWindow

# What is not the stage follows a frame later: painting it at once, the window held the interpreter
# while the store thread wanted it some thirty times, and a decision was on the disk 10 ms later.
_FOLLOWS_MS = 16


class CatchingUp:
    """Knows what around the stage is out of date, and shows it anew in the event loop."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        self._evidence_due = self._strip_due = True
        self._learned = 0
        self._later = QTimer(window)
        self._later.setSingleShot(True)
        self._later.setInterval(_FOLLOWS_MS)
        self._later.timeout.connect(self._catch_up)

    def start(self) -> None:
        """Something has changed."""
        # Not started anew: events that come in a row must not put it off for ever.
        if not self._later.isActive():
            self._later.start()

    def stop(self) -> None:
        """The window closes."""
        self._later.stop()

    def evidence_changed(self) -> None:
        """Another image is on the stage."""
        self._evidence_due = True

    def strip_changed(self) -> None:
        """The filmstrip is to be shown anew."""
        self._strip_due = True

    def keys_changed(self) -> None:
        """Every button is to say its key anew."""
        self._learned = -1

    def key_pressed(self) -> None:
        """The keyboard may have told how it prints a key."""
        if self._window.reader.learned != self._learned:
            self.start()

    @property
    def done(self) -> bool:
        """Nothing waits to be shown."""
        due = self._later.isActive() or self._evidence_due or self._strip_due
        return not (due or self._window.commands.group.asking)

    def _catch_up(self) -> None:
        """Bring up to date what is not the stage."""
        window = self._window
        if window.reader.learned != self._learned:
            self._learned = window.reader.learned
            for button in window.command_buttons():
                button.set_key(window.key_of(button.command))
            window.evidence.name_keys()
            window.toolbar.fit()
        if self._evidence_due:
            self._evidence_due = False
            window.evidence.show_entry(window.session.current)
            show_who_decided(window)
            window.commands.group.look()
        self._show_place()
        if self._strip_due:
            self._strip_due = False
            window.filmstrip.refresh()
            for item in window.filmstrip.next_covered(2):
                window.stage.prepare(item.key)
        window.status.refresh()
        window.commands.setting_up.look()
        window.filter_bar.show_progress(looked_text(window.session.looked))
        for name, on in window.commands.checked().items():
            window.toolbar.buttons[name].setChecked(on)
        window.stage.setAccessibleDescription(window.stage.spoken)
        window.spoken.catch_up()

    def _show_place(self) -> None:
        window = self._window
        session, hide = window.session, window.evidence.verdict_hidden
        window.evidence.show_place(place_text(session.current, session.view, hide_verdict=hide))
