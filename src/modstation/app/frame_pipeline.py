"""Keeps the frames around the current entry decoded: the current one first, 8 ahead, 2 back."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from modstation.app.frame_reel import CELL_BOX, FrameReel
from modstation.app.tile_frames import TileFrames
from modstation.core.errors import PictureMissing
from modstation.media.frames import DecodeFailed, DecodeRequest, DecodeResult, Frame, Rendition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

AHEAD = 8
BACK = 2
THUMBNAIL_BOX = (160, 120)
# Frames around the current one are dropped, farthest first, beyond this many bytes of pixels.
FRAME_BYTES = 192 * 1024 * 1024
THUMBNAILS_KEPT = 96
NO_REVISIONS: Mapping[str, str | None] = MappingProxyType({})


class Decoder(Protocol):
    """What decodes: ``media.decoder.DecodePool`` in the program."""

    def want(self, requests: Sequence[DecodeRequest]) -> None:
        """Replace the plan; requests come in the order they are needed."""
        ...

    def give_way(self, *, on: bool) -> None:
        """Leave a core to the window, or take it again."""
        ...


@dataclass(frozen=True, slots=True)
class Focus:
    """The keys to have ready: the current one, those ahead and those behind, nearest first."""

    current: str
    ahead: tuple[str, ...] = ()
    back: tuple[str, ...] = ()

    def in_order(self) -> tuple[str, ...]:
        """Every key, the most needed first."""
        return (self.current, *self.ahead[:AHEAD], *self.back[:BACK])


@dataclass(frozen=True, slots=True)
class Beside:
    """What a view beside the stage shows: thumbnails, and one image at the size of the stage.

    ``changed`` is told the key of every frame of these that came.
    """

    thumbnails: tuple[str, ...]
    large: str | None
    revisions: Mapping[str, str | None]
    changed: Callable[[str], None]


class FramePipeline:
    """Ready frames by asset key, for one stage size at a time.

    All methods and the callbacks run on the thread that owns the session. A result for a stage
    size or a plan that is no longer wanted is dropped (its ``generation`` is old).
    """

    def __init__(
        self,
        *,
        on_ready: Callable[[str], None],
        on_thumbnail: Callable[[str], None],
        byte_limit: int = FRAME_BYTES,
    ) -> None:
        self._decoder: Decoder | None = None
        self._on_ready = on_ready
        self._on_thumbnail = on_thumbnail
        self._byte_limit = byte_limit
        self._box: tuple[int, int] | None = None
        self._generation = 0
        self._focus: Focus | None = None
        self._strip: tuple[str, ...] = ()
        self._ready: dict[str, DecodeResult] = {}
        self._thumbnails: dict[str, DecodeResult] = {}
        self._reel: FrameReel | None = None
        self._detail: tuple[str, Rendition, int] | None = None
        self._details: dict[str, DecodeResult] = {}
        self._not_here: set[tuple[str, Rendition]] = set()
        self._revisions: Mapping[str, str | None] = {}
        self._purged: set[str] = set()
        self._beside: Beside | None = None
        self._large: DecodeResult | None = None
        # The contact sheet; while it is open its tiles come first and the stage has one frame.
        self.tiles = TileFrames(self._ask)

    def attach(self, decoder: Decoder) -> None:
        """Say who decodes; what is already wanted is asked for at once."""
        self._decoder = decoder
        self._ask()

    def give_way(self, *, on: bool) -> None:
        """Something moves on the screen: decode at less than full speed as long as it does."""
        if self._decoder is not None:
            self._decoder.give_way(on=on)

    @property
    def stage_box(self) -> tuple[int, int] | None:
        """The size of the stage in device pixels."""
        return self._box

    # -- what the session wants

    def resize(self, box: tuple[int, int]) -> None:
        """Take a new stage size in device pixels; frames of the old size stay until replaced."""
        if box == self._box or min(box) < 1:
            return
        self._box = box
        self._generation += 1
        self._ask()

    def focus(
        self,
        focus: Focus | None,
        strip: Sequence[str] = (),
        revisions: Mapping[str, str | None] = NO_REVISIONS,
    ) -> None:
        """Move to another place in the queue; ``strip`` are the keys whose thumbnails show.

        ``revisions`` name the uploads that are wanted. What was decoded of another upload under
        the same key is dropped, and so is what a worker is still making of it.
        """
        self._focus, self._strip = focus, tuple(strip)
        replaced = [
            key
            for key, revision in revisions.items()
            if self._revisions.get(key, revision) != revision
        ]
        self._generation += bool(replaced)
        for key in replaced:
            self.forget(key)
        self._revisions = revisions
        wanted = set(focus.in_order()) if focus else set()
        for key in [key for key in self._ready if key not in wanted]:
            del self._ready[key]
        if self._detail is not None and (focus is None or self._detail[0] != focus.current):
            self._detail = None
            self._details.clear()
        if self._reel is not None and (focus is None or self._reel.key != focus.current):
            self._reel = None
        self._ask()

    def detail(self, key: str, rendition: Rendition, frame: int = 0) -> bool:
        """Ask for every pixel of one frame of an image, for zooming in; False if that was asked."""
        if self._detail == (key, rendition, frame):
            return False
        self._detail = (key, rendition, frame)
        self._ask()
        return True

    def reel(self, key: str) -> FrameReel | None:
        """The frames of an image that has several and whose first one is ready.

        There is one reel at a time, for the image that was asked for last.
        """
        first = self._ready.get(key)
        if not isinstance(first, Frame) or first.frames < 2:
            return None
        if self._reel is None or self._reel.key != key:
            self._reel = FrameReel(first)
        return self._reel

    def follow(self) -> None:
        """The reel shows another frame or another part of its strip: decode what is missing."""
        self._ask()

    def show_beside(self, beside: Beside | None) -> None:
        """Have these ready too, after what the stage needs; None: that view is closed."""
        self._beside = beside
        if self._large is not None and (beside is None or self._large.asset_key != beside.large):
            self._large = None
        self._ask()

    def forget(self, key: str) -> None:
        """Drop everything decoded of an asset: its upload was replaced."""
        for frames in (self._ready, self._thumbnails, self._details):
            frames.pop(key, None)
        if self._reel is not None and self._reel.key == key:
            self._reel = None
        if self._large is not None and self._large.asset_key == key:
            self._large = None
        self.tiles.forget(key)

    def purge(self, key: str) -> None:
        """Drop everything decoded of an asset and take nothing more of it."""
        self._purged.add(key)
        self.forget(key)
        self._ask()

    def purged(self, key: str) -> bool:
        """This picture was destroyed and does not come back."""
        return key in self._purged

    # -- what the views paint

    def frame(self, key: str) -> DecodeResult | None:
        """The frame of an entry for the stage, its failure, or None while it is not ready."""
        return self._ready.get(key)

    def large_frame(self, key: str) -> DecodeResult | None:
        """The frame of the image that is looked at beside the stage."""
        here = self._large is not None and self._large.asset_key == key
        return self._large if here else None

    def detail_frame(self, key: str) -> DecodeResult | None:
        """All pixels of the current image once they are decoded."""
        return self._details.get(key)

    def thumbnail(self, key: str) -> DecodeResult | None:
        """A small frame for the filmstrip."""
        return self._thumbnails.get(key)

    # -- what the others tell

    def image_cached(self, key: str, rendition: str) -> bool:
        """The bytes have arrived on this machine; says whether older ones are being shown."""
        self._not_here = {item for item in self._not_here if item[0] != key}
        replaced = rendition == "review" and isinstance(self._ready.get(key), Frame)
        if replaced:
            self.forget(key)
        elif isinstance(self._ready.get(key), DecodeFailed):
            del self._ready[key]
        if isinstance(self.large_frame(key), DecodeFailed):
            self._large = None
        self.tiles.forget_failure(key)
        focus, beside = self._focus, self._beside
        wanted = key in self._strip or key in self.tiles.wanted
        if (
            wanted
            or (focus and key in focus.in_order())
            or (beside and (key == beside.large or key in beside.thumbnails))
        ):
            self._ask()
        return replaced

    def missing(self, key: str, rendition: Rendition) -> None:
        """The cache has no bytes for this image yet: ask again when they arrive."""
        self._not_here.add((key, rendition))

    def look_again(self) -> None:
        """Ask once more for what was missing: its arrival may have crossed with our question."""
        if self._not_here:
            self._not_here.clear()
            self._ask()

    def decoded(self, result: DecodeResult) -> None:
        """Take a result from the decoder."""
        key = result.asset_key
        if key in self._purged:
            return
        if isinstance(result, DecodeFailed) and isinstance(result.error, PictureMissing):
            # No failure of the image. If it is not noted as missing any more it has arrived since.
            if (key, result.rendition) not in self._not_here:
                self._ask()
            return
        if result.box == THUMBNAIL_BOX:
            self._thumbnails[key] = result
            while len(self._thumbnails) > THUMBNAILS_KEPT:
                del self._thumbnails[next(iter(self._thumbnails))]
            self._on_thumbnail(key)
            if self._beside is not None and key in self._beside.thumbnails:
                self._beside.changed(key)
            return
        if result.box == _DETAIL_BOX:
            self._take_detail(result)
            return
        if result.box == CELL_BOX or result.frame > 0 or result.count > 1:
            self._take_frames(result)
            return
        if result.box == self.tiles.box:
            self.tiles.take(result)
            return
        if result.box != self._box:
            return
        self._take_large(result)
        focus = self._focus
        if result.generation != self._generation or focus is None or key not in focus.in_order():
            return
        self._ready[key] = result
        if self._reel is not None and self._reel.key == key and isinstance(result, Frame):
            self._reel.renew(result)
        self._keep_within_limit(focus)
        self._on_ready(key)
        if self._reel is not None and self._reel.key == key:
            self._ask()

    # -- inside

    def _take_frames(self, result: DecodeResult) -> None:
        """Take further frames of the image on the stage; of any other they come too late."""
        reel = self._reel
        if reel is None or reel.key != result.asset_key:
            return
        if reel.take(result, self._generation):
            self._on_ready(reel.key)
            self._ask()

    def _take_detail(self, result: DecodeResult) -> None:
        """Take every pixel of the image that is zoomed; of any other it comes too late."""
        if (result.asset_key, result.rendition, result.frame) != self._detail:
            return
        if result.generation == self._generation:
            self._details[result.asset_key] = result
            self._on_ready(result.asset_key)

    def _take_large(self, result: DecodeResult) -> None:
        beside = self._beside
        fresh = result.generation == self._generation
        if fresh and beside is not None and result.asset_key == beside.large:
            self._large = result
            beside.changed(result.asset_key)

    def _keep_within_limit(self, focus: Focus) -> None:
        total = 0
        for key in focus.in_order():
            result = self._ready.get(key)
            if isinstance(result, Frame):
                total += result.byte_count
                if total > self._byte_limit and key != focus.current:
                    del self._ready[key]

    def _room_for(self, focus: Focus, box: tuple[int, int]) -> tuple[str, ...]:
        most = max(1, self._byte_limit // (box[0] * box[1] * 4)) if not self.tiles.box else 1
        return focus.in_order()[:most]

    def _ask(self) -> None:
        if self._decoder is None or self._box is None:
            return
        plan = self.tiles.requests(self._not_here)
        focus = self._focus
        if focus is not None:
            for key in self._room_for(focus, self._box):
                have = self._ready.get(key)
                fresh = have is not None and (
                    isinstance(have, DecodeFailed) or have.generation == self._generation
                )
                if not fresh:
                    self._add(plan, key, "review", self._box)
            if self._detail is not None:
                key, rendition, number = self._detail
                have = self._details.get(key)
                here = (key, rendition) not in self._not_here
                # All pixels of the review rendition do not stand for those of the original.
                if here and (have is None or (have.rendition, have.frame) != (rendition, number)):
                    detail = self._request(key, rendition, _DETAIL_BOX, number)
                    plan.insert(min(1, len(plan)), detail)
            self._add_frames(plan, focus, self._box)
        beside = self._beside
        if beside is not None and beside.large is not None:
            large = self.large_frame(beside.large)
            if large is None or large.generation != self._generation:
                self._add(plan, beside.large, "review", self._box)
        for key in dict.fromkeys((*self._strip, *(beside.thumbnails if beside else ()))):
            if key not in self._thumbnails:
                self._add(plan, key, "review", THUMBNAIL_BOX)
        self._decoder.want([request for request in plan if request.asset_key not in self._purged])

    def _add(
        self, plan: list[DecodeRequest], key: str, rendition: Rendition, box: tuple[int, int]
    ) -> None:
        if (key, rendition) not in self._not_here:
            plan.append(self._request(key, rendition, box))

    def _add_frames(self, plan: list[DecodeRequest], focus: Focus, box: tuple[int, int]) -> None:
        """Further frames of the current image: the one that is waited for right behind it, small
        ones for the strip behind the images that come next.
        """
        reel = self._reel
        if reel is None or reel.key != focus.current or (reel.key, "review") in self._not_here:
            return
        wanted = reel.requests(self._generation, box, self._revisions.get(reel.key))
        for request in wanted:
            waited_for = request.box == box and (reel.playing or not reel.ready)
            plan.insert(min(1 if waited_for else 3, len(plan)), request)

    def _request(
        self, key: str, rendition: Rendition, box: tuple[int, int], frame: int = 0
    ) -> DecodeRequest:
        revision = self._revisions.get(key)
        if revision is None and self._beside is not None:
            revision = self._beside.revisions.get(key)
        return DecodeRequest(self._generation, key, rendition, box, frame=frame, revision=revision)


# Larger than any image we decode: "every pixel".
_DETAIL_BOX = (1 << 16, 1 << 16)
