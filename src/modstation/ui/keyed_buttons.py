"""Push buttons of dialogs that carry their key, and do at once what the key asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton

from modstation.core.key_names import chord_text
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget


def keyed_button(
    label: str, key: str, tip: str, act: Callable[[], None], *, parent: QWidget
) -> QPushButton:
    """A button with its key on it; the key works in ``parent`` while the button can be pressed."""
    printed = chord_text(key)
    button = QPushButton(f"{label} ({printed})", parent)
    button.setAutoDefault(False)
    button.setToolTip(tip)
    button.setAccessibleDescription(
        translate("KeyedButtons", "{tip} Key {key}.").format(tip=tip, key=printed).strip()
    )
    button.clicked.connect(lambda _=False: act())

    def pressed() -> None:
        if button.isVisible():
            button.click()

    # Not the button's own shortcut: that waits for a tenth of a second to show the button down.
    shortcut = QShortcut(QKeySequence(key), parent)
    shortcut.setAutoRepeat(False)
    shortcut.activated.connect(pressed)
    return button
