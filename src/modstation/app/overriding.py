"""Verdicts that need a second press: over a posted one, or on what one left to somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.effects import OWN_ESCALATION, effects_of
from modstation.app.session_events import OverrideExplained, ReversalClosed
from modstation.core.assets import ModerationStatus
from modstation.core.errors import ReviewError
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.session_events import SessionEvent
    from modstation.core.decisions import Verdict
    from modstation.core.policy import Reason
    from modstation.core.queue import QueueEntry, QueueView


def refuse_override_in_bulk(view: QueueView) -> None:
    """Raise ``ReviewError`` where a verdict would override one that is posted."""
    if view.status is not ModerationStatus.PENDING:
        raise ReviewError(
            translate("Overriding", "What is {status} is overridden one image at a time.").format(
                status=view.status.word
            ),
            code="override",
        )


class Overriding:
    """What the moderator was told would happen, until it happens or something else does.

    The explanation stands until it is taken or dropped; a view that shows it no longer drops it,
    so that a key never overrides what is not explained on the screen.
    """

    def __init__(self, tell: Callable[[SessionEvent], None], actor: Callable[[], str]) -> None:
        self._tell = tell
        self._actor = actor
        self._explained: OverrideExplained | None = None

    def was_left(self, entry: QueueEntry) -> bool:
        """This moderator had left the image to somebody else: a verdict on it alone, and at the
        second press. Anybody else decides it at once.
        """
        return self._actor() in entry.left_by

    def allows(
        self, view: QueueView, entry: QueueEntry, verdict: Verdict, reason: Reason | None
    ) -> bool:
        """Let a verdict through, or explain what it means and let it through next time.

        ``ReviewError`` (code ``same``) for the verdict that stands already. A reason without a key
        is chosen in a dialog, which is the second press.
        """
        if view.status is ModerationStatus.PENDING:
            return not self.was_left(entry) or self._said(
                OverrideExplained(entry.key, verdict, reason, str(OWN_ESCALATION))
            )
        if verdict.status is entry.asset.status:
            raise ReviewError(
                translate(
                    "Overriding", "This image is {status} already; nothing is to be posted."
                ).format(status=verdict.status.word),
                code="same",
            )
        effects = effects_of(verdict, reverses=False)
        return self._said(OverrideExplained(entry.key, verdict, reason, effects))

    def _said(self, wanted: OverrideExplained) -> bool:
        """It was explained by the press before; if not, it is now."""
        known = self._explained == wanted
        # First: the view that shows the old explanation drops it when a new one takes its place.
        self.drop()
        if known or (wanted.reason is not None and not wanted.reason.key):
            return True
        self._explained = wanted
        self._tell(wanted)
        return False

    def drop(self) -> None:
        """Leave the posted verdict as it is."""
        if self._explained is not None:
            self._explained = None
            self._tell(ReversalClosed())
