"""What the commands of the history and of the other queues do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.ui.wording import decided_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.decisions import Decision
    from modstation.ui.window import StationWindow


def show_who_decided(window: StationWindow) -> None:
    """Tell in the evidence panel who settled the image on the stage, once the store has said it."""
    entry, evidence = window.session.current, window.evidence
    evidence.show_decided("")
    if entry is None or not entry.asset.status.settled:
        return

    def tell(decision: Decision | None) -> None:
        now = window.session.current
        if now is not None and now.key == entry.key:
            evidence.show_decided(decided_text(entry.asset, decision, window.station.policy))

    window.station.last_posted(entry.key, tell, lambda _error: tell(None))


def history_handlers(window: StationWindow) -> dict[str, Callable[[], None]]:
    """The handlers by command name."""

    def history() -> None:
        # Not at the top: the first image needs no sheet.
        from modstation.ui.history_sheet import HistorySheet

        window.show_sheet(HistorySheet(window), "history")

    def queues() -> None:
        from modstation.ui.queues_sheet import QueuesSheet

        sheet = QueuesSheet(window.theme, window.station.keymap, window.reader, window)
        sheet.chosen.connect(window.session.change_view)
        window.show_sheet(sheet, "queues")
        window.station.queues(
            lambda found: sheet.show_choices(found) if window.sheet is sheet else None,
            lambda error: sheet.say(f"{error.title}: {error.message}"),
        )

    return {"history": history, "queues": queues}
