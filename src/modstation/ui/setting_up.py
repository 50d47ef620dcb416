"""What the keys do that find commands and set the station up: palette, keys, settings, accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.session_events import Message, Tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.settings import Settings
    from modstation.core.errors import SettingsError
    from modstation.ui.window import StationWindow


class SettingUp:
    """The handlers of these commands; nothing behind them is imported before it is asked for."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        book = window.station.settings_book
        book.listen(self._changed)
        book.on_failure(self._not_written)
        self.handlers: dict[str, Callable[[], None]] = {
            "palette": self._palette,
            "edit-keys": self._edit_keys,
            "settings": self._settings,
        }

    def _changed(self, before: Settings, after: Settings) -> None:
        if before.theme != after.theme:
            self._window.apply_theme(after.theme)

    def _not_written(self, error: SettingsError) -> None:
        text = f"{error.message} What you changed counts until you close the window."
        self._window.message.show_message(Message(text, Tone.PROBLEM))

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
