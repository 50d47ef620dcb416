"""What the commands of the history do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.ui.window import StationWindow


def history_handlers(window: StationWindow) -> dict[str, Callable[[], None]]:
    """The handlers by command name."""

    def history() -> None:
        # Not at the top: the first image needs no sheet.
        from modstation.ui.history_sheet import HistorySheet

        window.show_sheet(HistorySheet(window), "history")

    return {"history": history}
