"""What a newcomer is told: the cards of the tour and the hints of the first fifty decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.settings import Settings

# So many decisions long the hints are shown, unless the settings say otherwise.
HINTED = 50
_HINTS = (
    ("approve", "approve"),
    ("reject", "reject"),
    ("reject-reason-1", "reject with a reason"),
    ("peek", "hold to look"),
    ("undo", "undo"),
    ("skip", "skip"),
    ("palette", "every command"),
    ("keys-help", "every key"),
)


class Part(Enum):
    """A part of the window that a card speaks of."""

    DECIDING = "deciding"
    IMAGE = "image"
    STATUS = "status"
    TOOLBAR = "toolbar"


@dataclass(frozen=True, slots=True)
class TourCard:
    """One card; ``keys`` are pairs of key and what it does."""

    part: Part
    title: str
    text: str
    keys: tuple[tuple[str, str], ...]


def tour_cards(key_of: Callable[[str], str]) -> tuple[TourCard, ...]:
    """The four cards; ``key_of`` gives the key of a command as it is printed here, or nothing."""

    def keys(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        return tuple((key, what) for name, what in pairs if (key := key_of(name)))

    return (
        TourCard(
            Part.DECIDING,
            "One key decides",
            "The next image is there at once. For some seconds nothing is sent, so undo simply"
            " takes the decision back.",
            keys(
                ("approve", "approve"),
                ("reject", "reject"),
                ("reject-reason-1", "reject with that reason"),
                ("undo", "undo"),
            ),
        ),
        TourCard(
            Part.IMAGE,
            "Covered until you look",
            "An image that a machine or the policy warns of starts covered. You may reject it"
            " without looking; to approve it you have to see it.",
            keys(
                ("peek", "hold to look"),
                ("reveal", "uncover"),
                ("cover-all", "cover everything at once"),
            ),
        ),
        TourCard(
            Part.STATUS,
            "Nothing is lost",
            "Every decision is on this machine first and is posted from the outbox. Without a"
            " network you simply go on.",
            keys(
                ("offline", "go offline and back"),
                ("post-now", "post at once"),
                ("outbox", "what is not posted"),
            ),
        ),
        TourCard(
            Part.TOOLBAR,
            "Everything has a key",
            "Type what you want to do, or look the key up. You can change every one of them.",
            keys(
                ("palette", "find a command"),
                ("keys-help", "every key"),
                ("edit-keys", "change keys"),
                ("tour", "this tour again"),
            ),
        ),
    )


def hints_shown(settings: Settings, *, decided: int) -> bool:
    """The strip of hints is shown now."""
    return settings.hints == "always" or (settings.hints == "first" and decided < HINTED)


def hints(key_of: Callable[[str], str], *, reasons: bool) -> list[tuple[str, str]]:
    """Pairs of key and what it does, the most needed first; ``reasons``: the policy has digits."""
    return [
        (key, what)
        for name, what in _HINTS
        if (key := key_of(name)) and (reasons or name != "reject-reason-1")
    ]
