"""The key that shows what is like the image on the stage, and the words that say there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.session_events import Message, Tone
from modstation.core.errors import ReviewError
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.ui.window import StationWindow


class GroupActions:
    """Opens the group of the current image, and keeps the panel's “7 alike” true."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        # How many are alike, the current image among them; 0: none is, or it is not known yet.
        self.count = 0
        self._asked: str | None = None
        # The store was asked and has not answered.
        self.asking = False
        self._again = False
        self.handlers: dict[str, Callable[[], None]] = {"group": self._open}
        window.station.listen_for_alike(self.look)

    def look(self) -> None:
        """Another image is current, or more is known of it: ask how many are alike."""
        entry = self._window.session.current
        if entry is None:
            self._take(None, 0)
            return
        key = entry.key
        if key != self._asked:
            self._take(key, 0)
        # One question at a time: whoever goes through the queue quickly is not answered for each.
        if self.asking:
            self._again = True
            return

        def answered(count: int) -> None:
            self._answered(key, count)
            again, self.asking, self._again = self._again, False, False
            if again:
                self.look()

        self.asking = True
        self._window.station.count_alike(key, answered)

    def _answered(self, key: str, count: int) -> None:
        entry = self._window.session.current
        if entry is not None and entry.key == key:
            self._take(key, count)

    def _take(self, key: str | None, count: int) -> None:
        self._asked, self.count = key, count
        self._window.evidence.show_alike(count)

    def _open(self) -> None:
        window = self._window
        window.commands.refuse_hidden()
        entry = window.session.current
        if entry is None:
            raise ReviewError(translate("GroupActions", "There is no image."), code="empty")
        # Asked anew: the panel follows a frame later, and this key may come before it.
        window.station.count_alike(entry.key, lambda count: self._show(entry.key, count))

    def _show(self, key: str, count: int) -> None:
        window = self._window
        self._answered(key, count)
        entry = window.session.current
        if entry is None or entry.key != key or window.in_dialog():
            return
        if count < 2:
            text = translate("GroupActions", "No image like this one is known here.")
            window.message.show_message(Message(text, Tone.REFUSED))
            return
        from modstation.ui.group_sheet import GroupSheet

        sheet = GroupSheet(window.station.make_group(key), window)
        window.commands.grid.lend()
        window.show_sheet(sheet, "group")
        sheet.closed.connect(window.commands.grid.show_again)
