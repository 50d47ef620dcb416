"""What each command does: one table from command names to what they call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from modstation.app.session_events import Message, Tone
from modstation.core.commands import REASON_DIGITS
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.ui.frame_actions import FrameActions
from modstation.ui.grid_actions import GridActions
from modstation.ui.group_actions import GroupActions
from modstation.ui.history_actions import history_handlers
from modstation.ui.inspection_actions import InspectionActions
from modstation.ui.look_actions import look_handlers
from modstation.ui.queue_actions import QueueActions
from modstation.ui.session_actions import SessionActions
from modstation.ui.setting_up import SettingUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.ui.overlay import Overlay
    from modstation.ui.theme import ThemeName
    from modstation.ui.window import StationWindow

CHECKABLE = (
    *("reveal", "greyscale", "cover-all", "grid", "information"),
    *("sticky-zoom", "brighten"),
)


class Actions:
    """Runs commands on the window, its session and its station."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        # The evidence panel is shown.
        self.information = True
        self.frames = FrameActions(window)
        self.inspection = InspectionActions(window)
        self.sessions = SessionActions(window)
        self.grid = GridActions(window)
        self.setting_up = SettingUp(window)
        self.group = GroupActions(window)
        self.handlers: dict[str, Callable[[], None]] = {
            "approve": lambda: self._decide(Verdict.APPROVE),
            "reject": lambda: self._decide(Verdict.REJECT),
            **{name: partial(self._reject_with, digit) for name, digit in REASON_DIGITS.items()},
            "more-reasons": self._more_reasons,
            "undo": self._window.session.undo,
            "redo": self._window.session.redo,
            "next": self._window.session.next,
            "previous": self._window.session.previous,
            "peek": self._peek_hint,
            "reveal": self._reveal,
            "blur-more": lambda: self._blur(1),
            "blur-less": lambda: self._blur(-1),
            "greyscale": self._greyscale,
            "cover-all": self._cover_all,
            "zoom-in": lambda: self._window.stage.zoom_step(1),
            "zoom-out": lambda: self._window.stage.zoom_step(-1),
            "zoom-toggle": self._window.stage.zoom_toggle,
            "zoom-fit": self._window.stage.zoom_fit,
            "zoom-100": self._window.stage.zoom_100,
            "rotate-left": lambda: self._window.stage.rotate(-1),
            "rotate-right": lambda: self._window.stage.rotate(1),
            **self.frames.handlers,
            **self.inspection.handlers,
            **self.sessions.handlers,
            "information": self._information,
            "policy": lambda: self._open("policy"),
            "note": self._note,
            "keys-help": lambda: self._open("keys-help"),
            "help": lambda: self._open("help"),
            "post-now": self._window.station.post_now,
            "refresh": self._refresh,
            "offline": self._offline,
            "accounts": self._accounts,
            "outbox": self._outbox,
            "full-screen": self._full_screen,
            "quit": self._close,
            **self.setting_up.handlers,
            **look_handlers(window),
            **self.grid.handlers,
            **QueueActions(window).handlers,
            **self.group.handlers,
        }
        self.handlers |= history_handlers(window)

    def run(self, command: str) -> None:
        """Do it; ``ReviewError`` if it cannot be done now."""
        (self.grid.instead(command) or self.handlers[command])()

    def checked(self) -> dict[str, bool]:
        """The buttons that stay pressed."""
        window = self._window
        return {
            "reveal": self.grid.revealed,
            "grid": self.grid.on,
            "greyscale": window.station.covering.grey,
            "cover-all": window.station.covering.hidden,
            "information": self.information,
            **self.inspection.checked(),
        }

    def apply_theme(self, name: ThemeName) -> None:
        """Change the colours of the application."""
        window = self._window
        window.theme.choose(name)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        window.theme.apply(application)
        window.lay_out()
        window.message.clear()
        window.status.refresh()
        window.update()

    # -- deciding

    def refuse_hidden(self) -> None:
        """Raise ``ReviewError`` while every image is covered at once."""
        if self._window.station.covering.hidden:
            key = self._window.key_of("cover-all")
            raise ReviewError(
                translate("Actions", "Everything is covered; {key} goes on.").format(key=key),
                code="hidden",
            )

    def _decide(self, verdict: Verdict) -> None:
        self.refuse_hidden()
        try:
            self._window.session.decide(verdict)
        except ReviewError as refusal:
            if refusal.code == "needs-reason":
                self._window.ask_for_reason()
            raise

    def _reject_with(self, digit: str) -> None:
        self.refuse_hidden()
        reason = self._window.station.policy.by_key(digit)
        if reason is None:
            raise ReviewError(
                translate("Actions", "The policy has no reason on {digit}.").format(digit=digit),
                code="no-reason",
            )
        self._window.session.decide(Verdict.REJECT, reason=reason)

    def _more_reasons(self) -> None:
        window = self._window
        self.refuse_hidden()
        if window.session.current is None:
            raise ReviewError(translate("Actions", "There is no image to decide."), code="empty")
        if not window.station.policy.without_key:
            raise ReviewError(
                translate("Actions", "Every reason of the policy has a key."), code="no-reason"
            )
        from modstation.ui.reasons_dialog import ReasonsDialog

        window.peek(on=False)
        ReasonsDialog(
            window.station.policy,
            current=lambda: window.session.current,
            decide=lambda reason: window.session.decide(Verdict.REJECT, reason=reason),
            parent=window,
        ).open()

    # -- looking

    def _reveal(self) -> None:
        self.refuse_hidden()
        self._window.session.looking.toggle_reveal()

    def _peek_hint(self) -> None:
        self._say(
            translate("Actions", "Hold {key} to look.").format(key=self._window.key_of("peek"))
        )

    def _blur(self, by: int) -> None:
        self._say(
            translate("Actions", "Cover strength {strength} of 10.").format(
                strength=self._window.station.covering.change_blur(by)
            )
        )

    def _greyscale(self) -> None:
        on = self._window.station.covering.toggle_grey()
        self._say(
            translate("Actions", "Images are shown without colour.")
            if on
            else translate("Actions", "Images are shown in colour.")
        )

    def _cover_all(self) -> None:
        if self._window.station.covering.toggle_hidden():
            # Else going on would show at once what had to go at once.
            self._window.session.looking.cover_again()

    # -- panels

    def _information(self) -> None:
        self.information = not self.information
        self._window.lay_out()

    def _note(self) -> None:
        if not self.information or self._window.isFullScreen():
            self.information = True
            self._window.evidence.show()
        self._window.evidence.note.setFocus()

    def _open(self, command: str) -> None:
        self._window.show_sheet(self._sheet(command), command)

    def _sheet(self, command: str) -> Overlay:
        # Not at the top: no sheet is needed for the first image.
        from modstation.app.palette import reason_titles
        from modstation.ui.sheets import help_sheet, keys_sheet

        window = self._window
        if command == "policy":
            from modstation.ui.policy_sheet import policy_sheet

            return policy_sheet(window.theme, window.station.policy, parent=window)
        if command == "help":
            return help_sheet(window.theme, parent=window)
        return keys_sheet(
            window.theme,
            window.station.keymap,
            printed=window.reader.printed,
            reasons=reason_titles(window.station.policy),
            parent=window,
        )

    # -- service and window

    def _refresh(self) -> None:
        station = self._window.station
        station.refresh()
        if station.offline:
            key = self._window.key_of("offline")
            self._say(
                translate(
                    "Actions",
                    "Offline by choice: only this machine was asked. {key} goes back online.",
                ).format(key=key)
            )
        else:
            self._say(translate("Actions", "Asking the service for new images."))

    def _offline(self) -> None:
        station = self._window.station
        station.set_offline(offline=not station.offline)
        if station.offline:
            self._say(
                translate(
                    "Actions",
                    "Offline: nothing is fetched or posted. What is on this machine stays here.",
                )
            )
        else:
            self._say(translate("Actions", "Going back online."))

    def _accounts(self) -> None:
        self._window.account_wanted.emit()

    def _outbox(self) -> None:
        from modstation.ui.outbox_dialog import OutboxDialog

        OutboxDialog(self._window.station, self._window).open()

    def _full_screen(self) -> None:
        window = self._window
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()
        window.lay_out()
        window.stage.setFocus()

    def _close(self) -> None:
        self._window.leave()

    def _say(self, text: str) -> None:
        self._window.message.show_message(Message(text, Tone.INFO))
