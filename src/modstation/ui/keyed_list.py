"""A list in a dialog whose rows stand for something that has a name of its own."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

_KEY = Qt.ItemDataRole.UserRole


class KeyedList(QListWidget):
    """Rows of a text to be read and a key that nobody sees."""

    def add(self, text: str, key: str) -> None:
        """One more row, at the end."""
        item = QListWidgetItem(text)
        item.setData(_KEY, key)
        self.addItem(item)

    def key(self) -> str | None:
        """The key of the row that is chosen; None if there is none."""
        item = self.currentItem() if self.currentRow() >= 0 else None
        return None if item is None else str(item.data(_KEY))

    def keys(self) -> list[str]:
        """The keys of all rows, in their order."""
        return [str(self.item(row).data(_KEY)) for row in range(self.count())]
