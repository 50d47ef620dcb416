"""Rows of a name and a value, made once and filled again for every image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout

from modstation.ui.foreign_text import breakable, in_tooltip, shortened
from modstation.ui.plain_words import plain_label
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLabel, QWidget

    from modstation.ui.theme import Theme

_MOST = 40


class FactRows(QGridLayout):
    """What is known of an image besides its labels; ``rows`` are the widgets, also hidden ones."""

    def __init__(self, theme: Theme, owner: QWidget) -> None:
        super().__init__()
        self.rows: list[tuple[QLabel, QLabel]] = []
        self._theme = theme
        self._owner = owner
        self.setContentsMargins(0, 4, 0, 0)
        self.setHorizontalSpacing(12)
        self.setVerticalSpacing(4)
        self.setColumnStretch(1, 1)

    def fill(self, facts: list[tuple[str, str]]) -> None:
        """Show these, the first forty of them."""
        facts = facts[:_MOST]
        while len(self.rows) < len(facts):
            name = plain_label(self._theme, BODY, self._owner, role="muted")
            value = plain_label(self._theme, BODY, self._owner, selectable=True)
            name.setWordWrap(False)
            row = len(self.rows)
            self.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            self.addWidget(value, row, 1)
            self.rows.append((name, value))
        for at, (name, value) in enumerate(self.rows):
            shown = at < len(facts)
            name.setVisible(shown)
            value.setVisible(shown)
            if shown:
                name.setText(shortened(facts[at][0]))
                name.setToolTip(in_tooltip(facts[at][0]))
                value.setText(breakable(facts[at][1]))
