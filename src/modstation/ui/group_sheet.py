"""The sheet of near-duplicates: its board, its buttons, and what the keys do on it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from modstation.core.commands import COMMANDS, REASON_DIGITS
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.language import number, translate
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.group_board import GroupBoard
from modstation.ui.keyboard import Keyboard
from modstation.ui.overlay import Overlay
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

    from modstation.app.group_session import GroupSession
    from modstation.ui.window import StationWindow

_WIDTH, _HEIGHT = 1600, 900
_TOOLS = ("mark", "mark-all", "reveal", "undo")
_STROKES = ("approve-marked", "reject-marked")
# One of these, pressed again, does what was explained; anything else drops that.
_VERDICTS = frozenset({"approve", "reject", *REASON_DIGITS})
# These do here what they do everywhere.
_AS_EVERYWHERE = frozenset(
    {"blur-more", "blur-less", "greyscale", "cover-all", "redo", "post-now", "offline"}
)


class GroupSheet(Overlay):
    """Lays a group over the window; keys keep the meaning they have on the stage and the grid."""

    def __init__(self, group: GroupSession, window: StationWindow) -> None:
        self._group = group
        self._station_window = window
        body = QWidget()
        self.board = GroupBoard(
            group, window.station.covering, window.theme, on_key=self._on_key, parent=body
        )
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(8)
        column.addWidget(self.board, 1)
        column.addLayout(self._button_row(body))
        super().__init__(
            window.theme,
            translate("GroupSheet", "Images that are alike"),
            body,
            widest=window.theme.px(_WIDTH),
            needed=window.theme.px(_HEIGHT),
            parent=window,
            keyboard=self.board,
        )
        self._keys_here = Keyboard(window.station.keymap, window.reader, self)
        self._handlers = self._table()
        group.on_change = self._changed
        group.say = self.say
        group.session.frames.tiles.on_ready = lambda _key: self.board.refresh()
        window.station.covering.listen(self._covering_changed)
        self.closed.connect(self._gone)
        group.read()

    def _button_row(self, body: QWidget) -> QHBoxLayout:
        window = self._station_window
        row = QHBoxLayout()
        row.setSpacing(4)
        self.buttons: dict[str, CommandButton] = {}
        self._count = QLabel(body)
        window.theme.write_in(self._count, BODY)
        self._count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._count.setWordWrap(True)
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for name in (*_TOOLS, *_STROKES):
            shape = Shape.FLAT if name in _STROKES else Shape.TOOL
            button = CommandButton(
                COMMANDS[name], window.key_of(name), window.theme, shape, parent=body
            )
            if name in _STROKES:
                button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, command=name: self.run(command))
            self.buttons[name] = button
            row.addWidget(button)
            if name == "undo":
                row.addWidget(self._count, 1)
        return row

    def _table(self) -> dict[str, Callable[[], None]]:
        group = self._group
        return {
            "next": lambda: group.step(1),
            "previous": lambda: group.step(-1),
            "mark": group.toggle_tick,
            "mark-all": group.tick_all,
            "reveal": lambda: self._seen(group.toggle_reveal),
            "approve": lambda: self._seen(lambda: group.decide_focused(Verdict.APPROVE)),
            "reject": lambda: self._seen(lambda: group.decide_focused(Verdict.REJECT)),
            "approve-marked": lambda: self._seen(lambda: group.decide_ticked(Verdict.APPROVE)),
            "reject-marked": lambda: self._seen(lambda: group.decide_ticked(Verdict.REJECT)),
            "undo": group.undo,
            **{name: partial(self._reject_with, digit) for name, digit in REASON_DIGITS.items()},
        }

    # -- what the keyboard acts on

    def run(self, command: str) -> None:
        """Do what a command says here; a refusal is shown."""
        if command != "undo":
            self._group.drop_offer()
        if command not in _VERDICTS:
            self._group.drop_explained()
        self.say("")
        try:
            if command in _AS_EVERYWHERE:
                self._station_window.commands.run(command)
            else:
                self._handlers.get(command, self._not_here)()
        except ReviewError as refusal:
            self.say(refusal.message)

    def peek(self, *, on: bool) -> None:
        """Uncover the chosen picture while a key is held."""
        try:
            if on:
                self._station_window.commands.refuse_hidden()
            self._group.peek(on=on)
        except ReviewError as refusal:
            self.say(refusal.message)

    def arrow(self, dx: int, dy: int, *, extend: bool) -> bool:
        """Choose the picture that lies there."""
        if extend:
            return False
        self._group.drop_offer()
        self._group.drop_explained()
        self.say("")
        try:
            self._group.step(dx + dy * self.board.columns)
        except ReviewError as refusal:
            self.say(refusal.message)
        return True

    def in_text(self) -> bool:
        """There is no text field here."""
        return False

    def in_dialog(self) -> bool:
        """Nothing lies in front of the sheet."""
        return False

    def hint(self, text: str) -> None:
        """Show how a key sequence may go on."""
        self.say(text)

    # -- inside

    def let_go(self) -> None:
        """A picture was destroyed: keep nothing that was made of any."""
        self.board.let_go()

    def _on_key(self, event: QKeyEvent, pressed: bool) -> bool:
        return self._keys_here.press(event) if pressed else self._keys_here.release(event)

    def _not_here(self) -> None:
        key = self._station_window.key_of("group")
        raise ReviewError(
            translate("GroupSheet", "That is not for a group: {key} goes back.").format(key=key),
            code="in-group",
        )

    def _seen(self, act: Callable[[], None]) -> None:
        self._station_window.commands.refuse_hidden()
        act()

    def _reject_with(self, digit: str) -> None:
        reason = self._station_window.station.policy.by_key(digit)
        if reason is None:
            raise ReviewError(
                translate("GroupSheet", "The policy has no reason on {digit}.").format(digit=digit),
                code="no-reason",
            )
        self._seen(lambda: self._group.reject_with(reason))

    def _changed(self) -> None:
        if not self._group.loaded:
            return
        ticked, all_of_them = len(self._group.ticked), len(self._group.members)
        self._count.setText(
            translate("GroupSheet", "{count} of {all} marked").format(
                count=number(ticked), all=number(all_of_them)
            )
        )
        self.board.refresh()

    def _covering_changed(self) -> None:
        if self._station_window.station.covering.hidden:
            self._group.cover_again()
        self.board.refresh()

    def _gone(self) -> None:
        self._keys_here.let_go()
        self._station_window.station.covering.stop_listening(self._covering_changed)
        self._group.close()
