"""What the commands of the history and of the other queues do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.decisions import who_settled
from modstation.ui.wording import decided_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.decisions import Decision
    from modstation.core.events import PastDecisionsTold
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
            if decision is None or decision.draft.verdict.status is not entry.asset.status:
                window.station.ask_past(entry.key)

    window.station.last_posted(entry.key, tell, lambda _error: tell(None))


def show_past(window: StationWindow, told: PastDecisionsTold) -> None:
    """Tell what the service remembers of the image on the stage, if it was settled elsewhere."""
    entry = window.session.current
    if entry is None or entry.key != told.key or entry.posted is entry.asset.status:
        return
    past = who_settled(told.decisions, entry.asset.status)
    if past is not None:
        text = decided_text(entry.asset, None, window.station.policy, past)
        window.evidence.show_decided(text)


def history_handlers(window: StationWindow) -> dict[str, Callable[[], None]]:
    """The handlers by command name."""

    def history() -> None:
        # Not at the top: the first image needs no sheet.
        from modstation.ui.history_sheet import HistorySheet

        window.show_sheet(HistorySheet(window), "history")

    def queues() -> None:
        from modstation.ui.queues_sheet import QueuesSheet

        sheet = QueuesSheet(
            window.theme,
            window.station.keymap,
            window.reader,
            window,
            key_of=window.key_of,
        )
        sheet.chosen.connect(window.session.change_view)
        window.show_sheet(sheet, "queues")
        window.station.queues(
            lambda found: sheet.show_choices(found) if window.sheet is sheet else None,
            lambda error: sheet.say(f"{error.title}: {error.message}"),
        )

    return {"history": history, "queues": queues}
