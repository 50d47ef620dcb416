"""How the image on the stage is looked at: painted, uncovered, covered again, left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.look import Look, Shown
from modstation.app.session_events import CoverChanged
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.review_session import ReviewSession


class StageLooking:
    """The look at the current image; every image begins another one."""

    def __init__(self, desk: ReviewSession, *, monotonic: Callable[[], float]) -> None:
        self.look = Look(protected=False)
        self._desk = desk
        self._monotonic = monotonic

    def begin(self, *, protected: bool) -> None:
        """Another image, or another picture of it, is current: nothing of it was seen."""
        self.look = Look(protected=protected, away=self.look.away)

    @property
    def covered(self) -> bool:
        """The current image is covered at this moment."""
        return self.look.covered

    def painted(self, key: str, shown: Shown = Shown.PICTURE) -> None:
        """The stage has put the current image, or its error card, on the screen."""
        if key == self._desk.current_key:
            self.look.painted(shown, self._monotonic())

    def unpainted(self) -> None:
        """Nothing of the current image is on the screen any more."""
        self.look.gone(self._monotonic())

    def peek(self, *, on: bool) -> None:
        """Uncover the image while a key is held; ``ReviewError`` if there is no picture yet."""
        if on:
            self._refuse_without_picture()
        if self.look.peek(on=on, now=self._monotonic()):
            self._desk.tell(CoverChanged(self.covered))

    def toggle_reveal(self) -> None:
        """Uncover this image until it is decided, or cover it again.

        ``ReviewError`` if there is no picture yet.
        """
        self._refuse_without_picture()
        if self.look.toggle_latch(self._monotonic()):
            self._desk.tell(CoverChanged(self.covered))

    def _refuse_without_picture(self) -> None:
        # Else it would arrive uncovered, or count as seen although nobody saw it.
        if self.look.protected and not isinstance(self._desk.current_frame(), Frame):
            raise ReviewError(
                translate("ReviewSession", "There is no picture to uncover yet."), code="no-picture"
            )

    def cover_again(self) -> None:
        """Whatever was uncovered of the image is not any more."""
        if self.look.latched and self.look.toggle_latch(self._monotonic()):
            self._desk.tell(CoverChanged(self.covered))

    def look_away(self, *, away: bool) -> None:
        """Another window is in front: what is uncovered meanwhile is not being looked at."""
        self.look.look_away(away=away, now=self._monotonic())

    def set_note(self, text: str) -> None:
        """Keep a note for the decision on this image; blank text removes it."""
        self.look.note = text.strip() or None
