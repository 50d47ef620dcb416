"""Says what happened to whoever does not see it: decided, another image, offline, stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.queue_window import StripState
from modstation.app.session_events import (
    ConnectionMoved,
    CountsChanged,
    FlagChanged,
    SessionEvent,
    ViewChanged,
)
from modstation.core.events import Connection
from modstation.core.language import number, translate
from modstation.ui.announce import announce, listens
from modstation.ui.scene import Words
from modstation.ui.wording import CONNECTION_WORDS, view_text

if TYPE_CHECKING:
    from modstation.core.queue import Counts
    from modstation.ui.window import StationWindow

_SETTLED = frozenset(
    {StripState.APPROVED, StripState.REJECTED, StripState.SKIPPED, StripState.ESCALATED}
)


class SpokenChanges:
    """Listens to the session; the message line says its own lines."""

    def __init__(self, window: StationWindow) -> None:
        self._window = window
        self._key: str | None = None
        self._said = ""
        self._connection = window.session.connection.connection
        self._counts = window.session.counts
        window.session.listen(self._heard)

    def catch_up(self) -> None:
        """Say what became of the image before and what is on the stage now."""
        if not listens():
            return
        stage, current = self._window.stage, self._window.session.current
        key = current.key if current else None
        words = []
        if key != self._key:
            words.append(self._what_became_of(self._key))
            self._key = key
        # What is still loading is said once it can be seen.
        loading = isinstance(stage.scene, Words) and stage.scene.card.icon == "loading"
        if not loading and stage.spoken != self._said:
            self._said = stage.spoken
            words.append(self._said)
        announce(stage, " ".join(word for word in words if word))

    def _what_became_of(self, key: str | None) -> str:
        if key is None:
            return ""
        for item in self._window.session.strip():
            if item.key == key and item.state in _SETTLED:
                return f"{key.split('/', 2)[-1]}: {item.state.word}."
        return ""

    def _heard(self, event: SessionEvent) -> None:
        window = self._window
        match event:
            case ConnectionMoved(change=change):
                before, self._connection = self._connection, change.connection
                # What may not be posted stands in the message line, which says it.
                if change.connection not in {before, Connection.MAY_NOT_POST}:
                    word = CONNECTION_WORDS[change.connection][1]
                    announce(window.status, f"{word}. {change.message}".strip())
            case ViewChanged(view=view):
                announce(window.stage, view_text(view))
            case FlagChanged(flagged=flagged):
                announce(
                    window.stage,
                    translate("SpokenChanges", "Flagged.")
                    if flagged
                    else translate("SpokenChanges", "Not flagged."),
                )
            case CountsChanged(counts=counts):
                before_counts, self._counts = self._counts, counts
                self._say_stuck(before_counts, counts)
            case _:
                pass

    def _say_stuck(self, before: Counts, now: Counts) -> None:
        """What needs a person, as soon as it does."""
        if now.conflicted > before.conflicted:
            announce(
                self._window.status,
                translate("SpokenChanges", "Conflicts: {count}.").format(
                    count=number(now.conflicted)
                ),
                urgent=True,
            )
        if now.parked > before.parked:
            announce(
                self._window.status,
                translate("SpokenChanges", "Decisions stuck: {count}.").format(
                    count=number(now.parked)
                ),
                urgent=True,
            )
