"""What the keys do that find commands and set the station up: palette, keys, settings, accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.ui.window import StationWindow


class SettingUp:
    """The handlers of these commands; nothing behind them is imported before it is asked for."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        self.handlers: dict[str, Callable[[], None]] = {
            "palette": self._palette,
            "edit-keys": self._edit_keys,
        }

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
