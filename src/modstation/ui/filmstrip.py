"""The filmstrip: what was just decided, the current image, and what comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from modstation.app.queue_window import StripItem, StripState
from modstation.core.language import later, translate
from modstation.media.frames import Frame
from modstation.ui.cover import SmallPictures
from modstation.ui.theme import SMALL

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from modstation.app.covering import Covering
    from modstation.app.review_session import ReviewSession
    from modstation.ui.theme import Theme

_CELL_WIDTH, _CELL_HEIGHT, _GAP = 92, 56, 8
# The longest word with its icon.
_WORD_WIDTH = 80
_COVER = 9
# Icon, word, colour: a state is never told by colour alone.
_MARKS = {
    StripState.WAITING: ("waiting", later("Filmstrip", "waiting"), "muted"),
    StripState.CURRENT: ("current", later("Filmstrip", "now"), "accent"),
    StripState.APPROVED: ("approve", later("Filmstrip", "approved"), "approve_text"),
    StripState.REJECTED: ("reject", later("Filmstrip", "rejected"), "reject_text"),
    StripState.SKIPPED: ("skip", later("Filmstrip", "skipped"), "muted"),
    StripState.ESCALATED: ("escalate", later("Filmstrip", "escalated"), "muted"),
}


class Filmstrip(QWidget):
    """Paints the session's strip; a click looks at an image that waits."""

    chosen = Signal(str)

    def __init__(
        self,
        session: ReviewSession,
        covering: Covering,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._theme = theme
        self._items: list[StripItem] = []
        self._covering = covering
        self._pictures = SmallPictures(covering, kept=96, least=_COVER)
        covering.listen(self.update)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(translate("Filmstrip", "Filmstrip"))
        self.fit_text()

    def fit_text(self) -> None:
        """Cells are wide enough for the words under them at this scale."""
        px = self._theme.px
        self._cell = max(_CELL_WIDTH, px(_WORD_WIDTH))
        self.setFixedHeight(8 + _CELL_HEIGHT + 4 + px(16) + 6)

    def refresh(self) -> None:
        """Entries came, went or changed; or a thumbnail arrived."""
        self._items = self._session.strip()
        at = next((n for n, i in enumerate(self._items) if i.state is StripState.CURRENT), None)
        if at is not None:
            ahead = len(self._items) - at - 1
            self.setAccessibleDescription(
                translate("Filmstrip", "{at} images before, {ahead} after the current one.").format(
                    at=at, ahead=ahead
                )
            )
        self.update()

    def let_go(self) -> None:
        """Keep nothing that was made of any picture."""
        self._pictures.clear()

    @property
    def hidden(self) -> bool:
        """Every image is covered at once."""
        return self._covering.hidden

    @property
    def loaded(self) -> bool:
        """Every picture that can be seen in it is there."""
        frames = self._session.frames
        return all(frames.thumbnail(item.key) is not None for item, _ in self._cells())

    def next_covered(self, most: int) -> list[StripItem]:
        """The covered images that come next."""
        waiting = [item for item in self._items if item.state is StripState.WAITING]
        return [item for item in waiting if item.protected][:most]

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, self.height())

    def _first_left(self) -> float:
        """The current image stands at a third, so that what comes has the most room."""
        step = self._cell + _GAP
        at = next((n for n, i in enumerate(self._items) if i.state is StripState.CURRENT), None)
        if at is None:
            return 12.0
        wanted = max(12.0, min(12.0 + 4 * step, self.width() / 3))
        return min(12.0 + at * step, wanted) - at * step

    def _cells(self) -> list[tuple[StripItem, QRectF]]:
        left, step = self._first_left(), self._cell + _GAP
        cells = [
            (item, QRectF(left + number * step, 8, self._cell, _CELL_HEIGHT))
            for number, item in enumerate(self._items)
        ]
        return [(item, cell) for item, cell in cells if -step < cell.left() < self.width()]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look at the image that was clicked."""
        for item, cell in self._cells():
            if cell.contains(event.position()) and item.state is StripState.WAITING:
                self.chosen.emit(item.key)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the cells that can be seen."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._theme.colour("window"))
        painter.fillRect(0, 0, self.width(), 1, self._theme.colour("line"))
        for item, cell in self._cells():
            self._paint_cell(painter, item, cell)
        if not self._items:
            painter.setFont(self._theme.font(SMALL))
            painter.setPen(self._theme.colour("muted"))
            painter.drawText(
                QRectF(self.rect()),
                Qt.AlignmentFlag.AlignCenter,
                translate("Filmstrip", "No images in the queue"),
            )
        painter.end()

    def _paint_cell(self, painter: QPainter, item: StripItem, cell: QRectF) -> None:
        theme, ratio = self._theme, self.devicePixelRatioF()
        settled = item.state not in {StripState.WAITING, StripState.CURRENT}
        shape = QPainterPath()
        shape.addRoundedRect(cell, 4, 4)
        painter.fillPath(shape, theme.colour("panel"))
        thumbnail = None if self.hidden else self._session.frames.thumbnail(item.key)
        if isinstance(thumbnail, Frame):
            self._pictures.fill(painter, thumbnail, cell, shape, covered=item.protected)
        else:
            name = "loading" if thumbnail is None else "warning"
            if self.hidden:
                name = "cover-all"
            painter.drawPixmap(
                QPointF(cell.center().x() - 8, cell.center().y() - 8),
                theme.icon(name, "muted", 16, ratio),
            )
        if settled:
            painter.fillPath(shape, theme.colour("veil", 150))
        if (
            item.protected
            and not self.hidden
            and item.state in {StripState.WAITING, StripState.CURRENT}
        ):
            painter.drawPixmap(
                QPointF(cell.center().x() - 8, cell.center().y() - 8),
                theme.icon("covered", "text", 16, ratio),
            )
        icon, said, colour = _MARKS[item.state]
        word = str(said)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if item.state is StripState.CURRENT:
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRoundedRect(cell.adjusted(-1, -1, 1, 1), 5, 5)
        elif settled:
            painter.setPen(QPen(theme.colour(colour), 1))
            painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(theme.font(SMALL, strong=item.state is StripState.CURRENT))
        painter.setPen(theme.colour(colour))
        width = painter.fontMetrics().horizontalAdvance(word)
        size, line = theme.px(12), theme.px(16)
        left = cell.center().x() - (width + size + 4) / 2
        top = cell.bottom() + 4
        mark = theme.icon(icon, colour, size, ratio)
        painter.drawPixmap(QPointF(left, top + (line - size) / 2), mark)
        painter.drawText(
            QRectF(left + size + 4, top, width + 4, line),
            Qt.AlignmentFlag.AlignVCenter,
            word,
        )
