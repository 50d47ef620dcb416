"""Which pictures the views need: those around the stage, tiles, those of a view beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modstation.app.frame_pipeline import Beside, Focus, FramePipeline
    from modstation.app.queue_window import QueueWindow

# Pictures of a contact sheet that are asked for before those of the stage.
TILES_FETCHED = 96


class PictureWishes:
    """Has the pictures of all views fetched and decoded, those that are looked at first.

    ``want_images`` tells the network process which keys come next.
    """

    def __init__(
        self,
        frames: FramePipeline,
        window: QueueWindow,
        want_images: Callable[[Sequence[str]], None],
    ) -> None:
        self._frames = frames
        self._window = window
        self._want_images = want_images
        self._beside: Beside | None = None

    def show_around(self) -> None:
        """The stage has another current image, or other neighbours."""
        focus = self._window.focus()
        strip = [item.key for item in self._window.strip()]
        self._frames.focus(focus, strip, self._window.revisions())
        self._want(focus)

    def show_beside(self, beside: Beside | None) -> None:
        """Another view shows pictures too: have them fetched and decoded; None: it is closed."""
        self._beside = beside
        self._frames.show_beside(beside)
        self._want(self._window.focus())

    def show_tiles(self, box: tuple[int, int], wanted: Mapping[str, str | None]) -> None:
        """Have the tiles of a contact sheet ready (key and upload), the most needed first."""
        self._frames.tiles.show(box, wanted)
        self._want(self._window.focus())

    def _want(self, focus: Focus | None) -> None:
        tiles = tuple(self._frames.tiles.wanted)[:TILES_FETCHED]
        keys = (*tiles, *(focus.in_order() if focus else ()))
        if self._beside is not None:
            looked_at = (self._beside.large,) if self._beside.large else ()
            keys = (*looked_at, *keys, *self._beside.thumbnails)
        if keys:
            self._want_images(tuple(dict.fromkeys(keys)))
