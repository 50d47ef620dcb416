"""What the keys do that find commands and set the station up: palette, keys, settings, accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.first_steps import Part, hints, hints_shown, tour_cards
from modstation.app.session_events import Message, Tone
from modstation.core.language import translate
from modstation.ui.motion import is_still

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.settings import Settings
    from modstation.core.errors import SettingsError
    from modstation.ui.window import StationWindow

# The hints are there as long as what lies around the stage leaves it so much height.
_AROUND, _STAGE_LEAST = 238, 322


class SettingUp:
    """The handlers of these commands; nothing behind them is imported before it is asked for."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        # The tour is due as soon as there is an image to show beside it.
        self.tour_due = False
        book = window.station.settings_book
        book.listen(self._changed)
        book.on_failure(self._not_written)
        self.handlers: dict[str, Callable[[], None]] = {
            "palette": self._palette,
            "edit-keys": self._edit_keys,
            "settings": self._settings,
            "tour": self._tour,
            "switch-account": self._switch_account,
        }

    def _changed(self, before: Settings, after: Settings) -> None:
        if _looks(before) != _looks(after):
            theme = self._window.theme
            theme.scale_text(after.text_scale)
            theme.still = is_still(after)
            self._window.apply_theme(after.theme)
            self._window.commands.frames.keep_still()
        self.look()

    def _not_written(self, error: SettingsError) -> None:
        text = translate(
            "SettingUp", "{message} What you changed counts until you close the window."
        ).format(message=error.message)
        self._window.message.show_message(Message(text, Tone.PROBLEM))

    def look(self) -> None:
        """Show what is shown by itself: the hints while they are wanted, the tour once."""
        window, settings = self._window, self._window.station.settings
        strip = window.hints
        # The grid has keys of its own on its buttons, and needs the height for tiles.
        stage = window.grid is None or not window.grid.grid.opened
        high = window.height() - window.theme.px(_AROUND) >= _STAGE_LEAST
        room = stage and not window.isFullScreen() and high
        strip.setVisible(room and hints_shown(settings, decided=window.session.counts.decided))
        if not strip.isHidden():
            reasons = window.station.policy.by_key("1") is not None
            strip.show_hints(hints(window.key_of, reasons=reasons))
        if self.tour_due and window.stage.reported and not window.in_dialog():
            self.tour_due = False
            self._tour()

    def hide_hints(self) -> None:
        """The moderator wants no hints any more."""
        self._window.station.settings_book.change(hints="never")
        self.look()

    def _palette(self) -> None:
        from modstation.app.palette import offers
        from modstation.ui.command_palette import CommandPalette

        window, station = self._window, self._window.station
        palette = CommandPalette(
            window.theme,
            offers(station.keymap, station.policy, window.reader.printed),
            reversal_offered=lambda: window.session.reversal is not None,
            parent=window,
        )
        palette.chosen.connect(window.run)
        window.show_sheet(palette, "palette")

    def _edit_keys(self) -> None:
        from modstation.app.keymap_editing import KeymapEditing
        from modstation.app.palette import reason_titles
        from modstation.ui.keymap_editor import KeymapEditor

        window, station = self._window, self._window.station
        window.peek(on=False)
        editing = KeymapEditing(station.settings_book, station.use_keymap)
        KeymapEditor(editing, window.reader, reason_titles(station.policy), window).open()

    def _settings(self) -> None:
        from modstation.app.settings_form import SettingsForm
        from modstation.ui.settings_dialog import SettingsDialog

        self._window.peek(on=False)
        SettingsDialog(SettingsForm(self._window.station.settings_book), self._window).open()

    def _tour(self) -> None:
        from modstation.ui.tour import Tour

        window = self._window
        parts = {
            Part.DECIDING: window.evidence,
            Part.IMAGE: window.stage,
            Part.STATUS: window.status,
            Part.TOOLBAR: window.toolbar,
        }
        window.show_sheet(Tour(window.theme, tour_cards(window.key_of), parts, window), "tour")
        window.station.settings_book.change(tour_seen=True)

    def _switch_account(self) -> None:
        self._window.switch_wanted.emit()


def _looks(settings: Settings) -> tuple[str, int, str]:
    return settings.theme, settings.text_scale, settings.reduce_motion
