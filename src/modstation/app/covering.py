"""How pictures are covered, the same in every view: strength, colour, everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.core.policy import STRONGEST_BLUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.protection import Floor


class Covering:
    """What the moderator has chosen, never less than the organisation's floor.

    ``hidden``: every image is covered at once, and nothing can be decided. Every view that paints
    pictures listens; whoever changes something is told by ``ReviewError`` "floor" if it may not be.
    ``remember`` is told a setting's name and its new value.
    """

    def __init__(
        self,
        floor: Floor,
        *,
        blur: int,
        greyscale: bool,
        remember: Callable[[str, int], None] = lambda _name, _value: None,
    ) -> None:
        self.floor = floor
        self._remember = remember
        self.hidden = False
        self._blur = blur
        self._grey = greyscale
        self._listeners: list[Callable[[], None]] = []

    @property
    def strength(self) -> int:
        """How strong a cover is, from 1 to 10."""
        return self.floor.blur_of(self._blur)

    @property
    def grey(self) -> bool:
        """Images are shown without colour."""
        return self.floor.greyscale_of(self._grey)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change."""
        self._listeners.append(listener)

    def stop_listening(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` no more."""
        self._listeners.remove(listener)

    def choose(self, *, blur: int, greyscale: bool) -> None:
        """Take other settings; where they are below the floor, the floor counts."""
        if (blur, greyscale) != (self._blur, self._grey):
            self._blur, self._grey = blur, greyscale
            self._tell()

    def change_blur(self, by: int) -> int:
        """Make covers stronger or weaker; returns the strength."""
        wanted = min(max(self.strength + by, 1), STRONGEST_BLUR)
        if wanted < self.floor.blur:
            raise ReviewError(
                translate(
                    "Covering", "Your organisation asks for a cover of at least {blur}."
                ).format(blur=self.floor.blur),
                code="floor",
            )
        self._blur = wanted
        self._tell()
        self._remember("blur", wanted)
        return self.strength

    def toggle_grey(self) -> bool:
        """Show images without colour, or with it again; says which."""
        if self.grey and self.floor.greyscale:
            raise ReviewError(
                translate("Covering", "Your organisation asks for images without colour."),
                code="floor",
            )
        self._grey = not self.grey
        self._tell()
        self._remember("greyscale", self._grey)
        return self.grey

    def toggle_hidden(self) -> bool:
        """Cover every image at once, or go on; says which."""
        self.hidden = not self.hidden
        self._tell()
        return self.hidden

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
