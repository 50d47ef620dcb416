"""How large a dialog is: as wished at the scale of its text, never smaller than its words need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, QSizeF

from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

# What is left of the window around a dialog.
_AROUND = QSize(40, 40)


def size_dialog(dialog: QWidget, width: int, height: int) -> None:
    """Let a dialog open in this size, at the scale of its text and inside its window."""
    _Size(dialog, QSize(width, height))


def widen_dialog(dialog: QWidget, width: int) -> None:
    """Let a dialog open so wide, at the scale of its text and inside its window."""
    _Size(dialog, QSize(width, 0))


class _Size(QObject):
    """Sizes the dialog when it is shown and when its text grows, and keeps room for its words.

    The toolkit itself reserves no height for the lines that wrapped words have at this width.
    """

    def __init__(self, dialog: QWidget, wished: QSize) -> None:
        super().__init__(dialog)
        self._dialog = dialog
        # The size in which the text would be as large as it is unscaled, and what came of it.
        self._wished = QSizeF(wished)
        self._scale = 1.0
        self._given = dialog.size()
        self._measure()
        dialog.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Follow the dialog."""
        kind = event.type()
        # Restored from the task bar it is shown by the desktop, with the size it had.
        shown = kind == QEvent.Type.Show and not event.spontaneous()
        if shown or kind == QEvent.Type.FontChange:
            self._measure()
            self._make_room()
        elif kind == QEvent.Type.LayoutRequest:
            self._make_room()
        return False

    def _measure(self) -> None:
        """Grow or shrink with the text, from whatever size it was given by hand."""
        if self._dialog.size() != self._given:
            self._wished = QSizeF(self._dialog.size()) / self._scale
        pixels = self._dialog.font().pixelSize()
        # Less than nothing: the font has its size in points, no theme was applied.
        self._scale = pixels / BODY if pixels > 0 else 1.0
        self._give(self._bounded((self._wished * self._scale).toSize()))

    def _give(self, size: QSize) -> None:
        if size != self._dialog.size():
            self._dialog.resize(size)
        self._given = self._dialog.size()

    def _make_room(self) -> None:
        layout = self._dialog.layout()
        if layout is None:
            return
        size = self._bounded(self._dialog.size().expandedTo(layout.totalMinimumSize()))
        if layout.hasHeightForWidth():
            needed = layout.totalMinimumHeightForWidth(size.width())
            size = self._bounded(size.expandedTo(QSize(0, needed)))
        if size != self._dialog.size():
            self._give(size)

    def _bounded(self, size: QSize) -> QSize:
        parent = self._dialog.parentWidget()
        return size if parent is None else size.boundedTo(parent.size() - _AROUND)
