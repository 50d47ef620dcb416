"""The history sheet: the last decisions, the picture of the chosen one, and what the keys do to it.

A key means here what it means at the stage, but for the chosen decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from modstation.app.session_events import Message, Tone
from modstation.core.commands import COMMANDS, reason_command, reason_digit
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.history_list import HistoryList
from modstation.ui.history_picture import HistoryPicture
from modstation.ui.keyboard import Keyboard
from modstation.ui.overlay import Overlay

if TYPE_CHECKING:
    from modstation.ui.window import StationWindow

_WIDEST = 1160
_LIST = 380
_LIST_NARROW = 300
_WIDE_FROM = 1000
_SECOND_MS = 1000
# These keep their own effect on how pictures are shown.
_LOOKS = {"blur-more", "blur-less", "greyscale", "cover-all"}
_LIST_KEYS = {Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}
_BUTTONS = ("approve", "reject", "undo", "reveal")


class HistorySheet(Overlay):
    """Shows ``Station.history`` while it is open."""

    def __init__(self, window: StationWindow) -> None:
        self._desk = window
        self.history = window.station.history
        stage, theme = window.stage, window.theme
        body = QWidget()
        self.rows = HistoryList(self.history, window.station.policy, stage, theme, body)
        self.picture = HistoryPicture(self.history, stage, theme, key_of=window.key_of, parent=body)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.picture, 1)
        right.addLayout(self._button_rows(body))
        across = QHBoxLayout(body)
        across.setContentsMargins(0, 0, 12, 0)
        across.setSpacing(16)
        across.addWidget(self.rows)
        across.addLayout(right, 1)
        super().__init__(
            theme,
            translate("HistorySheet", "History · your last 50 decisions"),
            body,
            widest=theme.px(_WIDEST),
            needed=theme.px(_WIDEST),
            parent=window,
            keyboard=self.rows,
        )
        self.fit_text()
        self._keyboard_rules = Keyboard(window.station.keymap, window.reader, self)
        self._seconds = QTimer(self)
        self._seconds.setInterval(_SECOND_MS)
        self._seconds.timeout.connect(self.history.refresh)

    def _button_rows(self, body: QWidget) -> QGridLayout:
        # Beside each other only where every name has room.
        columns = 4 if self._desk.width() >= self._desk.theme.px(_WIDE_FROM) else 2
        rows = QGridLayout()
        rows.setSpacing(8)
        self.buttons: dict[str, CommandButton] = {}
        for at, name in enumerate(_BUTTONS):
            fill = name if name in {"approve", "reject"} else None
            button = CommandButton(
                COMMANDS[name],
                self._desk.key_of(name),
                self._desk.theme,
                Shape.ACTION,
                fill=fill,
                parent=body,
            )
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, which=name: self.run(which))
            self.buttons[name] = button
            rows.addWidget(button, at // columns, at % columns)
        return rows

    def open(self) -> None:
        """Come to the front; read the list, and again every second."""
        super().open()
        self.history.open(self._changed)
        self._seconds.start()

    def fit_text(self) -> None:
        """The list is as wide as its words need, but the picture has the larger half."""
        super().fit_text()
        px, width = self._theme.px, self._desk.width()
        wished = px(_LIST if width >= px(_WIDE_FROM) else _LIST_NARROW)
        self.rows.setFixedWidth(min(wished, width * 2 // 5))

    def leave(self) -> None:
        """Go away; nothing that is only armed happens."""
        self._seconds.stop()
        self._keyboard_rules.let_go()
        self.history.close()
        super().leave()

    # -- what the keyboard asks of its desk

    def run(self, command: str) -> None:
        """Do what a key means, to the chosen decision."""
        history = self.history
        try:
            if command in _LOOKS:
                self._desk.run(command)
                self._changed()
            elif command in {"next", "previous"}:
                history.choose(history.chosen_index + (1 if command == "next" else -1))
            elif command == "reveal":
                self._desk.commands.refuse_hidden()
                history.toggle_reveal()
            elif command == "undo":
                history.changes.undo()
            else:
                self._decide(command)
        except ReviewError as refusal:
            history.line = Message(refusal.message, Tone.REFUSED)
            self._changed()

    def _decide(self, command: str) -> None:
        self._desk.commands.refuse_hidden()
        if command in {"approve", "reject"}:
            self.history.changes.decide(Verdict(command))
        elif (digit := reason_digit(command)) is not None:
            reason = self._desk.station.policy.by_key(digit)
            if reason is None:
                raise ReviewError(
                    translate("HistorySheet", "The policy has no reason on {digit}.").format(
                        digit=digit
                    ),
                    code="no-reason",
                )
            self.history.changes.decide(Verdict.REJECT, reason)
        else:
            key = self._desk.key_of("history")
            raise ReviewError(
                translate(
                    "HistorySheet", "“{label}” is for the stage; {key} goes back to it."
                ).format(label=COMMANDS[command].label, key=key),
                code="elsewhere",
            )

    def peek(self, *, on: bool) -> None:
        """Uncover the chosen picture while a key is held."""
        if not (on and self._desk.stage.hidden):
            self.history.peek(on=on)

    def arrow(self, _dx: int, _dy: int, *, extend: bool) -> bool:
        """The whole picture is shown: there is nothing to move."""
        return False

    def in_text(self) -> bool:
        """There is no text field here."""
        return False

    def in_dialog(self) -> bool:
        """Nothing lies in front of the sheet."""
        return False

    def hint(self, text: str) -> None:
        """Show how a key sequence may go on."""
        self.history.line = Message(text)
        self._changed()

    # -- inside

    def _changed(self) -> None:
        history = self.history
        self.rows.refresh()
        self.picture.refresh()
        line, armed = history.line, history.changes.armed
        text = line.text
        if armed is not None:
            name = armed.verdict.value
            if armed.reason is not None:
                name = reason_command(armed.reason.key)
            text = translate("HistorySheet", "{text} Press {key} again to do it.").format(
                text=text, key=self._desk.key_of(name)
            )
        self.say(text)
        item = history.chosen
        standing = item is not None and not item.state.over
        for name in ("approve", "reject", "undo"):
            self.buttons[name].setEnabled(standing)
        posted = item is not None and not (item.state.changeable or item.state.over)
        for name, verdict in (("approve", Verdict.APPROVE), ("reject", Verdict.REJECT)):
            label = COMMANDS[name].label
            other = item is not None and item.verdict is not verdict
            self.buttons[name].set_label(
                translate("HistorySheet", "{label} instead").format(label=label)
                if posted and other
                else label
            )

    def let_go(self) -> None:
        """A picture was destroyed: keep nothing that was made of any."""
        self.rows.let_go()
        self.picture.let_go()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys go to the commands before the list takes a letter for a search."""
        if watched is self.rows and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress:
                if not self.outer(event):
                    if event.key() in _LIST_KEYS:
                        return False
                    self._keyboard_rules.press(event)
                    return True
            elif event.type() == QEvent.Type.KeyRelease:
                self._keyboard_rules.release(event)
                return True
        if watched is self.rows and event.type() == QEvent.Type.FocusOut:
            self._keyboard_rules.let_go()
        return super().eventFilter(watched, event)
