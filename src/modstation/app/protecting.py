"""Which images start covered: machines or the policy warn, or they were rejected for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.protection import is_protected

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.policy import Policy
    from modstation.core.protection import Protection
    from modstation.core.queue import QueueEntry


class Protecting:
    """Says of every entry whether it starts covered; ``chosen`` is the setting as it is now."""

    def __init__(self, policy: Policy, chosen: Callable[[], Protection]) -> None:
        self._policy = policy
        self._chosen = chosen
        self._warned_of: set[str] = set()

    def protects(self, entry: QueueEntry, reason_code: str | None = None) -> bool:
        """An image starts covered wherever it is shown; ``reason_code``: it was rejected for that.

        What was rejected here for a reason that covers stays covered, whatever becomes of the
        decision; what somebody else rejected is covered, because nobody here knows for what.
        """
        return is_protected(
            entry.asset,
            self._policy.floor.protection_of(self._chosen()),
            policy_protects=entry.key in self._warned_of
            or self._policy.warns_of(entry)
            or self._policy.covers(reason_code),
        )

    def warned_of(self, key: str) -> None:
        """The image was rejected for a reason that covers it from now on."""
        self._warned_of.add(key)
