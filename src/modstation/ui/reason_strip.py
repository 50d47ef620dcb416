"""The strip of reasons over the foot of the stage, for a policy that wants one for a rejection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from modstation.core.commands import COMMANDS, reason_command
from modstation.core.language import translate
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent

    from modstation.core.policy import Policy
    from modstation.ui.theme import Theme

_COLUMN = 230
_MARGIN = 12


class ReasonStrip(QWidget):
    """Names every reason with its key. It takes no key itself: the digits reject as always."""

    def __init__(
        self,
        theme: Theme,
        policy: Policy,
        *,
        key_of: Callable[[str], str],
        run: Callable[[str], None],
        stage: QWidget,
    ) -> None:
        super().__init__(stage)
        self._theme = theme
        self._stage = stage
        self._key_of = key_of
        self.buttons: dict[str, CommandButton] = {}
        self.setAccessibleName(translate("ReasonStrip", "Reasons for the rejection"))
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(8)
        self._title = QLabel(translate("ReasonStrip", "Reject – for which reason?"), self)
        theme.write_in(self._title, BODY, strong=True)
        column.addWidget(self._title)
        self._grid = QGridLayout()
        self._grid.setSpacing(4)
        column.addLayout(self._grid)
        reasons = [(reason_command(one.key), one.title) for one in policy.with_key]
        if policy.without_key:
            reasons.append(("more-reasons", COMMANDS["more-reasons"].label))
        for name, label in reasons:
            button = CommandButton(
                COMMANDS[name], key_of(name), theme, Shape.ROW, label=label, parent=self
            )
            button.clicked.connect(lambda _=False, name=name: run(name))
            self.buttons[name] = button
        stage.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Come up over the foot of the stage."""
        for name, button in self.buttons.items():
            button.set_key(self._key_of(name))
        self.place()
        self.show()
        self.raise_()

    def place(self) -> None:
        """Take the width of the stage, and the height that the reasons need."""
        room = self._stage.width() - 2 * _MARGIN
        columns = max(1, min(len(self.buttons), room // self._theme.px(_COLUMN)))
        rows = -(-len(self.buttons) // columns)
        for number, button in enumerate(self.buttons.values()):
            # Down the columns, as on the panel: the digits are found where one has learned them.
            self._grid.addWidget(button, number % rows, number // rows)
        height = self.sizeHint().height()
        self.setGeometry(0, self._stage.height() - height, self._stage.width(), height)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Follow the stage's size."""
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self.place()
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the line above."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("panel"))
        painter.fillRect(0, 0, self.width(), 1, self._theme.colour("line"))
        painter.end()
