"""The charts of a session, drawn by pyqtgraph; imported when somebody opens them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph  # type: ignore[import-untyped]  # it has no types, nor has anybody for it
from PySide6.QtWidgets import QVBoxLayout, QWidget

from modstation.core.language import translate
from modstation.ui.theme import BODY, SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.figures import Figures
    from modstation.ui.theme import Theme

_MOST_REASONS = 8
_TITLE_MOST = 22
_FEWEST_SLOTS = 8


class SessionCharts(QWidget):
    """Decisions by ten minutes, and by reason."""

    def __init__(
        self, figures: Figures, theme: Theme, *, title_of: Callable[[str], str], parent: QWidget
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.pace = self._plot(theme, translate("SessionCharts", "Decided by ten minutes"))
        heights = [count for _, count in figures.slots]
        self.pace.addItem(
            pyqtgraph.BarGraphItem(
                x=list(range(len(heights))),
                height=heights,
                width=0.7,
                brush=theme.colour("accent"),
                pen=None,
            )
        )
        times = [(n, f"{at.astimezone():%H:%M}") for n, (at, _) in enumerate(figures.slots)]
        # A label to every bar would not fit a whole shift.
        step = max(1, len(times) // 8)
        self.pace.getAxis("bottom").setTicks([times[::step]])
        # One bar alone would fill the whole width.
        self.pace.setXRange(-0.5, max(len(times), _FEWEST_SLOTS) - 0.5, padding=0)
        _whole_numbers(self.pace.getAxis("left"), max(heights, default=1))
        column.addWidget(self.pace)
        if figures.reasons:
            column.addWidget(self._reasons(figures, theme, title_of))
        self.setAccessibleName(_spoken(figures, title_of))

    def _reasons(self, figures: Figures, theme: Theme, title_of: Callable[[str], str]) -> QWidget:
        self.reasons = self._plot(theme, translate("SessionCharts", "Rejected by reason"))
        # The first reason on top: this axis grows upwards.
        shown = figures.reasons[:_MOST_REASONS][::-1]
        self.reasons.addItem(
            pyqtgraph.BarGraphItem(
                x0=0,
                y=list(range(len(shown))),
                height=0.7,
                width=[count for _, count in shown],
                brush=theme.colour("reject"),
                pen=None,
            )
        )
        names = [(number, _short(title_of(code))) for number, (code, _) in enumerate(shown)]
        self.reasons.getAxis("left").setTicks([names])
        most = max(count for _, count in shown)
        self.reasons.setXRange(0, most, padding=0.02)
        _whole_numbers(self.reasons.getAxis("bottom"), most)
        return self.reasons  # type: ignore[no-any-return]  # untyped, see above

    def _plot(self, theme: Theme, title: str) -> pyqtgraph.PlotWidget:
        plot = pyqtgraph.PlotWidget(self, background=theme.colour("panel"))
        plot.setTitle(title, color=theme.colour("text").name(), size=f"{theme.px(BODY)}px")
        plot.setMinimumHeight(theme.px(150))
        plot.setMouseEnabled(x=False, y=False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(theme.colour("outline"))
            axis.setTextPen(theme.colour("text"))
            axis.setTickFont(theme.font(SMALL))
        return plot


def _whole_numbers(axis: pyqtgraph.AxisItem, most: int) -> None:
    """Marks at whole numbers only, five at most: half an image was never decided."""
    step = max(1, -(-most // 5))
    axis.setTicks([[(number, str(number)) for number in range(0, most + 1, step)]])


def _short(title: str) -> str:
    return title if len(title) <= _TITLE_MOST else f"{title[: _TITLE_MOST - 1]}…"


def _spoken(figures: Figures, title_of: Callable[[str], str]) -> str:
    slots = ", ".join(f"{at.astimezone():%H:%M} {count}" for at, count in figures.slots)
    reasons = ", ".join(f"{title_of(code)} {count}" for code, count in figures.reasons)
    return translate(
        "SessionCharts", "Decided by ten minutes: {slots}. Rejected by reason: {reasons}."
    ).format(slots=slots or "–", reasons=reasons or "–")
