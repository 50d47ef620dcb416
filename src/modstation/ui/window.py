"""The window: it wires session, stage, panels and keys together and decides nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from modstation.app.session_events import (
    ConnectionMoved,
    CountsChanged,
    CoverChanged,
    CurrentChanged,
    FlagChanged,
    FrameReady,
    KeymapChanged,
    Message,
    OverrideExplained,
    PicturePurged,
    ReversalClosed,
    ReversalOffered,
    SessionEvent,
    StripChanged,
    Tone,
    ViewChanged,
)
from modstation.core.errors import ReviewError
from modstation.core.events import Connection, PastDecisionsTold
from modstation.core.language import translate
from modstation.ui.actions import CHECKABLE, Actions
from modstation.ui.catching_up import CatchingUp
from modstation.ui.dialog_keys import DialogKeys
from modstation.ui.evidence_panel import NARROW, WIDTH, EvidencePanel
from modstation.ui.filmstrip import Filmstrip
from modstation.ui.filter_bar import FilterBar
from modstation.ui.hint_strip import HintStrip
from modstation.ui.history_actions import show_past
from modstation.ui.keyboard import Keyboard
from modstation.ui.keys import KeyReader
from modstation.ui.message_line import MessageLine
from modstation.ui.sheet_keys import SheetKeys
from modstation.ui.spoken_changes import SpokenChanges
from modstation.ui.stage import Stage
from modstation.ui.status_line import StatusLine
from modstation.ui.toolbar import Toolbar
from modstation.ui.wording import view_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent

    from modstation.app.station import Station
    from modstation.ui.buttons import CommandButton
    from modstation.ui.grid_panel import GridPanel
    from modstation.ui.overlay import Overlay
    from modstation.ui.reason_strip import ReasonStrip
    from modstation.ui.theme import Theme, ThemeName
    from modstation.ui.tour import Tour

# Narrower than this, the panel gives the sheet room for one tile more.
_SHEET_FROM = 1100
# The filmstrip is there as long as it and what else lies around the stage leave so much height.
_AROUND, _STAGE_LEAST = 238, 322
_SECOND_MS = 1000


class StationWindow(QWidget):
    """The window of one station.

    The stage is painted inside the session's call; everything else waits for the event loop,
    so that it never stands between a key and its image.
    """

    # Another account is to be chosen; the application does that.
    account_wanted = Signal()
    # The same, among those there are.
    switch_wanted = Signal()
    # The moderator wanted to leave, and then did not.
    stayed = Signal()
    closed = Signal()

    def __init__(self, station: Station, theme: Theme) -> None:
        super().__init__()
        self.station = station
        self.session = station.session
        self.theme = theme
        self.reader = KeyReader()
        self.sheet: Overlay | Tour | None = None
        self.reason_strip: ReasonStrip | None = None
        # The contact sheet, once it was opened.
        self.grid: GridPanel | None = None
        self.catching_up = CatchingUp(self)
        self._build()
        self.commands = Actions(self)
        self.hints.dismissed.connect(self.commands.setting_up.hide_hints)
        self._dialog_keys = DialogKeys(self)
        self.keyboard = Keyboard(station.keymap, self.reader, self)
        self._seconds = QTimer(self)
        self._seconds.setInterval(_SECOND_MS)
        self._seconds.timeout.connect(self._tick)
        self._seconds.start()
        self.session.listen(self._on_session)
        self.spoken = SpokenChanges(self)
        for problem in station.problems:
            self.message.show_message(Message(problem, Tone.PROBLEM))
        self.catching_up.start()

    def _build(self) -> None:
        station, theme = self.station, self.theme
        self.setWindowTitle("modstation")
        self.resize(1280, 800)
        self.setMinimumSize(640, 480)
        self.stage = Stage(station, theme, key_of=self.key_of, parent=self)
        self.hints = HintStrip(theme, self)
        self.message = MessageLine(theme, key_of=self.key_of, parent=self)
        self.evidence = EvidencePanel(theme, station.policy, key_of=self.key_of, parent=self)
        self.filter_bar = FilterBar(
            theme, key_of=self.key_of, technical=station.policy.technical, parent=self
        )
        self.filmstrip = Filmstrip(self.session, station.covering, theme, self)
        self.status = StatusLine(station, theme, key_of=self.key_of, parent=self)
        self.toolbar = Toolbar(theme, view_text(self.session.view), key_of=self.key_of, parent=self)
        left = QVBoxLayout()
        left.setSpacing(0)
        self.centre = left
        left.addWidget(self.stage, 1)
        left.addWidget(self.hints)
        left.addWidget(self.filter_bar)
        left.addWidget(self.message)
        left.addWidget(self.filmstrip)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addLayout(left, 1)
        middle.addWidget(self.evidence)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addLayout(middle, 1)
        column.addWidget(self.status)
        for name in CHECKABLE:
            self.toolbar.buttons[name].setCheckable(True)
        self.connect_buttons(self.command_buttons())
        self.evidence.note_changed.connect(self.session.looking.set_note)
        self.evidence.note_left.connect(self.stage.setFocus)
        self.filter_bar.chosen.connect(self.session.filter)
        self.filter_bar.left.connect(self.stage.setFocus)
        self.filmstrip.chosen.connect(self.session.jump)
        self.message.offer_gone.connect(self.session.drop_reversal)
        self.stage.zoom_changed.connect(self.catching_up.start)
        self.stage.setFocus()

    # -- commands

    def key_of(self, command: str) -> str:
        """The key that stands on a command's button, as it is printed on this keyboard."""
        keys = self.station.keymap.keys_for(command)
        return self.reader.printed(keys[0]) if keys else ""

    def command_buttons(self) -> Iterator[CommandButton]:
        """Every button that stands for a command; the grid's once it was opened."""
        parts = (self.toolbar, self.evidence, self.status, self.stage.frames)
        for part in parts:
            yield from part.buttons.values()
        yield self.message.reverse
        yield self.filter_bar.clear
        if self.grid is not None:
            yield from self.grid.buttons.values()

    def connect_buttons(self, buttons: Iterable[CommandButton]) -> None:
        """Let a click do what the key does."""
        for button in buttons:
            if button.command == "peek":
                button.pressed.connect(lambda: self.peek(on=True))
                button.released.connect(lambda: self.peek(on=False))
            else:
                button.clicked.connect(lambda _=False, name=button.command: self.run(name))

    def run(self, command: str) -> None:
        """Do what a command says; a refusal is shown, never a dialog."""
        try:
            self.commands.run(command)
        except ReviewError as refusal:
            self.message.show_message(Message(refusal.message, Tone.REFUSED))
        self.station.figures.touched()
        self.catching_up.start()

    def peek(self, *, on: bool) -> None:
        """Uncover the image while a key or the button is held; a refusal is shown."""
        try:
            if on:
                self.commands.refuse_hidden()
            self.commands.grid.looked_at.peek(on=on)
        except ReviewError as refusal:
            self.message.show_message(Message(refusal.message, Tone.REFUSED))

    def arrow(self, dx: int, dy: int, *, extend: bool) -> bool:
        """Move a zoomed image, or to the tile that lies there; False if there is neither."""
        if self.commands.grid.on:
            return self.commands.grid.move(dx, dy, extend=extend)
        return not extend and self.stage.pan(dx, dy)

    def in_text(self) -> bool:
        """A text field has the focus."""
        return isinstance(self.focusWidget(), QLineEdit)

    def in_dialog(self) -> bool:
        """A sheet or a dialog is in front of the image."""
        return self.sheet is not None or QApplication.activeModalWidget() is not None

    def hint(self, text: str) -> None:
        """Show how a key sequence may go on."""
        self.message.show_message(Message(text, Tone.INFO))

    def show_sheet(self, sheet: Overlay | Tour, command: str) -> None:
        """Lay a sheet over the window; the key that opened it closes it too."""
        if self.sheet is not None:
            self.sheet.leave()
        self.peek(on=False)
        self.sheet = sheet
        sheet.keys = SheetKeys.of(self.reader, self.station.keymap, command)
        sheet.commanded.connect(self.run)
        sheet.closed.connect(self._sheet_closed)
        sheet.open()

    def ask_for_reason(self) -> None:
        """Show the reasons over the foot of the stage until one of their keys, or Escape."""
        from modstation.ui.reason_strip import ReasonStrip

        if self.reason_strip is None:
            self.reason_strip = ReasonStrip(
                self.theme, self.station.policy, key_of=self.key_of, run=self.run, stage=self.stage
            )
        self.reason_strip.open()

    def _reason_not_wanted(self) -> bool:
        """The strip of reasons goes; False if it was not there."""
        if self.reason_strip is None or self.reason_strip.isHidden():
            return False
        self.reason_strip.hide()
        return True

    def _sheet_closed(self) -> None:
        self.sheet = None
        self.keyboard.let_go()
        self.stage.setFocus()

    # -- what the session tells

    def _on_session(self, event: SessionEvent) -> None:
        match event:
            case CurrentChanged():
                self.stage.show_current()
                self._reason_not_wanted()
                self.catching_up.evidence_changed()
            case ViewChanged(view=view):
                self.toolbar.set_title(view_text(view))
                self.filter_bar.show_filter(view.filter)
            case FrameReady(key=key):
                self.stage.frame_arrived(key)
                self.commands.frames.arrived()
            case CoverChanged():
                self.stage.refresh()
            case PicturePurged():
                self.stage.let_go()
                self.filmstrip.let_go()
                if self.sheet is not None:
                    self.sheet.let_go()
                if self.grid is not None:
                    self.grid.sheet.let_go()
                self.catching_up.strip_changed()
            case ConnectionMoved(change=change):
                self.stage.refresh()
                if change.connection is Connection.MAY_NOT_POST:
                    text = translate("Window", "{message} {key} tries again.").format(
                        message=change.message, key=self.key_of("refresh")
                    )
                    self.message.show_message(Message(text, Tone.PROBLEM))
                elif change.connection is Connection.ONLINE and change.message:
                    self.message.show_message(Message(change.message, Tone.PROBLEM))
            case StripChanged():
                self.catching_up.strip_changed()
            case Message():
                self.message.show_message(event)
            case OverrideExplained():
                self.message.explain(event)
            case ReversalOffered():
                self.message.offer(event)
            case ReversalClosed():
                self.message.clear()
            case KeymapChanged():
                self.keyboard.use(self.station.keymap)
                self.catching_up.keys_changed()
                self.message.name_keys()
                self.stage.refresh()
            case PastDecisionsTold():
                show_past(self, event)
            case CountsChanged() | FlagChanged():
                pass
        self.catching_up.start()

    def _tick(self) -> None:
        self.station.tick()
        self.commands.sessions.tick()
        self.commands.grid.tick()
        self.evidence.tick()
        self.status.refresh()

    # -- the toolkit's events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys come here from whatever has the focus and did not want them."""
        if event.key() == Qt.Key.Key_Escape:
            self._escape()
        elif not self.keyboard.press(event):
            event.ignore()
        self.station.figures.touched()
        self.catching_up.key_pressed()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The end of a peek."""
        if not self.keyboard.release(event):
            event.ignore()

    def _escape(self) -> None:
        if self.in_text() or not self.stage.hasFocus():
            self.commands.grid.cancel()
            self.stage.setFocus()
        elif self._reason_not_wanted():
            self.message.clear()
        elif self.commands.grid.escape():
            pass
        elif self.session.reversal is not None:
            self.session.drop_reversal()
        elif self.stage.view.zoomed:
            self.stage.zoom_fit()
        elif self.isFullScreen():
            self.run("full-screen")

    def changeEvent(self, event: QEvent) -> None:
        """While another window is in front no key is held, and nobody looks."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            if not self.isActiveWindow():
                self.keyboard.let_go()
                self._dialog_keys.attend()
                if QApplication.activeWindow() is None:
                    # Not even a dialog of ours: the moderator works at something else.
                    self.station.figures.left()
            self.session.looking.look_away(away=not self.isActiveWindow())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the image the room it needs in a small window."""
        super().resizeEvent(event)
        self.lay_out()

    def lay_out(self) -> None:
        """Show the parts that belong to this size and mode."""
        alone, px = self.isFullScreen(), self.theme.px
        cramped = self.commands.grid.on and self.width() < _SHEET_FROM
        # Large words need a wider panel, but the image the larger half of the window.
        wished = min(px(NARROW if cramped else WIDTH), self.width() * 2 // 5)
        self.evidence.setFixedWidth(max(NARROW, wished))
        self.toolbar.setVisible(not alone)
        self.filmstrip.setVisible(not alone and self.height() - px(_AROUND) >= _STAGE_LEAST)
        self.evidence.setVisible(self.commands.information and not alone)
        self.commands.setting_up.look()

    def apply_theme(self, name: ThemeName) -> None:
        """Change the colours of everything."""
        self.commands.apply_theme(name)

    def leave(self) -> None:
        """Close; if decisions are not posted yet, ask what is to become of them first."""
        if not self.session.counts.on_the_way:
            if not self.commands.sessions.sums_up():
                self.close()
            return
        from modstation.ui.closing_dialog import ClosingDialog

        self.peek(on=False)
        dialog = ClosingDialog(self.station, self)
        dialog.leaving.connect(self.close)
        dialog.staying.connect(self.stayed)
        dialog.open()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the timers; the station is closed by whoever opened it."""
        asked = event.spontaneous() and not _session_ends()
        if asked and self.session.counts.on_the_way:
            # The cross of the frame, not our own doing.
            event.ignore()
            self.leave()
            return
        self._seconds.stop()
        self.catching_up.stop()
        self.commands.frames.stop()
        super().closeEvent(event)
        self.closed.emit()


def _session_ends() -> bool:
    """The desktop logs out: nothing may hold that up, and nothing is lost."""
    application = QApplication.instance()
    return isinstance(application, QApplication) and application.isSavingSession()
