"""What one would write in an afternoon: a label that shows pictures, a thread that reads one ahead.

Arguments: the window's width and height, the pictures' box, then files. It says ``{"window": ID,
"centre": [x, y]}`` once the first is shown. {"ready": N} waits until the next one is decoded;
between questions it reacts to a real keyboard.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import Future, ThreadPoolExecutor

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QApplication, QLabel

from helpers.perf_qt import questions


class Viewer(QLabel):
    """Any key shows the next picture."""

    def __init__(self, files: list[str], box: tuple[int, int]) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setStyleSheet("background: #181818")
        self.files, self.box, self.number = files, box, 0
        self.reader = ThreadPoolExecutor(1)
        self.ahead = self.read_ahead()
        self.show_next()

    def read_ahead(self) -> Future[QImage]:
        return self.reader.submit(self.read, self.files[self.number % len(self.files)])

    def read(self, file: str) -> QImage:
        image = QImage(file)
        assert not image.isNull()
        return image.scaled(
            min(self.box[0], image.width()),
            min(self.box[1], image.height()),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )

    def show_next(self) -> None:
        self.setPixmap(QPixmap.fromImage(self.ahead.result()))
        self.number += 1
        self.ahead = self.read_ahead()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        self.show_next()


def main() -> None:
    width, height, *box = (int(text) for text in sys.argv[1:5])
    app = QApplication([])
    window = Viewer(sys.argv[5:], (box[0], box[1]))
    window.resize(width, height)
    window.move(0, 0)
    window.show()
    window.activateWindow()
    app.processEvents()
    print(
        json.dumps({"window": int(window.winId()), "centre": [width // 2, height // 2]}), flush=True
    )

    def answer(_question: dict[str, int]) -> object:
        window.ahead.result()
        return {}

    questions(app, answer)
    window.reader.shutdown()


if __name__ == "__main__":
    main()
