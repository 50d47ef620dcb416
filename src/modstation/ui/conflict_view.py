"""Both sides of a conflict, one beside the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from modstation.core.language import translate
from modstation.ui.plain_words import plain_words

if TYPE_CHECKING:
    from collections.abc import Sequence

_FACTS = 5


class ConflictView(QWidget):
    """Mine at the left, theirs at the right, fact by fact."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 4, 8, 4)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        for column, title in (
            (1, translate("ConflictView", "Mine")),
            (2, translate("ConflictView", "Theirs")),
        ):
            grid.addWidget(plain_words(title, role="heading"), 0, column)
        self._rows = [
            (plain_words(role="muted"), plain_words(), plain_words()) for _ in range(_FACTS)
        ]
        for number, labels in enumerate(self._rows, 1):
            for column, label in enumerate(labels):
                grid.addWidget(label, number, column, Qt.AlignmentFlag.AlignTop)

    def compare(self, mine: Sequence[tuple[str, str]], theirs: Sequence[tuple[str, str]]) -> None:
        """Show the facts of both sides; they have the same names in the same order."""
        for labels, (name, left), (_, right) in zip(self._rows, mine, theirs, strict=True):
            for label, text in zip(labels, (name, left, right), strict=True):
                label.setText(text)
        pairs = zip(mine, theirs, strict=True)
        self.setAccessibleName(
            ". ".join(
                translate("ConflictView", "{name}: mine {mine}, theirs {theirs}").format(
                    name=name, mine=left, theirs=right
                )
                for (name, left), (_, right) in pairs
            )
        )
