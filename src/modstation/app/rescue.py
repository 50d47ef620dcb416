"""The rescue of technical rejections: only those are shown, and the way back from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modstation.core.assets import ModerationStatus
from modstation.core.filtering import TECHNICAL, Field, parse_filter
from modstation.core.queue import Order, QueueView

if TYPE_CHECKING:
    from modstation.core.policy import Policy

RESCUED = f"{Field.REASON}:{TECHNICAL}"


class Desk(Protocol):
    """What is reviewed: ``ReviewSession``."""

    view: QueueView
    policy: Policy

    def change_view(self, view: QueueView) -> None:
        """Review something else."""
        ...


class Rescue:
    """One switch: to the rejections for the form of an image, and back to what was reviewed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._before: QueueView | None = None

    @property
    def on(self) -> bool:
        """Only technical rejections are shown."""
        view = self._desk.view
        rejected = view.status is ModerationStatus.REJECTED
        return rejected and view.filter is not None and view.filter.text == RESCUED

    def toggle(self) -> bool:
        """Show only technical rejections, or what was reviewed before; true if it is on now.

        ``ReviewError`` (code ``filter``) if the policy has no technical reason.
        """
        now = self._desk.view
        if self.on:
            before, self._before = self._before, None
            self._desk.change_view(before or now.listed)
            return False
        only = parse_filter(RESCUED, technical=self._desk.policy.technical)
        self._desk.change_view(
            QueueView(now.kinds, ModerationStatus.REJECTED, now.split, Order.OLDEST, only)
        )
        self._before = now
        return True
