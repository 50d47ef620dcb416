"""Triggers as every step writes them; like a released step, this is never edited."""

from __future__ import annotations

# An operation in one of these states keeps its image out of the queue.
OPEN = "('held', 'ready', 'in_flight', 'parked', 'conflicted')"


def trigger(name: str, event: str, body: str, when: str = "") -> str:
    """The statement that makes a trigger."""
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} {event}{condition} BEGIN {body} END"


def refuse(name: str, event: str, message: str, when: str = "") -> str:
    """The statement that makes a trigger which lets something never happen."""
    return trigger(name, f"BEFORE {event}", f"SELECT RAISE(ABORT, '{message}');", when)
