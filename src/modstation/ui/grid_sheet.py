"""The contact sheet: one widget that paints the tiles that are seen, from pictures made before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QScrollBar, QSizePolicy, QWidget

from modstation.app.look import Shown
from modstation.core.language import counted, number, translate
from modstation.media.frames import DecodeFailed, Frame
from modstation.ui.cards import Card, paint_card
from modstation.ui.scene import nothing_there
from modstation.ui.theme import SMALL
from modstation.ui.tile_pictures import TilePictures

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QImage,
        QMouseEvent,
        QPaintEvent,
        QResizeEvent,
        QShowEvent,
        QWheelEvent,
    )

    from modstation.app.covering import Covering
    from modstation.app.grid_layout import Box
    from modstation.app.grid_session import GridSession
    from modstation.app.grid_tiles import Tile
    from modstation.media.frames import DecodeResult
    from modstation.ui.theme import Theme

_BAR = 12
_BADGE = 18
_WHEEL_NOTCH = 120
# Covers are made between two paints for so long at a time.
_MAKING_SECONDS = 0.006
# Not scrolled for so long, the sheet rests: longer than between two steps of a wheel.
_REST_MS = 150


class GridSheet(QWidget):
    """Shows the sheet, and tells it which tiles have been painted."""

    def __init__(
        self, grid: GridSession, covering: Covering, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._grid = grid
        self._covering = covering
        covering.listen(self._cover_anew)
        self._theme = theme
        self._pictures = TilePictures()
        self._making = QTimer(self)
        self._making.setSingleShot(True)
        self._making.timeout.connect(self._make)
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_REST_MS)
        self._resting.timeout.connect(grid.rest)
        grid.on_scroll = self._resting.start
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bar.setAccessibleName(translate("GridSheet", "Scroll the sheet"))
        self._bar.valueChanged.connect(grid.scroll_to)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(translate("GridSheet", "Contact sheet"))

    def refresh(self) -> None:
        """Other tiles are seen, or something about them changed."""
        bar, layout = self._bar, self._grid.layout
        bar.blockSignals(True)
        bar.setRange(0, layout.last_offset)
        bar.setPageStep(layout.height)
        bar.setSingleStep(layout.pitch)
        bar.setValue(self._grid.offset)
        bar.blockSignals(False)
        self._schedule()
        self.update()

    def tile_arrived(self, _key: str) -> None:
        """A picture was decoded, or will not come."""
        self._schedule()
        self.update()

    def let_go(self) -> None:
        """Keep nothing that was made of any picture."""
        self._pictures.clear()
        self.update()

    def _cover_anew(self) -> None:
        self._schedule()
        self.update()

    @property
    def loaded(self) -> bool:
        """Every tile that is seen shows its picture, or why there is none."""
        return bool(len(self._grid.tiles)) and all(
            self._shown(tile, frame) is not None for tile, _, frame in self._grid.seen()
        )

    @property
    def spoken(self) -> str:
        """What a screen reader says of the sheet."""
        tile = self._grid.focused
        if tile is None:
            return translate("GridSheet", "No tile is chosen.")
        words = [tile.entry.asset.ref.public_id]
        if self._grid.tiles.is_marked(tile.key):
            words.append(translate("GridSheet", "marked"))
        words.append(
            translate("GridSheet", "covered")
            if tile.look.covered
            else translate("GridSheet", "shown")
        )
        marked = len(self._grid.tiles.marked)
        return translate("GridSheet", "{tile}. {marked} marked.").format(
            tile=", ".join(words), marked=number(marked)
        )

    # -- what is shown

    def _strength(self, tile: Tile) -> int:
        return self._covering.strength if tile.look.covered else 0

    def _image(self, tile: Tile, frame: Frame) -> QImage | None:
        return self._pictures.ready(frame, strength=self._strength(tile), grey=self._covering.grey)

    def _shown(self, tile: Tile, result: DecodeResult | None) -> Shown | None:
        """What of a tile is on the screen once it is painted; None: nothing that counts."""
        if self._covering.hidden:
            return None
        if isinstance(result, Frame):
            if self._image(tile, result) is None:
                return None
            return Shown.COVERED if tile.look.covered else Shown.PICTURE
        failed = isinstance(result, DecodeFailed) or self._grid.session.news.problem(tile.key)
        return Shown.CARD if failed else None

    def _schedule(self) -> None:
        if self.isVisible() and not self._making.isActive():
            self._making.start(0)

    def _make(self) -> None:
        """Make what is seen and not ready; the rest in the next turn of the event loop."""
        end = time.perf_counter() + _MAKING_SECONDS
        made = False
        for tile, _, result in self._grid.seen():
            if not isinstance(result, Frame) or self._image(tile, result) is not None:
                continue
            if time.perf_counter() > end:
                self._making.start(0)
                break
            self._pictures.make(result, strength=self._strength(tile), grey=self._covering.grey)
            made = True
        if made:
            self.update()

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the tiles; report those that were drawn with their picture."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.colour("stage"))
        shown: dict[str, Shown] = {}
        if self._covering.hidden:
            paint_card(painter, QRectF(self.rect()), _hidden(), self._theme)
        elif not len(self._grid.tiles):
            paint_card(painter, QRectF(self.rect()), self._empty(), self._theme)
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self._theme.font(SMALL, strong=True))
            focused = self._grid.focused
            for tile, box, result in self._grid.seen():
                what = self._paint_tile(painter, tile, box, result)
                if what is not None and event.rect().contains(_rect(box)):
                    shown[tile.key] = what
                if tile is focused:
                    self._paint_focus(painter, box)
        painter.end()
        handle = self.window().windowHandle()
        if handle is not None and handle.isExposed():
            self._grid.on_screen.painted(shown, whole_view=event.rect().contains(self.rect()))

    def _paint_tile(
        self, painter: QPainter, tile: Tile, box: Box, result: DecodeResult | None
    ) -> Shown | None:
        theme = self._theme
        area = _rect(box)
        marked = self._grid.tiles.is_marked(tile.key)
        what = self._shown(tile, result)
        image = self._image(tile, result) if isinstance(result, Frame) else None
        if image is not None and isinstance(result, Frame):
            painter.fillRect(area, theme.colour("panel"))
            self._paint_picture(painter, area, image, result, covered=tile.look.covered)
        else:
            painter.fillRect(area, theme.colour("panel"))
            icon = "warning" if what is Shown.CARD else "loading"
            at = QPointF(area.center().x() - 11, area.center().y() - 11)
            painter.drawPixmap(at, theme.icon(icon, "muted", 22, self.devicePixelRatioF()))
        if marked:
            painter.setPen(QPen(theme.colour("accent"), 4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area.adjusted(2, 2, -2, -2))
            self._badge(painter, area, "mark", translate("GridSheet", "marked"), right=False)
        if what is Shown.CARD:
            self._badge(painter, area, "warning", translate("GridSheet", "no picture"), right=True)
        elif tile.look.covered:
            self._badge(painter, area, "covered", translate("GridSheet", "covered"), right=True)
        elif isinstance(result, Frame) and result.frames > 1:
            words = counted(result.frames, translate("GridSheet", "{n} frame|{n} frames"))
            self._badge(painter, area, "loading", words, right=True)
        return what

    def _paint_picture(
        self, painter: QPainter, area: QRect, image: QImage, frame: Frame, *, covered: bool
    ) -> None:
        ratio = self.devicePixelRatioF()
        room = (area.width() * ratio, area.height() * ratio)
        too_large = frame.width > room[0] or frame.height > room[1]
        if too_large:
            # Decoded for larger tiles; the right size is on its way.
            scale = min(room[0] / frame.width, room[1] / frame.height)
            size = (frame.width * scale, frame.height * scale)
        else:
            size = (float(frame.width), float(frame.height))
        # Whole device pixels: copied as they are.
        left = (round(area.x() * ratio) + (room[0] - size[0]) // 2) / ratio
        top = (round(area.y() * ratio) + (room[1] - size[1]) // 2) / ratio
        if not frame.opaque and not covered:
            target = QRectF(left, top, size[0] / ratio, size[1] / ratio)
            painter.fillRect(target, Qt.GlobalColor.lightGray)
        if not too_large and ratio == 1:
            painter.drawImage(QPointF(left, top), image)
        else:
            painter.drawImage(QRectF(left, top, size[0] / ratio, size[1] / ratio), image)

    def _badge(self, painter: QPainter, area: QRect, icon: str, word: str, *, right: bool) -> None:
        """A word on a ground of its own, for it has to be read on any picture."""
        theme = self._theme
        high, size = theme.px(_BADGE), theme.px(12)
        width = painter.fontMetrics().horizontalAdvance(word) + 14 + size
        short = width > area.width() - 12
        width = high + 2 if short else width
        left = area.right() - width - 5 if right else area.left() + 6
        ground = QRectF(
            left, area.top() + 6 if not right else area.bottom() - high - 5, width, high
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("window"))
        painter.drawRoundedRect(ground, 4, 4)
        mark = theme.icon(icon, "text", size, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(ground.left() + 4, ground.top() + (high - size) / 2), mark)
        if not short:
            painter.setPen(theme.colour("text"))
            words = ground.adjusted(8 + size, 0, -2, 0)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, word)

    def _paint_focus(self, painter: QPainter, box: Box) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.colour("text"), 3))
        painter.drawRoundedRect(QRectF(_rect(box)).adjusted(-2.5, -2.5, 2.5, 2.5), 4, 4)

    def _empty(self) -> Card:
        if not self._grid.tiles.at_end:
            return Card(
                "loading",
                translate("GridSheet", "Reading the queue"),
                translate("GridSheet", "The tiles come as they are read."),
            )
        return Card("empty", *nothing_there(self._grid.session.view))

    # -- the toolkit's events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the tiles out anew."""
        super().resizeEvent(event)
        self._bar.setGeometry(self.width() - _BAR, 0, _BAR, self.height())
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """The screen, and with it the density of pixels, is known now."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        self._grid.resize(self.width() - _BAR, self.height(), self.devicePixelRatioF())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl the tiles become larger or smaller."""
        pixels = event.pixelDelta().y()
        steps = event.angleDelta().y() / _WHEEL_NOTCH
        if pixels:
            self._grid.scroll(-pixels)
        elif steps:
            self._grid.scroll(round(-steps * self._grid.layout.pitch / 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the tile that was clicked; with Ctrl mark it, with Shift all up to it."""
        place = event.position()
        index = self._grid.layout.at(place.x(), place.y(), self._grid.offset)
        if index is None or self._covering.hidden:
            return
        held = event.modifiers()
        self._grid.point(index, extend=bool(held & Qt.KeyboardModifier.ShiftModifier))
        if held & Qt.KeyboardModifier.ControlModifier:
            self._grid.marks.toggle()


def _hidden() -> Card:
    return Card(
        "cover-all",
        translate("GridSheet", "Everything is covered"),
        translate("GridSheet", "Nothing can be decided until you go on."),
    )


def _rect(box: Box) -> QRect:
    return QRect(box.x, box.y, box.width, box.height)
