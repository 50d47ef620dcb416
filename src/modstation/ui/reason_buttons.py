"""The buttons of the policy's reasons, in one column or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout

from modstation.core.commands import COMMANDS, reason_command
from modstation.ui.buttons import CommandButton, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from modstation.core.policy import Policy
    from modstation.ui.theme import Theme


class ReasonButtons(QGridLayout):
    """A button for each reason with a digit, and one for all that have none."""

    def __init__(
        self, theme: Theme, policy: Policy, *, key_of: Callable[[str], str], owner: QWidget
    ) -> None:
        super().__init__()
        self.setHorizontalSpacing(4)
        self.setVerticalSpacing(2)
        self._reasons: list[CommandButton] = []
        self._more: CommandButton | None = None
        for reason in policy.reasons:
            if not reason.key:
                continue
            command = COMMANDS[reason_command(reason.key)]
            button = CommandButton(
                command,
                key_of(command.name),
                theme,
                Shape.ROW,
                label=reason.title,
                help_text=reason.rule,
                parent=owner,
            )
            self._reasons.append(button)
        if policy.without_key:
            more = COMMANDS["more-reasons"]
            self._more = CommandButton(more, key_of(more.name), theme, Shape.ROW, parent=owner)
        self.place(columns=1)

    @property
    def buttons(self) -> dict[str, CommandButton]:
        """The buttons by the names of their commands."""
        more = [self._more] if self._more is not None else []
        return {button.command: button for button in (*self._reasons, *more)}

    def place(self, *, columns: int) -> None:
        """Lay them out anew in one column or in two."""
        for button in self._reasons:
            button.allow_two_lines(allow=columns > 1)
        rows = -(-len(self._reasons) // columns)
        # In two columns, each gets a share of the width that its longest words can do with.
        for column in (0, 1):
            inside = self._reasons[column * rows : (column + 1) * rows]
            needed = max((button.least_width() for button in inside), default=1)
            self.setColumnStretch(column, needed if column < columns else 0)
        for at, button in enumerate(self._reasons):
            self.addWidget(button, at % rows, at // rows)
        if self._more is not None:
            self.addWidget(self._more, rows, 0, 1, columns)
