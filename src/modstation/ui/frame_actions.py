"""The commands on a picture of several frames, and the clock that plays it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from modstation.core.errors import ReviewError
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.frame_reel import FrameReel
    from modstation.ui.window import StationWindow


class FrameActions:
    """Steps through the frames of the image on the stage, or plays them."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        # The clock has struck and the next frame was not decoded.
        self._late = False
        self._clock = QTimer(window)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._advance)
        window.stage.frames.chosen.connect(self._go_to)
        self.handlers: dict[str, Callable[[], None]] = {
            "frame-previous": lambda: self._step(-1),
            "frame-next": lambda: self._step(1),
            "frame-play": self._play,
        }

    def arrived(self) -> None:
        """A frame was decoded: perhaps the one that is waited for."""
        if self._late:
            self._advance()

    def stop(self) -> None:
        """The window closes."""
        self._clock.stop()

    def _reel(self) -> FrameReel | None:
        entry = self._window.session.current
        return self._window.session.frames.reel(entry.key) if entry else None

    def _asked_reel(self) -> FrameReel:
        self._window.commands.refuse_hidden()
        reel = self._reel()
        if reel is None:
            raise ReviewError(
                translate("FrameActions", "This image has one frame only."), code="one-frame"
            )
        return reel

    def _step(self, by: int) -> None:
        self._asked_reel().step(by)
        self._show()

    def _go_to(self, number: int) -> None:
        reel = self._reel()
        if reel is not None:
            reel.go_to(number)
            self._show()

    def keep_still(self) -> None:
        """Motion may be unwanted from now on: what plays is paused."""
        reel = self._reel()
        if self._window.theme.still and reel is not None and reel.playing:
            self._play()

    def _play(self) -> None:
        reel = self._asked_reel()
        if self._window.theme.still and not reel.playing:
            back, on = (self._window.key_of(name) for name in ("frame-previous", "frame-next"))
            raise ReviewError(
                translate(
                    "FrameActions",
                    "Motion is reduced in the settings: {back} and {on} step through the frames.",
                ).format(back=back, on=on),
                code="still",
            )
        reel.toggle_play()
        self._late = False
        if reel.playing:
            self._clock.start(reel.delay_ms)
        self._show()

    def _advance(self) -> None:
        reel = self._reel()
        self._late = False
        if reel is None or not reel.playing:
            return
        if self._window.stage.hidden:
            reel.toggle_play()
            return
        if reel.advance():
            self._clock.start(reel.delay_ms)
            self._show()
        else:
            self._late = True
            self._window.session.frames.follow()

    def _show(self) -> None:
        # The stage first: what is decoded already is on the screen before anything is asked for.
        self._window.stage.refresh()
        self._window.session.frames.follow()
