"""The contact sheet: which tiles are seen, which one is focused, and how the sheet moves.

Like the session it runs on the window's thread and touches memory only. The focused tile is the
session's current entry, so evidence, filmstrip and undo need to know nothing of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modstation.app.frame_pipeline import THUMBNAIL_BOX
from modstation.app.frame_reel import CELL_BOX
from modstation.app.grid_layout import SIZES, USUAL_SIZE, Box, Layout
from modstation.app.grid_marks import GridMarks
from modstation.app.grid_on_screen import TilesOnScreen
from modstation.app.grid_reader import GridReader
from modstation.app.grid_strokes import GridStrokes
from modstation.app.grid_tiles import MOST, GridTiles, Tile
from modstation.app.session_events import (
    CountsChanged,
    CurrentChanged,
    EntriesLeft,
    EntriesReturned,
    PicturePurged,
    SessionEvent,
    StripChanged,
    ViewChanged,
)
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.media.frames import DecodeResult, Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.review_session import ReviewSession
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.queue import QueueEntry, QueuePosition

# Screens decoded beyond the one that is seen, and one back.
_AHEAD = 2


def _nobody() -> None:
    return


class GridSession:
    """State and rules of the sheet; ``on_change`` is told whenever it has to be painted anew.

    Refusals raise ``ReviewError`` with a stable ``code`` and change nothing.
    """

    def __init__(
        self,
        session: ReviewSession,
        store: StoreTasks,
        *,
        monotonic: Callable[[], float],
        warning_of: Callable[[str], str | None],
        new_id: Callable[[], str],
    ) -> None:
        self.session = session
        self.tiles = GridTiles(session.protecting.protects, session.is_taken)
        self.layout = Layout(1, 1, 0)
        self.offset = 0
        self.opened = False
        self._lent = False
        self.on_change: Callable[[], None] = _nobody
        self.on_tile: Callable[[str], None] = lambda _key: None
        self.on_scroll: Callable[[], None] = _nobody
        self._monotonic = monotonic
        # What one key does to many tiles.
        self.strokes = GridStrokes(self, monotonic=monotonic, warning_of=warning_of, new_id=new_id)
        self._reader = GridReader(store, self)
        self._ratio = 1.0
        self.on_screen = TilesOnScreen(self, monotonic=monotonic)
        self.marks = GridMarks(self)
        self._focus: str | None = None
        self._protection = session.rules.protection
        self._stale = False
        session.listen(self._hear)

    # -- opening and closing

    def open(self) -> None:
        """Show the sheet, beginning with the image that was on the stage."""
        self.opened, self.offset, self._stale, self._lent = True, 0, False, False
        self.tiles.clear()
        self.layout = replace(self.layout, count=0, lead=0)
        self.marks.end_move()
        self._focus = self._current_key
        self._protection = self.session.rules.protection
        self.session.looking.unpainted()
        self.session.frames.tiles.on_ready = self._tile_ready
        self._read_anew()

    def close(self) -> None:
        """Leave the sheet; what is marked is forgotten, the focused image is on the stage."""
        self.opened = False
        self.rest()
        self.strokes.drop()
        self._reader.forget()
        self.on_screen.nothing()
        self.tiles.clear()
        self.session.frames.tiles.close()

    def lend(self) -> None:
        """Another view lies over the sheet and has the tiles until ``show_again``."""
        self._lent = True
        self.on_screen.nothing()

    def show_again(self) -> None:
        """The other view is gone: have the tiles of the sheet ready again."""
        self._lent = False
        self.session.frames.tiles.on_ready = self._tile_ready
        self._moved()

    def tick(self) -> None:
        """Once a second: look what others did to the entries that are seen."""
        if self.opened and self._stale:
            self._stale = False
            self._renew()

    def resize(self, width: int, height: int, ratio: float) -> None:
        """The sheet has this size now, in logical pixels of ``ratio`` device pixels."""
        if (width, height, ratio) == (self.layout.width, self.layout.height, self._ratio):
            return
        self._ratio = ratio
        self.strokes.drop()
        self._lay_out(replace(self.layout, width=width, height=height, lead=0))

    def larger(self, steps: int) -> None:
        """Make tiles larger or smaller; ``ReviewError`` at the end."""
        size = self.layout.size + steps
        if not 0 <= size < len(SIZES):
            raise ReviewError(
                translate("GridSession", "This is the largest tile.")
                if steps > 0
                else translate("GridSession", "This is the smallest tile."),
                code="edge",
            )
        self.strokes.drop()
        self._lay_out(replace(self.layout, size=size, lead=0))

    def usual_size(self) -> None:
        """Tiles as large as they were at first."""
        self.strokes.drop()
        self._lay_out(replace(self.layout, size=USUAL_SIZE, lead=0))

    # -- for the view

    def seen(self) -> list[tuple[Tile, Box, DecodeResult | None]]:
        """What is seen of the sheet: tiles, where they lie, and their pictures."""
        layout, frames = self.layout, self.session.frames.tiles
        return [
            (tile := self.tiles[index], layout.box(index, self.offset), frames.frame(tile.key))
            for index in layout.visible(self.offset)
        ]

    @property
    def focused(self) -> Tile | None:
        """The tile that keys act on."""
        index = self.tiles.index(self._current_key)
        return None if index is None else self.tiles[index]

    # -- moving

    def move(self, dx: int, dy: int, *, extend: bool = False) -> None:
        """Focus another tile, so many columns and rows away; ``extend`` marks on the way."""
        index = self.tiles.index(self._current_key)
        if index is None:
            if not len(self.tiles):
                raise ReviewError(translate("GridSession", "There are no tiles."), code="empty")
            self._focus_on(self.tiles[0])
            return
        to = self.layout.step(index, dx, dy)
        if to is None:
            ahead = dx > 0 or dy > 0
            edge = self.tiles.at_end if ahead else self.tiles.at_start
            if not edge:
                self._read_beyond(ahead=ahead)
                raise ReviewError(
                    translate("GridSession", "What comes next is still being read."), code="edge"
                )
            raise ReviewError(
                translate("GridSession", "This is the last row of the queue.")
                if ahead
                else translate("GridSession", "This is the first row of the queue."),
                code="edge",
            )
        if extend:
            self.marks.begin_at(index)
        else:
            self.marks.end_move()
        self._focus_on(self.tiles[to])
        if extend:
            self.marks.extend_to(to)

    def page(self, pages: int) -> None:
        """Focus the tile one screen further, or back."""
        rows = max(1, len(self.layout.whole(self.offset)) // self.layout.columns)
        index = self.tiles.index(self._current_key) or 0
        to = min(max(index + pages * rows * self.layout.columns, 0), len(self.tiles) - 1)
        if to < 0:
            raise ReviewError(translate("GridSession", "There are no tiles."), code="empty")
        self.marks.end_move()
        self._focus_on(self.tiles[to])

    def point(self, index: int, *, extend: bool = False) -> None:
        """Focus the tile that was clicked."""
        before = self.tiles.index(self._current_key)
        if extend and before is not None:
            self.marks.begin_at(before)
        elif not extend:
            self.marks.end_move()
        self._focus_on(self.tiles[index])
        if extend:
            self.marks.extend_to(index)

    def scroll(self, by: int) -> None:
        """Scroll by so many pixels; the focus stays where it is."""
        self.scroll_to(self.offset + by)

    def scroll_to(self, offset: int) -> None:
        """Scroll so far down; ``on_scroll`` is told, and calls ``rest`` when the sheet rests."""
        before = self.offset
        self._show_from(offset)
        if self.offset != before:
            self.session.frames.give_way(on=True)
            self.on_scroll()

    def rest(self) -> None:
        """The sheet does not move any more: tiles may come at full speed."""
        self.session.frames.give_way(on=False)

    def _show_from(self, offset: int) -> None:
        offset = min(max(offset, 0), self.layout.last_offset)
        if offset != self.offset:
            self.offset = offset
            self.strokes.drop()
            self._moved()

    def _focus_on(self, tile: Tile) -> None:
        if tile.key != self._current_key:
            # It tells that another entry is current, and that is followed.
            self.session.visit(tile.entry)
        else:
            self._follow()

    def _follow(self) -> None:
        """The session has another current entry: bring its tile on the screen."""
        key = self._current_key
        if key != self._focus:
            self.strokes.drop()
            index = self.tiles.index(self._focus)
            if index is not None:
                # A held key that uncovers acts on one image only.
                self.tiles[index].look.peek(on=False, now=self._monotonic())
            self._focus = key
        index = self.tiles.index(key)
        if index is not None:
            self.offset = self.layout.bring(index, self.offset)
        self._moved()

    # -- looking

    def peek(self, *, on: bool) -> None:
        """Uncover the focused tile while a key is held; ``ReviewError`` without a picture."""
        tile = self.focused
        if on:
            self._refuse_without_picture(self.need_focus())
        if tile is not None and tile.look.peek(on=on, now=self._monotonic()):
            self.on_change()

    def toggle_reveal(self) -> None:
        """Uncover the focused tile, or cover it again; ``ReviewError`` without a picture."""
        tile = self.need_focus()
        self._refuse_without_picture(tile)
        if tile.look.toggle_latch(self._monotonic()):
            self.on_change()

    def _refuse_without_picture(self, tile: Tile) -> None:
        if tile.look.protected and not self.has_picture(tile.key):
            raise ReviewError(
                translate("GridSession", "There is no picture to uncover yet."), code="no-picture"
            )

    def has_picture(self, key: str) -> bool:
        """The tile of an asset can be painted."""
        return isinstance(self.session.frames.tiles.frame(key), Frame)

    def need_focus(self) -> Tile:
        """The tile that keys act on; ``ReviewError`` if there is none."""
        tile = self.focused
        if tile is None:
            raise ReviewError(
                translate("GridSession", "No tile is chosen; the arrows choose one."), code="empty"
            )
        return tile

    def skip(self) -> None:
        """Put the focused image at the back of the queue."""
        self.need_focus()
        self.session.skip()

    # -- what the session and the store tell

    def taken(
        self,
        entries: list[QueueEntry],
        low: QueuePosition | None,
        high: QueuePosition | None,
    ) -> None:
        """The store has told what waits from ``low`` to ``high``."""
        first = not len(self.tiles)
        more = self.tiles.merge(entries, low, high, keep=self._current_key)
        if more and not first:
            columns, lead = self.layout.columns, self.layout.lead
            fresh = (lead - more) % columns
            self.offset += (fresh + more) // columns * self.layout.pitch
            self.layout = replace(self.layout, lead=fresh)
        self._lay_out(replace(self.layout, count=len(self.tiles)))
        index = self.tiles.index(self._current_key)
        if first and index is not None:
            top = (self.layout.lead + index) // self.layout.columns * self.layout.pitch
            self._show_from(top)
        elif index is None and len(self.tiles) and self.session.current is None:
            self._focus_on(self.tiles[0])

    def _hear(self, event: SessionEvent) -> None:
        if not self.opened:
            return
        match event:
            case CurrentChanged():
                self._follow()
            case EntriesLeft(keys=keys):
                self.strokes.drop()
                self.tiles.take(keys)
                self._lay_out(replace(self.layout, count=len(self.tiles)))
                self._choose_nearest()
            case EntriesReturned(entries=entries):
                self.strokes.drop()
                self.tiles.put_back(entries)
                self._lay_out(replace(self.layout, count=len(self.tiles)))
                if self.tiles.index(self._current_key) is None:
                    self._read_anew()
            case ViewChanged():
                self.strokes.drop()
                self._read_anew()
            case CountsChanged():
                self._stale = True
            case PicturePurged():
                self.on_change()
            case StripChanged():
                if self.session.rules.protection is not self._protection:
                    self._protection = self.session.rules.protection
                    self.strokes.drop()
                    self.tiles.look_anew()
                    self.on_change()
            case _:
                pass

    def _choose_nearest(self) -> None:
        """The focused tile left: go on with the first that is seen."""
        if self.tiles.index(self._current_key) is None:
            for index in self.layout.visible(self.offset):
                self._focus_on(self.tiles[index])
                return

    def _tile_ready(self, key: str) -> None:
        self.on_tile(key)

    # -- inside

    @property
    def _current_key(self) -> str | None:
        entry = self.session.current
        return entry.key if entry else None

    def _lay_out(self, layout: Layout) -> None:
        self.layout = layout
        self._trim()
        self.offset = min(self.offset, self.layout.last_offset)
        self._moved()

    def _moved(self) -> None:
        """Other tiles are seen: have them, and what comes after them, ready."""
        if not self.opened:
            return
        layout = self.layout
        seen = layout.visible(self.offset)
        screen = max(1, len(seen))
        order = [
            *seen,
            *range(seen.stop, min(seen.stop + _AHEAD * screen, len(self.tiles))),
            *reversed(range(max(0, seen.start - screen), seen.start)),
        ]
        entries = [self.tiles[index].entry for index in order]
        if not self._lent:
            self.session.pictures.show_tiles(
                self._tile_box(), {entry.key: entry.asset.revision for entry in entries}
            )
        if seen.stop + 3 * screen > len(self.tiles) and not self.tiles.at_end:
            self._read_beyond(ahead=True)
        elif seen.start < screen and not self.tiles.at_start:
            self._read_beyond(ahead=False)
        self.on_change()

    def _tile_box(self) -> tuple[int, int]:
        width, height = (max(1, round(length * self._ratio)) for length in self.layout.tile)
        # Results are told apart by their size: never that of the stage or of the filmstrip.
        while (width, height) in {self.session.frames.stage_box, THUMBNAIL_BOX, CELL_BOX}:
            width -= 1
        return width, height

    def _trim(self) -> None:
        """Keep memory bounded: let go of whole rows far from those that are seen."""
        over = len(self.tiles) - MOST
        if over <= 0:
            return
        seen, layout = self.layout.visible(self.offset), self.layout
        if seen.start > len(self.tiles) - seen.stop:
            rows = over // layout.columns + 1
            self.tiles.drop_first(rows * layout.columns - layout.lead)
            self.offset = max(0, self.offset - rows * layout.pitch)
            self.layout = replace(layout, lead=0, count=len(self.tiles))
        else:
            self.tiles.drop_last(over)
            self.layout = replace(layout, count=len(self.tiles))

    # -- reading

    def _read_anew(self) -> None:
        self._reader.forget()
        self.tiles.clear()
        self.offset = 0
        self.layout = replace(self.layout, count=0, lead=0)
        current = self.session.current
        self._reader.around(current.position if current else None)
        self._moved()

    def _read_beyond(self, *, ahead: bool) -> None:
        edge = self.tiles.high if ahead else self.tiles.low
        if edge is None and len(self.tiles):
            edge = self.tiles[-1 if ahead else 0].entry.position
        if edge is None:
            self._reader.around(None)
        else:
            self._reader.beyond(edge, ahead=ahead)

    def _renew(self) -> None:
        seen = self.layout.visible(self.offset)
        here = self.tiles[seen.start].entry.position if seen else None
        self._reader.around(here)
