"""The strip of all frames of one picture, laid over the foot of the stage, with its three keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QWidget

from modstation.app.frame_grid import GAP, FrameGrid, lay_out
from modstation.core.commands import COMMANDS
from modstation.core.language import number, translate
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.cover import Renderings, Wanted
from modstation.ui.theme import BODY, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from modstation.app.frame_reel import FrameReel
    from modstation.media.frames import Frame
    from modstation.ui.theme import Theme

_HEAD, _MARGIN = 34, 8
# The picture keeps at least so much of the stage's height.
_PICTURE_SHARE = 0.6
_COVER = 9


class FrameStrip(QWidget):
    """Shows every frame of the stage's picture, covered like the picture itself."""

    chosen = Signal(int)

    def __init__(self, theme: Theme, *, key_of: Callable[[str], str], parent: QWidget) -> None:
        super().__init__(parent)
        self._stage = parent
        self._theme = theme
        self._reel: FrameReel | None = None
        self._grid = FrameGrid(0, 0, 1, 1, (1, 1))
        self._covered = self._grey = False
        self._renderings = Renderings(kept=192)
        self.buttons = {
            name: CommandButton(COMMANDS[name], key_of(name), theme, Shape.FLAT, parent=self)
            for name in ("frame-previous", "frame-next", "frame-play")
        }
        self.setAccessibleName(translate("FrameStrip", "Frames"))
        self.hide()

    @property
    def _head(self) -> int:
        return self._theme.px(_HEAD)

    # -- what the stage tells

    def show_reel(self, reel: FrameReel | None, *, covered: bool, grey: bool) -> int:
        """Show the frames of a picture, or nothing; the height that is taken from the stage.

        The frames that can be seen become those the reel decodes.
        """
        if reel is not self._reel:
            self._renderings.clear()
            self._reel = reel
            self.setVisible(reel is not None)
        if reel is None:
            return 0
        self._covered, self._grey = covered, grey
        stage = self._stage
        room = round(stage.height() * (1 - _PICTURE_SHARE)) - self._head - _MARGIN
        width = stage.width()
        self._grid = grid = lay_out(reel.count, reel.shown, width - 2 * _MARGIN, room)
        reel.look(grid.first, grid.first + grid.shown)
        height = self._head + grid.height + _MARGIN - GAP
        self.setGeometry(0, stage.height() - height, width, height)
        self.buttons["frame-play"].set_label(
            translate("FrameStrip", "Pause") if reel.playing else translate("FrameStrip", "Play")
        )
        self._place_buttons()
        self.setAccessibleDescription(self.words)
        self.setToolTip(self.words)
        self.update()
        return height

    def let_go(self) -> None:
        """Keep nothing that was made of any picture."""
        self._renderings.clear()

    @property
    def words(self) -> str:
        """Which frame is shown, for how long, or why it is not."""
        reel = self._reel
        if reel is None:
            return ""
        place = (
            translate("FrameStrip", "Page {at} of {count}")
            if reel.paged
            else translate("FrameStrip", "Frame {at} of {count}")
        ).format(at=number(reel.shown + 1), count=number(reel.count))
        damage = reel.damage(reel.shown)
        if damage is not None:
            return translate("FrameStrip", "{place} cannot be shown: {damage}").format(
                place=place, damage=damage
            )
        if not reel.ready:
            return translate("FrameStrip", "{place}, loading").format(place=place)
        state = (
            translate("FrameStrip", "playing")
            if reel.playing
            else translate("FrameStrip", "paused")
        )
        return (
            f"{place}, {state}"
            if reel.paged
            else translate("FrameStrip", "{place}, {delay_ms} ms, {state}").format(
                place=place, delay_ms=reel.delay_ms, state=state
            )
        )

    @property
    def complete(self) -> bool:
        """Every frame that can be seen here is decoded, or known to be damaged."""
        reel, grid = self._reel, self._grid
        return reel is not None and all(
            reel.cell(n) or reel.damage(n) for n in range(grid.first, grid.first + grid.shown)
        )

    # -- inside

    def _place_buttons(self) -> None:
        words = QFontMetrics(self._theme.font(BODY)).horizontalAdvance(self.words)
        for button in self.buttons.values():
            button.be_terse(terse=False)
        needed = sum(button.sizeHint().width() for button in self.buttons.values())
        for button in self.buttons.values():
            button.be_terse(terse=words + needed + 3 * _MARGIN > self.width())
        right = self.width() - _MARGIN
        for button in reversed(self.buttons.values()):
            hint = button.sizeHint()
            right -= hint.width()
            button.setGeometry(right, 4, hint.width(), hint.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show the frame that was clicked."""
        place = event.position() - QPointF(_MARGIN, self._head)
        number = self._grid.at(place.x(), place.y())
        if number is not None:
            self.chosen.emit(number)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the words and the cells."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        theme = self._theme
        painter.fillRect(self.rect(), theme.colour("panel"))
        painter.fillRect(0, 0, self.width(), 1, theme.colour("line"))
        painter.setFont(self._theme.font(BODY))
        painter.setPen(theme.colour("text"))
        room = self.buttons["frame-previous"].x() - 2 * _MARGIN
        words = painter.fontMetrics().elidedText(self.words, Qt.TextElideMode.ElideRight, room)
        painter.drawText(
            QRectF(_MARGIN + 2, 0, room, self._head), Qt.AlignmentFlag.AlignVCenter, words
        )
        if self._reel is not None:
            grid = self._grid
            for number in range(grid.first, grid.first + grid.shown):
                left, top = grid.place(number)
                cell = QRectF(_MARGIN + left, self._head + top, *grid.cell)
                self._paint_cell(painter, self._reel, number, cell)
        painter.end()

    def _paint_cell(self, painter: QPainter, reel: FrameReel, number: int, cell: QRectF) -> None:
        theme, ratio = self._theme, self.devicePixelRatioF()
        painter.fillRect(cell, theme.colour("stage"))
        frame = reel.cell(number)
        if frame is not None:
            self._paint_frame(painter, frame, cell)
        else:
            name = "loading" if reel.damage(number) is None else "warning"
            painter.drawPixmap(
                QPointF(cell.center().x() - 8, cell.center().y() - 8),
                theme.icon(name, "muted", 16, ratio),
            )
        current = number == reel.shown
        painter.setFont(self._theme.font(SMALL, strong=current))
        text = f"{number + 1:,}"
        width = painter.fontMetrics().horizontalAdvance(text) + 8
        line = theme.px(16)
        tag = QRectF(cell.left(), cell.bottom() - line, width, line)
        painter.fillRect(
            tag, theme.colour("accent" if current else "veil", 255 if current else 190)
        )
        painter.setPen(theme.colour("window" if current else "text"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)
        if current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(cell.adjusted(1, 1, -1, -1))

    def _paint_frame(self, painter: QPainter, frame: Frame, cell: QRectF) -> None:
        # The whole frame: what is cut off could be what matters.
        size = (frame.width, frame.height)
        image = self._renderings.image(
            frame, Wanted(_COVER if self._covered else 0, self._grey, size)
        )
        scale = min(cell.width() / frame.width, cell.height() / frame.height)
        width, height = frame.width * scale, frame.height * scale
        middle = cell.center()
        painter.drawImage(
            QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height), image
        )
