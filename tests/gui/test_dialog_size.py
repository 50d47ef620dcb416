"""A dialog keeps the size that a person gave it, and grows with its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout

from modstation.ui.dialog_size import size_dialog
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot


def written_in(dialog: QDialog, pixels: int) -> None:
    font = dialog.font()
    font.setPixelSize(pixels)
    dialog.setFont(font)


def test_a_size_given_by_hand_stays_and_grows_with_the_text(
    qapp: QApplication, qtbot: QtBot
) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    QVBoxLayout(dialog).addWidget(QLabel("Photos"))
    written_in(dialog, BODY)
    size_dialog(dialog, 400, 300)
    dialog.show()
    assert (dialog.width(), dialog.height()) == (400, 300)
    dialog.resize(700, 500)
    # Restored from the task bar: the desktop tells that it is shown.
    shown = QEvent(QEvent.Type.Show)
    qapp.sendEvent(dialog, shown)
    assert (dialog.width(), dialog.height()) == (700, 500)
    written_in(dialog, 2 * BODY)
    assert (dialog.width(), dialog.height()) == (1400, 1000)
    written_in(dialog, BODY)
    assert (dialog.width(), dialog.height()) == (700, 500)
