"""The commands that change how closely an image is looked at, and what is shown beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.session_events import CurrentChanged, FrameReady, Message, OriginalMoved, Tone
from modstation.core.errors import ReviewError
from modstation.core.events import Connection
from modstation.core.language import translate
from modstation.media.frames import DecodeFailed, Frame
from modstation.ui.wording import byte_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.session_events import SessionEvent
    from modstation.app.settings import Settings
    from modstation.ui.window import StationWindow


class InspectionActions:
    """Zoom that stays, brighter shadows, the machine's verdict."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        window.evidence.hide_verdict(hide=window.station.settings.hide_verdict)
        window.station.settings_book.listen(self._settings_changed)
        window.session.listen(self._on_session)
        # The image whose original is on its way, asked for by key.
        self._awaited: str | None = None
        self.handlers: dict[str, Callable[[], None]] = {
            "sticky-zoom": self._sticky_zoom,
            "brighten": self._brighten,
            "original": self._original,
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
            translate("InspectionActions", "Zoom and place stay when the next image comes.")
            if on
            else translate("InspectionActions", "Each image begins whole and upright.")
        )

    def _brighten(self) -> None:
        self._window.commands.refuse_hidden()
        on = self._window.stage.toggle_bright()
        if not on:
            self._say(translate("InspectionActions", "Shadows as they are."))
        elif self._window.session.looking.covered:
            self._say(
                translate(
                    "InspectionActions", "Shadows are brightened as soon as the image is uncovered."
                )
            )
        else:
            self._say(translate("InspectionActions", "Shadows are brightened."))

    def _original(self) -> None:
        window = self._window
        window.commands.refuse_hidden()
        entry, frame = window.session.current, window.session.current_frame()
        if entry is None or not isinstance(frame, Frame):
            raise ReviewError(
                translate("InspectionActions", "There is no picture yet."), code="no-picture"
            )
        asset = entry.asset
        if asset.width == frame.source_width and asset.height == frame.source_height:
            window.stage.zoom_100()
            self._say(translate("InspectionActions", "This is the original already."))
            return
        self._awaited = entry.key
        weight = f" ({byte_size(asset.bytes)})" if asset.bytes else ""
        if window.session.connection.connection is Connection.ONLINE:
            self._say(
                translate("InspectionActions", "Fetching the original{weight}.").format(
                    weight=weight
                )
            )
        else:
            self._say(
                translate(
                    "InspectionActions",
                    "The original{weight} comes as soon as the service can be reached.",
                ).format(weight=weight)
            )
        window.stage.show_original()
        self._look_at_original()

    def _on_session(self, event: SessionEvent) -> None:
        if isinstance(event, CurrentChanged):
            self._awaited = None
        elif isinstance(event, OriginalMoved) and event.key == self._awaited:
            if event.failed is not None:
                self._end(
                    translate(
                        "InspectionActions", "The original could not be fetched: {failed}"
                    ).format(failed=event.failed),
                    Tone.PROBLEM,
                )
            elif event.here:
                self._say(translate("InspectionActions", "The original is here and being opened."))
            elif event.total:
                self._say(
                    translate("InspectionActions", "Original: {got} of {total}.").format(
                        got=byte_size(event.got), total=byte_size(event.total)
                    )
                )
            else:
                self._say(
                    translate("InspectionActions", "Original: {size} so far.").format(
                        size=byte_size(event.got)
                    )
                )
        elif isinstance(event, FrameReady) and event.key == self._awaited:
            self._look_at_original()

    def _look_at_original(self) -> None:
        found = self._window.stage.original
        if isinstance(found, DecodeFailed):
            self._end(
                translate("InspectionActions", "The original cannot be shown: {message}").format(
                    message=found.error.message
                ),
                Tone.PROBLEM,
            )
        elif found is not None:
            size = f"{found.source_width:,} × {found.source_height:,}"
            self._end(
                translate("InspectionActions", "The original, {size} pixels.").format(size=size),
                Tone.INFO,
            )

    def _end(self, text: str, tone: Tone) -> None:
        self._awaited = None
        self._window.message.show_message(Message(text, tone))

    def _machine_verdict(self) -> None:
        book = self._window.station.settings_book
        hidden = book.change(hide_verdict=not book.current.hide_verdict).hide_verdict
        self._say(
            translate("InspectionActions", "What machines found is hidden until you decide.")
            if hidden
            else translate("InspectionActions", "What machines found is shown.")
        )

    def _say(self, text: str) -> None:
        self._window.message.show_message(Message(text, Tone.INFO))
