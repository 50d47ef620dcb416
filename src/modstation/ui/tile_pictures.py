"""Tiles made ready for painting: covered or grey ones beforehand, so that a paint only copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize

from modstation.ui.cover import mosaic, without_colour, wrap

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from modstation.media.frames import Frame

# More than are ever seen at once, with the screens before and after.
_KEPT = 400


class TilePictures:
    """Images by asset key; what was made for another frame, cover or strength is never given."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Frame, tuple[int, bool], QImage]] = {}

    def ready(self, frame: Frame, *, strength: int, grey: bool) -> QImage | None:
        """The tile as it is to be shown, or None if it has to be made first; 0: uncovered."""
        found = self._made.get(frame.asset_key)
        if found is None or found[0] is not frame or found[1] != (strength, grey):
            return None
        return found[2]

    def make(self, frame: Frame, *, strength: int, grey: bool) -> None:
        """Make a tile ready."""
        image = wrap(frame)
        if strength:
            image = mosaic(image, strength, QSize(frame.width, frame.height))
        if grey:
            image = without_colour(image)
        self._made.pop(frame.asset_key, None)
        self._made[frame.asset_key] = (frame, (strength, grey), image)
        while len(self._made) > _KEPT:
            del self._made[next(iter(self._made))]

    def clear(self) -> None:
        """Let go of every frame."""
        self._made.clear()
