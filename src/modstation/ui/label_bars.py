"""Machine labels as bars: how sure the machine is, and where its threshold lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from modstation.core.language import translate
from modstation.core.protection import DEFAULT_LABEL_THRESHOLD
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from modstation.core.assets import MachineLabel
    from modstation.ui.theme import Theme

_ROW = 36
_MOST = 12


class LabelBars(QWidget):
    """One row a label: name, score, and a bar with the threshold marked on it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._labels: tuple[MachineLabel, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(translate("LabelBars", "Machine labels"))

    def show_labels(self, labels: Sequence[MachineLabel]) -> None:
        """Take the labels of another asset, strongest first."""
        shown = tuple(labels[:_MOST])
        if shown == self._labels:
            return
        self._labels = shown
        self.fit_text()
        self.setAccessibleDescription("; ".join(_spoken(label) for label in shown))
        self.update()

    def sizeHint(self) -> QSize:
        """A row for every label."""
        return QSize(200, self._theme.px(_ROW) * len(self._labels))

    def fit_text(self) -> None:
        """As high as its rows are at this scale."""
        self.setFixedHeight(self._theme.px(_ROW) * len(self._labels))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, label in enumerate(self._labels):
            self._paint_row(painter, label, number * self._theme.px(_ROW))
        painter.end()

    def _paint_row(self, painter: QPainter, label: MachineLabel, top: int) -> None:
        theme, width = self._theme, float(self.width())
        line = theme.px(18)
        threshold = _threshold(label)
        over = label.confidence > threshold
        colour = "reject_text" if over else "muted"
        score = f"{label.confidence:.0f} %"
        painter.setFont(self._theme.font(BODY, strong=over))
        painter.setPen(theme.colour(colour))
        painter.drawText(
            QRectF(0, top, width, line),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            (
                translate("LabelBars", "{score} over {threshold:.0f}")
                if over
                else translate("LabelBars", "{score} of {threshold:.0f}")
            ).format(score=score, threshold=threshold),
        )
        room = (
            width
            - painter.fontMetrics().horizontalAdvance(
                translate("LabelBars", "{score} over {threshold:.0f}").format(
                    score=score, threshold=100
                )
            )
            - 8
        )
        painter.setPen(theme.colour("text"))
        painter.setFont(self._theme.font(BODY))
        painter.drawText(
            QRectF(0, top, room, line),
            Qt.AlignmentFlag.AlignVCenter,
            painter.fontMetrics().elidedText(
                _name(label), Qt.TextElideMode.ElideRight, round(room)
            ),
        )
        bar = QRectF(0, top + line + 2, width, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("line"))
        painter.drawRoundedRect(bar, 3, 3)
        painter.setBrush(theme.colour("reject_text" if over else "outline"))
        share = min(max(label.confidence, 0.0), 100.0) / 100
        painter.drawRoundedRect(QRectF(0, bar.top(), max(6.0, width * share), 6), 3, 3)
        painter.setBrush(theme.colour("text"))
        painter.drawRect(QRectF(width * threshold / 100 - 1, bar.top() - 2, 2, 10))


def _threshold(label: MachineLabel) -> float:
    return DEFAULT_LABEL_THRESHOLD if label.threshold is None else label.threshold


def _name(label: MachineLabel) -> str:
    return f"{label.parent} › {label.name}" if label.parent else label.name


def _spoken(label: MachineLabel) -> str:
    return translate(
        "LabelBars", "{name} {confidence:.0f} percent, threshold {threshold:.0f}"
    ).format(name=_name(label), confidence=label.confidence, threshold=_threshold(label))
