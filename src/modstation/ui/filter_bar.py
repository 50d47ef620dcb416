"""The filter box: what is typed is the filter; it stays visible as long as it is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from modstation.core.commands import COMMANDS
from modstation.core.errors import ReviewError
from modstation.core.filtering import parse_filter
from modstation.core.language import later, translate
from modstation.ui.announce import announce
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

    from modstation.core.filtering import Filter
    from modstation.ui.theme import Theme

_HINT = later(
    "FilterBar",
    "Part of a name, kind:… tag:… reason:… label:nudity>60 age>2h size>5mb pixels>12mp format:gif,"
    " -not",
)


class FilterBar(QWidget):
    """Emits the filter on Enter; Escape leaves it as it is in force."""

    chosen = Signal(object)
    left = Signal()

    def __init__(
        self,
        theme: Theme,
        *,
        key_of: Callable[[str], str],
        technical: tuple[str, ...] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        # The reasons that ``reason:technical`` stands for.
        self._technical = technical
        self._in_force: Filter | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 8, 4)
        column.setSpacing(2)
        row = QHBoxLayout()
        row.setSpacing(8)
        column.addLayout(row)
        name = QLabel(translate("FilterBar", "Filter"), self)
        theme.write_in(name, BODY, strong=True)
        self.field = _Field(self)
        theme.write_in(self.field, BODY)
        self.field.setPlaceholderText(str(_HINT))
        self.field.setAccessibleName(translate("FilterBar", "Filter"))
        self.field.setAccessibleDescription(str(_HINT))
        # No field is wide enough for all of it.
        self.field.setToolTip(str(_HINT))
        self.field.setMaxLength(500)
        name.setBuddy(self.field)
        self.words = QLabel(self)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        theme.write_in(self.words, BODY)
        self.clear = CommandButton(
            COMMANDS["clear-filter"], key_of("clear-filter"), theme, Shape.FLAT, parent=self
        )
        row.addWidget(name)
        row.addWidget(self.field, 1)
        row.addWidget(self.words)
        row.addWidget(self.clear)
        # Why it cannot be put in force: a sentence, on lines of its own.
        self.trouble = QLabel(self)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setWordWrap(True)
        self.trouble.setProperty("role", "problem")
        theme.write_in(self.trouble, BODY)
        self.trouble.hide()
        column.addWidget(self.trouble)
        self.field.textChanged.connect(self.trouble.hide)
        self.field.returnPressed.connect(self._choose)
        self.field.escaped.connect(self._leave)
        self.hide()

    def open(self) -> None:
        """Come up and take the keyboard."""
        self.show()
        self.field.setFocus()
        self.field.selectAll()

    def show_filter(self, filter_: Filter | None) -> None:
        """Show what is in force; nothing at all if there is none."""
        self._in_force = filter_
        self.trouble.hide()
        self.field.setText(filter_.text if filter_ else "")
        self.setVisible(filter_ is not None)

    def show_progress(self, text: str) -> None:
        """Say how much was looked at."""
        if text != self.words.text():
            self.words.setText(text)

    def _choose(self) -> None:
        try:
            found = parse_filter(self.field.text(), technical=self._technical)
        except ReviewError as error:
            self.trouble.setText(error.message)
            self.trouble.show()
            announce(self, error.message, urgent=True)
            return
        self.left.emit()
        self.show_filter(found)
        self.chosen.emit(found)

    def _leave(self) -> None:
        self.left.emit()
        self.show_filter(self._in_force)


class _Field(QLineEdit):
    escaped = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
            return
        super().keyPressEvent(event)
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            event.accept()
