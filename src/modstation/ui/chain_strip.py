"""The moderation chain as a row of steps: kind, icon and word for each, wrapped where needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from modstation.app.evidence import ChainStep, StepState
from modstation.core.language import later, translate
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from PySide6.QtGui import QFont, QPaintEvent, QResizeEvent

    from modstation.ui.theme import Theme

_ROW, _ICON, _GAP = 22, 14, 5
_ARROW = "›"
# Icon, word, colour: a state is never told by colour alone.
_MARKS = {
    StepState.APPROVED: ("approve", later("ChainStrip", "approved"), "approve_text"),
    StepState.REJECTED: ("reject", later("ChainStrip", "rejected"), "reject_text"),
    StepState.PENDING: ("current", later("ChainStrip", "pending"), "accent"),
    StepState.QUEUED: ("clock", later("ChainStrip", "queued"), "muted"),
    StepState.ABORTED: ("standby", later("ChainStrip", "aborted"), "muted"),
    StepState.OVERRIDDEN: ("undo", later("ChainStrip", "overridden"), "muted"),
    StepState.HIDDEN: ("covered", later("ChainStrip", "hidden"), "muted"),
}


class ChainStrip(QWidget):
    """Shows the steps of one asset; the one that is reviewed stands in bold."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._steps: tuple[ChainStep, ...] = ()
        self._places: list[tuple[float, float]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(translate("ChainStrip", "Moderation chain"))
        self._lay_out()

    def show_steps(self, steps: tuple[ChainStep, ...]) -> None:
        """Take the chain of another asset."""
        if steps == self._steps:
            return
        self._steps = steps
        self.setAccessibleDescription(self.spoken)
        self._lay_out()
        self.update()

    @property
    def spoken(self) -> str:
        """The chain in words."""
        then = translate("ChainStrip", ", then ")
        return then.join(f"{step.kind} {_MARKS[step.state][1]}" for step in self._steps)

    def sizeHint(self) -> QSize:
        """The rows it takes at its width."""
        return QSize(200, self.height())

    def _width(self, step: ChainStep) -> float:
        self.ensurePolished()
        font = self._theme.font(BODY, strong=step.current)
        words = f"{step.kind} {_MARKS[step.state][1]}"
        return self._theme.px(_ICON) + 2 * _GAP + _metrics(font, words)

    def fit_text(self) -> None:
        """Other sizes of text wrap elsewhere."""
        self._lay_out()
        self.update()

    def _lay_out(self) -> None:
        left, top, places = 0.0, 0.0, []
        row = self._theme.px(_ROW)
        arrow = _metrics(self._theme.font(BODY), _ARROW) + 2 * _GAP
        for number, step in enumerate(self._steps):
            width = self._width(step)
            lead = arrow if number else 0.0
            if left and left + lead + width > self.width():
                left, top = 0.0, top + row
            places.append((left + lead, top))
            left += lead + width
        self._places = places
        self.setFixedHeight(round(top) + row if places else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width wraps elsewhere."""
        super().resizeEvent(event)
        self._lay_out()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the steps."""
        painter = QPainter(self)
        theme, ratio = self._theme, self.devicePixelRatioF()
        row, size = theme.px(_ROW), theme.px(_ICON)
        for number, (step, (left, top)) in enumerate(zip(self._steps, self._places, strict=True)):
            icon, word, colour = _MARKS[step.state]
            font = self._theme.font(BODY, strong=step.current)
            painter.setFont(font)
            painter.setPen(theme.colour("muted"))
            if number:
                arrow = QRectF(left - _metrics(font, _ARROW) - _GAP - 2, top, 20, row)
                painter.drawText(arrow, Qt.AlignmentFlag.AlignVCenter, _ARROW)
            kind = painter.fontMetrics().elidedText(
                step.kind, Qt.TextElideMode.ElideMiddle, max(40, self.width() - theme.px(110))
            )
            room = QRectF(left, top, self.width() - left, row)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, kind)
            at = left + painter.fontMetrics().horizontalAdvance(kind) + _GAP
            painter.drawPixmap(
                QPointF(at, top + (row - size) / 2), theme.icon(icon, colour, size, ratio)
            )
            painter.setPen(theme.colour(colour))
            at += size + _GAP
            room = QRectF(at, top, self.width() - at, row)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, str(word))
        painter.end()


def _metrics(font: QFont, text: str) -> float:
    return QFontMetrics(font).horizontalAdvance(text)
