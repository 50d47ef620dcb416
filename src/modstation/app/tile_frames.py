"""Small frames for the contact sheet: what is seen first, then what comes next, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.media.frames import DecodeFailed, DecodeRequest, DecodeResult, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from modstation.media.frames import Rendition

# Pixels of tiles that are kept; those that are wanted now are never dropped.
TILE_BYTES = 64 * 1024 * 1024


def _nobody(_key: str) -> None:
    return


class TileFrames:
    """Frames of one tile size by asset key; nothing while no sheet is open.

    ``ask`` has the decoders' plan made anew. ``on_ready`` is told of every frame that came.
    """

    def __init__(self, ask: Callable[[], None], *, byte_limit: int = TILE_BYTES) -> None:
        self.box: tuple[int, int] | None = None
        self.on_ready: Callable[[str], None] = _nobody
        self._ask = ask
        self._byte_limit = byte_limit
        self._generation = 0
        self._wanted: dict[str, str | None] = {}
        self._ready: dict[str, DecodeResult] = {}
        self._bytes = 0

    @property
    def wanted(self) -> Collection[str]:
        """The keys whose pictures are needed, the most needed first."""
        return self._wanted.keys()

    def show(self, box: tuple[int, int], wanted: Mapping[str, str | None]) -> None:
        """Have these ready (key and upload), the most needed first, to fit into ``box``.

        Frames of another size stay until they are replaced, so that there is something to paint.
        """
        if box == self.box and list(wanted.items()) == list(self._wanted.items()):
            return
        replaced = [k for k, one in wanted.items() if self._wanted.get(k, one) != one]
        self._generation += box != self.box or bool(replaced)
        self.box, self._wanted = box, dict(wanted)
        for key in replaced:
            self.forget(key)
        self._ask()

    def close(self) -> None:
        """The sheet is gone, and with it every frame."""
        self.box = None
        self._wanted.clear()
        self._ready.clear()
        self._bytes = 0
        self._ask()

    def frame(self, key: str) -> DecodeResult | None:
        """The frame of a tile, its failure, or None while it is not ready."""
        return self._ready.get(key)

    def tell(self, key: str) -> None:
        """Something else is known of this picture, for example why it does not come."""
        if key in self._wanted:
            self.on_ready(key)

    def forget(self, key: str) -> None:
        """Drop what was decoded of an asset."""
        gone = self._ready.pop(key, None)
        self._bytes -= _bytes_of(gone)

    def forget_failure(self, key: str) -> None:
        """The bytes came anew: what failed may work now."""
        if isinstance(self._ready.get(key), DecodeFailed):
            self.forget(key)

    def requests(self, not_here: Collection[tuple[str, Rendition]]) -> list[DecodeRequest]:
        """What is still to be decoded, in the order it is needed."""
        if self.box is None:
            return []
        return [
            DecodeRequest(self._generation, key, "review", self.box, revision=revision)
            for key, revision in self._wanted.items()
            if (key, "review") not in not_here and not self._is_fresh(key)
        ]

    def take(self, result: DecodeResult) -> None:
        """A result of this size has come; of an older upload or sheet it is not wanted."""
        key = result.asset_key
        if key not in self._wanted or result.generation != self._generation:
            return
        self.forget(key)
        self._ready[key] = result
        self._bytes += _bytes_of(result)
        for other in list(self._ready):
            if self._bytes <= self._byte_limit:
                break
            if other not in self._wanted:
                self.forget(other)
        self.on_ready(key)

    def _is_fresh(self, key: str) -> bool:
        have = self._ready.get(key)
        return have is not None and have.box == self.box


def _bytes_of(result: DecodeResult | None) -> int:
    return result.byte_count if isinstance(result, Frame) else 0
