"""The baseline of starting: a bare PySide6 window that shows one image. Argument: the file."""

from __future__ import annotations

import sys

from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QLabel

app = QApplication([])
label = QLabel()
label.setPixmap(QPixmap(sys.argv[1]))
label.move(0, 0)
label.show()
sys.exit(app.exec())
