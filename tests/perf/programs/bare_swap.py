"""The baseline of every key: a bare Qt widget that swaps ready pixmaps.

Arguments: a folder, the window's width and height, the pictures' box, then files. It has decoded
all of them before it says ``{"window": ID, "centre": [x, y]}``. Reads {"keys": N} and answers with
the milliseconds from each key to the end of the paint that it caused, and beside them what one row
committed to a bare database took; between questions it reacts to a real keyboard.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from helpers.perf_qt import Painted, press_until_painted, questions

if TYPE_CHECKING:
    from collections.abc import Sequence


class Swap(QWidget):
    """Shows one of its pixmaps; any key shows the next."""

    def __init__(self, pixmaps: Sequence[QPixmap]) -> None:
        super().__init__()
        self.pixmaps = pixmaps
        self.shown = 0
        self.painted = Painted()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        self.shown += 1
        self.repaint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        pixmap = self.pixmaps[self.shown % len(self.pixmaps)]
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(24, 24, 24))
        painter.drawPixmap(
            (self.width() - pixmap.width()) // 2, (self.height() - pixmap.height()) // 2, pixmap
        )
        painter.end()
        self.painted.count += 1


def main() -> None:
    width, height, *box = (int(text) for text in sys.argv[2:6])
    log = sqlite3.connect(Path(sys.argv[1]) / "bare.sqlite3", isolation_level=None)
    log.execute("PRAGMA journal_mode = WAL")
    log.execute("PRAGMA synchronous = FULL")
    log.execute("CREATE TABLE IF NOT EXISTS decisions (number INTEGER)")
    app = QApplication([])
    pixmaps = []
    for name in sys.argv[6:]:
        pixmap = QPixmap()
        assert pixmap.loadFromData(Path(name).read_bytes())
        pixmaps.append(
            pixmap.scaled(
                min(box[0], pixmap.width()),
                min(box[1], pixmap.height()),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        )
    window = Swap(pixmaps)
    window.resize(width, height)
    window.move(0, 0)
    window.show()
    window.activateWindow()
    app.processEvents()
    print(
        json.dumps({"window": int(window.winId()), "centre": [width // 2, height // 2]}), flush=True
    )

    def answer(question: dict[str, int]) -> object:
        painted, committed = [], []
        for _ in range(question.get("keys", 0)):
            painted.append(press_until_painted(window, Qt.Key.Key_A, window.painted))
            committed.append(_commit(log, window.shown))
        return {"painted": painted, "committed": committed}

    questions(app, answer)
    log.close()


def _commit(log: sqlite3.Connection, number: int) -> float:
    start = time.perf_counter()
    log.execute("INSERT INTO decisions VALUES (?)", (number,))
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
