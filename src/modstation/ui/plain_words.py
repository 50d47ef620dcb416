"""Labels of words: wrapped, and never rich text, since public IDs and policies are foreign text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from modstation.ui.announce import announce

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from modstation.ui.theme import Theme


def plain_words(text: str = "", *, role: str = "", parent: QWidget | None = None) -> QLabel:
    """A label that wraps its words and shows them as they are; ``role`` names its look."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label


def plain_label(
    theme: Theme,
    size: int,
    parent: QWidget | None = None,
    *,
    text: str = "",
    strong: bool = False,
    role: str = "",
    selectable: bool = False,
) -> QLabel:
    """The same with a size of its own."""
    label = plain_words(text, role=role, parent=parent)
    theme.write_in(label, size, strong=strong)
    if selectable:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def say_in(label: QLabel, text: str, role: str, *, aloud: bool = True) -> None:
    """Put a sentence into a label, in the look of ``role``, and say it to a screen reader."""
    label.setText(text)
    if aloud:
        announce(label, text)
    label.setProperty("role", role)
    # A style reads a property when it is put on.
    label.style().unpolish(label)
    label.style().polish(label)
