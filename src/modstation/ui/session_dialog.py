"""The summary of a session: on a key, and before the window closes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from modstation.app.session_figures import write_figures
from modstation.core.language import counted, decimal, later, number, translate
from modstation.ui.announce import announce
from modstation.ui.dialog_size import size_dialog
from modstation.ui.errand import Errand
from modstation.ui.keyed_buttons import keyed_button
from modstation.ui.plain_words import plain_words
from modstation.ui.wording import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

    from modstation.app.station import Station
    from modstation.core.errors import ModstationError
    from modstation.core.figures import Figures
    from modstation.ui.theme import Theme

_PRIVATE = later(
    "SessionDialog",
    "Counted from the decisions on this machine and kept here; nobody else is told.",
)
_NO_LIBRARY = later(
    "SessionDialog",
    "The charts need pyqtgraph, which is not installed: pip install modstation[charts]",
)


class SessionDialog(QDialog):
    """What was done in this session; ``ending``: it also asks whether to close."""

    leaving = Signal()
    staying = Signal()

    def __init__(
        self, station: Station, theme: Theme, parent: QWidget, *, ending: bool = False
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("SessionDialog", "Session"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        size_dialog(self, 620, 460)
        self._tallest = min(760, parent.height() - 40)
        self._station = station
        self._theme = theme
        self._open = True
        self._answered = not ending
        self._errand: Errand[None] | None = None
        self.charts: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(10)
        column.addWidget(plain_words(translate("SessionDialog", "This session"), role="heading"))
        column.addWidget(plain_words(str(_PRIVATE), role="muted"))
        self._inside = QWidget()
        self._body = QVBoxLayout(self._inside)
        self._body.setContentsMargins(12, 8, 8, 8)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._body.addLayout(self._grid)
        self._body.addStretch(1)
        area = QScrollArea()
        area.setWidget(self._inside)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(area, 1)
        self.answer = plain_words("")
        self.answer.hide()
        column.addWidget(self.answer)
        column.addLayout(self._buttons(ending=ending))
        self.figures = station.figures.figures()
        station.figures.read(self._show)
        area.setFocus()

    def _buttons(self, *, ending: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.charts_button = keyed_button(
            translate("SessionDialog", "Charts"),
            "Alt+C",
            translate("SessionDialog", "Draw the figures."),
            self._draw,
            parent=self,
        )
        self.save_button = keyed_button(
            translate("SessionDialog", "Save as CSV…"),
            "Alt+S",
            translate("SessionDialog", "Write the figures to a file."),
            self._ask_where,
            parent=self,
        )
        row.addWidget(self.charts_button)
        row.addWidget(self.save_button)
        row.addStretch(1)
        self.leave_button = keyed_button(
            translate("SessionDialog", "Close the station"), "Ctrl+Q", "", self._leave, parent=self
        )
        self.leave_button.setVisible(ending)
        close = QPushButton(
            translate("SessionDialog", "Stay (Esc)")
            if ending
            else translate("SessionDialog", "Back (Esc)"),
            self,
        )
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        row.addWidget(self.leave_button)
        row.addWidget(close)
        return row

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter answers only on the button that has the focus."""
        if event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Go away; answers that are still to come are not for us."""
        self._open = False
        if self._errand is not None:
            self._errand.forget()
        if not self._answered:
            self._answered = True
            self.staying.emit()
        super().done(result)

    # -- inside

    def _show(self) -> None:
        if not self._open:
            return
        self.figures = self._station.figures.figures()
        facts = facts_of(self.figures, self._title_of)
        for row, (name, value) in enumerate(facts):
            title = plain_words(name, role="muted")
            title.setWordWrap(False)
            self._grid.addWidget(title, row, 0)
            self._grid.addWidget(plain_words(value), row, 1)
        self._inside.setAccessibleName(". ".join(f"{name}: {value}" for name, value in facts))

    def _title_of(self, code: str) -> str:
        reason = self._station.policy.by_code(code)
        return reason.title if reason else code

    def _draw(self) -> None:
        try:
            # Not at the top: the library and numpy take longer than the window itself.
            from modstation.ui.session_charts import SessionCharts
        except ModuleNotFoundError:
            self._say(str(_NO_LIBRARY))
            return
        self.charts = SessionCharts(
            self.figures, self._theme, title_of=self._title_of, parent=self._inside
        )
        self._body.insertWidget(1, self.charts)
        self.charts_button.hide()
        self.resize(self.width(), self._tallest)

    def _ask_where(self) -> None:
        ask = QFileDialog(
            self, translate("SessionDialog", "Save the figures"), "session.csv", "CSV (*.csv)"
        )
        ask.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ask.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        ask.setDefaultSuffix("csv")
        ask.fileSelected.connect(self.save_to)
        ask.open()

    def save_to(self, path: str) -> None:
        """Write the figures there and say so."""
        figures = self.figures
        self._errand = Errand(
            lambda: write_figures(Path(path), figures),
            lambda _: self._say(translate("SessionDialog", "Saved to {path}.").format(path=path)),
            self._not_saved,
        )

    def _not_saved(self, error: ModstationError) -> None:
        self._say(error.message)

    def _say(self, text: str) -> None:
        self.answer.setText(text)
        announce(self, text)
        self.answer.show()

    def _leave(self) -> None:
        self._answered = True
        self.accept()
        self.leaving.emit()


def facts_of(figures: Figures, title_of: Callable[[str], str]) -> list[tuple[str, str]]:
    """The figures in words, name and value."""
    facts = [
        (
            translate("SessionDialog", "Decided"),
            translate(
                "SessionDialog", "{decided}: {approved} approved, {rejected} rejected"
            ).format(
                decided=number(figures.decided),
                approved=number(figures.approved),
                rejected=number(figures.rejected),
            ),
        ),
        (translate("SessionDialog", "Time at work"), _precise(figures.active.total_seconds())),
    ]
    if figures.per_hour is not None:
        facts.append(
            (
                translate("SessionDialog", "Pace"),
                counted(
                    round(figures.per_hour),
                    translate("SessionDialog", "{n} image an hour|{n} images an hour"),
                ),
            )
        )
    if figures.median_ms is not None:
        facts.append(
            (
                translate("SessionDialog", "Median per image"),
                _seconds(decimal(figures.median_ms / 1000)),
            )
        )
    if figures.taken_back:
        facts.append((translate("SessionDialog", "Taken back"), number(figures.taken_back)))
    if figures.reversed:
        facts.append(
            (translate("SessionDialog", "Reversed after posting"), number(figures.reversed))
        )
    facts.append(
        (translate("SessionDialog", "Uncovered"), _precise(figures.revealed.total_seconds()))
    )
    facts.append((translate("SessionDialog", "Severe images seen"), number(figures.severe)))
    reason = translate("SessionDialog", "Reason: {title}")
    facts += [
        (reason.format(title=title_of(code)), number(count)) for code, count in figures.reasons
    ]
    return facts


def line_of(figures: Figures) -> str:
    """The session in one sentence; empty if nothing was decided."""
    if not figures.decided:
        return ""
    worked = _precise(figures.active.total_seconds())
    if figures.per_hour is None:
        forms = translate(
            "SessionDialog",
            "This session: {n} decision in {worked}.|This session: {n} decisions in {worked}.",
        )
        return counted(figures.decided, forms, worked=worked)
    forms = translate(
        "SessionDialog",
        "This session: {n} decision in {worked}, {pace} an hour."
        "|This session: {n} decisions in {worked}, {pace} an hour.",
    )
    return counted(figures.decided, forms, worked=worked, pace=number(round(figures.per_hour)))


def _precise(seconds: float) -> str:
    if seconds < 120:
        return _seconds(number(round(seconds)))
    return duration(timedelta(seconds=seconds))


def _seconds(count: str) -> str:
    return translate("SessionDialog", "{count} s").format(count=count)
