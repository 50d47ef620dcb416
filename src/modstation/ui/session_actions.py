"""What the keys do that concern the session as a whole: its summary, its end, its breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.session_events import CountsChanged, Message, Tone
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.session_events import SessionEvent
    from modstation.core.trip import TripSummary
    from modstation.ui.session_dialog import SessionDialog
    from modstation.ui.window import StationWindow


class SessionActions:
    """Opens the summary and suggests a break, in the line under the image only."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        self._decided = False
        self.handlers: dict[str, Callable[[], None]] = {
            "session": self._summary,
            "take-along": self._take_along,
        }
        window.session.listen(self._heard)
        window.station.trip.summed_up = self._back

    def tick(self) -> None:
        """Once a second: read what was decided, and say when a break is due."""
        station = self._window.station
        if self._decided:
            self._decided = False
            station.figures.read()
        text = station.figures.reminder(station.settings)
        if text is not None:
            self._window.message.show_message(Message(text, Tone.INFO))

    def sums_up(self) -> bool:
        """Show the summary before the window closes, if there is anything to sum up."""
        station = self._window.station
        if not station.settings.summary_at_end or not self._window.session.pace().decided:
            return False
        dialog = self._dialog(ending=True)
        dialog.leaving.connect(self._window.close)
        dialog.staying.connect(self._window.stayed)
        return True

    def _summary(self) -> None:
        self._dialog(ending=False)

    def _take_along(self) -> None:
        from modstation.ui.trip_dialog import TripDialog

        self._window.peek(on=False)
        TripDialog(self._window.station, self._window).open()

    def _back(self, summary: TripSummary) -> None:
        from modstation.ui.trip_dialog import summary_text

        text = summary_text(summary)
        unhappy = summary.conflicts or summary.gone or summary.stuck
        if unhappy:
            text += " " + translate("SessionActions", "{key} shows what is left to settle.").format(
                key=self._window.key_of("outbox")
            )
        tone = Tone.PROBLEM if unhappy else Tone.DONE
        self._window.message.show_message(Message(text, tone))

    def _dialog(self, *, ending: bool) -> SessionDialog:
        # Not at the top: nobody sums up before the first image.
        from modstation.ui.session_dialog import SessionDialog

        window = self._window
        window.peek(on=False)
        dialog = SessionDialog(window.station, window.theme, window, ending=ending)
        dialog.open()
        return dialog

    def _heard(self, event: SessionEvent) -> None:
        self._decided = self._decided or isinstance(event, CountsChanged)
