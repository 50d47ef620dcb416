"""What the keys do that change how the window looks: the next theme, larger and smaller text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.looks import next_text_size, next_theme
from modstation.app.session_events import Message, Tone
from modstation.app.setting_table import choice_title
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.ui.window import StationWindow


def look_handlers(window: StationWindow) -> dict[str, Callable[[], None]]:
    """The handlers; what they choose is a setting, kept for the next start."""
    book = window.station.settings_book

    def say(text: str) -> None:
        window.message.show_message(Message(text, Tone.INFO))

    def theme() -> None:
        book.change(theme=next_theme(window.station.settings.theme))
        name = choice_title(window.station.settings.theme)
        say(translate("LookActions", "Theme: {name}.").format(name=name))

    def resize(*, larger: bool) -> None:
        book.change(text_scale=next_text_size(window.station.settings.text_scale, larger=larger))
        percent = window.station.settings.text_scale
        say(translate("LookActions", "Text size: {percent} %.").format(percent=percent))

    return {
        "theme": theme,
        "text-larger": lambda: resize(larger=True),
        "text-smaller": lambda: resize(larger=False),
    }
