"""The commands that change how closely an image is looked at, and what is shown beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.session_events import Message, Tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.settings import Settings
    from modstation.ui.window import StationWindow


class InspectionActions:
    """Zoom that stays, brighter shadows, the machine's verdict."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        window.evidence.hide_verdict(hide=window.station.settings.hide_verdict)
        window.station.settings_book.listen(self._settings_changed)
        self.handlers: dict[str, Callable[[], None]] = {
            "sticky-zoom": self._sticky_zoom,
            "brighten": self._brighten,
            "machine-verdict": self._machine_verdict,
        }

    def checked(self) -> dict[str, bool]:
        """The buttons that stay pressed."""
        return {
            "sticky-zoom": self._window.station.settings.sticky_zoom,
            "brighten": self._window.stage.bright,
        }

    def _settings_changed(self, before: Settings, after: Settings) -> None:
        if before.hide_verdict != after.hide_verdict:
            self._window.evidence.hide_verdict(hide=after.hide_verdict)

    def _sticky_zoom(self) -> None:
        book = self._window.station.settings_book
        on = book.change(sticky_zoom=not book.current.sticky_zoom).sticky_zoom
        self._say(
            "Zoom and place stay when the next image comes."
            if on
            else "Each image begins whole and upright."
        )

    def _brighten(self) -> None:
        self._window.commands.refuse_hidden()
        on = self._window.stage.toggle_bright()
        if not on:
            self._say("Shadows as they are.")
        elif self._window.session.covered:
            self._say("Shadows are brightened as soon as the image is uncovered.")
        else:
            self._say("Shadows are brightened.")

    def _machine_verdict(self) -> None:
        book = self._window.station.settings_book
        hidden = book.change(hide_verdict=not book.current.hide_verdict).hide_verdict
        self._say(
            "What machines found is hidden until you decide."
            if hidden
            else "What machines found is shown."
        )

    def _say(self, text: str) -> None:
        self._window.message.show_message(Message(text, Tone.INFO))
