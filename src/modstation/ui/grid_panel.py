"""The centre of the window while the sheet is open: the sheet, its buttons, and what to confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from modstation.core.commands import COMMANDS
from modstation.core.language import number, translate
from modstation.ui.announce import announce
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.grid_sheet import GridSheet
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent

    from modstation.app.covering import Covering
    from modstation.app.grid_session import GridSession
    from modstation.ui.theme import Theme

_TOOLS = ("mark", "mark-all", "extend-previous", "extend-next", "page-previous", "page-next")
# A narrow window has no room for these; their keys and the palette are there. A window of usual
# width has none for the last two, or the names of the strokes were cut.
_GIVE_WAY = {
    "mark": 400,
    "mark-all": 400,
    "extend-previous": 820,
    "extend-next": 820,
    "page-previous": 1040,
    "page-next": 1040,
}
_WIDE_FROM = 820
_STROKES = ("approve-marked", "reject-marked", "settle-screen")
_ENTER = {Qt.Key.Key_Return, Qt.Key.Key_Enter}


class GridPanel(QWidget):
    """Shows a ``GridSession``; ``left``: the line to confirm gives the keyboard back."""

    left = Signal()

    def __init__(
        self,
        grid: GridSession,
        covering: Covering,
        theme: Theme,
        *,
        key_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.grid = grid
        self.sheet = GridSheet(grid, covering, theme, self)
        self.statement = StatementLine(theme, key_of("settle-screen"), self)
        self.buttons: dict[str, CommandButton] = {}
        self._theme = theme
        self._bar = self._make_bar(theme, key_of)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.sheet, 1)
        column.addWidget(self._bar)
        self.statement.hide()
        grid.on_change = self.refresh
        grid.on_tile = self.sheet.tile_arrived
        self.fit_text()

    def fit_text(self) -> None:
        """As high below the sheet as its buttons are at this scale."""
        self._bar.setFixedHeight(self._theme.px(40) + 4)
        self._give_way()
        self._place_statement()

    def _make_bar(self, theme: Theme, key_of: Callable[[str], str]) -> QWidget:
        bar = QWidget(self)
        row = QHBoxLayout(bar)
        row.setContentsMargins(6, 2, 8, 2)
        row.setSpacing(4)
        for name in _TOOLS:
            button = CommandButton(COMMANDS[name], key_of(name), theme, Shape.TOOL, parent=bar)
            self.buttons[name] = button
            row.addWidget(button)
        self._count = QLabel(bar)
        theme.write_in(self._count, BODY)
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row.addWidget(self._count, 2)
        for name in _STROKES:
            button = CommandButton(COMMANDS[name], key_of(name), theme, Shape.ROW, parent=bar)
            button.allow_two_lines(allow=True)
            self.buttons[name] = button
            row.addWidget(button, 3)
        return bar

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many buttons as there is room for."""
        super().resizeEvent(event)
        self._give_way()
        self._place_statement()

    def _place_statement(self) -> None:
        """Over the bar, and over the foot of the sheet if its words need more lines.

        The sheet keeps its size: other tiles would be on the screen than the line speaks of.
        """
        needed = self.statement.needed_height(self.width())
        height = max(self._bar.height(), min(needed, self.height()))
        self.statement.setGeometry(0, self.height() - height, self.width(), height)
        self.statement.raise_()

    def _give_way(self) -> None:
        px = self._theme.px
        self._count.setVisible(self.width() >= px(_WIDE_FROM))
        for name, width in _GIVE_WAY.items():
            self.buttons[name].setVisible(self.width() >= px(width))

    def refresh(self) -> None:
        """Something of the sheet changed."""
        marked = len(self.grid.tiles.marked)
        self._count.setText(
            translate("GridPanel", "{count} marked").format(count=number(marked)) if marked else ""
        )
        stated = self.grid.strokes.statement
        showing = not self.statement.isHidden()
        if stated is not None:
            self.statement.show_text(
                translate("GridPanel", "This will {consequence}.").format(
                    consequence=stated.consequence
                ),
                stated.remainder,
            )
            self._place_statement()
            if not showing:
                self.statement.show()
                self.statement.setFocus()
        elif showing:
            self.statement.hide()
            self.left.emit()
        self.sheet.refresh()
        self.sheet.setAccessibleDescription(self.sheet.spoken)


class StatementLine(QWidget):
    """One line that says what a stroke would do before it is done; here Enter does it."""

    confirmed = Signal()
    dropped = Signal()

    def __init__(self, theme: Theme, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(translate("GridPanel", "Confirm what is done to the screen"))
        row = QHBoxLayout(self)
        row.setSpacing(8)
        self._row = row
        self._text = QLabel(self)
        theme.write_in(self._text, BODY, strong=True)
        self._text.setWordWrap(True)
        row.addWidget(self._text, 1)
        for label, signal in (
            (translate("GridPanel", "Do it ({key})").format(key=key), self.confirmed),
            (translate("GridPanel", "Leave (Esc)"), self.dropped),
        ):
            button = QPushButton(label, self)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(signal)
            row.addWidget(button)
        self.fit_text()

    def fit_text(self) -> None:
        """Room for the sign at this scale."""
        self._row.setContentsMargins(20 + self._theme.px(16), 4, 8, 4)
        self._text.setStyleSheet(f"color: {self._theme.colour('warning_text').name()}")

    @property
    def text(self) -> str:
        """What stands there."""
        return self._text.text()

    def needed_height(self, width: int) -> int:
        """The height that all of its words need at a width."""
        return self._row.totalMinimumHeightForWidth(width)

    def show_text(self, consequence: str, remainder: str) -> None:
        """Say what would be done, and who stays."""
        text = f"{consequence} {remainder}{'.' if remainder else ''}".strip()
        if text == self._text.text() and self.isVisible():
            return
        self._text.setText(text)
        self.setAccessibleDescription(text)
        announce(self, text, urgent=True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter confirms, once: a key held down does not."""
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() in _ENTER and held == Qt.KeyboardModifier.NoModifier:
            if not event.isAutoRepeat():
                self.confirmed.emit()
            return
        event.ignore()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the sign of warning."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("warning"))
        size = self._theme.px(16)
        mark = self._theme.icon("warning", "warning_text", size, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(12, (self.height() - size) / 2), mark)
        painter.end()
